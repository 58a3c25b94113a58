package office

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

const (
	// onPage is how many of each kind a customer's page shows.
	onPage = 10
	// openOnPage is how many open invoices it shows.
	openOnPage = 25
)

// endOfTime is after every date: a list that begins there begins at its newest row.
const endOfTime calendar.Date = "9999-12-31"

// customer shows all the office knows of one customer.
func (h *Handlers) customer(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.CustomerPage{Base: views.Base{Title: who.Name, Tab: "customers"}, Customer: who, Inactive: row.Status != "active"}
	if may(c, helpers) {
		p.EditHref, p.UsersHref, p.SiteHref = who.Href+"/contact", who.Href+"/users", who.Href+"/sites/new"
	}
	if may(c, tellers) {
		p.PaymentHref, p.InvoiceHref = who.Href+"/payments/new", who.Href+"/invoices/new"
	}
	if may(c, sellers) {
		p.ProposalHref = newProposalPath(who.Number)
	}
	if may(c, readers) {
		p.CreditHref = who.Href + "/credit"
	}
	parts := []func() error{
		func() error { return h.fillPayLinks(c, p, row.ID) },
		func() error { return h.fillOwed(ctx, s, p, row.ID) },
		func() error { p.Facts, err = h.contactFacts(ctx, s, row); return err },
		func() error { p.AutoPay, err = h.autoPayBrief(ctx, s, row); return err },
		func() error { p.Recurring, err = h.recurringList(ctx, s, row); return err },
		func() error { p.WorkOrders, err = h.customerWorkOrders(c, s, row); return err },
		func() error { p.Sites, err = h.sites(ctx, row, may(c, helpers)); return err },
		func() error {
			p.NotesHref = who.Href + "/notes"
			p.Notes, _, err = h.noteRows(ctx, s, row.ID, math.MaxInt64, 3)
			return err
		},
		func() error { p.Drafts, err = h.customerDrafts(ctx, s, row.ID, may(c, tellers)); return err },
		func() error {
			if p.OffersShown = may(c, offerReaders); p.OffersShown {
				p.Offers, err = h.customerProposals(ctx, s, row.ID)
			}
			return err
		},
		func() error { p.Users, err = h.customerUsers(ctx, s, row); return err },
		func() error { p.Payments, err = h.paymentList(ctx, row, "", onPage); return err },
		func() error { p.Methods, err = h.methods(ctx, s, row, may(c, tellers)); return err },
		func() error { p.Mails, err = h.customerMails(ctx, s, row.ID, may(c, helpers)); return err },
		func() error { p.History, err = h.history(ctx, s, row, ""); return err },
	}
	for _, fill := range parts {
		if err := fill(); err != nil {
			return err
		}
	}
	return h.Page(c, http.StatusOK, "office/customer", p)
}

// fillOwed puts in what is owed, and the invoices: the open ones by their due
// date, then the newest of the others.
func (h *Handlers) fillOwed(ctx context.Context, s *settings.Settings, p *view.CustomerPage, id int64) error {
	q, today := h.DB.Read(), h.Clock.Today(s.Zone)
	open, err := ledger.Payable(ctx, q, id)
	if err != nil {
		return err
	}
	credit, err := ledger.Unapplied(ctx, q, id)
	if err != nil {
		return err
	}
	owed := ledger.Sum(open, today)
	p.Due = owed.Due.String()
	for into, cents := range map[*string]money.Cents{&p.Past: owed.PastDue, &p.InFlight: owed.Balance - owed.Due, &p.Credit: credit} {
		if cents > 0 {
			*into = cents.String()
		}
	}
	rows, err := q.ListInvoicesForCustomer(ctx, db.ListInvoicesForCustomerParams{CustomerID: id, InvoiceDate: endOfTime, Most: openOnPage + onPage})
	if err != nil {
		return err
	}
	for i, o := range open {
		if i < openOnPage {
			p.Invoices.Rows = append(p.Invoices.Rows, openRow(p.Customer, o, today))
		}
	}
	closed := 0
	for _, r := range rows {
		if (r.State == "void" || r.BalanceCents == 0) && closed < onPage {
			p.Invoices.Rows = append(p.Invoices.Rows, invoiceRow(p.Customer, r, today))
			closed++
		}
	}
	if len(p.Invoices.Rows) >= onPage {
		p.Invoices.More = p.Customer.Href + "/invoices"
	}
	return nil
}

func openRow(who view.Ref, o ledger.OpenInvoice, today calendar.Date) view.InvoiceRow {
	state := o.State(today)
	return view.InvoiceRow{Number: o.Number, Date: o.Date.String(), Due: o.Due.String(), Site: o.Site, Total: o.Total.String(), Balance: o.Balance.String(),
		State: string(state), StateClass: web.InvoiceClass(state), Age: o.Age(today), PDF: paperPath(who, o.Number), Href: invoicePath(o.Number)}
}

func invoiceRow(who view.Ref, r db.ListInvoicesForCustomerRow, today calendar.Date) view.InvoiceRow {
	row := openRow(who, ledger.OpenInvoice{Number: r.Number, Date: r.InvoiceDate, Due: r.DueDate, Site: r.Site, Total: r.TotalCents,
		Balance: r.BalanceCents, Reserved: money.Cents(r.Reserved)}, today)
	if r.State == "void" {
		row.State, row.StateClass, row.Age = "Void", "state-off", ""
	}
	return row
}

func paperPath(who view.Ref, number string) string {
	return who.Href + "/invoices/" + url.PathEscape(number+".pdf")
}

// contactFacts is the contact block with what the office knows beside it.
func (h *Handlers) contactFacts(ctx context.Context, s *settings.Settings, row db.Customer) ([]view.Fact, error) {
	q := h.DB.Read()
	phones, err := q.ListPhonesForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	emails, err := q.ListEmailsForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	var numbers []string
	for _, p := range phones {
		numbers = append(numbers, p.Phone)
	}
	edited := ""
	if !row.ContactEditedAt.IsZero() {
		edited = row.ContactEditedAt.Format(s.Zone)
	}
	return facts("Name", joined(" ", row.FirstName, row.LastName), "Business", row.BusinessName,
		"Billing address", row.Address1, "", row.Address2, "", joined(", ", row.City, joined(" ", row.State, row.Zip)),
		"Phone", strings.Join(numbers, "\n"), "E-mail", strings.Join(emails, "\n"),
		"Terms", row.Terms, "Salesperson", row.SalespersonEmail, "Changed by the customer", edited), nil
}

// facts makes a block of facts from labels and values: a value without a label
// goes on the line of the one before, one that is empty is left out, and line
// breaks part lines.
func facts(pairs ...string) []view.Fact {
	var out []view.Fact
	for i := 0; i+1 < len(pairs); i += 2 {
		label, value := pairs[i], pairs[i+1]
		if label != "" {
			out = append(out, view.Fact{Label: label})
		}
		last := &out[len(out)-1]
		for line := range strings.SplitSeq(value, "\n") {
			if line != "" {
				last.Lines = append(last.Lines, line)
			}
		}
	}
	full := out[:0]
	for _, f := range out {
		if len(f.Lines) > 0 {
			full = append(full, f)
		}
	}
	return full
}

// methods are the cards and bank accounts on file.
func (h *Handlers) methods(ctx context.Context, s *settings.Settings, row db.Customer, remove bool) ([]view.Method, error) {
	rows, err := h.DB.Read().ListMethodsOnFileForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	var out []view.Method
	for _, r := range rows {
		kind := ledger.Kind(r.Kind)
		m := view.Method{Label: ledger.MethodInWords(kind, kind.Label(), r.Brand, r.Last4), Added: r.CreatedAt.Date(s.Zone).String(), Auto: r.AutoRecurring != 0}
		if r.ExpYear != 0 {
			m.Expires = fmt.Sprintf("%02d/%d", r.ExpMonth, r.ExpYear)
		}
		if remove {
			m.Remove = customerPath(row.Number) + "/methods/" + number(r.ID) + "/remove"
		}
		out = append(out, m)
	}
	return out, nil
}

// removeMethod takes a card or bank account off the file, as customers ask the
// dealer to.
func (h *Handlers) removeMethod(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	if err := h.Payments.RemoveMethod(c.Request().Context(), web.Actor(c), row.ID, theID(c)); err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href, "It is no longer on file.")
}

func (h *Handlers) sites(ctx context.Context, row db.Customer, edit bool) ([]view.Site, error) {
	sites, err := h.DB.Read().ListSitesForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	systems, err := h.DB.Read().ListSystemsForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	var out []view.Site
	for _, s := range sites {
		site := view.Site{Name: s.Name}
		if edit {
			site.Href = sitePath(row.Number, s.ID)
		}
		for _, line := range []string{s.Address1, s.Address2, joined(", ", s.City, joined(" ", s.State, s.Zip))} {
			if line != "" {
				site.Address = append(site.Address, line)
			}
		}
		for _, y := range systems {
			if y.SiteID == s.ID {
				site.Systems = append(site.Systems, view.System{Name: y.Name, Type: y.SystemType, Account: y.AccountNumber})
			}
		}
		out = append(out, site)
	}
	return out, nil
}

// customerInvoices is the whole list, by pages.
func (h *Handlers) customerInvoices(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return err
	}
	date, id := position(c.QueryParam("before"))
	rows, err := h.DB.Read().ListInvoicesForCustomer(ctx, db.ListInvoicesForCustomerParams{CustomerID: row.ID, InvoiceDate: date, ID: id, Most: perPage + 1})
	if err != nil {
		return err
	}
	p := &view.CustomerInvoicesPage{Base: views.Base{Title: "Invoices of " + who.Name, Tab: "customers"}, Customer: who}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.Invoices.More = who.Href + "/invoices?before=" + positionOf(rows[perPage-1].InvoiceDate, rows[perPage-1].ID)
	}
	for _, r := range rows {
		p.Invoices.Rows = append(p.Invoices.Rows, invoiceRow(who, r, today))
	}
	return h.Page(c, http.StatusOK, "office/customer_invoices", p)
}

// customerPayments is the whole list, by pages.
func (h *Handlers) customerPayments(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	p := &view.CustomerPaymentsPage{Base: views.Base{Title: "Payments of " + who.Name, Tab: "customers"}, Customer: who}
	if p.Payments, err = h.paymentList(c.Request().Context(), row, c.QueryParam("before"), perPage); err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/customer_payments", p)
}

func (h *Handlers) paymentList(ctx context.Context, row db.Customer, before string, most int) (view.PaymentList, error) {
	var list view.PaymentList
	date, id := position(before)
	rows, err := h.DB.Read().ListPaymentsForCustomer(ctx, db.ListPaymentsForCustomerParams{CustomerID: row.ID, PaymentDate: date, ID: id, Most: int64(most) + 1})
	if err != nil {
		return list, err
	}
	if len(rows) > most {
		rows = rows[:most]
		list.More = customerPath(row.Number) + "/payments?before=" + positionOf(rows[most-1].PaymentDate, rows[most-1].ID)
	}
	for _, r := range rows {
		state := ledger.StateOf(r.State)
		list.Rows = append(list.Rows, view.PaymentRow{Reference: r.Reference, Date: r.PaymentDate.String(), Type: r.TypeLabel, Number: r.NumberLabel,
			Amount: r.AmountCents.String(), State: string(state), StateClass: web.PaymentClass(state), Href: paymentPath(row.Number, r.Reference)})
	}
	return list, nil
}

// position reads where a page of a list begins: before the row of that day and
// id. Anything else begins at the newest row.
func position(s string) (calendar.Date, int64) {
	day, rest, _ := strings.Cut(s, ".")
	date, err := calendar.ParseDate(day)
	id, idErr := strconv.ParseInt(rest, 10, 64)
	if err != nil || idErr != nil {
		return endOfTime, 0
	}
	return date, id
}

func positionOf(date calendar.Date, id int64) string { return fmt.Sprintf("%s.%d", date.ISO(), id) }

// invoicePDF sends an invoice's paper to staff and records that they took it.
func (h *Handlers) invoicePDF(c echo.Context) error {
	ctx := c.Request().Context()
	row, _, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	number, ok := strings.CutSuffix(web.Param(c, "paper"), ".pdf")
	if !ok {
		return fault.Missing("invoice")
	}
	paper, err := h.Ledger.InvoicePaper(ctx, row.ID, number)
	if err != nil {
		return err
	}
	err = h.record(ctx, web.Actor(c), audit.Entry{Action: "invoice.download", CustomerID: row.ID, Object: "invoice " + number})
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// record writes down what staff looked at.
func (h *Handlers) record(ctx context.Context, by audit.Actor, e audit.Entry) error {
	return h.DB.Write(ctx, func(q *db.Queries) error { return audit.Record(ctx, q, h.Clock.Now(), by, e) })
}
