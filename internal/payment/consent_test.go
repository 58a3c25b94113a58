package payment_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// pat is a member of the office's staff.
func (b *books) pat() audit.Actor {
	b.Helper()
	var id int64
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		s, err := q.GetStaffByEmail(b.Context(), "pat@acme.test")
		if err == nil {
			id = s.ID
			return nil
		}
		id, err = q.AddStaff(b.Context(), db.AddStaffParams{Email: "pat@acme.test", Name: "Pat Mills", Role: "billing", CreatedAt: 1})
		return err
	}))
	return audit.Actor{Kind: audit.Staff, StaffID: id, Role: "billing", IP: "192.0.2.9", UserAgent: "Office/1"}
}

// card puts a card on file and returns its id.
func (b *books) card() int64 {
	b.Helper()
	id, err := strconv.ParseInt(b.method("pm_card_visa"), 10, 64)
	b.ok(err)
	return id
}

// on switches auto pay on the way the customer does.
func (b *books) on(id int64, limit money.Cents) {
	b.Helper()
	consent, err := b.pay.ConsentUpTo(b.Context(), b.customer, b.user, "", id, limit)
	b.ok(err)
	b.ok(b.pay.TurnOn(b.Context(), b.ann(), b.customer, id, consent.Token))
}

func (b *books) auto() payment.AutoPay {
	b.Helper()
	a, err := b.pay.AutoPay(b.Context(), b.customer)
	b.ok(err)
	return a
}

func (b *books) exec(query string, args ...any) error {
	b.Helper()
	return b.db.WriteTx(b.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err })
}

func (b *books) one(query string, args ...any) (s string) {
	b.Helper()
	b.ok(b.db.Reader().QueryRow(query, args...).Scan(&s))
	return s
}

func TestMaximumPerMonth(t *testing.T) {
	b := open(t)
	b.invoice("10001", 8000)
	id := b.card()
	for _, typed := range []string{"0", "-5", "1.005", "1e3", "ten", "0.50", "99999999999999"} {
		if _, err := b.pay.ParseLimit(t.Context(), typed); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", typed, err)
		}
	}
	for typed, want := range map[string]money.Cents{"": 0, "  ": 0, "50": 5000, "1,050.25": 105025} {
		if got, err := b.pay.ParseLimit(t.Context(), typed); err != nil || got != want {
			t.Errorf("%q: %s %v", typed, got, err)
		}
	}
	plain, err := b.pay.Consent(t.Context(), b.customer, b.user, "", id)
	b.ok(err)
	// what was typed is not what was read: shown again
	if err := b.pay.SameLimit(t.Context(), b.customer, plain.Token, "50.00"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "$50.00") {
		t.Errorf("%v", err)
	}
	consent, err := b.pay.ConsentUpTo(t.Context(), b.customer, b.user, "", id, 5000)
	b.ok(err)
	b.ok(b.pay.SameLimit(t.Context(), b.customer, consent.Token, " 50 "))
	if err := b.pay.SameLimit(t.Context(), b.customer, consent.Token, ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if text := strings.Join(consent.Paragraphs, " "); !strings.Contains(text, "Never more than $50.00 in one month.") || consent.Estimate != 5000 {
		t.Errorf("%s of %s", text, consent.Estimate)
	}
	b.ok(b.pay.TurnOn(t.Context(), b.ann(), b.customer, id, consent.Token))
	if a := b.auto(); a.Limit != 5000 || a.Estimate != 5000 {
		t.Errorf("%+v", a)
	}
	// another maximum is another consent
	b.clock.Advance(time.Hour)
	b.on(id, 7000)
	list, err := b.pay.Consents(t.Context(), b.customer)
	b.ok(err)
	if len(list) != 2 || list[0].Number != 2 || list[0].Limit != 7000 || !list[0].Ended.IsZero() || list[1].Limit != 5000 || list[1].EndedBy != "replaced by a newer one" {
		t.Errorf("%+v", list)
	}
	if err := b.exec(`UPDATE mandates SET cap_cents = 1`); err == nil {
		t.Error("a consent was changed")
	}
}

func TestTheRecordOfAConsentIsFrozen(t *testing.T) {
	b := open(t)
	id := b.card()
	b.on(id, 5000)
	paper, err := b.pay.ConsentPaper(t.Context(), b.customer, 1)
	b.ok(err)
	if !bytes.HasPrefix(paper.Body, []byte("%PDF-")) || paper.MIME != "application/pdf" || !strings.HasSuffix(paper.Name, ".pdf") {
		t.Errorf("%s %s", paper.Name, paper.MIME)
	}
	if n := b.one(`SELECT count(*) FROM outbox o JOIN outbox_attachments a ON a.outbox_id = o.id JOIN documents d ON d.id = a.document_id
		WHERE o.kind = 'consent_copy' AND d.kind = 'consent' AND d.sha256 = ?`, paper.SHA256); n != "1" {
		t.Errorf("%s copies were mailed", n)
	}
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"company.name": "Another name"}))
	b.clock.Advance(time.Hour)
	again, err := b.pay.ConsentPaper(t.Context(), b.customer, 1)
	if err != nil || again.SHA256 != paper.SHA256 {
		t.Errorf("the record changed: %v", err)
	}
	for what, query := range map[string]string{"changed": `UPDATE mandate_papers SET document_id = 1`, "taken away": `DELETE FROM mandate_papers`} {
		if err := b.exec(query); err == nil {
			t.Errorf("a paper was %s", what)
		}
	}
	other, _ := b.addCustomer("2002", "bob@example.com")
	for _, c := range []struct {
		customer int64
		number   int
	}{{other, 1}, {b.customer, 0}, {b.customer, 2}, {b.customer, -1}} {
		if _, err := b.pay.ConsentPaper(t.Context(), c.customer, c.number); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := b.pay.ConsentForm(t.Context(), b.customer, 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

// A consent from before records were kept gets its record when it is asked for.
func TestAnOldConsentGetsItsRecord(t *testing.T) {
	b := open(t)
	id := b.card()
	b.ok(b.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
		VALUES (?, ?, 'One.`+"\n\n"+`Two.', '`+strings.Repeat("a", 64)+`', '2026-11', 1, 1, 1794236400000, '192.0.2.1', 'B', 'signed in')`, b.customer, id))
	first, err := b.pay.ConsentPaper(t.Context(), b.customer, 1)
	b.ok(err)
	again, err := b.pay.ConsentPaper(t.Context(), b.customer, 1)
	if err != nil || again.SHA256 != first.SHA256 || len(first.Body) == 0 {
		t.Errorf("%v", err)
	}
	if n := b.one(`SELECT count(*) FROM documents WHERE kind = 'consent'`); n != "1" {
		t.Errorf("%s were kept", n)
	}
}

func TestArrangeTheDay(t *testing.T) {
	b := open(t) // Nov 10
	b.invoice("10001", 8000)
	first, err := b.pay.ArrangeDay(t.Context(), b.pat(), b.customer, 15, "pay day")
	if err != nil || first != "2026-12-15" {
		t.Fatalf("%s %v", first, err)
	}
	if got := b.mails(); len(got) != 0 {
		t.Errorf("nobody pays by auto pay, and yet %v", got)
	}
	id := b.card()
	b.on(id, 0)
	if a := b.auto(); a.Day != 15 || a.Next != "2026-11-15" || a.Then != 0 {
		t.Errorf("a consent given after it has the day from the start: %+v", a)
	}
	for _, day := range []int{0, 29, -1, 15} {
		if _, err := b.pay.ArrangeDay(t.Context(), b.pat(), b.customer, day, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("day %d: %v", day, err)
		}
	}
	if _, err := b.pay.ArrangeDay(t.Context(), b.pat(), b.customer, 3, strings.Repeat("x", 201)); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	sum := b.one(`SELECT consent_sha256 || day || shown_at FROM mandates`)
	b.clock.Advance(time.Second)
	first, err = b.pay.ArrangeDay(t.Context(), b.pat(), b.customer, 3, "")
	if err != nil || first != "2026-12-03" {
		t.Fatalf("%s %v", first, err)
	}
	if a := b.auto(); a.Day != 15 || a.Next != "2026-11-15" || a.Then != 3 || a.ThenFrom != "2026-12-03" {
		t.Errorf("%+v", a)
	}
	b.clock.Advance(6 * 24 * time.Hour) // Nov 16
	if a := b.auto(); a.Next != "2026-12-03" {
		t.Errorf("%+v", a)
	}
	if got := b.one(`SELECT consent_sha256 || day || shown_at FROM mandates`); got != sum {
		t.Error("the consent is not what it was")
	}
	if got := b.one(`SELECT text_body FROM outbox WHERE kind = 'auto_pay_day'`); !strings.Contains(got, "Dec 3, 2026") || !strings.Contains(got, "Nov 15, 2026 is taken as before") {
		t.Error(got)
	}
	if n := b.one(`SELECT count(*) FROM audit WHERE action = 'autopay.day' AND staff_id IS NOT NULL`); n != "2" {
		t.Errorf("%s entries in the trail", n)
	}
	// too near to be told in time: a month later
	b.clock.Advance(12 * 24 * time.Hour) // Nov 28
	if first, err = b.pay.ArrangeDay(t.Context(), b.pat(), b.customer, 5, ""); err != nil || first != "2027-01-05" {
		t.Errorf("%s %v", first, err)
	}
	if a := b.auto(); a.Next != "2026-12-03" || a.ThenFrom != "2027-01-05" {
		t.Errorf("%+v", a)
	}
	for what, query := range map[string]string{"changed": `UPDATE auto_pay_days SET day = 1`, "deleted": `DELETE FROM auto_pay_days`} {
		if err := b.exec(query); err == nil {
			t.Errorf("an arrangement was %s", what)
		}
	}
}

func TestSwitchingOffCancelsWhatIsPlanned(t *testing.T) {
	b := open(t)
	b.invoice("10001", 8000)
	id := b.card()
	plan := func(reference, state string) {
		b.ok(b.exec(`INSERT INTO payments (reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, gateway, method_id, idempotency_key, nonce, created_at)
			VALUES (?, ?, ?, 'autopay', 'card', 'Credit Card', 100, '2026-12-01', 'sandbox', ?, ?, ?, 1)`, reference, b.customer, state, id, reference, reference))
	}
	b.on(id, 0)
	plan("PLANNED", "planned")
	plan("CLAIMED", "submitted")
	b.ok(b.pay.TurnOff(t.Context(), b.ann(), b.customer))
	if p := b.payment("PLANNED"); p.State != "canceled" {
		t.Errorf("what was planned is %s", p.State)
	}
	if p := b.payment("CLAIMED"); p.State != "submitted" {
		t.Errorf("what was sent is %s", p.State)
	}
	if n := b.one(`SELECT count(*) FROM audit WHERE action = 'payment.canceled' AND object = 'payment PLANNED'`); n != "1" {
		t.Errorf("%s entries in the trail", n)
	}
	want := []string{"consent_copy ann@example.com", "payment_notice office@acme.test", "auto_pay_off ann@example.com", "payment_notice office@acme.test"}
	if got := b.mails(); !slices.Equal(got, want) {
		t.Errorf("mails %v", got)
	}
}

// file is a picture of a form.
func picture(width, height int) image.Image {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		p.Set(x, 0, color.White)
	}
	return p
}

func pngOf(t *testing.T, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func jpegOf(t *testing.T, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var signedPDF = []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n")

func TestStaffSwitchOnWithASignedForm(t *testing.T) {
	b := open(t)
	b.invoice("10001", 8000)
	id := b.card()
	good := payment.FormOrder{Method: id, Limit: "60.00", Signed: "2026-11-09", Says: true, File: signedPDF}
	for field, change := range map[string]func(o *payment.FormOrder){
		"method": func(o *payment.FormOrder) { o.Method = 0 },
		"cap":    func(o *payment.FormOrder) { o.Limit = "0" },
		"signed": func(o *payment.FormOrder) { o.Signed = "2026-11-11" },
		"says":   func(o *payment.FormOrder) { o.Says = false },
		"paper":  func(o *payment.FormOrder) { o.File = nil },
	} {
		o := good
		change(&o)
		err := b.pay.TurnOnByForm(t.Context(), b.pat(), b.customer, o)
		if f, ok := err.(*fault.Error); !ok || f.Kind != fault.Invalid || f.Field != field || len(f.More) != 0 {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, file := range map[string][]byte{
		"text": []byte("I agree"), "a page": []byte("<html><script>alert(1)</script>"), "a cut PDF": []byte("%PDF-1.4\n1 0 obj"),
		"a GIF": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "a small picture": pngOf(t, picture(10, 10)), "a cut picture": pngOf(t, picture(300, 300))[:90],
		"too large": append(slices.Clone(signedPDF), make([]byte, payment.MaxFormBytes)...),
	} {
		o := good
		o.File = file
		if err := b.pay.TurnOnByForm(t.Context(), b.pat(), b.customer, o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other, _ := b.addCustomer("2002", "bob@example.com")
	if err := b.pay.TurnOnByForm(t.Context(), b.pat(), other, good); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's card: %v", err)
	}
	if b.auto().On || len(b.mails()) != 0 {
		t.Fatal("on without a form")
	}
	b.ok(b.pay.TurnOnByForm(t.Context(), b.pat(), b.customer, good))
	b.ok(b.pay.TurnOnByForm(t.Context(), b.pat(), b.customer, good)) // a double click
	list, err := b.pay.Consents(t.Context(), b.customer)
	b.ok(err)
	if len(list) != 1 || list[0].Signed != "2026-11-09" || !list[0].HasForm || list[0].Limit != 6000 || !strings.Contains(list[0].How, "Pat Mills") {
		t.Errorf("%+v", list)
	}
	if got := b.mails(); !slices.Equal(got, []string{"consent_copy ann@example.com"}) {
		t.Errorf("mails %v", got)
	}
	if got := b.one(`SELECT text_body FROM outbox`); !strings.Contains(got, "signed on paper on Nov 9, 2026") {
		t.Error(got)
	}
	form, err := b.pay.ConsentForm(t.Context(), b.customer, 1)
	if err != nil || !bytes.Equal(form.Body, signedPDF) || form.MIME != "application/pdf" {
		t.Errorf("%v", err)
	}
	b.ok(b.pay.TurnOffAtTheOffice(t.Context(), b.pat(), b.customer, "moved\n away"))
	list, err = b.pay.Consents(t.Context(), b.customer)
	b.ok(err)
	if b.auto().On || list[0].EndedBy != "by Pat Mills: Acme Alarm switched it off (moved away)" {
		t.Errorf("%+v", list)
	}
	if got := b.mails(); !slices.Equal(got, []string{"consent_copy ann@example.com", "auto_pay_off ann@example.com"}) {
		t.Errorf("mails %v", got)
	}
	paper, err := b.pay.BlankConsent(t.Context(), b.customer, id, 6000)
	if err != nil || !bytes.HasPrefix(paper.Body, []byte("%PDF-")) {
		t.Errorf("%v", err)
	}
}

// A picture is encoded anew, the way up that it was held.
func TestAPictureOfASignedForm(t *testing.T) {
	b := open(t)
	id := b.card()
	b.clock.Advance(time.Second)
	exif := func(order binary.ByteOrder, mark string, held uint16) []byte {
		tiff := append([]byte(mark), make([]byte, 24)...)
		order.PutUint16(tiff[2:], 42)
		order.PutUint32(tiff[4:], 8)
		order.PutUint16(tiff[8:], 1)
		order.PutUint16(tiff[10:], 0x0112)
		order.PutUint16(tiff[12:], 3)
		order.PutUint32(tiff[14:], 1)
		order.PutUint16(tiff[18:], held)
		segment := append([]byte("Exif\x00\x00"), tiff...)
		return append([]byte{0xff, 0xe1, 0, byte(len(segment) + 2)}, segment...)
	}
	plain := jpegOf(t, picture(400, 300))
	for n, c := range []struct {
		file          []byte
		width, height int
	}{
		{pngOf(t, picture(400, 300)), 400, 300},
		{plain, 400, 300},
		{slices.Concat(plain[:2], exif(binary.BigEndian, "MM", 6), plain[2:]), 300, 400},
		{slices.Concat(plain[:2], exif(binary.LittleEndian, "II", 8), plain[2:]), 300, 400},
		{slices.Concat(plain[:2], exif(binary.LittleEndian, "II", 3), plain[2:]), 400, 300},
		{pngOf(t, picture(4400, 1000)), 2200, 500},
	} {
		b.clock.Advance(time.Minute)
		b.ok(b.pay.TurnOnByForm(t.Context(), b.pat(), b.customer, payment.FormOrder{Method: id, Signed: "2026-11-09", Says: true, File: c.file}))
		kept, err := b.pay.ConsentForm(t.Context(), b.customer, n+1)
		b.ok(err)
		size, kind, err := image.DecodeConfig(bytes.NewReader(kept.Body))
		if err != nil || kind != "jpeg" || size.Width != c.width || size.Height != c.height || kept.MIME != "image/jpeg" {
			t.Errorf("%d: %s %d by %d, %v", n, kind, size.Width, size.Height, err)
		}
		if bytes.Contains(kept.Body, []byte("Exif")) {
			t.Errorf("%d: what the camera wrote beside the picture is kept", n)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x20Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if n := payment.Orientation(file); n < 0 || n > 1<<16 {
			t.Errorf("held %d", n)
		}
	})
}

func TestCardsThatExpire(t *testing.T) {
	b := open(t)
	b.clock.Advance(-6 * time.Hour) // four in the morning
	auto, idle := b.card(), b.card()
	b.on(auto, 0)
	expires := func(year, month int) { b.ok(b.exec(`UPDATE methods SET exp_year = ?, exp_month = ?`, year, month)) }
	warn := func() []string {
		t.Helper()
		b.ok(b.pay.WarnOfExpiry(t.Context()))
		var told []string
		for _, m := range b.mails() {
			if strings.HasPrefix(m, "card_expires") {
				told = append(told, m)
			}
		}
		return told
	}
	at := func(day calendar.Date) { b.clock.Set(day.Time(time.UTC).Add(17 * time.Hour)) }
	expires(2026, 12)
	at("2026-11-15") // 46 days ahead
	if got := warn(); len(got) != 0 {
		t.Errorf("46 days ahead: %v", got)
	}
	at("2026-11-16")
	b.clock.Advance(-8 * time.Hour)
	if got := warn(); len(got) != 0 {
		t.Errorf("in the night: %v", got)
	}
	at("2026-11-16")
	for range 2 {
		if got := warn(); !slices.Equal(got, []string{"card_expires ann@example.com"}) {
			t.Errorf("45 days ahead: %v", got)
		}
	}
	at("2026-12-15") // 16 days ahead
	if got := warn(); len(got) != 1 {
		t.Errorf("16 days ahead: %v", got)
	}
	at("2026-12-16")
	for range 2 {
		if got := warn(); len(got) != 2 {
			t.Errorf("15 days ahead: %v", got)
		}
	}
	if got := b.one(`SELECT text_body FROM outbox WHERE kind = 'card_expires' ORDER BY id DESC`); !strings.Contains(got, "Dec 31, 2026") || !strings.Contains(got, "last reminder") ||
		!strings.Contains(got, "https://portal.test/methods/new?kind=card&replace="+strconv.FormatInt(auto, 10)) {
		t.Error(got)
	}
	at("2027-01-01")
	if got := warn(); len(got) != 2 {
		t.Errorf("expired: %v", got)
	}
	// renewed: another expiry, another mail
	expires(2027, 2)
	at("2027-02-20")
	if got := warn(); len(got) != 3 {
		t.Errorf("renewed, found late: %v", got)
	}
	list, err := b.db.Read().ListExpiringAutoPayCards(t.Context(), db.ListExpiringAutoPayCardsParams{Gateway: "sandbox", LastMonth: 2027*12 + 2, Most: 10})
	if err != nil || len(list) != 1 || list[0].ID != auto || list[0].Told == 0 || list[0].ID == idle {
		t.Errorf("%+v %v", list, err)
	}
	b.ok(b.pay.TurnOff(t.Context(), b.ann(), b.customer))
	expires(2027, 3)
	at("2027-03-20")
	if got := warn(); len(got) != 3 {
		t.Errorf("without auto pay: %v", got)
	}
}
