package office

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/views"
	view "customerportal/views/office"
)

// appliedAtOnce is how many applied parts the page of a customer's credit shows.
const appliedAtOnce = 15

// credit shows a customer's unapplied money and what is applied to invoices.
func (h *Handlers) credit(c echo.Context) error {
	p, err := h.creditPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/credit", p)
}

func (h *Handlers) creditPage(c echo.Context) (*view.CreditPage, error) {
	ctx, q := c.Request().Context(), h.DB.Read()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	held, err := ledger.Unapplied(ctx, q, row.ID)
	if err != nil {
		return nil, err
	}
	p := &view.CreditPage{Base: views.Base{Title: "Credit of " + who.Name, Tab: "customers"}, Customer: who, Credit: held.String()}
	if may(c, tellers) {
		p.GiveHref, p.Apply, p.Unapply = who.Href+"/credit/new", who.Href+"/credit/apply", who.Href+"/credit/unapply"
	}
	credits, err := q.ListCreditForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range credits {
		line := view.CreditHeld{Reference: r.Reference, Label: "Credit", Amount: money.Cents(r.Held).String(), Plain: money.Cents(r.Held).Plain(), Key: payment.NewNonce()}
		line.Date = dayOf(r.PaymentDate)
		if r.Reference != "" {
			line.Label, line.Href = ledger.MethodInWords(ledger.Kind(r.Kind), r.TypeLabel, r.Brand, r.NumberLabel), paymentPath(who.Number, r.Reference)
		}
		p.Held = append(p.Held, line)
	}
	open, err := ledger.Payable(ctx, q, row.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range open {
		if i.Payable() > 0 {
			p.Invoices = append(p.Invoices, view.Option{Value: i.Number, Label: fmt.Sprintf("%s: %s left", i.Number, i.Payable())})
		}
	}
	applied, err := q.ListAppliedForCustomer(ctx, db.ListAppliedForCustomerParams{CustomerID: row.ID, Limit: appliedAtOnce})
	if err != nil {
		return nil, err
	}
	for _, r := range applied {
		p.Applied = append(p.Applied, view.CreditApplied{Invoice: r.Number, Reference: r.Reference, Label: nameOfPayment(r), Amount: money.Cents(r.Applied).String(),
			Plain: money.Cents(r.Applied).Plain(), Balance: r.BalanceCents.String(), Key: payment.NewNonce()})
	}
	waiting, err := q.ListWaitingApprovals(ctx, db.ListWaitingApprovalsParams{CustomerID: row.ID, ExpiresAt: h.Clock.Now()})
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		p.Waiting = append(p.Waiting, view.Link{Href: "/office/approvals", Label: "Waits for a second person: " + approvalWords(w.Kind, w.Cents)})
	}
	return p, nil
}

func nameOfPayment(r db.ListAppliedForCustomerRow) string {
	if r.Kind == "" {
		return "Credit"
	}
	return ledger.MethodInWords(ledger.Kind(r.Kind), r.TypeLabel, r.Brand, r.NumberLabel)
}

// applyCredit puts unapplied credit towards an invoice.
func (h *Handlers) applyCredit(c echo.Context) error {
	return h.moveCredit(c, func(customer int64, cents money.Cents) error {
		return h.Payments.ApplyCredit(c.Request().Context(), web.Actor(c), payment.ApplyOrder{CustomerID: customer, Payment: c.FormValue("payment"),
			Invoice: c.FormValue("invoice"), Amount: cents, Nonce: c.FormValue("nonce")})
	}, "Applied: ")
}

// unapplyCredit takes money off an invoice again.
func (h *Handlers) unapplyCredit(c echo.Context) error {
	return h.moveCredit(c, func(customer int64, cents money.Cents) error {
		return h.Payments.UnapplyCredit(c.Request().Context(), web.Actor(c), payment.UnapplyOrder{CustomerID: customer, Payment: c.FormValue("payment"),
			Invoice: c.FormValue("invoice"), Amount: cents, Nonce: c.FormValue("nonce")})
	}, "Taken off: ")
}

func (h *Handlers) moveCredit(c echo.Context, move func(customer int64, cents money.Cents) error, word string) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	cents, err := money.Parse(strings.TrimSpace(c.FormValue("amount")))
	if err != nil {
		err = fault.Field("amount", "%s", err.Error())
	} else {
		err = move(row.ID, cents)
	}
	refused, ok := web.FieldErrors(err)
	if !ok {
		if err != nil {
			return err
		}
		return h.SeeNotice(c, who.Href+"/credit", word+cents.String()+", invoice "+c.FormValue("invoice")+".")
	}
	p, err := h.creditPage(c)
	if err != nil {
		return err
	}
	h.keepTyped(c, p, refused)
	return h.Refused(c, "office/credit", "credit", p)
}

// keepTyped puts what was typed back into the form that was refused.
func (h *Handlers) keepTyped(c echo.Context, p *view.CreditPage, refused views.FieldErrors) {
	key, typed, reference, invoice := "", c.FormValue("amount"), c.FormValue("payment"), c.FormValue("invoice")
	if strings.HasSuffix(c.Path(), "/unapply") {
		for i, a := range p.Applied {
			if a.Reference == reference && a.Invoice == invoice {
				p.Applied[i].Plain, key = typed, a.Key
			}
		}
	} else {
		for i, held := range p.Held {
			if held.Reference == reference {
				p.Held[i].Plain, key = typed, held.Key
			}
		}
	}
	for i := range refused {
		if refused[i].Field = ""; key != "" {
			refused[i].Field = "amount-" + key
		}
	}
	p.Errors = refused
}
