package proposal_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/proposal"
	"customerportal/internal/settings"
)

// desk is proposals on a file of their own, with the customers 1 (Ann, log-in 1,
// ann@example.com) and 2 (Bob, log-in 2). It is Nov 2, 2026, noon in New York.
type desk struct {
	testing.TB
	db    *db.DB
	path  string
	clock *calendar.Fake
	store *settings.Store
	noun  *proposal.Service
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	b := &desk{TB: tb, path: filepath.Join(tb.TempDir(), "portal.db-live"), clock: calendar.NewFake(time.Date(2026, 11, 2, 17, 0, 0, 0, time.UTC))}
	b.db = dbtest.Open(tb, b.path)
	b.store, b.noun = wire(tb, b.db, b.path, b.clock.Now)
	b.must(b.store.Set(tb.Context(), audit.Program, map[string]string{"company.name": "Harbor Light Security", "company.phone": "(603) 555-0142", "company.email": "office@harborlight.example", "time.zone": "America/New_York"}))
	for id, name := range []string{1: "Ann", 2: "Bob"} {
		if id == 0 {
			continue
		}
		email := strings.ToLower(name) + "@example.com"
		b.exec(`INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
			VALUES (?, ?, ?, 'Lee', ?, '1 Main St', 'Troy', 'NY', '12180', ?, 1, 1)`, id, fmt.Sprintf("C%d", id), name, name+" Lee", fmt.Sprintf("A%015d", id))
		b.exec(`INSERT INTO customer_emails (customer_id, position, email) VALUES (?, 0, ?)`, id, email)
		b.exec(`INSERT INTO users (id, email, created_at) VALUES (?, ?, 1)`, id, email)
		b.exec(`INSERT INTO customer_users (customer_id, user_id, granted_at) VALUES (?, ?, 1)`, id, id)
	}
	return b
}

// wire puts the nouns over the file, as a fresh start of the program would.
func wire(tb testing.TB, d *db.DB, path string, clock calendar.Clock) (*settings.Store, *proposal.Service) {
	tb.Helper()
	sealer, err := settings.LoadSealer(filepath.Join(filepath.Dir(path), "portal.key"))
	if err != nil {
		tb.Fatal(err)
	}
	store := settings.New(d, clock, sealer)
	mail, err := outbox.NewWriter(store, "https://portal.example.com")
	if err != nil {
		tb.Fatal(err)
	}
	return store, proposal.New(d, clock, store, mail, ledger.New(d, clock, store, mail), slog.New(slog.DiscardHandler))
}

func (b *desk) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *desk) exec(query string, args ...any) {
	b.Helper()
	b.must(b.try(query, args...))
}

func (b *desk) try(query string, args ...any) error {
	return b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
}

// text returns one text of the books.
func (b *desk) text(query string, args ...any) string {
	b.Helper()
	var s string
	if err := b.db.Reader().QueryRowContext(b.Context(), query, args...).Scan(&s); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
	return s
}

// lines are a panel, an optional siren that is chosen beforehand, an optional
// camera that is not, and monitoring.
func lines() []proposal.Line {
	return []proposal.Line{
		{Position: 1, Description: "Panel", Quantity: 1000, UnitPrice: 100_000, Taxable: true, Tax: 8_000, Chosen: true},
		{Position: 2, Description: "Siren", Quantity: 1000, UnitPrice: 10_000, Taxable: true, Tax: 800, Optional: true, Chosen: true},
		{Position: 3, Description: "Camera", Quantity: 2000, UnitPrice: 20_000, Taxable: true, Tax: 3_200, Optional: true},
		{Position: 4, Description: "Monitoring", Quantity: 1000, UnitPrice: 4_000, Tax: 320, Cycle: 1, Chosen: true},
	}
}

// send puts a proposal to Ann into the books as one that was sent.
func (b *desk) send(number string, change func(*proposal.Record)) {
	b.Helper()
	r := proposal.Record{Number: number, CustomerID: 1, Title: "New alarm system", Terms: "Pay when it is done.", Date: "2026-11-02", ValidUntil: "2026-12-01",
		SalespersonEmail: "sally@harborlight.example", Lines: lines(), Deposit: 50_000}
	if change != nil {
		change(&r)
	}
	b.must(b.db.Write(b.Context(), func(q *db.Queries) error {
		return b.noun.ImportIn(b.Context(), q, calendar.Clock(b.clock.Now).Now(), audit.Program, r)
	}))
}

func ann() proposal.Reader {
	return proposal.Reader{CustomerID: 1, By: audit.Actor{Kind: audit.Customer, UserID: 1, IP: "203.0.113.9", UserAgent: "Firefox"}}
}

func bob() proposal.Reader {
	return proposal.Reader{CustomerID: 2, By: audit.Actor{Kind: audit.Customer, UserID: 2, IP: "203.0.113.10", UserAgent: "Safari"}}
}

const drawn = `{"width":5000,"height":2000,"strokes":[[500,1000,0,900,400,40,1400,1500,90,2000,700,160],[2500,1000,400,3000,1000,450]]}`

// form is the page to accept as Ann opens it, filled in well.
func (b *desk) form(number string, chosen ...int64) proposal.Acceptance {
	b.Helper()
	v, err := b.noun.ReadForCustomer(b.Context(), ann(), number, 0, chosen)
	b.must(err)
	return proposal.Acceptance{Answer: proposal.Answer{Number: number, Version: v.Version, Form: b.noun.NewForm(v.ID, 1), Shown: v.Sum},
		Chosen: v.Chosen, Total: v.Totals.Fingerprint(), Consent: true, TypedName: " \u202eAnn  \u200bLee ", Drawing: drawn}
}

// mails lists the kinds and addresses of all mails, sorted.
func (b *desk) mails() []string {
	b.Helper()
	list := b.text(`SELECT coalesce(group_concat(kind || ' ' || to_email, ','), '') FROM outbox`)
	if list == "" {
		return nil
	}
	all := strings.Split(list, ",")
	slices.Sort(all)
	return all
}

// pdfText is what a PDF says, without line breaks.
func pdfText(tb testing.TB, pdf []byte) string {
	tb.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("pdftotext is not installed")
		}
		tb.Skip("pdftotext is not installed")
	}
	cmd := exec.CommandContext(tb.Context(), "pdftotext", "-raw", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func TestAccept(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	b.clock.Advance(time.Minute)
	a := b.form("P-1", 3) // the camera, not the siren
	b.clock.Advance(3 * time.Minute)
	b.must(b.noun.Accept(t.Context(), ann(), a))

	v, err := b.noun.ReadForCustomer(t.Context(), ann(), "P-1", 0, nil)
	b.must(err)
	d := v.Decision
	if v.State != proposal.StateAccepted || d == nil || !d.Accepted || d.Name != "Ann Lee" || d.Email != "ann@example.com" || !slices.Equal(v.Chosen, []int64{3}) {
		t.Fatalf("%s, %+v, chosen %v", v.State, d, v.Chosen)
	}
	if v.Totals.Total != 151_200 || v.Totals.Monthly != 4_000 || d.Deposit != 50_000 || d.DepositLeft != 50_000 {
		t.Errorf("sums %+v, deposit %s", v.Totals, d.Deposit)
	}
	if !strings.HasPrefix(d.Local, "Mon Nov 2, 2026, 12:04:00 PM EST") {
		t.Errorf("at %s", d.Local)
	}
	// the invoice over the deposit is due at once, and untaxed
	if got := b.text(`SELECT i.total_cents || ' ' || i.tax_cents || ' ' || i.due_date || ' ' || l.description FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id WHERE i.number = ?`, d.DepositInvoice); got != "50000 0 2026-11-02 Deposit on proposal P-1, version 1" {
		t.Errorf("deposit: %s", got)
	}
	if got := b.mails(); !slices.Equal(got, []string{"proposal_accepted sally@harborlight.example", "proposal_signed ann@example.com"}) {
		t.Errorf("mails %v", got)
	}
	if got := b.text(`SELECT group_concat(d.name) FROM outbox_attachments a JOIN outbox o ON o.id = a.outbox_id JOIN documents d ON d.id = a.document_id WHERE o.kind = 'proposal_accepted'`); got != "Proposal-P-1-v1-signed.pdf" {
		t.Errorf("the salesperson got %s", got)
	}
	if got := b.text(`SELECT text_body FROM outbox WHERE kind = 'proposal_signed'`); !strings.Contains(got, "Pay the deposit here, no login needed: https://portal.example.com/p/invoice-") {
		t.Errorf("the customer's mail: %s", got)
	}
	// the trail: read with the answer, signed, deposit
	if got := b.text(`SELECT group_concat(kind, ' ') FROM (SELECT kind FROM proposal_events ORDER BY id)`); got != "imported viewed accepted deposit_invoiced" {
		t.Errorf("trail %s", got)
	}
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	if signed.SHA256 != d.SignedSHA256 || !strings.Contains(b.text(`SELECT details FROM proposal_events WHERE kind = 'accepted'`), signed.SHA256) {
		t.Error("the trail does not hold the hash of the signed copy")
	}
	text := pdfText(t, signed.Body)
	for _, want := range []string{"Accepted and signed", "Camera", "Siren (not chosen)", "$1,512.00", "Ann Lee", v.Sum[:32], "203.0.113.9", "Firefox", "logged in to the customer portal as ann@example.com",
		proposal.ConsentVersion, "Nov 2, 2026, 12:01:00 PM EST (2026-11-02 17:01:00.000 UTC)", "Nov 2, 2026, 12:04:00 PM EST (2026-11-02 17:04:00.000 UTC)", "Imported"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the signed copy", want)
		}
	}
	// the shown paper stays what it was
	shown, err := b.noun.PaperForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	if shown.SHA256 != v.Sum || strings.Contains(pdfText(t, shown.Body), "Certificate") {
		t.Error("the paper that was shown has changed")
	}
	if got := b.text(`SELECT strokes || ' ' || shown_at || ' ' || at || ' ' || ip || ' ' || user_agent FROM proposal_decisions`); got != drawn+" 1793638860000 1793639040000 203.0.113.9 Firefox" {
		t.Errorf("kept %s", got)
	}

	// the same form again is the same answer, another one is told
	b.must(b.noun.Accept(t.Context(), ann(), a))
	again := a
	again.Form = b.noun.NewForm(v.ID, 1)
	err = b.noun.Accept(t.Context(), ann(), again)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "accepted already, on Nov 2, 2026, 12:04 PM by Ann Lee (ann@example.com)") {
		t.Errorf("a second acceptance: %v", err)
	}
	if err := b.noun.Reject(t.Context(), ann(), proposal.Rejection{Answer: again.Answer, Reason: "no"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a rejection after it: %v", err)
	}
	if n := b.text(`SELECT count(*) FROM proposal_decisions`); n != "1" || len(b.mails()) != 2 {
		t.Errorf("%s decisions, mails %v", n, b.mails())
	}
}

func TestReject(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	a := b.form("P-1")
	for _, reason := range []string{"", " \r\n\t ", strings.Repeat("x", proposal.MaxReason+1)} {
		err := b.noun.Reject(t.Context(), ann(), proposal.Rejection{Answer: a.Answer, Reason: reason})
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != "reason" {
			t.Errorf("reason %.10q: %v", reason, err)
		}
	}
	r := proposal.Rejection{Answer: a.Answer, Reason: "Too dear.\r\nAnd <xpr0be> late."}
	b.must(b.noun.Reject(t.Context(), ann(), r))
	b.must(b.noun.Reject(t.Context(), ann(), r))
	v, err := b.noun.ReadForCustomer(t.Context(), ann(), "P-1", 0, nil)
	b.must(err)
	if v.State != proposal.StateRejected || v.Decision.Reason != "Too dear.\nAnd <xpr0be> late." || v.Decision.Accepted {
		t.Errorf("%s %+v", v.State, v.Decision)
	}
	if got := b.mails(); !slices.Equal(got, []string{"proposal_rejected sally@harborlight.example"}) {
		t.Errorf("mails %v", got)
	}
	if got := b.text(`SELECT text_body || html_body FROM outbox`); !strings.Contains(got, "Too dear.") || !strings.Contains(got, "&lt;xpr0be&gt;") {
		t.Errorf("the mail says %s", got)
	}
	if _, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("a signed copy of what was rejected: %v", err)
	}
	if err := b.noun.Accept(t.Context(), ann(), a); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "rejected already") {
		t.Errorf("an acceptance after it: %v", err)
	}
}

// TestAcceptRefuses changes one thing at a time in a form that would be taken.
func TestAcceptRefuses(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	b.send("P-2", func(r *proposal.Record) { r.CustomerID = 2 })
	good := b.form("P-1")
	v2, err := b.noun.ReadForCustomer(t.Context(), bob(), "P-2", 0, nil)
	b.must(err)
	for name, c := range map[string]struct {
		change func(*proposal.Acceptance)
		kind   fault.Kind
		field  string
	}{
		"nothing typed, nothing drawn":    {func(a *proposal.Acceptance) { a.TypedName, a.Drawing = " ", "" }, fault.Invalid, "name"},
		"a drawing without a name":        {func(a *proposal.Acceptance) { a.TypedName = "" }, fault.Invalid, "name"},
		"a name without letters":          {func(a *proposal.Acceptance) { a.TypedName = "..." }, fault.Invalid, "name"},
		"a name without end":              {func(a *proposal.Acceptance) { a.TypedName = strings.Repeat("a", proposal.MaxName+1) }, fault.Invalid, "name"},
		"a name of what is not seen":      {func(a *proposal.Acceptance) { a.TypedName = "\u202e \u200b\u2066" }, fault.Invalid, "name"},
		"a name with a control character": {func(a *proposal.Acceptance) { a.TypedName = "Ann\x1bLee" }, fault.Invalid, "name"},
		"a dot":                           {func(a *proposal.Acceptance) { a.Drawing = `{"width":5000,"height":2000,"strokes":[[1,1,1]]}` }, fault.Invalid, "drawing"},
		"strokes of five megabytes":       {func(a *proposal.Acceptance) { a.Drawing = drawn + strings.Repeat(" ", 5<<20) + "x" }, fault.Invalid, "drawing"},
		"strokes that are none":           {func(a *proposal.Acceptance) { a.Drawing = "<script>" }, fault.Invalid, "drawing"},
		"no consent":                      {func(a *proposal.Acceptance) { a.Consent = false }, fault.Invalid, "consent"},
		"an option there is not":          {func(a *proposal.Acceptance) { a.Chosen = []int64{1} }, fault.Invalid, "options"},
		"sums that were not shown":        {func(a *proposal.Acceptance) { a.Total = "1-0-0" }, fault.Conflict, ""},
		"options other than the sums":     {func(a *proposal.Acceptance) { a.Chosen = []int64{2, 3} }, fault.Conflict, ""},
		"another paper":                   {func(a *proposal.Acceptance) { a.Shown = v2.Sum }, fault.Conflict, ""},
		"no paper":                        {func(a *proposal.Acceptance) { a.Shown = "" }, fault.Conflict, ""},
		"no form":                         {func(a *proposal.Acceptance) { a.Form = "" }, fault.Conflict, ""},
		"a form made up":                  {func(a *proposal.Acceptance) { a.Form = "1793638860000-00-aaaaaaaaaaaaaaaaaaaaaaaaaa" }, fault.Conflict, ""},
		"the form of another proposal":    {func(a *proposal.Acceptance) { a.Form = b.noun.NewForm(v2.ID, 1) }, fault.Conflict, ""},
		"the form of another customer":    {func(a *proposal.Acceptance) { a.Form = b.noun.NewForm(1, 2) }, fault.Conflict, ""},
		"another customer's proposal":     {func(a *proposal.Acceptance) { a.Number = "P-2" }, fault.NotFound, ""},
		"no proposal":                     {func(a *proposal.Acceptance) { a.Number = "P-9" }, fault.NotFound, ""},
		"no such version":                 {func(a *proposal.Acceptance) { a.Version = 7 }, fault.NotFound, ""},
	} {
		a := good
		c.change(&a)
		err := b.noun.Accept(t.Context(), ann(), a)
		f, _ := errors.AsType[*fault.Error](err)
		if f == nil || f.Kind != c.kind || f.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.noun.Accept(t.Context(), bob(), good); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer: %v", err)
	}
	if n := b.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM outbox) || ' ' || (SELECT count(*) FROM invoices) || ' ' || (SELECT count(*) FROM proposal_events WHERE kind NOT IN ('imported')) FROM proposal_decisions`); n != "0 0 0 0" {
		t.Errorf("a refusal left something behind: %s", n)
	}
	good.Drawing = ""
	b.must(b.noun.Accept(t.Context(), ann(), good)) // by the typed name alone
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	if text := pdfText(t, signed.Body); !strings.Contains(text, "Signature, by typed name") {
		t.Error("the signed copy does not say that the typed name signed")
	}
}

// TestAcceptWhenItIsClosed answers what expired, was withdrawn or was replaced
// between the page and the press.
func TestAcceptWhenItIsClosed(t *testing.T) {
	for name, c := range map[string]struct {
		close func(b *desk)
		state proposal.State
		words string
	}{
		"expired":   {func(b *desk) { b.clock.Set(time.Date(2026, 12, 2, 5, 0, 0, 0, time.UTC)) }, proposal.StateExpired, "expired on Dec 1, 2026"},
		"withdrawn": {func(b *desk) { b.exec(`UPDATE proposals SET state = 'withdrawn', withdrawn_at = 5`) }, proposal.StateWithdrawn, "has withdrawn"},
		"replaced":  {func(b *desk) { b.exec(`UPDATE proposals SET state = 'replaced'`) }, proposal.StateReplaced, "newer version"},
	} {
		b := newDesk(t)
		b.send("P-1", nil)
		a := b.form("P-1")
		b.clock.Set(time.Date(2026, 12, 2, 4, 59, 59, 0, time.UTC)) // the last second of the last day in New York
		c.close(b)
		err := b.noun.Accept(t.Context(), ann(), a)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
		if err := b.noun.Reject(t.Context(), ann(), proposal.Rejection{Answer: a.Answer, Reason: "no"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s, rejected: %v", name, err)
		}
		v, err := b.noun.ReadForCustomer(t.Context(), ann(), "P-1", 0, nil)
		b.must(err)
		if v.State != c.state || !strings.Contains(v.Closed, c.words) || v.State.Open() {
			t.Errorf("%s: read as %s, %q", name, v.State, v.Closed)
		}
	}
	b := newDesk(t)
	b.send("P-1", nil)
	a := b.form("P-1")
	b.clock.Set(time.Date(2026, 12, 2, 4, 59, 59, 0, time.UTC))
	b.must(b.noun.Accept(t.Context(), ann(), a))
}

// TestAcceptWhenTodayIsClosed: after a clock that was wrong the deposit is
// invoiced on the first open day, and the customer is not bothered with it.
func TestAcceptWhenTodayIsClosed(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	b.exec(`INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', '2026-11-05', 1)`)
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1")))
	if got := b.text(`SELECT invoice_date || ' ' || due_date FROM invoices`); got != "2026-11-06 2026-11-06" {
		t.Errorf("the deposit is invoiced on %s", got)
	}
}

// TestOneDecision has twenty answers race, half of each kind.
func TestOneDecision(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	errs := make([]error, 20)
	var work sync.WaitGroup
	for i := range errs {
		a := b.form("P-1")
		work.Go(func() {
			if i%2 == 0 {
				errs[i] = b.noun.Accept(context.Background(), ann(), a)
			} else {
				errs[i] = b.noun.Reject(context.Background(), ann(), proposal.Rejection{Answer: a.Answer, Reason: "no"})
			}
		})
	}
	work.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "already, on Nov 2, 2026") || !strings.Contains(err.Error(), "by "):
			t.Errorf("answer %d: %v", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d answers were taken", won)
	}
	accepted := b.text(`SELECT state FROM proposals`) == "accepted"
	want := "1 1 0 0"
	if accepted {
		want = "1 2 1 1"
	}
	got := b.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM outbox) || ' ' || (SELECT count(*) FROM invoices) || ' ' || (SELECT count(*) FROM documents WHERE name LIKE '%signed%') FROM proposal_decisions`)
	if got != want {
		t.Errorf("decisions, mails, invoices, copies: %s, want %s", got, want)
	}
}

// TestViewed counts a view once a day for each person, and never for a read.
func TestViewed(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	_ = b.form("P-1")
	if got := b.text(`SELECT state FROM proposals`); got != "sent" {
		t.Fatalf("reading it makes it %s", got)
	}
	for range 3 {
		b.must(b.noun.View(t.Context(), ann(), "P-1", 0))
	}
	if got := b.text(`SELECT state || ' ' || viewed_at || ' ' || (SELECT count(*) FROM proposal_events WHERE kind = 'viewed') FROM proposals`); got != "viewed 1793638800000 1" {
		t.Errorf("%s", got)
	}
	b.exec(`INSERT INTO users (id, email, created_at) VALUES (9, 'al@example.com', 1)`)
	al := ann()
	al.By.UserID = 9
	b.must(b.noun.View(t.Context(), al, "P-1", 0))
	b.clock.Advance(24 * time.Hour)
	b.must(b.noun.View(t.Context(), ann(), "P-1", 0))
	if got := b.text(`SELECT count(*) FROM proposal_events WHERE kind = 'viewed'`); got != "3" {
		t.Errorf("%s views", got)
	}
	if err := b.noun.View(t.Context(), bob(), "P-1", 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's view: %v", err)
	}
}

// TestSignedCopySaysWhatWasShown changes the dealer and the customer between
// sending and signing.
func TestSignedCopySaysWhatWasShown(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	a := b.form("P-1")
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"company.name": "Other Name"}))
	b.exec(`UPDATE customers SET display_name = 'Somebody Else' WHERE id = 1`)
	b.must(b.noun.Accept(t.Context(), ann(), a))
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	if text := pdfText(t, signed.Body); !strings.Contains(text, "Harbor Light Security") || strings.Contains(text, "Somebody Else") {
		t.Error("the signed copy says something else than the paper that was shown")
	}
}

// TestAttachmentsInMail attaches what a mail takes, and says what it leaves out.
func TestAttachmentsInMail(t *testing.T) {
	b := newDesk(t)
	pdf, err := document.Proposal(document.ProposalData{Number: "x", Date: "2026-11-02"})
	b.must(err)
	b.send("P-1", func(r *proposal.Record) { r.Paper = pdf; r.Deposit = 0 })
	big := bytes.Repeat([]byte{'x'}, 10<<20)
	b.exec(`INSERT INTO documents (id, kind, name, mime, sha256, body, made_at) VALUES (900, 'attachment', 'big.pdf', 'application/pdf', ?, ?, 1)`, strings.Repeat("a", 64), big)
	b.exec(`DROP TRIGGER proposal_attachments_no_insert`)
	b.exec(`INSERT INTO proposal_attachments (proposal_id, position, document_id, name, pages) SELECT id, 9, 900, 'big.pdf', 1 FROM proposals`)
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1")))
	if got := b.text(`SELECT group_concat(d.name ORDER BY a.position) FROM outbox_attachments a JOIN outbox o ON o.id = a.outbox_id JOIN documents d ON d.id = a.document_id WHERE o.kind = 'proposal_signed'`); got != "Proposal-P-1-v1-signed.pdf,P-1.pdf" {
		t.Errorf("attached %s", got)
	}
	if got := b.text(`SELECT text_body FROM outbox WHERE kind = 'proposal_signed'`); !strings.Contains(got, "1 of its attachments are too large") {
		t.Errorf("%s", got)
	}
	paper, err := b.noun.AttachmentForCustomer(t.Context(), ann(), "P-1", 0, 1)
	if err != nil || !bytes.Equal(paper.Body, pdf) {
		t.Errorf("the attached PDF: %v", err)
	}
	if _, err := b.noun.AttachmentForCustomer(t.Context(), bob(), "P-1", 0, 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's: %v", err)
	}
	if _, err := b.noun.AttachmentForCustomer(t.Context(), ann(), "P-1", 0, 3); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}

// TestMailTroubleStopsNothing signs while the mail server is away, and for
// people whose addresses are missing or none.
func TestMailTroubleStopsNothing(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", func(r *proposal.Record) { r.SalespersonEmail = "not an address" })
	b.send("P-2", func(r *proposal.Record) { r.SalespersonEmail = "" })
	b.send("P-3", func(r *proposal.Record) { r.SalespersonEmail = "" })
	clock := calendar.Clock(b.clock.Now)
	mail, err := outbox.NewWriter(b.store, "https://portal.example.com")
	b.must(err)
	// nobody listens there
	worker := outbox.NewWorker(b.db, clock, b.store, mail, outbox.Relay{Address: "smtp://127.0.0.1:1"}, slog.New(slog.DiscardHandler))
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1")))
	b.must(worker.Run(t.Context()))
	b.must(b.noun.Reject(t.Context(), ann(), proposal.Rejection{Answer: b.form("P-2").Answer, Reason: "no"}))
	if got := b.mails(); !slices.Equal(got, []string{"proposal_accepted not an address", "proposal_rejected office@harborlight.example", "proposal_signed ann@example.com"}) {
		t.Errorf("mails %v", got)
	}
	if got := b.text(`SELECT count(*) FROM outbox WHERE sent_at = 0`); got != "3" {
		t.Errorf("%s mails wait", got)
	}
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"company.email": ""}))
	b.must(b.noun.Reject(t.Context(), ann(), proposal.Rejection{Answer: b.form("P-3").Answer, Reason: "no"}))
	if got := b.text(`SELECT group_concat(state, ' ' ORDER BY number) FROM proposals`); got != "accepted rejected rejected" || len(b.mails()) != 3 {
		t.Errorf("%s, mails %v", got, b.mails())
	}
	if found := b.check(); len(found) > 0 {
		t.Error(found)
	}
}

// TestLongAcceptance signs two hundred lines and the longest terms.
func TestLongAcceptance(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", func(r *proposal.Record) {
		r.Lines = nil
		for i := range 200 {
			r.Lines = append(r.Lines, proposal.Line{Position: int64(i + 1), Description: strings.Repeat("A detector that pets do not set off. ", 12), Quantity: 1000, UnitPrice: 100, Chosen: true})
		}
		r.Terms = strings.Repeat("The customer lets us in.\n\n", 760)
	})
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1")))
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	pages, err := document.Inspect(signed.Body)
	if err != nil || pages < 40 {
		t.Errorf("%d pages, %v", pages, err)
	}
}

// TestReadWithOneConnectionLeft holds that a version is read over the connection
// that its reader has: if it wanted a second one, many readers at once would wait
// for each other for ever. One without a stored paper reads the letterhead, too.
func TestReadWithOneConnectionLeft(t *testing.T) {
	b := newDesk(t)
	b.send("P-1", nil)
	b.exec(`DROP TRIGGER proposals_frozen`)
	b.exec(`UPDATE proposals SET paper = ''`)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	read := func(*db.Queries) error {
		v, err := b.noun.ReadForCustomer(ctx, ann(), "P-1", 0, nil)
		if err == nil && v.Paper.Dealer.Name != "Harbor Light Security" {
			t.Errorf("the paper of %q", v.Paper.Dealer.Name)
		}
		return err
	}
	for range db.Readers - 1 {
		next := read
		read = func(*db.Queries) error { return b.db.View(ctx, next) }
	}
	b.must(read(nil))
}
