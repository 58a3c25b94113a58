package portal

import (
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// perPage is how many rows a page of a list has.
const perPage = 25

// endOfTime is after every date: a list that begins there begins at its newest row.
const endOfTime calendar.Date = "9999-12-31"

// home shows the contact block, what is owed and the invoices. To htmx it
// answers with the lists alone.
func (h *Handlers) home(c echo.Context) error {
	ctx := c.Request().Context()
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return err
	}
	customer := web.Who(c).CustomerID
	open, err := ledger.Payable(ctx, h.DB.Read(), customer)
	if err != nil {
		return err
	}
	lists := pages.InvoiceLists{ShowPaid: c.QueryParam("paid") == "1"}
	for _, o := range open {
		lists.Open = append(lists.Open, openRow(o, today))
	}
	if lists.ShowPaid {
		if err := h.paidInvoices(c, customer, &lists); err != nil {
			return err
		}
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "portal/home", "invoice-lists", lists)
	}
	row, err := h.DB.Read().GetHomeForCustomer(ctx, db.GetHomeForCustomerParams{CustomerID: customer, NowAt: h.Clock.Now()})
	if err != nil {
		return missing(err, "customer")
	}
	p := &pages.HomePage{Base: views.Base{Title: "Invoices", Tab: "invoices"}, Contact: contactBlock(row), Form: contactForm(row), Lists: lists}
	sum := ledger.Sum(open, today)
	p.Owed = pages.OwedBlock{Due: sum.Due, PastDue: sum.PastDue, InProgress: sum.Balance - sum.Due, Next: sum.Next, Unapplied: money.Cents(-row.Unapplied)}
	if sum.Due > 0 {
		p.Owed.PayHref = "/pay?all=1" // what stands above the button is what it pays
	}
	if row.AutoPayOn != 0 {
		days, err := ledger.DaysOfAutoPay(ctx, h.DB.Read(), customer)
		if err != nil {
			return err
		}
		on := days.Next(today)
		s, err := h.Settings.Current(ctx)
		if err != nil {
			return err
		}
		credit := money.Cents(0)
		if s.Yes("autopay.credit_first") {
			credit = money.Cents(-row.Unapplied)
		}
		kind := ledger.Kind(row.MethodKind)
		p.Owed.AutoPay = pages.AutoPayBlock{On: true, Date: on, Amount: ledger.EstimateAutoPay(open, on, money.Cents(row.Cap), credit),
			Method: ledger.MethodInWords(kind, kind.Label(), row.MethodBrand, row.MethodLast4)}
	}
	return h.Page(c, http.StatusOK, "portal/home", p)
}

// paidInvoices fills the page of paid invoices that the address asks for: the
// newest, or those after the invoice that is named.
func (h *Handlers) paidInvoices(c echo.Context, customer int64, lists *pages.InvoiceLists) error {
	ctx := c.Request().Context()
	from := db.ListPaidInvoicesForCustomerParams{CustomerID: customer, InvoiceDate: endOfTime, Most: perPage + 1}
	if after := c.QueryParam("after"); after != "" {
		at, err := h.DB.Read().GetInvoicePositionForCustomer(ctx, db.GetInvoicePositionForCustomerParams{Number: after, CustomerID: customer})
		if err != nil {
			return missing(err, "invoice")
		}
		from.InvoiceDate, from.ID, lists.Later = at.InvoiceDate, at.ID, true
	}
	rows, err := h.DB.Read().ListPaidInvoicesForCustomer(ctx, from)
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		lists.Older = "/?paid=1&after=" + url.QueryEscape(rows[perPage-1].Number)
	}
	for _, r := range rows {
		lists.Paid = append(lists.Paid, pages.InvoiceRow{Number: r.Number, Date: r.InvoiceDate, Due: r.DueDate, Site: r.Site, Total: r.TotalCents,
			State: string(ledger.Paid), StateClass: web.InvoiceClass(ledger.Paid), ViewHref: viewHref(r.Number)})
	}
	return nil
}

func openRow(o ledger.OpenInvoice, today calendar.Date) pages.InvoiceRow {
	state := o.State(today)
	row := pages.InvoiceRow{Number: o.Number, Date: o.Date, Due: o.Due, Site: o.Site, Total: o.Total, Balance: o.Balance,
		State: string(state), StateClass: web.InvoiceClass(state), Age: o.Age(today), ViewHref: viewHref(o.Number)}
	if o.Payable() > 0 {
		row.PayHref, row.InProgress = payHref(o.Number), o.Reserved
	}
	return row
}

func payHref(number string) string { return "/pay?invoice=" + url.QueryEscape(number) }

func viewHref(number string) string { return "/invoices/" + url.PathEscape(number) + ".pdf" }

// invoicePDF sends an invoice's paper. Making it the first time writes to the
// books, which no one can tell from the answer: it costs nobody anything and is
// the same paper ever after.
func (h *Handlers) invoicePDF(c echo.Context) error {
	number, ok := strings.CutSuffix(web.Param(c, "paper"), ".pdf")
	if !ok {
		return fault.Missing("invoice")
	}
	paper, err := h.Ledger.InvoicePaper(c.Request().Context(), web.Who(c).CustomerID, number)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// missing turns "no row" into the 404 of a thing in words.
func missing(err error, thing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing(thing)
	}
	return err
}
