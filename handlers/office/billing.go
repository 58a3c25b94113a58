package office

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/books"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

const (
	// problemsShown is how many problems of a run are listed on a page.
	problemsShown = 50
	// runsShown is how many runs are listed.
	runsShown = 12
)

// theMonth reads the month of an address, "2026-12"; none is what is to be
// billed next.
func (h *Handlers) theMonth(ctx context.Context, s string) (calendar.Date, error) {
	if d, err := calendar.ParseDate(s + "-01"); err == nil {
		return d, nil
	}
	return h.Billing.NextMonth(ctx, h.DB.Read())
}

func monthValue(month calendar.Date) string { return month.ISO()[:7] }

// monthTabs are the months around one, each with its address.
func monthTabs(path string, from, to int, today, month calendar.Date) []view.BillingMonth {
	var out []view.BillingMonth
	first := calendar.NewDate(today.Year(), today.Month(), 1)
	for n := from; n <= to; n++ {
		m := first.AddMonths(n)
		out = append(out, view.BillingMonth{Label: billing.MonthInWords(m), Href: path + "?month=" + monthValue(m), Current: m == month})
	}
	return out
}

// billing previews the next run and lists the runs so far.
func (h *Handlers) billing(c echo.Context) error {
	p, err := h.billingPage(c, c.QueryParam("month"), nil, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/billing", p)
}

// billingForm is what was typed for a run.
type billingForm struct{ date, due, per, mail string }

// billingPage makes the preview. Typed is a form that was refused, nil for what
// the settings say.
func (h *Handlers) billingPage(c echo.Context, monthText string, typed *billingForm, refused views.FieldErrors) (*view.BillingPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	month, err := h.theMonth(ctx, monthText)
	if err != nil {
		return nil, err
	}
	today := h.Clock.Today(s.Zone)
	order := billing.DefaultOrder(s, today, month)
	if typed == nil {
		typed = &billingForm{date: order.Date.ISO(), due: order.Due.ISO(), per: s.Value("billing.invoices"), mail: s.Value("billing.mail")}
	}
	by := billing.BillBy(s, month)
	p := &view.BillingPage{Base: views.Base{Title: "Billing", Tab: "billing", Errors: refused}, Month: billing.MonthInWords(month), MonthValue: monthValue(month),
		Months: monthTabs("/office/billing", 0, 2, today, month), BillBy: by.String(), Late: today > by, Run: "/office/billing/run",
		CSV:  "/office/billing/preview.csv?month=" + monthValue(month),
		Date: views.Input{Name: "invoice_date", Label: "Invoice date", Type: "date", Value: typed.date, Error: refused.Of("invoice_date")},
		Due: views.Input{Name: "due_date", Label: "Due", Type: "date", Value: typed.due, Error: refused.Of("due_date"),
			Hint: "Auto pay takes what is due by its day. Customers with terms and without auto pay keep their terms when these are longer"},
		Per:  view.Choice{Name: "per", Label: "Invoices", Error: refused.Of("per"), Options: []view.Option{{Value: "customer", Label: "One for each customer"}, {Value: "site", Label: "One for each site"}}},
		Mail: view.Choice{Name: "mail", Label: "Mail", Error: refused.Of("mail"), Options: []view.Option{{Value: "yes", Label: "Mail them to those with an e-mail address"}, {Value: "no", Label: "Mail nothing; print them all"}}},
	}
	for i := range p.Per.Options {
		p.Per.Options[i].Chosen = p.Per.Options[i].Value == typed.per
	}
	for i := range p.Mail.Options {
		p.Mail.Options[i].Chosen = p.Mail.Options[i].Value == typed.mail
	}
	if s.Yes("billing.automatic") {
		p.Auto = "The run begins by itself on that day."
	}
	if may(c, owners) {
		p.SetHref, p.TaxHref = "/office/settings#billing", "/office/settings/tax"
	}
	if err := h.previewRows(ctx, c, p, order); err != nil {
		return nil, err
	}
	revenue, err := billing.RevenueOn(ctx, h.DB.Read(), today)
	if err != nil {
		return nil, err
	}
	p.Revenue = revenue.Monthly.String()
	runs, err := h.DB.Read().ListBillingRuns(ctx, runsShown)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		row := billingRunRow(s, db.GetBillingRunRow(r))
		p.Runs = append(p.Runs, row)
		if r.State != "done" {
			p.Open, p.Run = &row, ""
		}
	}
	return p, nil
}

// previewRows puts one page of the preview, its problems and its totals in.
func (h *Handlers) previewRows(ctx context.Context, c echo.Context, p *view.BillingPage, order billing.Order) error {
	number, _ := strconv.Atoi(c.QueryParam("page"))
	number = max(number, 1)
	t, err := h.Billing.PreviewPage(ctx, order, number, perPage, problemsShown)
	if err != nil {
		return err
	}
	for _, problem := range t.Problems {
		p.Problems = append(p.Problems, view.BillingProblem{Customer: ref(problem.Number, problem.Name), Words: problem.Words, Held: problem.Held})
	}
	p.MoreProblems = t.Totals.Problems - len(t.Problems)
	for i := range t.Invoices {
		p.Rows = append(p.Rows, billingRow(&t.Invoices[i]))
	}
	all := t.Totals
	p.Invoices, p.Customers, p.Periods, p.ToPrint, p.Tax, p.Total = all.Invoices, all.Customers, all.Periods, all.ToPrint, all.Tax.String(), all.Total.String()
	here := "/office/billing?month=" + p.MonthValue + "&page="
	if number > 1 {
		p.Prev = here + strconv.Itoa(number-1)
	}
	if t.More {
		p.Next = here + strconv.Itoa(number+1)
	}
	p.Button = "Bill " + p.Month
	p.Confirm = fmt.Sprintf("Make %s of %s in all for %s?", count(int64(all.Invoices), "invoice", "invoices"), all.Total, p.Month)
	return nil
}

func billingRow(i *billing.PlannedInvoice) view.BillingRow {
	row := view.BillingRow{Customer: ref(i.Number, i.Name), Due: i.Due.String(), Amount: (i.Total - i.Tax).String(), Tax: i.Tax.String(), Total: i.Total.String(), Print: !i.Mail}
	for _, l := range i.Lines {
		row.Lines = append(row.Lines, view.BillingLine{Words: l.Description, Amount: l.Amount().String()})
	}
	return row
}

// billingCSV sends the whole preview for a spreadsheet.
func (h *Handlers) billingCSV(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	month, err := h.theMonth(ctx, c.QueryParam("month"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	sheet := books.NewSheet(&b, "customer_number", "customer", "description", "quantity", "unit_price", "amount", "tax", "total", "due_date", "remark")
	_, err = h.Billing.Preview(ctx, billing.DefaultOrder(s, h.Clock.Today(s.Zone), month), func(i *billing.PlannedInvoice, p *billing.Problem) error {
		if p != nil {
			sheet.Row(p.Number, p.Name, "", "", "", "", "", "", "", p.Words)
			return nil
		}
		for _, l := range i.Lines {
			sheet.Row(i.Number, i.Name, l.Description, l.Quantity.String(), l.UnitPrice.Plain(), l.Amount().Plain(), l.Tax.Plain(), (l.Amount() + l.Tax).Plain(), i.Due.ISO(), "")
		}
		return nil
	})
	if err = errors.Join(err, sheet.Flush()); err != nil {
		return err
	}
	return web.Download(c, "billing-"+monthValue(month)+".csv", "text/csv; charset=utf-8", b.Bytes())
}

// startBilling begins a run and goes to its page.
func (h *Handlers) startBilling(c echo.Context) error {
	f := billingForm{date: c.FormValue("invoice_date"), due: c.FormValue("due_date"), per: c.FormValue("per"), mail: c.FormValue("mail")}
	var refused views.FieldErrors
	o := billing.Order{PerSite: f.per == "site", Mail: f.mail == "yes"}
	var err error
	for _, d := range []struct {
		into       *calendar.Date
		name, text string
	}{{&o.Date, "invoice_date", f.date}, {&o.Due, "due_date", f.due}, {&o.Month, "month", c.FormValue("month") + "-01"}} {
		if *d.into, err = parseDay(d.text); err != nil {
			refused = append(refused, views.FieldError{Field: d.name, Message: err.Error()})
		}
	}
	if refused == nil {
		id, err := h.Billing.Start(c.Request().Context(), web.Actor(c), o)
		if err == nil {
			return h.SeeNotice(c, billing.RunPath(id), "The run has begun.")
		}
		known, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		refused = known
	}
	for i := range refused {
		if refused[i].Field == "month" {
			refused[i].Field = "" // chosen by a link above the form
		}
	}
	p, err := h.billingPage(c, c.FormValue("month"), &f, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/billing", "billing-form", p)
}

// runStates are a run's states in words, and their look.
var runStates = map[string][2]string{"running": {"Running", "state-progress"}, "stopped": {"Stopped", "state-failed"}, "done": {"Done", "state-ok"}}

func billingRunRow(s *settings.Settings, r db.GetBillingRunRow) view.BillingRunRow {
	by := r.StaffName
	if r.Automatic != 0 {
		by = "by itself"
	}
	return view.BillingRunRow{Href: billing.RunPath(r.ID), Month: billing.MonthInWords(r.MonthDate), Started: r.StartedAt.Format(s.Zone), By: by,
		State: runStates[r.State][0], StateClass: runStates[r.State][1], Invoices: r.Invoices, Problems: r.Problems, Total: r.TotalCents.String()}
}

// billingRun shows one run. To htmx, which asks while the run lasts, it answers
// with the fragment alone.
func (h *Handlers) billingRun(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	q := h.DB.Read()
	r, err := q.GetBillingRun(ctx, theID(c))
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("billing run")
	}
	if err != nil {
		return err
	}
	p := &view.BillingRunPage{BillingRunRow: billingRunRow(s, r), Trouble: r.Trouble, Done: r.Customers, ToDo: max(r.ToDo, r.Customers)}
	p.Base = views.Base{Title: "Billing run of " + p.Month, Tab: "billing"}
	finished := ""
	if !r.FinishedAt.IsZero() {
		finished = r.FinishedAt.Format(s.Zone)
	}
	p.Facts = facts("Made", billing.RunInWords(r.Invoices, r.Mailed, r.TaxCents, r.TotalCents)[0],
		"Mailed", count(r.Mailed, "invoice", "invoices"), "To print", count(r.Invoices-r.Mailed, "invoice", "invoices"),
		"Dated", r.InvoiceDate.String(), "Due", r.DueDate.String(), "Started", joined(", ", p.Started, p.By), "Finished", finished)
	switch r.State {
	case "running":
		p.Poll, p.Stop = p.Href, p.Href+"/stop"
	case "stopped":
		p.Go, p.Close = p.Href+"/continue", p.Href+"/close"
	}
	if r.Invoices > r.Mailed && r.State != "running" {
		papers, err := q.ListBillingRunPapers(ctx, r.ID)
		if err != nil {
			return err
		}
		for from := 0; from < len(papers); from += ledger.MaxBatch {
			n := min(ledger.MaxBatch, len(papers)-from)
			words := "Print " + count(int64(n), "invoice", "invoices")
			if len(papers) > ledger.MaxBatch {
				words = fmt.Sprintf("Print invoices %d to %d", from+1, from+n)
			}
			p.Print = append(p.Print, view.BillingPrint{Words: words + " (PDF)", Href: p.Href + "/paper?from=" + strconv.Itoa(from)})
		}
	}
	problems, err := q.ListBillingRunProblems(ctx, db.ListBillingRunProblemsParams{RunID: r.ID, Most: problemsShown})
	if err != nil {
		return err
	}
	for _, x := range problems {
		p.ProblemRows = append(p.ProblemRows, view.BillingProblem{Customer: ref(x.CustomerNumber, x.DisplayName), Words: x.Words, Held: x.Held != 0})
	}
	p.MoreProblems = r.Problems - int64(len(problems))
	after, _ := strconv.ParseInt(c.QueryParam("after"), 10, 64)
	made, err := q.ListBillingRunInvoices(ctx, db.ListBillingRunInvoicesParams{RunID: r.ID, AfterID: after, Most: perPage + 1})
	if err != nil {
		return err
	}
	if len(made) > perPage {
		made = made[:perPage]
		p.Next = p.Href + "?after=" + number(made[perPage-1].InvoiceID)
	}
	for _, i := range made {
		who := ref(i.CustomerNumber, i.DisplayName)
		row := view.BillingRunInvoice{Number: i.Number, PDF: paperPath(who, i.Number), Customer: who, Due: i.DueDate.String(), Tax: i.TaxCents.String(), Total: i.TotalCents.String(), How: "To print"}
		if i.Mailed != 0 {
			row.How = "Mailed"
		}
		if i.State == "void" {
			row.How = "Voided"
		}
		p.Rows = append(p.Rows, row)
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/billing_run", "run", p)
	}
	return h.Page(c, http.StatusOK, "office/billing_run", p)
}

// billingPaper sends one file with the invoices of a run that were not mailed.
func (h *Handlers) billingPaper(c echo.Context) error {
	ctx := c.Request().Context()
	papers, err := h.DB.Read().ListBillingRunPapers(ctx, theID(c))
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(c.QueryParam("from"))
	if err != nil || from < 0 || from >= len(papers) {
		return fault.Missing("invoice to print")
	}
	ids := papers[from:min(from+ledger.MaxBatch, len(papers))]
	paper, err := h.Ledger.BatchPaper(ctx, ids)
	if err != nil {
		return err
	}
	err = h.record(ctx, web.Actor(c), audit.Entry{Action: "invoice.download", Object: count(int64(len(ids)), "invoice", "invoices") + " of a billing run"})
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// changeBillingRun stops a run, lets it go on, or ends it.
func (h *Handlers) changeBillingRun(c echo.Context) error {
	ctx, by, id := c.Request().Context(), web.Actor(c), theID(c)
	var err error
	var word string
	switch c.Param("verb") {
	case "stop":
		err, word = h.Billing.Stop(ctx, by, id), "The run stops."
	case "continue":
		err, word = h.Billing.Continue(ctx, by, id), "The run goes on."
	case "close":
		err, word = h.Billing.Close(ctx, by, id), "The run is ended."
	default:
		return fault.Missing("page")
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, billing.RunPath(id), word)
}

// revenueMonths is how many months the chart of the recurring revenue shows.
const revenueMonths = 12

// recurringRevenue shows what changed the recurring revenue in a month, or sends
// it as a file.
func (h *Handlers) recurringRevenue(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today := h.Clock.Today(s.Zone)
	month, err := calendar.ParseDate(c.QueryParam("month") + "-01")
	if err != nil {
		month = calendar.NewDate(today.Year(), today.Month(), 1)
	}
	if strings.HasSuffix(c.Path(), ".csv") {
		return h.sendReport(c, "recurring-revenue-"+month.ISO()[:7]+".csv", func(ctx context.Context, to io.Writer) error {
			return h.Accounting.WriteRevenue(ctx, month, to)
		})
	}
	before, end := month.AddDays(-1), month.AddMonths(1).AddDays(-1)
	p := &view.RevenuePage{Base: views.Base{Title: "Recurring revenue", Tab: "billing"}, Month: billing.MonthInWords(month), Months: monthTabs("/office/billing/revenue", -5, 1, today, month),
		CSV: "/office/billing/revenue.csv?month=" + month.ISO()[:7]}
	chart := charted{}
	err = h.DB.View(ctx, func(q *db.Queries) error {
		var was, is billing.Revenue
		for back := revenueMonths - 1; back >= 0; back-- {
			first := month.AddMonths(-back)
			var err error
			was = is
			if is, err = billing.RevenueOn(ctx, q, first.AddMonths(1).AddDays(-1)); err != nil {
				return err
			}
			chart.add(monthOfChart(first), is.Monthly)
		}
		p.Before, p.After, p.Change, p.Items, p.Customers = was.Monthly.String(), is.Monthly.String(), (is.Monthly - was.Monthly).String(), is.Items, is.Customers
		changes, err := billing.RevenueChanges(ctx, q, before, end)
		for _, x := range changes {
			p.Rows = append(p.Rows, view.RevenueRow{Day: x.Day.String(), Customer: ref(x.CustomerNumber, x.Customer), Description: x.Description, What: x.What, Reason: x.Reason, Monthly: x.Monthly.String()})
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Chart = chart.bars("Recurring revenue a month, at the month's end")
	return h.Page(c, http.StatusOK, "office/billing_revenue", p)
}

// billingNeeds names a run that stopped, and a month that is not billed although
// its day has passed.
func (h *Handlers) billingNeeds(ctx context.Context, s *settings.Settings) ([]view.Need, error) {
	q := h.DB.Read()
	open, err := q.GetOpenBillingRun(ctx)
	if err == nil {
		if open.State != "stopped" {
			return nil, nil
		}
		return []view.Need{{Title: "The billing run of " + billing.MonthInWords(open.MonthDate) + " stopped", Lines: []string{open.Trouble}, Href: billing.RunPath(open.ID), Action: "See the run", Urgent: true}}, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	today := h.Clock.Today(s.Zone)
	month, err := h.Billing.NextMonth(ctx, q)
	if err != nil || today <= billing.BillBy(s, month) {
		return nil, err
	}
	n, err := q.CountDueCustomers(ctx, month)
	if err != nil || n == 0 {
		return nil, err
	}
	return []view.Need{{Title: billing.MonthInWords(month) + " is not billed", Lines: []string{count(n, "customer has", "customers have") + " something to be billed. The day for it was " + billing.BillBy(s, month).String() + "."},
		Href: "/office/billing?month=" + url.QueryEscape(monthValue(month)), Action: "See the preview"}}, nil
}
