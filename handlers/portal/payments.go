package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// payments shows the tab "Payment History", newest first.
func (h *Handlers) payments(c echo.Context) error {
	today, err := h.Ledger.Today(c.Request().Context())
	if err != nil {
		return err
	}
	from, to := calendar.NewDate(today.Year(), 1, 1), today
	return h.paymentsPage(c, http.StatusOK, from.ISO(), to.ISO(), nil)
}

// paymentsPage renders the tab with what the statement's form holds.
func (h *Handlers) paymentsPage(c echo.Context, status int, from, to string, refused views.FieldErrors) error {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	p := &pages.PaymentsPage{
		Base: views.Base{Title: "Payment History", Tab: "payments", Errors: refused},
		From: views.Input{Label: "From", Name: "from", Type: "date", Value: from, Required: true, Error: refused.Of("from")},
		To:   views.Input{Label: "To", Name: "to", Type: "date", Value: to, Required: true, Error: refused.Of("to")},
	}
	begin := db.ListPaymentsForCustomerParams{CustomerID: customer, PaymentDate: endOfTime, Most: perPage + 1}
	if after := c.QueryParam("after"); after != "" {
		at, err := h.DB.Read().GetPaymentPositionForCustomer(ctx, db.GetPaymentPositionForCustomerParams{Reference: after, CustomerID: customer})
		if err != nil {
			return missing(err, "payment")
		}
		begin.PaymentDate, begin.ID, p.Later = at.PaymentDate, at.ID, true
	}
	rows, err := h.DB.Read().ListPaymentsForCustomer(ctx, begin)
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.Older = "/payments?after=" + url.QueryEscape(rows[perPage-1].Reference)
	}
	for _, r := range rows {
		state := ledger.StateOf(r.State)
		row := pages.PaymentRow{Reference: r.Reference, Href: paymentHref(r.Reference), Date: r.PaymentDate, Type: r.TypeLabel,
			Number: paymentNumber(ledger.Kind(r.Kind), r.Brand, r.NumberLabel), Amount: r.AmountCents, Refunded: r.RefundedCents,
			State: string(state), StateClass: web.PaymentClass(state)}
		if state.HasReceipt() {
			row.Receipt = row.Href + ".pdf"
		}
		p.Payments = append(p.Payments, row)
	}
	return h.Page(c, status, "portal/payments", p)
}

// paymentNumber is the "Check / Credit Card #": of a card or account the last
// four digits, of a check its number.
func paymentNumber(kind ledger.Kind, brand, number string) string {
	if number == "" || kind != ledger.Card && kind != ledger.ECheck {
		return number
	}
	return strings.TrimSpace(brand + " ending " + number)
}

func paymentHref(reference string) string { return "/payments/" + url.PathEscape(reference) }

// payment shows one payment or, when the address ends in .pdf, sends its receipt.
func (h *Handlers) payment(c echo.Context) error {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	reference, asPDF := strings.CutSuffix(web.Param(c, "ref"), ".pdf")
	if asPDF {
		paper, err := h.Ledger.ReceiptPaper(ctx, customer, reference)
		if err != nil {
			return err
		}
		return web.Download(c, paper.Name, paper.MIME, paper.Body)
	}
	now, err := h.Payments.Refresh(ctx, customer, reference)
	if err != nil {
		return err
	}
	r, err := h.Ledger.ReceiptFor(ctx, customer, reference)
	if err != nil {
		return err
	}
	p := &pages.PaymentPage{
		Base: views.Base{Title: "Payment " + r.Reference, Tab: "payments"}, Heading: paymentHeading(r.State),
		Reference: r.Reference, Date: r.Date, Type: r.Type, Method: r.Method, Amount: r.Amount, Refunded: r.Refunded,
		State: string(r.State), StateClass: web.PaymentClass(r.State), Meaning: r.State.Meaning(), Failure: r.Failure, Sandbox: r.Sandbox,
		LeftLabel: "Left to pay",
	}
	p.Checking, p.GoOn = r.State == ledger.Checking, now.Redirect
	if now.State.GaveUp() {
		p.Again = "/pay?again=" + url.QueryEscape(r.Reference)
	}
	settled := r.State.HasReceipt()
	if settled {
		p.Receipt, p.Unapplied = paymentHref(r.Reference)+".pdf", r.Unapplied
	}
	// what is left right after a payment that counts; what is owed now on one that does not
	after := r.State == ledger.Received || r.State == ledger.PartlyRefunded || r.State == ledger.Submitted || r.State == ledger.Disputed
	if !after {
		p.LeftLabel = "Balance now"
	}
	for _, part := range r.Parts {
		left := part.Left
		if !after {
			left = part.Owed
		}
		p.Parts = append(p.Parts, pages.PaymentPart{Invoice: part.Invoice, ViewHref: viewHref(part.Invoice), Date: part.Date, Total: part.Total,
			Amount: part.Amount, Left: left})
	}
	return h.Page(c, http.StatusOK, "portal/payment", p)
}

func paymentHeading(s ledger.PaymentState) string {
	switch s {
	case ledger.Received:
		return "Receipt"
	case ledger.Submitted:
		return "Payment submitted"
	case ledger.Checking:
		return "Payment being checked"
	case ledger.Waiting:
		return "Payment waiting for you"
	case ledger.Returned:
		return "Payment returned"
	case ledger.Disputed:
		return "Payment disputed"
	case ledger.Refunded:
		return "Payment refunded"
	case ledger.PartlyRefunded:
		return "Payment partly refunded"
	case ledger.Declined:
		return "Payment declined"
	}
	return "Payment not made"
}

// statementPDF sends the account over the period that the address names.
func (h *Handlers) statementPDF(c echo.Context) error { return h.statement(c, h.Ledger.StatementPaper) }

// statementCSV sends the same for a spreadsheet.
func (h *Handlers) statementCSV(c echo.Context) error { return h.statement(c, h.Ledger.StatementTable) }

func (h *Handlers) statement(c echo.Context, draw func(ctx context.Context, customer int64, from, to calendar.Date) (ledger.Paper, error)) error {
	var refused fault.Fields
	day := func(name string) calendar.Date {
		d, err := calendar.ParseDate(c.QueryParam(name))
		if err != nil {
			refused.Add(name, "%s", err.Error())
		}
		return d
	}
	from, to := day("from"), day("to")
	paper, err := ledger.Paper{}, refused.Err()
	if err == nil {
		paper, err = draw(c.Request().Context(), web.Who(c).CustomerID, from, to)
	}
	if fields, ok := web.FieldErrors(err); ok {
		return h.paymentsPage(c, http.StatusUnprocessableEntity, c.QueryParam("from"), c.QueryParam("to"), fields)
	}
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}
