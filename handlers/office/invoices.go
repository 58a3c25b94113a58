package office

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

func invoicePath(number string) string { return "/office/invoices/" + url.PathEscape(number) }

func printsPath(id int64) string { return "/office/prints/" + number(id) }

// invoiceFilters are the choices of the list of invoices, in order.
var invoiceFilters = []struct{ key, label, title, empty string }{
	{"", "Open", "Open invoices", "Nothing is owed."},
	{"past", "Past due", "Past due invoices, the longest overdue first", "Nothing is past due."},
	{"paid", "Paid", "Paid invoices", "No invoice is paid yet."},
	{"void", "Void", "Void invoices", "No invoice was voided."},
	{"drafts", "Drafts", "Drafts", "No invoice is being written. Begin one on a customer's page, with \"New invoice\"."},
	{"unsent", "To send", "Invoices that have yet to go out", "Every invoice that is owed has gone out."},
	{"all", "All", "All invoices", "There are no invoices yet."},
}

// allInvoices is the list of the dealer's invoices; typing asks for the results
// alone.
func (h *Handlers) allInvoices(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.InvoicesPage{Base: views.Base{Title: "Invoices", Tab: "invoices"}, Query: strings.TrimSpace(c.QueryParam("q")), Show: c.QueryParam("show")}
	chosen := invoiceFilters[0]
	for _, f := range invoiceFilters {
		if f.key == p.Show {
			chosen = f
		}
	}
	p.Show, p.Title1, p.Empty = chosen.key, chosen.title, chosen.empty
	today := h.Clock.Today(s.Zone)
	if err := h.fillInvoiceFilters(ctx, p); err != nil {
		return err
	}
	if !web.IsHTMX(c) { // typing leaves the sums on top as they are
		if err := h.fillInvoiceTiles(ctx, p, today); err != nil {
			return err
		}
	}
	if p.Query != "" {
		err = h.searchInvoices(ctx, p, today)
	} else {
		err = h.listInvoices(ctx, s, p, c.QueryParam("after"), today)
	}
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/invoices", "results", p)
	}
	return h.Page(c, http.StatusOK, "office/invoices", p)
}

// fillInvoiceTiles puts in the sums.
func (h *Handlers) fillInvoiceTiles(ctx context.Context, p *view.InvoicesPage, today calendar.Date) error {
	days, err := h.DB.Read().ListDueDays(ctx)
	if err != nil {
		return err
	}
	var open, past money.Cents
	var many, late int64
	for _, d := range days {
		open, many = open+money.Cents(d.Balance), many+d.Invoices
		if d.DueDate < today {
			past, late = past+money.Cents(d.Balance), late+d.Invoices
		}
	}
	drafts, err := h.DB.Read().SumDrafts(ctx)
	if err != nil {
		return err
	}
	p.Tiles = []view.Tile{
		{Label: "Open", Figure: open.String(), More: count(many, "invoice", "invoices")},
		{Label: "Past due", Figure: past.String(), More: count(late, "invoice", "invoices"), Past: late > 0},
		{Label: "Drafts", Figure: money.Cents(drafts.Total).String(), More: count(drafts.Many, "draft", "drafts")},
	}
	return nil
}

// fillInvoiceFilters puts in the filters with how many wait behind them.
func (h *Handlers) fillInvoiceFilters(ctx context.Context, p *view.InvoicesPage) error {
	q := h.DB.Read()
	drafts, err := q.SumDrafts(ctx)
	if err != nil {
		return err
	}
	unsent, err := q.CountInvoicesToSend(ctx)
	if err != nil {
		return err
	}
	for _, f := range invoiceFilters {
		filter := view.Filter{Label: f.label, Href: "/office/invoices", Current: f.key == p.Show && p.Query == ""}
		if f.key != "" {
			filter.Href += "?show=" + f.key
		}
		switch f.key {
		case "drafts":
			filter.Count = drafts.Many
		case "unsent":
			filter.Count = unsent
			if filter.Current && unsent > 0 {
				p.Print, p.Nonce = "/office/invoices/print", formNonce()
				p.PrintMany = "Print " + count(min(unsent, ledger.MaxBatch), "invoice", "invoices")
				if unsent > ledger.MaxBatch {
					p.PrintMany = fmt.Sprintf("Print the first %d invoices", ledger.MaxBatch)
				}
			}
		}
		p.Filters = append(p.Filters, filter)
	}
	return nil
}

// searchInvoices fills in what was searched: numbers that begin so, and the
// newest of the customers that match.
func (h *Handlers) searchInvoices(ctx context.Context, p *view.InvoicesPage, today calendar.Date) error {
	p.Title1, p.Empty = "Invoices found", "No invoice matches. Try the number on the paper, or the customer's name."
	q := h.DB.Read()
	rows, err := q.FindInvoices(ctx, db.FindInvoicesParams{Number: p.Query, Beyond: p.Query + "\U0010FFFF", Most: perPage})
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, r := range rows {
		seen[r.ID] = true
		p.Rows = append(p.Rows, invoiceLine(db.ListInvoicesRow(r), today))
	}
	found, err := h.Accounts.Search(ctx, p.Query)
	if err != nil {
		return err
	}
	if len(found) > 0 && len(p.Rows) < perPage {
		var ids []int64
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		theirs, err := q.ListInvoicesOfCustomers(ctx, db.ListInvoicesOfCustomersParams{Customers: ids, Most: perPage})
		if err != nil {
			return err
		}
		for _, r := range theirs {
			if !seen[r.ID] && len(p.Rows) < perPage {
				p.Rows = append(p.Rows, invoiceLine(db.ListInvoicesRow(r), today))
			}
		}
	}
	p.Found = count(int64(len(p.Rows)), "invoice", "invoices")
	if len(p.Rows) == perPage {
		p.Found = fmt.Sprintf("The first %d invoices; go on typing to narrow them down", perPage)
	}
	return nil
}

// listInvoices fills in a page of the chosen list.
func (h *Handlers) listInvoices(ctx context.Context, s *settings.Settings, p *view.InvoicesPage, after string, today calendar.Date) error {
	q := h.DB.Read()
	date, id := position(after)
	const most = perPage + 1
	var rows []db.ListInvoicesRow
	var err error
	next := func(r db.ListInvoicesRow) string { return positionOf(r.InvoiceDate, r.ID) }
	switch p.Show {
	case "drafts":
		return h.listDrafts(ctx, s, p, after)
	case "past":
		if date == endOfTime {
			date = ""
		}
		rows, err = rowsOf(q.ListPastDueInvoices(ctx, db.ListPastDueInvoicesParams{Today: today, DueDate: date, ID: id, Most: most}))
		next = func(r db.ListInvoicesRow) string { return positionOf(r.DueDate, r.ID) }
	case "paid":
		rows, err = rowsOf(q.ListPaidInvoices(ctx, db.ListPaidInvoicesParams{InvoiceDate: date, ID: id, Most: most}))
	case "void":
		rows, err = rowsOf(q.ListVoidInvoices(ctx, db.ListVoidInvoicesParams{InvoiceDate: date, ID: id, Most: most}))
	case "unsent":
		from, _ := strconv.ParseInt(after, 10, 64) // anything else begins at the oldest
		rows, err = rowsOf(q.ListInvoicesToSend(ctx, db.ListInvoicesToSendParams{AfterID: from, Most: most}))
		next = func(r db.ListInvoicesRow) string { return number(r.ID) }
	case "all":
		rows, err = q.ListInvoices(ctx, db.ListInvoicesParams{InvoiceDate: date, ID: id, Most: most})
	default:
		rows, err = rowsOf(q.ListOpenInvoices(ctx, db.ListOpenInvoicesParams{InvoiceDate: date, ID: id, Most: most}))
	}
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.Next = "/office/invoices?" + url.Values{"show": {p.Show}, "after": {next(rows[perPage-1])}}.Encode()
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, invoiceLine(r, today))
	}
	return nil
}

// rowsOf brings the rows of the lists, which have the same columns, to one type.
func rowsOf[R db.ListOpenInvoicesRow | db.ListPastDueInvoicesRow | db.ListPaidInvoicesRow | db.ListVoidInvoicesRow | db.ListInvoicesToSendRow](rows []R, err error) ([]db.ListInvoicesRow, error) {
	out := make([]db.ListInvoicesRow, len(rows))
	for i, r := range rows {
		out[i] = db.ListInvoicesRow(r)
	}
	return out, err
}

func (h *Handlers) listDrafts(ctx context.Context, s *settings.Settings, p *view.InvoicesPage, after string) error {
	at, id := mailPosition(after)
	rows, err := h.DB.Read().ListDrafts(ctx, db.ListDraftsParams{UpdatedAt: at, ID: id, Most: perPage + 1})
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		last := rows[perPage-1]
		p.Next = "/office/invoices?" + url.Values{"show": {"drafts"}, "after": {fmt.Sprintf("%d.%d", last.UpdatedAt, last.ID)}}.Encode()
	}
	for _, r := range rows {
		line := view.DraftLine{Href: draftPath(r.ID), Customer: r.DisplayName, CustomerNumber: r.CustomerNumber, CustomerHref: customerPath(r.CustomerNumber),
			Date: r.InvoiceDate.String(), Saved: r.UpdatedAt.Format(s.Zone), Total: r.TotalCents.String()}
		if r.SavedBy != "" {
			line.Saved += " by " + r.SavedBy
		}
		p.Drafts = append(p.Drafts, line)
	}
	return nil
}

func invoiceLine(r db.ListInvoicesRow, today calendar.Date) view.InvoiceLine {
	o := ledger.OpenInvoice{Due: r.DueDate, Balance: r.BalanceCents, Reserved: money.Cents(r.Reserved)}
	state, class, age := invoiceState(r.State, o, today)
	return view.InvoiceLine{Number: r.Number, Href: invoicePath(r.Number), Customer: r.DisplayName, CustomerNumber: r.CustomerNumber, CustomerHref: customerPath(r.CustomerNumber),
		Date: r.InvoiceDate.String(), Due: r.DueDate.String(), Total: r.TotalCents.String(), Balance: r.BalanceCents.String(), State: state, StateClass: class, Age: age}
}

// invoiceState puts an invoice's state into words, with its look and its age.
func invoiceState(stored string, o ledger.OpenInvoice, today calendar.Date) (words, class, age string) {
	if stored == "void" {
		return "Void", "state-off", ""
	}
	state := o.State(today)
	return string(state), web.InvoiceClass(state), o.Age(today)
}

// invoice is one invoice's page.
func (h *Handlers) invoice(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today := h.Clock.Today(s.Zone)
	p := &view.InvoicePage{Base: views.Base{Tab: "customers"}}
	if may(c, tellers) {
		p.Tab = "invoices"
	}
	err = h.DB.View(ctx, func(q *db.Queries) error {
		i, err := q.GetInvoiceByNumber(ctx, web.Param(c, "number"))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("invoice")
		}
		if err != nil {
			return err
		}
		p.Title, p.Number, p.Customer = "Invoice "+i.Number, i.Number, ref(i.CustomerNumber, i.DisplayName)
		o := ledger.OpenInvoice{Due: i.DueDate, Balance: i.BalanceCents, Reserved: money.Cents(i.Reserved)}
		p.State, p.StateClass, p.Age = invoiceState(i.State, o, today)
		p.Total, p.Balance, p.PDF, p.ToSend = i.TotalCents.String(), i.BalanceCents.String(), paperPath(p.Customer, i.Number), i.ToSend != 0 && i.State == "issued" && i.BalanceCents > 0
		if i.Reserved > 0 {
			p.InFlight = money.Cents(i.Reserved).String()
		}
		p.Facts = facts("Date", i.InvoiceDate.String(), "Due Date", i.DueDate.String(), "Site", i.Site, "PO #", i.PoNumber, "Issued", i.IssuedAt.Format(s.Zone))
		p.Sums = view.DraftSums{Subtotal: (i.TotalCents - i.TaxCents).String(), Tax: i.TaxCents.String(), Total: i.TotalCents.String()}
		if may(c, tellers) && i.State == "issued" {
			p.Nonce, p.Print = formNonce(), invoicePath(i.Number)+"/print"
			if i.BalanceCents > 0 {
				p.Payment = p.Customer.Href + "/payments/new"
			}
			p.Void = voidPath(p.Customer, i.Number)
			if i.BalanceCents > money.Cents(i.Reserved) {
				p.GiveCredit = p.Customer.Href + "/credit/new?invoice=" + url.QueryEscape(i.Number)
			}
		}
		if err := fillInvoice(ctx, q, p, i); err != nil {
			return err
		}
		to, err := q.ListInvoiceMailTargets(ctx, i.CustomerID)
		if err != nil {
			return err
		}
		p.MailTo = strings.Join(to, ", ")
		if len(to) > 0 && may(c, tellers) && i.State == "issued" {
			p.Mail = invoicePath(i.Number) + "/mail"
		}
		mails, err := q.ListMailsOfInvoice(ctx, db.ListMailsOfInvoiceParams{FromFact: fmt.Sprintf("invoice %d ", i.ID), ToFact: fmt.Sprintf("invoice %d!", i.ID)})
		if err != nil {
			return err
		}
		for _, m := range mails {
			row := mailRow(s, m.ID, "", m.ToEmail, m.Subject, m.State, m.LastError, 0, m.CreatedAt, "", "")
			if !may(c, helpers) {
				row.Href = ""
			}
			p.Mails = append(p.Mails, row)
		}
		prints, err := q.ListPrintsOfInvoice(ctx, i.ID)
		for _, r := range prints {
			row := view.PrintRow{When: r.MadeAt.Format(s.Zone), Who: r.Staff}
			if may(c, tellers) {
				row.Href = printsPath(r.ID)
			}
			p.Prints = append(p.Prints, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/invoice", p)
}

// reasons are the rows of the ledger in words; of a payment it says how it was made.
var reasons = map[ledger.Reason]string{
	ledger.Payment: "Payment", ledger.Apply: "Credit applied", ledger.Unapply: "Credit taken back", ledger.Refund: "Refunded", ledger.Return: "Returned by the bank",
	ledger.Dispute: "Disputed by the cardholder", ledger.DisputeWon: "Dispute won", ledger.Credit: "Credited", ledger.Void: "Voided",
}

// fillInvoice puts in the lines, what moved the balance, and what is under way.
func fillInvoice(ctx context.Context, q *db.Queries, p *view.InvoicePage, i db.GetInvoiceByNumberRow) error {
	lines, err := q.ListInvoiceLines(ctx, i.ID)
	if err != nil {
		return err
	}
	for _, l := range lines {
		p.Lines = append(p.Lines, view.PricedLine{Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: l.UnitPriceCents.String(), Tax: l.TaxCents.String(), Amount: l.AmountCents.String()})
	}
	moves, err := q.ListMovesOfInvoice(ctx, db.NullID(i.ID))
	if err != nil {
		return err
	}
	left := i.TotalCents
	for _, m := range moves {
		left += m.Cents
		row := view.Move{Date: m.EntryDate.String(), What: reasons[ledger.Reason(m.Reason)], Reference: m.Reference, Amount: m.Cents.String(), Left: left.String()}
		if m.Reference != "" {
			kind := ledger.Kind(m.Kind)
			row.What += ", " + ledger.MethodInWords(kind, m.TypeLabel, m.Brand, m.NumberLabel)
			row.Href = paymentPath(p.Customer.Number, m.Reference)
		}
		p.Moves = append(p.Moves, row)
	}
	under, err := q.ListReservationsOfInvoice(ctx, i.ID)
	for _, r := range under {
		p.UnderWay = append(p.UnderWay, view.Move{Date: r.PaymentDate.String(), What: ledger.MethodInWords(ledger.Kind(r.Kind), r.TypeLabel, r.Brand, r.NumberLabel),
			Reference: r.Reference, Href: paymentPath(p.Customer.Number, r.Reference), Amount: (-r.Cents).String()})
	}
	return err
}

// mailInvoice sends an invoice's mail again.
func (h *Handlers) mailInvoice(c echo.Context) error {
	number := web.Param(c, "number")
	if err := h.Ledger.SendInvoice(c.Request().Context(), web.Actor(c), c.FormValue("nonce"), number); err != nil {
		return err
	}
	return h.SeeNotice(c, invoicePath(number), "It is on its way by e-mail.")
}

// printInvoice prints one invoice, and printInvoices all that have yet to go out.
func (h *Handlers) printInvoice(c echo.Context) error {
	i, err := h.DB.Read().GetInvoiceByNumber(c.Request().Context(), web.Param(c, "number"))
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("invoice")
	}
	if err != nil {
		return err
	}
	return h.printThem(c, []int64{i.ID})
}

func (h *Handlers) printInvoices(c echo.Context) error {
	ids, err := h.DB.Read().ListIDsToSend(c.Request().Context(), ledger.MaxBatch)
	if err != nil {
		return err
	}
	return h.printThem(c, ids)
}

func (h *Handlers) printThem(c echo.Context, ids []int64) error {
	id, err := h.Ledger.PrintInvoices(c.Request().Context(), web.Actor(c), c.FormValue("nonce"), ids)
	if err != nil {
		return err
	}
	return web.See(c, printsPath(id))
}

// prints is a batch of invoices that were printed together.
func (h *Handlers) prints(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	batch, rows, err := h.theBatch(c)
	if err != nil {
		return err
	}
	p := &view.PrintsPage{Base: views.Base{Title: "Printed invoices", Tab: "invoices"}, When: batch.MadeAt.Format(s.Zone), Who: batch.Staff,
		PDF: printsPath(batch.ID) + "/invoices.pdf", Total: count(int64(len(rows)), "invoice", "invoices")}
	for _, r := range rows {
		p.Rows = append(p.Rows, view.InvoiceLine{Number: r.Number, Href: invoicePath(r.Number), Customer: r.DisplayName, CustomerNumber: r.CustomerNumber,
			CustomerHref: customerPath(r.CustomerNumber), Date: r.InvoiceDate.String(), Due: r.DueDate.String(), Total: r.TotalCents.String()})
	}
	return h.Page(c, http.StatusOK, "office/prints", p)
}

func (h *Handlers) theBatch(c echo.Context) (db.GetPrintBatchRow, []db.ListPrintBatchInvoicesRow, error) {
	ctx := c.Request().Context()
	batch, err := h.DB.Read().GetPrintBatch(ctx, theID(c))
	if errors.Is(err, sql.ErrNoRows) {
		return batch, nil, fault.Missing("print")
	}
	if err != nil {
		return batch, nil, err
	}
	rows, err := h.DB.Read().ListPrintBatchInvoices(ctx, batch.ID)
	return batch, rows, err
}

// printsPDF sends the file of a batch. What was voided since is left out.
func (h *Handlers) printsPDF(c echo.Context) error {
	_, rows, err := h.theBatch(c)
	if err != nil {
		return err
	}
	var ids []int64
	for _, r := range rows {
		if r.State == "issued" {
			ids = append(ids, r.ID)
		}
	}
	paper, err := h.Ledger.BatchPaper(c.Request().Context(), ids)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}
