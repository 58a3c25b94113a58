package office

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

func paymentPath(number, reference string) string {
	return customerPath(number) + "/payments/" + url.PathEscape(reference)
}

// payment shows one payment or, when the address ends in .pdf, sends its
// receipt and records that.
func (h *Handlers) payment(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	reference, asPDF := strings.CutSuffix(web.Param(c, "ref"), ".pdf")
	if asPDF {
		paper, err := h.Ledger.ReceiptPaper(ctx, row.ID, reference)
		if err != nil {
			return err
		}
		if err := h.record(ctx, web.Actor(c), audit.Entry{Action: "receipt.download", CustomerID: row.ID, Object: "payment " + reference}); err != nil {
			return err
		}
		return web.Download(c, paper.Name, paper.MIME, paper.Body)
	}
	r, err := h.Ledger.ReceiptFor(ctx, row.ID, reference)
	if err != nil {
		return err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.PaymentPage{
		Base: views.Base{Title: "Payment " + r.Reference, Tab: "customers"}, Customer: who, Reference: r.Reference, Amount: r.Amount.String(),
		State: string(r.State), StateClass: web.PaymentClass(r.State), Meaning: meanings[r.State],
		Facts: facts("Payment Date", r.Date.String(), "Payment Type", r.Method, "Submitted", r.SubmittedAt.Format(s.Zone), "Why", r.Failure),
	}
	if r.Refunded > 0 {
		p.Facts = append(p.Facts, view.Fact{Label: "Refunded", Lines: []string{r.Refunded.String()}})
	}
	if r.State.HasReceipt() {
		p.PDF = paymentPath(row.Number, r.Reference+".pdf")
		if r.Unapplied > 0 {
			p.Credit = r.Unapplied.String()
		}
	}
	if r.State == ledger.Declined || r.State == ledger.NotMade { // it paid nothing
		var meant []string
		for _, a := range r.Parts {
			meant = append(meant, fmt.Sprintf("Invoice %s, %s", a.Invoice, a.Amount))
		}
		p.Facts = append(p.Facts, facts("Paid", "Nothing", "Was meant for", strings.Join(meant, "\n"))...)
		r.Parts = nil
	}
	for _, a := range r.Parts {
		p.Parts = append(p.Parts, view.PaymentPart{Invoice: a.Invoice, Date: a.Date.String(), Total: a.Total.String(), Amount: a.Amount.String(), Left: a.Left.String()})
	}
	if err := h.fillAfterwards(c, s, p, row); err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/payment", p)
}

// fillAfterwards puts in what became of a payment after it was received, and what
// the viewer may do about it.
func (h *Handlers) fillAfterwards(c echo.Context, s *settings.Settings, p *view.PaymentPage, row db.Customer) error {
	ctx, q := c.Request().Context(), h.DB.Read()
	pay, err := q.GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: p.Reference, CustomerID: row.ID})
	if err != nil {
		return missing(err, "payment")
	}
	if pay.Memo != "" {
		p.Facts = append(p.Facts, view.Fact{Label: "Memo", Lines: []string{pay.Memo}})
	}
	if pay.State == string(payment.Returned) && pay.FailureMessage != "" {
		p.Facts = append(p.Facts, view.Fact{Label: "Returned because", Lines: []string{pay.FailureMessage}})
	}
	refunds, err := q.ListRefundsOfPayment(ctx, pay.ID)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		p.Refunds = append(p.Refunds, view.RefundRow{Reference: r.Reference, Date: r.RefundDate.String(), Amount: r.Cents.String(), Way: refundWay(pay, r),
			Reason: r.Reason, State: refundStates[r.State], StateClass: refundClass(r.State), Why: r.FailureMessage})
	}
	disputes, err := q.ListDisputesOfPayment(ctx, pay.ID)
	if err != nil {
		return err
	}
	for _, d := range disputes {
		p.Disputes = append(p.Disputes, view.Link{Label: fmt.Sprintf("%s: %s since %s", disputeStates[d.State], d.Cents, d.OpenedAt.Date(s.Zone)), Href: "/office/disputes/" + number(d.ID)})
	}
	fee, err := q.GetReturnFee(ctx, pay.ID)
	switch {
	case err == nil && fee.State == "void":
		p.Facts = append(p.Facts, view.Fact{Label: "Return fee", Lines: []string{fee.TotalCents.String() + ", invoice " + fee.Number + ", void"}})
	case err == nil:
		p.Facts = append(p.Facts, view.Fact{Label: "Return fee", Lines: []string{fee.TotalCents.String() + ", invoice " + fee.Number}})
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if !may(c, tellers) {
		return nil
	}
	waiting, err := q.ListWaitingApprovals(ctx, db.ListWaitingApprovalsParams{CustomerID: row.ID, ExpiresAt: h.Clock.Now()})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if w.PaymentID.Int64 == pay.ID {
			p.Waiting = append(p.Waiting, view.Link{Label: "Waits for a second person: " + approvalWords(w.Kind, w.Cents), Href: "/office/approvals"})
		}
	}
	can, err := h.Payments.Refundable(ctx, row.ID, pay.Reference)
	if err != nil {
		return err
	}
	if can.Why == "" {
		p.Refund = paymentPath(row.Number, pay.Reference) + "/refund"
	}
	if payment.CannotReturn(pay) == "" {
		p.Return = paymentPath(row.Number, pay.Reference) + "/returned"
	}
	return nil
}

// refundStates are the states of a refund in words.
var refundStates = map[string]string{"planned": "Being sent", "submitted": "Being checked", "pending": "On its way", "succeeded": "Given back", "failed": "Not made", "canceled": "Not made"}

func refundClass(state string) string {
	switch state {
	case "succeeded":
		return "state-ok"
	case "failed", "canceled":
		return "state-failed"
	}
	return "state-progress"
}

// refundWay says how a refund was given back.
func refundWay(p db.Payment, r db.Refund) string {
	switch r.Way {
	case "gateway":
		return "To " + ledger.MethodInWords(ledger.Kind(p.Kind), p.TypeLabel, p.Brand, p.NumberLabel)
	case "check":
		return "Check " + r.NumberLabel
	case "cash":
		return "Cash"
	}
	return "Another way"
}

// meanings say to staff what a payment's state asks of them.
var meanings = map[ledger.PaymentState]string{
	ledger.Submitted:      "Sent to the processor; it counts as paid once it is settled. Do not take the same money again before that.",
	ledger.Waiting:        "The customer has to do something before it can go through, such as a confirmation the bank asks for.",
	ledger.Returned:       "The bank returned it. The invoices it was for are open again.",
	ledger.Checking:       "The processor is being asked what became of it. Do not take the same money again before that is known.",
	ledger.Disputed:       "The cardholder disputes it. Until that is decided it counts as paid; answer at the processor before it is lost.",
	ledger.Declined:       "It did not go through and nothing was charged.",
	ledger.NotMade:        "It was given up before anything was charged.",
	ledger.PartlyRefunded: "A part of it was given back.",
}

// paymentForm is the form of a check or cash as it was typed.
type paymentForm struct {
	nonce, kind, number, date, amount, memo, auto string
	mail                                          bool
	parts                                         map[int64]string // by invoice
}

const applyPrefix = "apply-"

func readPayment(c echo.Context, open []ledger.OpenInvoice) paymentForm {
	f := paymentForm{nonce: c.FormValue("nonce"), kind: c.FormValue("kind"), number: c.FormValue("reference"), date: strings.TrimSpace(c.FormValue("payment_date")),
		amount: c.FormValue("amount"), memo: c.FormValue("memo"), auto: c.FormValue("auto"), mail: c.FormValue("mail_receipt") != "", parts: map[int64]string{}}
	for _, o := range open {
		f.parts[o.ID] = strings.TrimSpace(c.FormValue(applyPrefix + number(o.ID)))
	}
	return f
}

// newPayment shows the form for a check or cash.
func (h *Handlers) newPayment(c echo.Context) error {
	t, err := h.counter(c)
	if err != nil {
		return err
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	f := paymentForm{nonce: base64.RawURLEncoding.EncodeToString(raw), kind: string(ledger.Check), date: t.today.ISO()}
	_, split := t.split(f)
	split.Error, split.Ready = "", false // nothing was typed yet
	return h.Page(c, http.StatusOK, "office/payment_new", t.page(f, split, nil))
}

// counter is what entering a payment works on.
type counter struct {
	row    db.Customer
	who    view.Ref
	today  calendar.Date
	open   []ledger.OpenInvoice
	mailTo string
}

func (h *Handlers) counter(c echo.Context) (*counter, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	t := &counter{row: row, who: who}
	if t.today, err = h.Ledger.Today(ctx); err != nil {
		return nil, err
	}
	if t.open, err = ledger.Payable(ctx, h.DB.Read(), row.ID); err != nil {
		return nil, err
	}
	to, err := h.DB.Read().GetReceiptMailTarget(ctx, row.ID)
	t.mailTo = to.Email
	return t, err
}

// previewPayment shows what the payment would pay. It changes nothing. To htmx,
// which asks at every change of the form, it answers with the split alone.
func (h *Handlers) previewPayment(c echo.Context) error {
	t, err := h.counter(c)
	if err != nil {
		return err
	}
	f := readPayment(c, t.open)
	parts, split := t.split(f)
	status := http.StatusOK
	if web.IsHTMX(c) {
		if split.Error != "" {
			status = http.StatusUnprocessableEntity
		}
		return h.Fragment(c, status, "office/payment_new", "split", t.page(f, split, nil))
	}
	_, refused := t.entering(f, parts, split)
	if refused != nil {
		status = http.StatusUnprocessableEntity
	}
	return h.Page(c, status, "office/payment_new", t.page(f, split, refused))
}

// recordPayment enters the payment. The same form sent twice enters one and
// ends at its page both times.
func (h *Handlers) recordPayment(c echo.Context) error {
	t, err := h.counter(c)
	if err != nil {
		return err
	}
	if done, err := h.entered(c.Request().Context(), t, c.FormValue("nonce")); done != "" || err != nil {
		return h.seePayment(c, t, done, err)
	}
	f := readPayment(c, t.open)
	parts, split := t.split(f)
	e, refused := t.entering(f, parts, split)
	if refused == nil {
		reference, err := h.Ledger.EnterPayment(c.Request().Context(), web.Actor(c), e)
		known, ok := web.FieldErrors(err)
		if !ok {
			return h.seePayment(c, t, reference, err)
		}
		refused = known
	}
	split.Ready = split.Error == ""
	return h.Refused(c, "office/payment_new", "form", t.page(f, split, refused))
}

// entered returns the payment that this form entered before, "" when there is
// none: by then the invoices are paid, so the split cannot be checked again.
func (h *Handlers) entered(ctx context.Context, t *counter, nonce string) (string, error) {
	first, err := h.DB.Read().GetEnteredPayment(ctx, nonce)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil && first.CustomerID != t.row.ID {
		err = fault.New(fault.Conflict, "This form was used for another customer. Please open it again.")
	}
	return first.Reference, err
}

func (h *Handlers) seePayment(c echo.Context, t *counter, reference string, err error) error {
	if err != nil {
		return err
	}
	return h.SeeNotice(c, paymentPath(t.row.Number, reference), "Recorded.")
}

// split spreads the amount over the open invoices: as typed, or, as long as
// nobody has typed parts, over the oldest first. What is under way is left out
// of the proposal, but may be typed: the check is in hand.
func (t *counter) split(f paymentForm) ([]ledger.Allocation, view.Split) {
	var out view.Split
	amount, amountErr := money.Parse(f.amount)
	if amountErr == nil && amount == 0 {
		amountErr = fmt.Errorf("Enter an amount above zero")
	}
	var typed []string
	for _, o := range t.open {
		if v := f.parts[o.ID]; v != "" {
			typed = append(typed, number(o.ID)+"="+v)
		}
	}
	edited := len(typed) > 0 && strings.Join(typed, " ") != f.auto
	var parts []ledger.Allocation
	var proposed []string
	rest, applied := amount, money.Cents(0)
	for _, o := range t.open {
		state := o.State(t.today)
		row := view.SplitRow{Number: o.Number, Due: o.Due.String(), Balance: o.Balance.String(), State: string(state), StateClass: web.InvoiceClass(state),
			Name: applyPrefix + number(o.ID), Value: f.parts[o.ID]}
		part := min(o.Payable(), rest)
		if edited {
			var err error
			if part, err = money.Parse(cmp.Or(row.Value, "0")); err != nil {
				part, row.Error = 0, err.Error()
			} else if part > o.Balance {
				row.Error = fmt.Sprintf("Only %s is left to pay", o.Balance)
			}
		} else {
			row.Value = ""
			if part > 0 {
				row.Value = part.Plain()
				proposed = append(proposed, number(o.ID)+"="+row.Value)
			}
		}
		rest -= part
		applied += part
		if row.Error != "" {
			out.Error = "Look at the parts: one of them does not fit."
		} else if amountErr == nil {
			row.Left = (o.Balance - part).String()
		}
		if part > 0 && row.Error == "" {
			parts = append(parts, ledger.Allocation{InvoiceID: o.ID, Cents: part})
		}
		out.Rows = append(out.Rows, row)
	}
	out.Auto = strings.Join(proposed, " ")
	switch {
	case amountErr != nil:
		out.Error = amountErr.Error()
	case out.Error == "" && rest < 0:
		out.Error = fmt.Sprintf("The parts come to %s, more than the payment of %s.", applied, amount)
	}
	out.Ready = out.Error == ""
	out.Amount, out.Applied = amount.String(), applied.String()
	if rest > 0 {
		out.Credit = rest.String()
	}
	return parts, out
}

// entering turns the form into what the ledger takes, or says what is refused.
func (t *counter) entering(f paymentForm, parts []ledger.Allocation, split view.Split) (ledger.Entering, views.FieldErrors) {
	e := ledger.Entering{Nonce: f.nonce, CustomerID: t.row.ID, Kind: ledger.Kind(f.kind), Number: strings.TrimSpace(f.number), Memo: f.memo, Allocations: parts, Mail: f.mail}
	var refused views.FieldErrors
	refuse := func(field, message string) {
		refused = append(refused, views.FieldError{Field: field, Message: message})
	}
	if !isKind(f.kind) {
		refuse("kind", "Choose what it was paid with")
	}
	if e.Kind == ledger.Check && e.Number == "" {
		refuse("reference", "Enter the number of the check")
	}
	var err error
	if e.Date, err = parseDay(f.date); err != nil {
		refuse("payment_date", err.Error())
	} else if e.Date > t.today {
		refuse("payment_date", "This day is still to come")
	}
	e.Amount, err = money.Parse(f.amount)
	switch {
	case err != nil || e.Amount == 0:
		refuse("amount", split.Error)
	case split.Error != "":
		refuse("", split.Error)
	}
	for _, r := range split.Rows {
		if r.Error != "" {
			refuse(r.Name, "Invoice "+r.Number+": "+r.Error)
		}
	}
	if len(f.memo) > 500 {
		refuse("memo", "This is longer than 500 characters")
	}
	if f.nonce == "" {
		refuse("", "This form is not complete. Please open it again.")
	}
	return e, refused
}

// kinds are what the office takes itself.
var kinds = []struct {
	kind  ledger.Kind
	label string
}{
	{ledger.Check, "Check"}, {ledger.Cash, "Cash"}, {ledger.Card, "Credit card, at our own terminal"}, {ledger.Other, "Other"},
}

func isKind(s string) bool {
	for _, k := range kinds {
		if string(k.kind) == s {
			return true
		}
	}
	return false
}

// parseDay reads a day as a date field sends it, or as people write it.
func parseDay(s string) (calendar.Date, error) {
	if t, err := time.Parse("1/2/2006", s); err == nil {
		s = t.Format(time.DateOnly)
	}
	return calendar.ParseDate(s)
}

func (t *counter) page(f paymentForm, split view.Split, refused views.FieldErrors) *view.NewPaymentPage {
	p := &view.NewPaymentPage{
		Base: views.Base{Title: "Record a payment", Tab: "customers"}, Customer: t.who, Nonce: f.nonce,
		Preview: t.who.Href + "/payments/preview", Record: t.who.Href + "/payments",
		Kind:   view.Choice{Name: "kind", Label: "Payment Type", Error: refused.Of("kind")},
		Number: views.Input{Name: "reference", Label: "Check #", Hint: "Or the last four digits of a card; empty for cash", Value: f.number, Autocomplete: "off", MaxLength: 40, Error: refused.Of("reference")},
		Date:   views.Input{Name: "payment_date", Label: "Payment Date", Type: "date", Value: f.date, Error: refused.Of("payment_date")},
		Amount: views.Input{Name: "amount", Label: "Amount", Inputmode: "decimal", Value: f.amount, Autocomplete: "off", MaxLength: 20, Error: refused.Of("amount")},
		Memo:   views.Input{Name: "memo", Label: "Memo", Hint: "For the office only", Value: f.memo, Autocomplete: "off", MaxLength: 500, Error: refused.Of("memo")},
		Mail:   f.mail, MailTo: t.mailTo, MailError: refused.Of("mail_receipt"), Split: split,
	}
	for _, k := range kinds {
		p.Kind.Options = append(p.Kind.Options, view.Option{Value: string(k.kind), Label: k.label, Chosen: string(k.kind) == f.kind})
	}
	for i, e := range refused {
		if e.Field == "apply_to" {
			refused[i].Field = "" // the split has no field of that name
		}
	}
	p.Errors = refused
	return p
}
