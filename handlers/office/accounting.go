package office

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/accounting"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/books"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/views"
	view "customerportal/views/office"
)

const (
	accountingPath = "/office/accounting"
	// everything is the file that is all files of a period.
	everything = "everything.zip"
)

// accountingTabs are the pages of the tab Accounting for a role.
func accountingTabs(c echo.Context, current string) []views.Tab {
	tabs := []views.Tab{
		{Key: "period", Label: "Period", Href: accountingPath}, {Key: "aging", Label: "Aging", Href: accountingPath + "/reports/aging"},
		{Key: "cash", Label: "Cash received", Href: accountingPath + "/reports/cash"}, {Key: "revenue", Label: "Recurring revenue", Href: "/office/billing/revenue"},
		{Key: "autopay", Label: "Auto Pay health", Href: accountingPath + "/reports/autopay"}, {Key: "tax", Label: "Sales tax", Href: accountingPath + "/reports/tax"},
	}
	if may(c, owners) {
		tabs = append(tabs, views.Tab{Key: "import", Label: "Import", Href: importPath}, views.Tab{Key: "export", Label: "Export", Href: exportPath})
	}
	for i := range tabs {
		tabs[i].Current = tabs[i].Key == current
	}
	return tabs
}

// readPeriod is the period that is asked for: two days, or a preset's when there
// are none. Refused is what was typed wrong.
func (h *Handlers) readPeriod(c echo.Context, preset string) (p accounting.Period, form view.PeriodForm, refused views.FieldErrors, err error) {
	today, err := h.Ledger.Today(c.Request().Context())
	if err != nil {
		return p, form, nil, err
	}
	from, to := strings.TrimSpace(c.QueryParam("from")), strings.TrimSpace(c.QueryParam("to"))
	for _, one := range accounting.Presets(today) {
		if from+to == "" && one.Name == preset {
			from, to = one.From.ISO(), one.To.ISO()
		}
	}
	var bad views.FieldErrors
	day := func(field, typed string) calendar.Date {
		if typed == "" {
			return ""
		}
		d, err := parseDay(typed)
		if err != nil {
			bad = append(bad, views.FieldError{Field: field, Message: err.Error()})
		}
		return d
	}
	p = accounting.Period{From: day("from", from), To: day("to", to)}
	if bad == nil {
		bad, _ = web.FieldErrors(p.Check())
	}
	form = view.PeriodForm{
		Action: c.Request().URL.Path,
		From:   views.Input{Name: "from", Label: "From", Type: "date", Value: from, Error: bad.Of("from")},
		To:     views.Input{Name: "to", Label: "To", Type: "date", Value: to, Error: bad.Of("to")},
	}
	for _, one := range accounting.Presets(today) {
		form.Presets = append(form.Presets, view.Preset{Label: one.Name, Href: form.Action + "?" + periodQuery(one.Period), Current: one.Period == p})
	}
	return p, form, bad, nil
}

func periodQuery(p accounting.Period) string {
	return url.Values{"from": {p.From.ISO()}, "to": {p.To.ISO()}}.Encode()
}

// accounting shows what moved in a period, its files, and the closed period.
func (h *Handlers) accounting(c echo.Context) error {
	p, err := h.accountingPage(c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.Errors != nil {
		status = http.StatusUnprocessableEntity
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "office/accounting", "period", p)
	}
	return h.Page(c, status, "office/accounting", p)
}

func (h *Handlers) accountingPage(c echo.Context) (*view.AccountingPage, error) {
	ctx := c.Request().Context()
	period, form, refused, err := h.readPeriod(c, "This month")
	if err != nil {
		return nil, err
	}
	p := &view.AccountingPage{Base: views.Base{Title: "Accounting", Tab: "accounting", Errors: refused}, Tabs: accountingTabs(c, "period"), Period: form, CanLock: may(c, owners)}
	if p.CanLock {
		p.SettingsHref = "/office/settings#accounting"
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	locked, err := h.Accounting.LockedUntil(ctx)
	if err != nil {
		return nil, err
	}
	p.Locked = locked.String()
	monthEnd := calendar.NewDate(today.Year(), today.Month(), 1).AddDays(-1)
	p.Until = views.Input{Name: "until", Label: "Close the books up to", Type: "date", Value: monthEnd.ISO(), Hint: "This day and all before it"}
	p.Keep = views.Input{Name: "keep", Label: "Keep closed up to", Type: "date", Hint: "Empty: nothing stays closed"}
	p.Reason = views.Input{Name: "reason", Label: "Reason", Autocomplete: "off", MaxLength: 500, Hint: "For the history of changes"}
	if refused != nil {
		return p, nil
	}
	s, err := h.Accounting.Summarize(ctx, period)
	if err != nil {
		return nil, err
	}
	p.Shown = period.String()
	for _, l := range s.Lines() {
		row := view.SummaryRow{Label: l.Label, Invoices: l.Invoices.String(), Credit: l.Credit.String(), Net: l.Net().String(), Total: l.Total}
		p.Summary = append(p.Summary, row)
	}
	p.Count, p.Tax, p.Fees = s.Count, s.Tax.String(), s.Fees.String()
	p.Credit = s.Closing.Credit.String()
	p.Now = period.To >= today
	query := "?" + periodQuery(period)
	p.Everything = accountingPath + "/files/" + everything + query
	for _, f := range accounting.Files() {
		p.Files = append(p.Files, view.FileRow{Name: f.Name, Title: f.Title, What: f.What, Href: accountingPath + "/files/" + f.Name + query})
	}
	return p, nil
}

// lockBooks closes the books up to a day.
func (h *Handlers) lockBooks(c echo.Context) error {
	typed := strings.TrimSpace(c.FormValue("until"))
	until, err := typedDay(typed, "until")
	if err == nil {
		err = h.Accounting.Lock(c.Request().Context(), web.Actor(c), until)
	}
	if err == nil {
		return h.SeeNotice(c, accountingPath, "The books are closed up to "+until.String()+".")
	}
	return h.refusedLock(c, err, func(p *view.AccountingPage) { p.Until.Value = typed })
}

// unlockBooks opens the closed period.
func (h *Handlers) unlockBooks(c echo.Context) error {
	typed := strings.TrimSpace(c.FormValue("keep"))
	keep, err := typedDay(typed, "keep")
	if err == nil {
		err = h.Accounting.Unlock(c.Request().Context(), web.Actor(c), keep, c.FormValue("reason"))
	}
	if err == nil {
		return h.SeeNotice(c, accountingPath, "The period is open again.")
	}
	return h.refusedLock(c, err, func(p *view.AccountingPage) { p.Keep.Value, p.Reason.Value = typed, c.FormValue("reason") })
}

// typedDay reads a day of a form; none is the zero Date.
func typedDay(typed, field string) (calendar.Date, error) {
	if typed == "" {
		return "", nil
	}
	d, err := parseDay(typed)
	if err != nil {
		return "", fault.Field(field, "%s", err.Error())
	}
	return d, nil
}

// refusedLock shows the page again with what was typed and why it is refused.
func (h *Handlers) refusedLock(c echo.Context, err error, typed func(*view.AccountingPage)) error {
	refused, ok := web.FieldErrors(err)
	if !ok {
		return err
	}
	p, err := h.accountingPage(c)
	if err != nil {
		return err
	}
	p.LockErrors = refused
	p.Title = "Error: " + p.Title
	typed(p)
	p.Until.Error, p.Keep.Error, p.Reason.Error = refused.Of("until"), refused.Of("keep"), refused.Of("reason")
	return h.RefusedBy(c, fault.New(fault.Invalid, "refused"), "office/accounting", "closed", p)
}

// accountingFile sends one file of a period, or all of them, as it is made.
func (h *Handlers) accountingFile(c echo.Context) error {
	name := c.Param("file")
	if name != everything {
		if _, err := accounting.FileOf(name); err != nil {
			return err
		}
	}
	p, _, refused, err := h.readPeriod(c, "This month")
	if err != nil {
		return err
	}
	if refused != nil {
		return fault.New(fault.Invalid, "%s", refused[0].Message)
	}
	err = h.record(c.Request().Context(), web.Actor(c), audit.Entry{Action: "accounting.download", Object: name, After: map[string]string{"from": p.From.ISO(), "to": p.To.ISO()}})
	if err != nil {
		return err
	}
	stem, ext := name[:strings.LastIndexByte(name, '.')], name[strings.LastIndexByte(name, '.'):]
	if name == everything {
		stem = "books"
	}
	title := stem + "-" + p.From.ISO() + "-" + p.To.ISO() + ext
	return h.Stream(c, title, mimeOf(ext), func(ctx context.Context, to io.Writer) error {
		if name == everything {
			return h.Accounting.Zip(ctx, p, to)
		}
		return h.Accounting.Write(ctx, p, name, to)
	})
}

// mimeOf is the type of a file by its ending.
func mimeOf(ext string) string {
	switch ext {
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".zip":
		return "application/zip"
	}
	return "application/octet-stream"
}

// report shows one report as chart and table or, when the address ends in .csv,
// sends it as a file.
func (h *Handlers) report(c echo.Context) error {
	key, asFile := strings.CutSuffix(c.Param("report"), ".csv")
	build := map[string]func(echo.Context, bool) (*view.ReportPage, error){"aging": h.agingReport, "cash": h.cashReport, "autopay": h.autoPayReport, "tax": h.taxReport}[key]
	if build == nil {
		return fault.Missing("report")
	}
	p, err := build(c, asFile)
	if err != nil || p == nil {
		return err
	}
	p.Tab, p.Tabs = "accounting", accountingTabs(c, key)
	status := http.StatusOK
	if p.Errors != nil {
		status = http.StatusUnprocessableEntity
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "office/report", "report", p)
	}
	return h.Page(c, status, "office/report", p)
}

// sendReport sends a report as CSV and records that.
func (h *Handlers) sendReport(c echo.Context, name string, write func(ctx context.Context, to io.Writer) error) error {
	if err := h.record(c.Request().Context(), web.Actor(c), audit.Entry{Action: "accounting.download", Object: name}); err != nil {
		return err
	}
	return h.Stream(c, name, mimeOf(".csv"), write)
}

func (h *Handlers) agingReport(c echo.Context, asFile bool) (*view.ReportPage, error) {
	a, err := h.Accounting.Aging(c.Request().Context())
	if err != nil {
		return nil, err
	}
	if asFile {
		return nil, h.sendReport(c, "aging-"+a.On.ISO()+".csv", h.Accounting.WriteAging)
	}
	p := &view.ReportPage{Base: views.Base{Title: "Aging"}, Intro: "What is owed on " + a.On.String() + " by how long it is past due. The file names each customer, with the credit held.",
		CSV: accountingPath + "/reports/aging.csv", Empty: "Nothing is owed."}
	p.Columns = []string{"Invoices", "Amount"}
	chart := charted{}
	for _, age := range a.Ages {
		p.Add(age.Label, number(age.Invoices), age.Amount.String())
		chart.add(age.Label, age.Amount)
	}
	p.Total = p.Sum(number(a.Total.Invoices), a.Total.Amount.String())
	p.Chart = chart.bars("Owed by age")
	if a.Total.Invoices == 0 {
		p.Rows = nil
	}
	return p, nil
}

func (h *Handlers) cashReport(c echo.Context, asFile bool) (*view.ReportPage, error) {
	ctx := c.Request().Context()
	period, form, refused, err := h.readPeriod(c, "This year")
	if err != nil {
		return nil, err
	}
	p := &view.ReportPage{Base: views.Base{Title: "Cash received", Errors: refused}, Period: &form,
		Intro: "Payments by the month in which they were booked. What was given back by refunds, returns and disputes is taken off.", Empty: "Nothing was received in this period."}
	if refused != nil {
		return p, nil
	}
	if asFile {
		return nil, h.sendReport(c, "cash-received-"+period.From.ISO()+"-"+period.To.ISO()+".csv", func(ctx context.Context, to io.Writer) error {
			return h.Accounting.WriteCash(ctx, period, to)
		})
	}
	cash, err := h.Accounting.Cash(ctx, period)
	if err != nil {
		return nil, err
	}
	p.CSV = accountingPath + "/reports/cash.csv?" + periodQuery(period)
	// a way of paying that nobody used has no column
	for i, kind := range cash.Kinds {
		if cash.Total.Received[i] != 0 {
			p.Columns = append(p.Columns, kind)
		}
	}
	p.Columns = append(p.Columns, "Given back", "Net")
	cells := func(m accounting.CashMonth) (out []string) {
		for i, cents := range m.Received {
			if cash.Total.Received[i] != 0 {
				out = append(out, cents.String())
			}
		}
		return append(out, m.GivenBack.String(), m.Net().String())
	}
	chart := charted{}
	for _, m := range cash.Months {
		label := m.Month.Month().String() + " " + m.Month.ISO()[:4]
		p.Add(label, cells(m)...)
		chart.add(monthOfChart(m.Month), m.Net())
	}
	p.Total = p.Sum(cells(cash.Total)...)
	p.Chart = chart.bars("Net, by month")
	if cash.Total.Gross() == 0 && cash.Total.GivenBack == 0 {
		p.Rows = nil
	}
	return p, nil
}

func (h *Handlers) taxReport(c echo.Context, asFile bool) (*view.ReportPage, error) {
	ctx := c.Request().Context()
	period, form, refused, err := h.readPeriod(c, "This quarter")
	if err != nil {
		return nil, err
	}
	p := &view.ReportPage{Base: views.Base{Title: "Sales tax invoiced", Errors: refused}, Period: &form,
		Intro: "What was invoiced by the tax code of the site, paid or not; invoices voided in the period are taken off.", Empty: "Nothing was invoiced in this period."}
	if refused != nil {
		return p, nil
	}
	if asFile {
		return nil, h.sendReport(c, "sales-tax-"+period.From.ISO()+"-"+period.To.ISO()+".csv", func(ctx context.Context, to io.Writer) error {
			return h.Accounting.WriteTax(ctx, period, to)
		})
	}
	tax, err := h.Accounting.Tax(ctx, period)
	if err != nil {
		return nil, err
	}
	p.CSV = accountingPath + "/reports/tax.csv?" + periodQuery(period)
	p.Columns = []string{"Taxed sales", "Sales not taxed", "Tax"}
	chart := charted{}
	for _, code := range tax.Codes {
		p.Add(code.Label(), code.Taxed.String(), code.Untaxed.String(), code.Tax.String())
		chart.add(code.Label(), code.Tax)
	}
	p.Total = p.Sum(tax.Total.Taxed.String(), tax.Total.Untaxed.String(), tax.Total.Tax.String())
	p.Chart = chart.bars("Tax by code")
	return p, nil
}

// autoPayReport is how auto pay fared over the last twelve months.
func (h *Handlers) autoPayReport(c echo.Context, asFile bool) (*view.ReportPage, error) {
	health, err := h.AutoPay.Health(c.Request().Context())
	if err != nil {
		return nil, err
	}
	share := func(m autopay.HealthMonth) string { return fmt.Sprintf("%d.%d", m.Share()/10, m.Share()%10) }
	if asFile {
		name := "auto-pay-health-" + health.Months[len(health.Months)-1].Month.ISO()[:7] + ".csv"
		return nil, h.sendReport(c, name, func(_ context.Context, to io.Writer) error {
			columns := []string{"Month", "Customers on auto pay", "Runs", "Planned", "Taken", "Recovered by a retry", "Under way", "Failed"}
			for _, cause := range health.Causes {
				columns = append(columns, "Failed: "+cause)
			}
			sheet := books.NewSheet(to, append(columns, "Taken in dollars", "Invoiced", "Paid of it by auto pay", "Share in percent")...)
			for _, m := range health.Months {
				cells := []string{m.Month.ISO()[:7], number(m.Customers), number(m.Runs), number(m.Planned), number(m.Taken), number(m.Recovered), number(m.Waiting), number(m.FailedInAll())}
				for _, n := range m.Failed {
					cells = append(cells, number(n))
				}
				sheet.Row(append(cells, m.Amount.Plain(), m.Billed.Plain(), m.Paid.Plain(), share(m))...)
			}
			return sheet.Flush()
		})
	}
	p := &view.ReportPage{Base: views.Base{Title: "Auto Pay health"}, CSV: accountingPath + "/reports/autopay.csv", Empty: "Nobody has been on Auto Pay in the last twelve months.",
		Intro: "Each customer's month counts once, by what its last attempt came to. The share is what auto pay has paid by now of what was invoiced in the month."}
	if health.Total.Planned == 0 && !slices.ContainsFunc(health.Months, func(m autopay.HealthMonth) bool { return m.Customers > 0 }) {
		return p, nil
	}
	p.Caption = "By month"
	p.Columns = []string{"Customers", "Runs", "Planned", "Taken", "By a retry", "Under way", "Failed", "Taken in dollars", "Share"}
	why := &view.ReportTable{Caption: "Why payments failed"}
	// a cause that never came up has no column
	for i, cause := range health.Causes {
		if health.Total.Failed[i] > 0 {
			why.Columns = append(why.Columns, cause)
		}
	}
	cells := func(m autopay.HealthMonth, customers string) []string {
		return []string{customers, number(m.Runs), number(m.Planned), number(m.Taken), number(m.Recovered), number(m.Waiting), number(m.FailedInAll()), m.Amount.String(), share(m) + " %"}
	}
	causes := func(m autopay.HealthMonth) (out []string) {
		for i, n := range m.Failed {
			if health.Total.Failed[i] > 0 {
				out = append(out, number(n))
			}
		}
		return out
	}
	chart := charted{}
	for _, m := range health.Months {
		label := m.Month.Month().String() + " " + m.Month.ISO()[:4]
		p.Add(label, cells(m, number(m.Customers))...)
		chart.add(monthOfChart(m.Month), m.Amount)
		if m.FailedInAll() > 0 {
			why.Add(label, causes(m)...)
		}
	}
	p.Total = p.Sum(cells(health.Total, "")...)
	p.Chart = chart.bars("Taken, by month")
	if len(why.Rows) > 0 {
		why.Total = why.Sum(causes(health.Total)...)
		p.More = why
	}
	return p, nil
}

// charted collects what a chart shows.
type charted struct {
	labels  []string
	amounts []money.Cents
}

func (b *charted) add(label string, c money.Cents) {
	b.labels, b.amounts = append(b.labels, label), append(b.amounts, c)
}

// monthOfChart names a month beside its bar, short enough for a phone.
func monthOfChart(month calendar.Date) string { return month.Time(time.UTC).Format("Jan 2006") }

// bars draws the chart: the longest bar is 100 wide. There is none when there is
// nothing to compare.
func (b *charted) bars(title string) *view.Chart {
	var most money.Cents
	for _, c := range b.amounts {
		most = max(most, c, -c)
	}
	if most == 0 {
		return nil
	}
	out := &view.Chart{Title: title}
	for i, c := range b.amounts {
		out.Bars = append(out.Bars, view.Bar{Label: b.labels[i], Value: c.String(), Width: int(100 * max(c, -c) / most), Below: c < 0})
	}
	return out
}
