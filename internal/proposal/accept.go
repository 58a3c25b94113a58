package proposal

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/internal/signature"
)

// Reader is whose proposals somebody may read and decide on, and how it was made
// sure who it is: by a log-in, or by a mailed link and a code.
type Reader struct {
	By         audit.Actor
	CustomerID int64
	Link       Link // of who came by one, else the zero Link
}

// Answer is what the forms of [Service.Accept] and [Service.Reject] share: which
// version is answered, and what was seen of it.
type Answer struct {
	Number  string
	Version int64
	Form    string // of [Service.NewForm]
	Shown   string // the SHA-256 of the PDF that was shown
}

// Acceptance is the form that accepts a proposal, as it was sent.
type Acceptance struct {
	Answer
	Chosen    []int64 // the positions of the optional lines that were chosen
	Total     string  // what the page showed: [Totals.Fingerprint]
	Consent   bool
	TypedName string
	Drawing   string // as the page's pad sends it, "" = by the typed name alone
}

// The most that is taken of a typed name and of a reason, in characters.
const (
	MaxName   = 120
	MaxReason = 2000
)

// Fingerprint is all that the customer agrees to pay, as one text that a form
// carries, so that nobody accepts other sums than he saw.
func (t Totals) Fingerprint() string {
	s := fmt.Sprintf("%d-%d-%d", t.Total, t.Tax, t.Deposit)
	for _, r := range t.Recurring {
		s += fmt.Sprintf("-%d:%d", r.Cycle, r.Total)
	}
	if t.Asked != 0 {
		s += fmt.Sprintf("-asked %d", t.Asked)
	}
	return s
}

// NewForm returns what a form to answer a version carries: when it was shown and
// that it was made here for it. A form that is sent again is known by it.
func (s *Service) NewForm(proposalID, customerID int64) string {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	form := fmt.Sprintf("%d-%s", s.clock.Now(), hex.EncodeToString(raw))
	return form + "-" + s.formProof(form, proposalID, customerID)
}

func (s *Service) formProof(form string, proposalID, customerID int64) string {
	return s.settings.Sealer().LinkToken(fmt.Sprintf("proposal form %d %d %s", proposalID, customerID, form))
}

// shownAt returns when a form was shown; false when it was not made here for
// that version.
func (s *Service) shownAt(form string, proposalID, customerID int64) (calendar.Instant, bool) {
	at := strings.LastIndexByte(form, '-')
	if at < 0 || !hmac.Equal([]byte(form[at+1:]), []byte(s.formProof(form[:at], proposalID, customerID))) {
		return 0, false
	}
	ms, _, _ := strings.Cut(form, "-")
	shown, err := strconv.ParseInt(ms, 10, 64)
	return calendar.Instant(shown), err == nil
}

// errMoved ends a transaction that finds the proposal otherwise than it was when
// the signed copy was drawn.
var errMoved = errors.New("proposal: it has moved since it was read")

// Accept signs a version for the customer: the decision with its evidence, the
// signed copy, the invoice over the deposit, the trail and the mails are one
// transaction, and the copy is drawn before it. It happens once: of several at
// the same time one is kept, and the others are a Conflict that says who decided
// and when. The same form again changes nothing and is no error.
//
// Refused fields are Invalid: name, drawing, consent, options. What has expired,
// was withdrawn, replaced or otherwise changed since the form was shown is a
// Conflict; another customer's is NotFound.
func (s *Service) Accept(ctx context.Context, who Reader, a Acceptance) error {
	for range 5 {
		err := s.accept(ctx, who, a)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return &fault.Error{Kind: fault.Unavailable, Message: "The portal is very busy. Please try again in a moment.", Err: errMoved}
}

// open is a version that is about to be answered.
type open struct {
	row   db.GetProposalToPrintRow
	shown calendar.Instant
	sum   string // the SHA-256 of the PDF
	now   calendar.Instant
	set   *settings.Settings
	head  string // the hash of the last entry of its trail
	trail []Event
	kin   Kin
}

// begin reads a version that is to be answered and refuses one that cannot be;
// done says that this very form was carried out before.
func (s *Service) begin(ctx context.Context, who Reader, a Answer, decision string) (o open, done bool, err error) {
	q := s.db.Read()
	p, err := s.find(ctx, q, who, a.Number, a.Version)
	if err != nil {
		return o, false, err
	}
	if o.set, err = s.settings.Current(ctx); err != nil {
		return o, false, err
	}
	o.now = s.clock.Now()
	if p.State == "accepted" || p.State == "rejected" {
		made, err := q.GetProposalDecision(ctx, p.ID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return o, false, fmt.Errorf("proposal: decision: %w", err)
		}
		if made.Nonce == a.Form && made.Decision == decision && a.Form != "" {
			return o, true, nil
		}
		return o, false, s.decided(made, o.set)
	}
	if err := whyClosed(StateOf(p.State, calendar.Date(p.ValidUntil), s.clock.Today(o.set.Zone)), calendar.Date(p.ValidUntil), o.set); err != nil {
		return o, false, err
	}
	if o.row, err = q.GetProposalToPrint(ctx, p.ID); err != nil {
		return o, false, fmt.Errorf("proposal: %w", err)
	}
	if o.sum, err = q.GetProposalPaperSum(ctx, p.ID); err != nil {
		return o, false, fmt.Errorf("proposal: %w", err)
	}
	if o.kin, err = KinOf(ctx, q, p.Number, p.Version, s.clock.Today(o.set.Zone)); err != nil {
		return o, false, err
	}
	if decision == "accepted" {
		if err := o.free(); err != nil {
			return o, false, err
		}
	}
	shown, ok := s.shownAt(a.Form, p.ID, who.CustomerID)
	if !ok || a.Shown != o.sum {
		return o, false, fault.New(fault.Conflict, "This proposal has changed since you opened it. Please read it again, then answer it.")
	}
	o.shown = shown
	if o.trail, err = trail(ctx, q, p.ID); err != nil {
		return o, false, err
	}
	if n := len(o.trail); n > 0 {
		o.head = o.trail[n-1].Hash
	}
	return o, false, nil
}

// free refuses to sign a version when another was carried out.
func (o open) free() error {
	if o.kin.stillFree() != nil {
		return fault.New(fault.Conflict, "Version %d of this proposal was carried out already, so this one can no longer be accepted. If you have a question, %s.", o.kin.Carried.Version, reach(o.set.Company))
	}
	return nil
}

// find returns a version that the reader may see: any of the customer's, or the
// one of his link.
func (s *Service) find(ctx context.Context, q *db.Queries, who Reader, number string, version int64) (db.GetProposalForCustomerRow, error) {
	p, err := q.GetProposalForCustomer(ctx, db.GetProposalForCustomerParams{Number: number, CustomerID: who.CustomerID, Version: version})
	if errors.Is(err, sql.ErrNoRows) || err == nil && who.Link.ID != 0 && p.ID != who.Link.ProposalID {
		return p, fault.Missing("proposal")
	}
	if err != nil {
		return p, fmt.Errorf("proposal: %w", err)
	}
	return p, nil
}

// whyClosed says why a version cannot be answered, nil when it can.
func whyClosed(state State, validUntil calendar.Date, set *settings.Settings) error {
	switch state {
	case StateNew, StateViewed:
		return nil
	case StateExpired:
		return fault.New(fault.Conflict, "This proposal expired on %s. For a new one, %s.", validUntil, reach(set.Company))
	case StateWithdrawn:
		return fault.New(fault.Conflict, "%s has withdrawn this proposal. If you have a question, %s.", set.Company.Name, reach(set.Company))
	case StateReplaced:
		return fault.New(fault.Conflict, "There is a newer version of this proposal; this one can no longer be answered.")
	}
	return fault.New(fault.Conflict, "This proposal cannot be answered.")
}

// decided is what the slower of two is told.
func (s *Service) decided(d db.GetProposalDecisionRow, set *settings.Settings) error {
	if d.Decision == "" { // one that was imported with its answer
		return fault.New(fault.Conflict, "This proposal was answered before.")
	}
	return fault.New(fault.Conflict, "This proposal was %s already, on %s%s. That stands; nothing was changed now.", d.Decision, d.At.Format(set.Zone), byWhom(d))
}

// byWhom says who decided, with a blank before it.
func byWhom(d db.GetProposalDecisionRow) string {
	who := d.TypedName
	if email := d.UserEmail + d.LinkEmail; email != "" {
		if who == "" {
			who = email
		} else {
			who += " (" + email + ")"
		}
	}
	if who == "" {
		return ""
	}
	return " by " + who
}

// checkName checks a typed name and returns it as it is kept.
func checkName(typed string) (string, error) {
	typed = strings.Join(strings.Fields(strings.Map(signature.Writing, typed)), " ")
	switch {
	case typed == "":
		return "", fault.Field("name", "Type your name; it is your signature")
	case utf8.RuneCountInString(typed) > MaxName:
		return "", fault.Field("name", "Type your name with at most %d characters", MaxName)
	case !strings.ContainsFunc(typed, unicode.IsLetter) || strings.ContainsFunc(typed, unicode.IsControl):
		return "", fault.Field("name", "Type your name in letters")
	}
	return typed, nil
}

func (s *Service) accept(ctx context.Context, who Reader, a Acceptance) error {
	o, done, err := s.begin(ctx, who, a.Answer, "accepted")
	if done || err != nil {
		return err
	}
	var refused fault.Fields
	name, err := checkName(a.TypedName)
	if err != nil {
		refused.Add("name", "%s", message(err))
	}
	drawn, err := signature.Parse(a.Drawing)
	switch {
	case err != nil:
		refused.Add("drawing", "%s", err)
	case len(drawn.Strokes) > 0 && drawn.Blank():
		refused.Add("drawing", "What is drawn is only a dot: draw your name, or press \"Clear\" to sign with your typed name alone")
	}
	if !a.Consent {
		refused.Add("consent", "Tick that you agree to sign electronically, or ask us for the proposal on paper")
	}
	lines, err := lines(ctx, s.db.Read(), o.row.ID)
	if err != nil {
		return err
	}
	slices.Sort(a.Chosen)
	a.Chosen = slices.Compact(a.Chosen)
	sums, err := TotalsOf(lines, a.Chosen, o.row.DepositCents, o.row.DepositPpm)
	sums.Asked = o.kin.Asked()
	switch {
	case fault.Is(err, fault.Invalid):
		refused.Add("options", "%s", message(err))
	case err != nil:
		return err
	case refused.Err() == nil && a.Total != sums.Fingerprint():
		return fault.New(fault.Conflict, "The sums have changed since you opened this page. Please look at them again, then accept.")
	}
	if err := refused.Err(); err != nil {
		return err
	}
	consent := Consent(o.set.Company, o.row.Number, o.row.Version)
	evidence := db.AddProposalDecisionParams{
		ProposalID: o.row.ID, Decision: "accepted", Nonce: a.Form, TypedName: name, Strokes: drawn.String(),
		ConsentText: strings.Join(consent, "\n\n"), ConsentVersion: ConsentVersion, Chosen: positions(a.Chosen),
		TotalCents: sums.Total, TaxCents: sums.Tax, MonthlyCents: sums.Monthly, DepositCents: sums.Deposit,
		DepositAskedCents: sums.Asked,
	}
	evidence.ConsentSha256 = sumOf([]byte(evidence.ConsentText))
	if err := s.fill(ctx, &evidence, who, o); err != nil {
		return err
	}
	body, err := s.drawSigned(ctx, o, lines, a.Chosen, drawn, consent, evidence)
	if err != nil {
		return err
	}
	sum := sumOf(body)
	return s.db.Write(ctx, func(q *db.Queries) error {
		if err := s.takePlace(ctx, q, who, o); err != nil {
			return err
		}
		if err := s.claim(ctx, q, who, o, "accepted"); err != nil {
			return err
		}
		paper, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: signedName(o.row.Number, o.row.Version), Mime: "application/pdf", SHA256: sum, Body: body, MadeAt: o.now})
		if err != nil {
			return fmt.Errorf("proposal: keeping the signed copy: %w", err)
		}
		evidence.SignedDocumentID = db.NullID(paper)
		words := fmt.Sprintf("signed PDF %s, name %q, %s once, %s a month, evidence %s", sum, name, sums.Total, sums.Monthly, evidenceSum(evidence))
		if err := record(ctx, q, o.now, who.By, o.row.ID, evAccepted, who.note(words)); err != nil {
			return err
		}
		if sums.DepositDue() > 0 {
			if evidence.DepositInvoiceID, err = s.invoiceDeposit(ctx, q, who, o, sums); err != nil {
				return err
			}
		}
		if err := q.AddProposalDecision(ctx, evidence); err != nil {
			return fmt.Errorf("proposal: decision: %w", err)
		}
		if err := s.mailAccepted(ctx, q, who, o, evidence, sums); err != nil {
			return err
		}
		after := map[string]any{"name": name, "total": sums.Total, "monthly": sums.Monthly, "deposit": sums.DepositDue(), "signed": sum}
		if o.kin.Before.ID != 0 {
			after["in place of version"] = o.kin.Before.Version
		}
		return audit.Record(ctx, q, o.now, who.By, audit.Entry{Action: "proposal.accept", CustomerID: who.CustomerID, Object: object(o.row.Number, o.row.Version), After: after})
	})
}

// takePlace notes in the trail of the version that was accepted before this one
// that this one takes its place. It fails with a Conflict when another version was
// carried out meanwhile, and with errMoved when other deposits count than those
// that were shown. It runs in the caller's transaction.
func (s *Service) takePlace(ctx context.Context, q *db.Queries, who Reader, o open) error {
	seen := o.kin.Asked()
	var err error
	if o.kin, err = KinOf(ctx, q, o.row.Number, o.row.Version, s.clock.Today(o.set.Zone)); err != nil {
		return err
	}
	if err := o.free(); err != nil {
		return err
	}
	if o.kin.Asked() != seen {
		return errMoved
	}
	if o.kin.Before.ID == 0 {
		return nil
	}
	return record(ctx, q, o.now, who.By, o.kin.Before.ID, evReplaced, who.note(fmt.Sprintf("by version %d, which was accepted in its place", o.row.Version)))
}

// fill puts into the evidence what every decision has: what was shown, when, from
// where, and how it was made sure who it was.
func (s *Service) fill(ctx context.Context, d *db.AddProposalDecisionParams, who Reader, o open) error {
	d.ShownSha256, d.ShownAt, d.At = o.sum, o.shown, o.now
	d.LocalTime = o.now.Time().In(o.set.Zone).Format("Mon Jan 2, 2006, 3:04:05 PM MST")
	d.IP, d.UserAgent = who.By.IP, browser(who.By)
	d.UserID, d.LinkID = db.NullID(who.By.UserID), db.NullID(who.Link.ID)
	if who.Link.ID != 0 {
		d.Authenticated = "by a link mailed to " + who.Link.Email + ", and a one-time code mailed to the same address"
		return nil
	}
	email, err := s.db.Read().GetProposalUser(ctx, who.By.UserID)
	if err != nil {
		return fmt.Errorf("proposal: %w", err)
	}
	d.Authenticated = "logged in to the customer portal as " + email + ", with a password"
	return nil
}

// evidenceSum is the SHA-256, in hexadecimal, of a decision's one encoding: a JSON
// array of the words "proposal decision 1" and the columns of its row in their
// order, but for the two that only point at other rows, the invoice over the
// deposit and the signed copy. Where a deposit had been asked with an earlier
// version the words are "proposal decision 2", and that sum is the last. The
// trail holds it, so that the evidence is bound to the trail as the signed copy is.
func evidenceSum(d db.AddProposalDecisionParams) string {
	columns := []any{"proposal decision 1", d.ProposalID, d.Decision, d.Nonce, d.Reason, d.TypedName, d.Strokes, d.ConsentText, d.ConsentVersion, d.ConsentSha256,
		d.Chosen, int64(d.TotalCents), int64(d.TaxCents), int64(d.MonthlyCents), int64(d.DepositCents), d.ShownSha256, int64(d.ShownAt), int64(d.At), d.LocalTime, d.IP, d.UserAgent,
		d.Authenticated, d.UserID.Int64, d.LinkID.Int64}
	if d.DepositAskedCents != 0 {
		columns[0] = "proposal decision 2"
		columns = append(columns, int64(d.DepositAskedCents))
	}
	raw, _ := json.Marshal(columns) // text and numbers never fail
	return sumOf(raw)
}

// claim makes the decision this one's, or fails: with errMoved when it must be
// looked at anew. It runs in the caller's transaction and notes what the answer
// implies, that the proposal was read.
func (s *Service) claim(ctx context.Context, q *db.Queries, who Reader, o open, state string) error {
	n, err := q.DecideProposal(ctx, db.DecideProposalParams{State: state, DecidedAt: o.now, ID: o.row.ID})
	if err != nil {
		return fmt.Errorf("proposal: decision: %w", err)
	}
	if n == 0 {
		return errMoved
	}
	now, err := trail(ctx, q, o.row.ID)
	if err != nil {
		return err
	}
	if len(now) != len(o.trail) {
		return errMoved
	}
	if o.row.State == "sent" {
		return record(ctx, q, o.now, who.By, o.row.ID, evViewed, who.note("with the answer"))
	}
	return nil
}

// note adds to the details of an entry who came by a link.
func (w Reader) note(details string) string {
	if w.Link.ID == 0 {
		return details
	}
	if details != "" {
		details = ": " + details
	}
	return w.Link.Email + " by a mailed link" + details
}

// drawSigned makes the signed copy: the paper as it was sent, with the options as
// they were chosen, the signature and the evidence.
func (s *Service) drawSigned(ctx context.Context, o open, lines []Line, chosen []int64, drawn signature.Signature, consent []string, e db.AddProposalDecisionParams) ([]byte, error) {
	dealer, err := s.books.Letterhead(ctx, s.db.Read())
	if err != nil {
		return nil, err
	}
	var d document.ProposalData
	if o.row.Paper == "" { // one that was imported: there is only what its rows say
		d, err = s.paperData(ctx, s.db.Read(), o.row.ID)
	} else if err = json.Unmarshal([]byte(o.row.Paper), &d); err == nil {
		d.Dealer.Logo = dealer.Logo
	}
	if err != nil {
		return nil, fmt.Errorf("proposal: paper of %s: %w", o.row.Number, err)
	}
	if err := choose(&d, lines, chosen, o.row.DepositCents, o.row.DepositPpm); err != nil {
		return nil, err
	}
	a := &document.ProposalAcceptance{TypedName: e.TypedName, Drawing: drawn, At: e.At, Shown: e.ShownAt, Zone: o.set.Zone, ShownSHA256: e.ShownSha256,
		Consent: consent, ConsentVersion: e.ConsentVersion, ConsentSHA256: e.ConsentSha256, Address: e.IP, Browser: e.UserAgent, Authenticated: e.Authenticated, TrailSHA256: o.head}
	if e.Strokes != "" {
		a.StrokesSHA256 = sumOf([]byte(e.Strokes))
	}
	for _, ev := range o.trail {
		a.Trail = append(a.Trail, document.ProposalEvent{At: ev.At, What: ev.What, Who: ev.line()})
	}
	a.Trail = append(a.Trail, document.ProposalEvent{At: e.At, What: eventWords[evAccepted], Who: e.TypedName + ", " + e.IP})
	d.Acceptance, d.Draft, d.Created = a, false, e.At
	body, err := document.Proposal(d)
	if err != nil {
		return nil, fmt.Errorf("proposal: signed copy of %s: %w", o.row.Number, err)
	}
	return body, nil
}

// line is who an entry was by, from where, and what more there is to say.
func (e Event) line() string {
	var parts []string
	for _, p := range []string{e.Who, e.Details, e.IP} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// invoiceDeposit puts the invoice over the deposit into the books, or over what of
// it was not asked before, due at once and untaxed: the tax is on the invoice over
// the whole. It runs in the caller's transaction.
func (s *Service) invoiceDeposit(ctx context.Context, q *db.Queries, who Reader, o open, sums Totals) (sql.NullInt64, error) {
	what := "Deposit on proposal " + o.row.Number + ", version " + strconv.FormatInt(o.row.Version, 10)
	if sums.Asked != 0 {
		what += fmt.Sprintf(": %s, less %s that was asked before", sums.Deposit, sums.Asked)
	}
	today, err := ledger.OpenDay(ctx, q, s.clock.Today(o.set.Zone))
	if err != nil {
		return sql.NullInt64{}, err
	}
	id, err := ledger.IssueInvoice(ctx, q, o.now, ledger.InvoiceRecord{CustomerID: who.CustomerID, SiteID: o.row.SiteID.Int64, Date: today, Due: today,
		Lines: []ledger.Line{{Description: what, Quantity: money.QuantityScale, UnitPrice: sums.DepositDue()}}})
	if err != nil {
		return sql.NullInt64{}, fmt.Errorf("proposal: deposit: %w", err)
	}
	return db.NullID(id), record(ctx, q, o.now, audit.Program, o.row.ID, evDeposit, sums.DepositDue().String())
}

// positions writes the chosen positions as they are kept.
func positions(chosen []int64) string {
	if len(chosen) == 0 {
		return "[]"
	}
	raw, _ := json.Marshal(chosen) // numbers never fail
	return string(raw)
}

// message is the text of a fault for one field.
func message(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}

func paperName(number string, version int64) string {
	return fmt.Sprintf("Proposal-%s-v%d.pdf", number, version)
}

func signedName(number string, version int64) string {
	return fmt.Sprintf("Proposal-%s-v%d-signed.pdf", number, version)
}
