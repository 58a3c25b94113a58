package office

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
	"customerportal/views"
	view "customerportal/views/office"
)

// orderForm is what is to be made of an accepted proposal, as it was chosen.
type orderForm struct {
	workOrder, invoice, recurring, mail bool
	site                                int64
	from                                string
}

// askCarryOut shows what can be made of an accepted proposal.
func (h *Handlers) askCarryOut(c echo.Context) error {
	d, err := h.deal(c)
	if err != nil {
		return err
	}
	today, err := h.Ledger.Today(c.Request().Context())
	if err != nil {
		return err
	}
	p, err := h.carryOutPage(c, d, orderForm{workOrder: true, invoice: true, recurring: true, mail: true, from: sale.FirstOfNextMonth(today).ISO()}, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/proposal_carry_out", p)
}

// deal is what the proposal whose version stands in the address is to become.
func (h *Handlers) deal(c echo.Context) (d sale.Deal, err error) {
	today, err := h.Ledger.Today(c.Request().Context())
	if err != nil {
		return d, err
	}
	err = h.DB.View(c.Request().Context(), func(q *db.Queries) error {
		d, err = sale.DealOf(c.Request().Context(), q, theID(c), today)
		return err
	})
	return d, err
}

func (h *Handlers) carryOutPage(c echo.Context, d sale.Deal, f orderForm, refused views.FieldErrors) (*view.CarryOutPage, error) {
	ctx := c.Request().Context()
	who := ref(d.CustomerNumber, d.Customer)
	p := &view.CarryOutPage{Base: views.Base{Title: "Carry out proposal " + d.Number, Tab: "proposals"}, Customer: who, Number: d.Number,
		Action: versionPath(d.ProposalID) + "/carry-out", Back: proposalAt(d.Number, d.Version)}
	if d.Blocked != "" {
		p.Blocked = &view.ProposalKin{Words: d.Blocked, Link: fmt.Sprintf("Show version %d", d.BlockedBy), Href: proposalAt(d.Number, d.BlockedBy)}
		return p, nil
	}
	if why := d.TooMuch(); why != "" && refused == nil {
		refused = views.FieldErrors{{Message: why}}
	}
	if d.WorkOrder == "" {
		p.WorkOrder = &view.Tick{Name: "work_order", Label: "Make a work order", Hint: "It says in its internal note what was chosen", Ticked: f.workOrder}
		if d.SiteID == 0 {
			sites, err := h.DB.Read().ListSitesForCustomer(ctx, d.CustomerID)
			if err != nil {
				return nil, err
			}
			p.Site = &view.Choice{Name: "site", Label: "Site", Hint: "Where the work is done", Error: refused.Of("site")}
			for _, s := range sites {
				p.Site.Options = append(p.Site.Options, view.Option{Value: number(s.ID), Label: s.Name, Chosen: s.ID == f.site})
			}
		}
	}
	if d.LeftToInvoice() {
		p.Invoice = &view.Tick{Name: "invoice", Label: "Issue an invoice of " + d.Due().String(), Hint: "With the tax that was accepted", Ticked: f.invoice, Error: refused.Of("invoice")}
		p.Mail = &view.Tick{Name: "mail", Label: "E-mail it to the customer", Ticked: f.mail}
		for _, l := range d.Once {
			p.Once = append(p.Once, view.PricedLine{Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: l.UnitPrice.String(), Tax: l.Tax.String(), Amount: l.Amount().String()})
		}
		for _, one := range d.Deposits {
			less := (-one.Asked).String()
			p.Once = append(p.Once, view.PricedLine{Description: "Less deposit, invoice " + one.Invoice, Quantity: "1", UnitPrice: less, Tax: money.Cents(0).String(), Amount: less})
		}
		p.Seen = strconv.FormatInt(int64(d.Due()), 10)
		p.Sums = view.DraftSums{Subtotal: (d.Due() - d.Tax).String(), Tax: d.Tax.String(), Total: d.Due().String()}
	}
	if left := d.LeftToRecur(); len(left) > 0 {
		p.Recurring = &view.Tick{Name: "recurring", Label: "Make " + count(int64(len(left)), "recurring item", "recurring items"), Ticked: f.recurring, Error: refused.Of("recurring")}
		p.From = &views.Input{Name: "from", Label: "Charged from", Type: "date", Value: f.from, Error: refused.Of("from")}
		for _, r := range left {
			p.Items = append(p.Items, view.ProposalLine{Description: r.Description, Quantity: r.Quantity.String(), UnitPrice: r.UnitPrice.String(), Paid: proposal.CycleName(r.Cycle), Tax: "as billed", Amount: r.Amount().String()})
		}
	}
	items := ""
	if made := len(d.Recurring) - len(d.LeftToRecur()); made > 0 {
		items = count(int64(made), "item", "items")
	}
	p.Made = facts("Work order", d.WorkOrder, "Invoice", d.Invoice, "Recurring", items)
	for i, e := range refused {
		if e.Field == "parts" || e.Field == "site" && p.Site == nil {
			refused[i].Field = "" // it has no control
		}
	}
	p.Errors = refused
	return p, nil
}

// carryOutProposal makes of an accepted proposal what was ticked. Pressed twice it is
// made once.
func (h *Handlers) carryOutProposal(c echo.Context) error {
	form := c.Request().Form
	f := orderForm{workOrder: form.Get("work_order") != "", invoice: form.Get("invoice") != "", recurring: form.Get("recurring") != "", mail: form.Get("mail") != "",
		from: strings.TrimSpace(form.Get("from"))}
	f.site, _ = strconv.ParseInt(form.Get("site"), 10, 64) // anything else is no site
	o := sale.Order{WorkOrder: f.workOrder, Invoice: f.invoice, Recurring: f.recurring, Mail: f.mail, SiteID: f.site}
	if f.invoice { // a form that does not say what it showed is asked to look again
		seen, err := strconv.ParseInt(form.Get("seen"), 10, 64)
		if err != nil {
			seen = -1
		}
		o.Seen = (*money.Cents)(&seen)
	}
	var refused views.FieldErrors
	if f.recurring && f.from != "" {
		var err error
		if o.From, err = parseDay(f.from); err != nil {
			refused = append(refused, views.FieldError{Field: "from", Message: err.Error()})
		}
	}
	if refused == nil {
		done, err := h.Sale.CarryOut(c.Request().Context(), web.Actor(c), theID(c), o)
		known, ok := web.FieldErrors(err)
		if !ok {
			if err != nil {
				return err
			}
			return h.SeeNotice(c, proposalAt(done.Number, done.Version), carriedOut(done))
		}
		refused = known
	}
	d, err := h.deal(c)
	if err != nil {
		return err
	}
	p, err := h.carryOutPage(c, d, f, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/proposal_carry_out", "form", p)
}

// carriedOut puts what was made into words.
func carriedOut(done sale.Carried) string {
	if done.Before {
		return "It was carried out before; nothing was done twice."
	}
	var made []string
	if done.WorkOrder != "" {
		made = append(made, "work order "+done.WorkOrder)
	}
	if done.Invoice != "" {
		invoice := "invoice " + done.Invoice
		if done.Mailed {
			invoice += ", which is on its way by e-mail"
		}
		made = append(made, invoice)
	}
	if done.Items > 0 {
		made = append(made, count(int64(done.Items), "recurring item", "recurring items"))
	}
	return "Carried out: " + strings.Join(made, "; ") + "."
}
