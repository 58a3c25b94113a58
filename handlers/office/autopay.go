package office

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/views"
	view "customerportal/views/office"
)

const autoPayTab = "/office/autopay"

// planShow is a way to narrow the plan down.
type planShow struct {
	key, label string
	fits       func(r *autopay.Row) bool
}

var planShows = []planShow{
	{"", "All", func(*autopay.Row) bool { return true }},
	{"take", "Will be taken", willTake},
	{"fail", "Will fail", func(r *autopay.Row) bool { return r.Problem && r.Hold == nil }},
	{"held", "On hold", func(r *autopay.Row) bool { return r.Hold != nil }},
	{"nothing", "Nothing due", func(r *autopay.Row) bool { return !willTake(r) && !r.Problem && r.Hold == nil }},
}

func willTake(r *autopay.Row) bool { return r.Hold == nil && r.Trouble == "" && r.Amount+r.Credit > 0 }

// planState is the state of a row in words, and its look.
func planState(r *autopay.Row) (words, class string) {
	switch {
	case r.Hold != nil:
		return "On hold", "state-progress"
	case r.Problem:
		return "Will fail", "state-failed"
	case willTake(r):
		return "Will be taken", "state-ok"
	}
	return "Nothing due", "state-off"
}

// planView is the part of the plan that an address asks for.
type planView struct {
	day   calendar.Date // "" for all days
	show  string
	query string
	page  int
}

func readPlanView(c echo.Context, plan *autopay.Plan) planView {
	v := planView{show: c.QueryParam("show"), query: strings.TrimSpace(c.QueryParam("q")), page: 1}
	if n, err := strconv.Atoi(c.QueryParam("page")); err == nil && n > 0 && n < 1e6 {
		v.page = n
	}
	if !slices.ContainsFunc(planShows, func(s planShow) bool { return s.key == v.show }) {
		v.show = ""
	}
	switch asked := c.QueryParam("day"); asked {
	case "all":
	case "":
		if v.day = plan.Day; v.day == "" && len(plan.Rows) > 0 {
			v.day = plan.Rows[0].Day
		}
	default:
		if d, err := calendar.ParseDate(asked); err == nil {
			v.day = d
		}
	}
	return v
}

// href is the address of the view.
func (v planView) href(path string) string {
	q := url.Values{"day": {"all"}}
	if v.day != "" {
		q.Set("day", v.day.ISO())
	}
	if v.show != "" {
		q.Set("show", v.show)
	}
	if v.query != "" {
		q.Set("q", v.query)
	}
	if v.page > 1 {
		q.Set("page", strconv.Itoa(v.page))
	}
	return path + "?" + q.Encode()
}

// rows are those of the day that the query finds, whatever their state.
func (v planView) rows(plan *autopay.Plan) []*autopay.Row {
	words := strings.Fields(strings.ToLower(v.query))
	var out []*autopay.Row
	for i := range plan.Rows {
		r := &plan.Rows[i]
		if v.day != "" && r.Day != v.day {
			continue
		}
		var text string
		if len(words) > 0 {
			text = strings.ToLower(r.Number + " " + r.Name + " " + r.Method)
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			out = append(out, r)
		}
	}
	return out
}

// autoPay is the tab "Auto Pay"; typing in its search box asks for the list
// alone.
func (h *Handlers) autoPay(c echo.Context) error {
	plan, err := h.AutoPay.Preview(c.Request().Context())
	if err != nil {
		return err
	}
	v := readPlanView(c, plan)
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/autopay", "plan", planList(v, plan, may(c, tellers)))
	}
	p, err := h.autoPayPage(c, plan, v)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/autopay", p)
}

func (h *Handlers) autoPayPage(c echo.Context, plan *autopay.Plan, v planView) (*view.AutoPayPage, error) {
	ctx := c.Request().Context()
	p := &view.AutoPayPage{Base: views.Base{Title: "Auto Pay", Tab: "autopay"}, CanAct: may(c, tellers), Stopped: plan.Stopped, Held: plan.Hold != nil,
		Plan: planList(v, plan, may(c, tellers)), CSV: v.href(autoPayTab + ".csv")}
	p.Hold = holdAllForm(p.Held, "", nil)
	all := v
	all.page, all.show, all.query = 1, "", ""
	for _, t := range plan.Days() {
		on := all
		on.day = t.Day
		day := view.PlanDay{Day: t.Day.String(), Amount: t.Amount.String(), Count: t.Count, Troubled: t.Troubled, Held: t.Held, Nobody: t.Idle,
			Href: on.href(autoPayTab), Shown: t.Day == v.day}
		if t.Credit > 0 {
			day.Credit = t.Credit.String()
		}
		if day.Shown {
			p.Day = &day
		}
		p.Days = append(p.Days, day)
	}
	p.AllDays = all.withDay("").href(autoPayTab)
	p.Kinds, p.Causes = planSums(all.withDay(v.day).rows(plan))
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	progress, err := h.AutoPay.Progress(ctx)
	if err != nil {
		return nil, err
	}
	if r := progress.Run; r != nil && (progress.Working || progress.Stopped) {
		line := autoPayRunLine(s, r)
		p.Now = &line
	}
	if r := progress.Late; r != nil {
		at := autoPayTab + "/late/" + number(r.ID)
		p.Late = append(p.Late, view.LateRun{Title: "Late: " + r.Count.AsksAmount.String(), Lines: lateWords(r), Decide: at})
	}
	if due, troubled := dueBy(plan, today); p.CanAct && plan.Stopped == "" && (progress.Stopped || !progress.Working && len(due)+troubled > 0) {
		p.RunHref = autoPayTab + "/run"
	}
	runs, err := h.AutoPay.Runs(ctx, 0, 6)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if i == 5 {
			p.MoreRuns = autoPayTab + "/runs"
			break
		}
		p.Runs = append(p.Runs, autoPayRunLine(s, &runs[i]))
	}
	_, last := payment.ExpiringMonths(today)
	if p.Cards, err = h.DB.Read().CountExpiringAutoPayCards(ctx, db.CountExpiringAutoPayCardsParams{Gateway: s.Gateway, LastMonth: last}); err != nil {
		return nil, err
	}
	return p, nil
}

func (v planView) withDay(day calendar.Date) planView {
	v.day = day
	return v
}

// planSums adds up what is taken by kind of method, and what will fail by why.
func planSums(rows []*autopay.Row) (kinds, causes []view.PlanSum) {
	type sum struct {
		count  int
		amount money.Cents
	}
	taken, failing := map[string]*sum{}, map[string]*sum{}
	add := func(to map[string]*sum, label string, amount money.Cents) {
		if to[label] == nil {
			to[label] = &sum{}
		}
		to[label].count++
		to[label].amount += amount
	}
	for _, r := range rows {
		switch {
		case willTake(r) && r.Amount > 0:
			add(taken, ledger.Kind(r.Kind).Label(), r.Amount)
		case r.Problem && r.Hold == nil:
			add(failing, r.Cause, r.Amount)
		}
	}
	list := func(of map[string]*sum) []view.PlanSum {
		var out []view.PlanSum
		for label, s := range of {
			out = append(out, view.PlanSum{Label: label, Count: s.count, Amount: s.amount.String()})
		}
		slices.SortFunc(out, func(a, b view.PlanSum) int { return strings.Compare(a.Label, b.Label) })
		return out
	}
	return list(taken), list(failing)
}

// planPerPage is how many customers a page of the plan shows.
const planPerPage = 25

func planList(v planView, plan *autopay.Plan, act bool) view.PlanList {
	all := v.rows(plan)
	list := view.PlanList{Query: v.query, Day: "all", Show: v.show}
	if v.day != "" {
		list.Day = v.day.ISO()
	}
	var rows []*autopay.Row
	var sum money.Cents
	for _, s := range planShows {
		n := 0
		for _, r := range all {
			if !s.fits(r) {
				continue
			}
			n++
			if s.key == v.show {
				rows = append(rows, r)
				if willTake(r) {
					sum += r.Amount
				}
			}
		}
		to := v
		to.show, to.page = s.key, 1
		list.Shows = append(list.Shows, view.PlanFilter{Label: s.label, Count: n, Href: to.href(autoPayTab), Shown: s.key == v.show})
	}
	list.Found = count(int64(len(rows)), "customer", "customers") + ", " + sum.String() + " will be taken"
	pages := max(1, (len(rows)+planPerPage-1)/planPerPage)
	at := min(v.page, pages)
	list.Page = fmt.Sprintf("Page %d of %d", at, pages)
	if at > 1 {
		to := v
		to.page = at - 1
		list.Before = to.href(autoPayTab)
	}
	if at < pages {
		to := v
		to.page = at + 1
		list.After = to.href(autoPayTab)
	}
	v.page = at
	back := url.Values{"back": {v.href(autoPayTab)}}.Encode()
	for _, r := range rows[(at-1)*planPerPage : min(at*planPerPage, len(rows))] {
		list.Rows = append(list.Rows, planRow(r, back, act))
	}
	return list
}

func planRow(r *autopay.Row, back string, act bool) view.PlanRow {
	row := view.PlanRow{Number: r.Number, Name: r.Name, Href: customerPath(r.Number) + "/autopay", Day: r.Day.String(), Method: r.Method, Amount: r.Amount.String(), Words: planWords(r)}
	row.State, row.StateClass = planState(r)
	if r.Credit > 0 {
		row.Credit = r.Credit.String()
	}
	if r.InFlight > 0 {
		row.InFlight = r.InFlight.String()
	}
	if act {
		row.Act, row.ActWord = row.Href+"?"+back+"#hold-form", "Hold"
		if r.Hold != nil {
			row.ActWord = "Release"
		}
	}
	return row
}

// planWords is what is to be known of a row besides its state.
func planWords(r *autopay.Row) []string {
	var words []string
	if r.Retry > 1 {
		words = append(words, fmt.Sprintf("Attempt %d", r.Retry))
	}
	switch {
	case r.Hold != nil:
		words = append(words, r.Hold.Reason)
	case r.Trouble != "" && r.Problem:
		words = append(words, r.Trouble)
	case r.Trouble != "" && r.InFlight > 0:
		words = append(words, r.Trouble)
	}
	return append(words, r.Warnings...)
}

// autoPayCSV sends the view of the plan as a table.
func (h *Handlers) autoPayCSV(c echo.Context) error {
	plan, err := h.AutoPay.Preview(c.Request().Context())
	if err != nil {
		return err
	}
	v := readPlanView(c, plan)
	var rows []document.PlannedPayment
	for _, s := range planShows {
		if s.key != v.show {
			continue
		}
		for _, r := range v.rows(plan) {
			if !s.fits(r) {
				continue
			}
			state, _ := planState(r)
			rows = append(rows, document.PlannedPayment{Day: r.Day, CustomerNumber: r.Number, Customer: r.Name, Method: r.Method, Open: r.Open, InFlight: r.InFlight,
				Credit: r.Credit, Amount: r.Amount, Limit: r.Cap, State: state, Words: strings.Join(planWords(r), " ")})
		}
	}
	name := "auto-pay.csv"
	if v.day != "" {
		name = "auto-pay-" + v.day.ISO() + ".csv"
	}
	return web.Download(c, name, "text/csv; charset=utf-8", document.PlanTable(rows))
}

func holdAllForm(held bool, reason string, refused views.FieldErrors) view.ReasonForm {
	f := view.ReasonForm{Errors: refused, ID: "hold-all-form", Action: autoPayTab + "/hold", Title: "Put everybody on hold", Button: "Hold all",
		Words:   "Nothing is taken of anybody until it is released. No month is skipped by it: what comes due meanwhile is taken afterwards, or you are asked when that is more than five days late.",
		Confirm: "Put Auto Pay of all customers on hold?",
		Reason:  views.Input{Label: "Reason", Name: "hold_reason", Value: reason, MaxLength: 300, Autocomplete: "off", Error: refused.Of("hold_reason"), Required: true}}
	if held {
		f.Action, f.Title, f.Button, f.Confirm = autoPayTab+"/release", "Release everybody", "Release all", "Let Auto Pay go on?"
		f.Words = "What came due meanwhile is taken at once. Holds of single customers stand."
	}
	return f
}

// holdAll and releaseAll keep auto pay from taking anything of anybody, and let
// it go on.
func (h *Handlers) holdAll(c echo.Context) error {
	err := h.AutoPay.HoldAll(c.Request().Context(), web.Actor(c), c.FormValue("hold_reason"))
	return h.changedHoldOfAll(c, err, false, "On hold: nothing is taken of anybody until it is released.")
}

func (h *Handlers) releaseAll(c echo.Context) error {
	err := h.AutoPay.ReleaseAll(c.Request().Context(), web.Actor(c), c.FormValue("hold_reason"))
	return h.changedHoldOfAll(c, err, true, "Released.")
}

func (h *Handlers) changedHoldOfAll(c echo.Context, err error, held bool, done string) error {
	if fault.Is(err, fault.Conflict) { // somebody was quicker, and it is as it was wanted
		return h.SeeNotice(c, autoPayTab, done)
	}
	refused, ok := web.FieldErrors(err)
	if !ok {
		if err != nil {
			return err
		}
		return h.SeeNotice(c, autoPayTab, done)
	}
	f := holdAllForm(held, c.FormValue("hold_reason"), renamed(refused, "reason", "hold_reason"))
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusUnprocessableEntity, "office/autopay", "reason-form", f)
	}
	plan, err := h.AutoPay.Preview(c.Request().Context())
	if err != nil {
		return err
	}
	p, err := h.autoPayPage(c, plan, readPlanView(c, plan))
	if err != nil {
		return err
	}
	p.Hold, p.Title = f, "Error: "+p.Title
	return h.Page(c, http.StatusUnprocessableEntity, "office/autopay", p)
}

// autoPayCards lists the cards that auto pay draws on and that run out.
func (h *Handlers) autoPayCards(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today := h.Clock.Today(s.Zone)
	first, last := payment.ExpiringMonths(today)
	page := 1
	if n, err := strconv.Atoi(c.QueryParam("page")); err == nil && n > 0 && n < 1e6 {
		page = n
	}
	rows, err := h.DB.Read().ListExpiringAutoPayCards(ctx, db.ListExpiringAutoPayCardsParams{Gateway: s.Gateway, LastMonth: last, Most: planPerPage + 1, Skipped: int64((page - 1) * planPerPage)})
	if err != nil {
		return err
	}
	p := &view.AutoPayCardsPage{Base: views.Base{Title: "Cards that expire", Tab: "autopay"}}
	if page > 1 {
		p.Before = autoPayTab + "/cards?page=" + strconv.Itoa(page-1)
	}
	if len(rows) > planPerPage {
		rows = rows[:planPerPage]
		p.After = autoPayTab + "/cards?page=" + strconv.Itoa(page+1)
	}
	for _, r := range rows {
		kind := ledger.Kind(r.Kind)
		p.Rows = append(p.Rows, view.CardRow{Number: r.CustomerNumber, Name: r.DisplayName, Href: customerPath(r.CustomerNumber) + "/autopay",
			Card: ledger.MethodInWords(kind, kind.Label(), r.Brand, r.Last4), Expires: fmt.Sprintf("%02d/%d", r.ExpMonth, r.ExpYear),
			Expired: r.ExpYear*12+r.ExpMonth < first, Told: calendar.Instant(r.Told).Format(s.Zone)})
	}
	return h.Page(c, http.StatusOK, "office/autopay_cards", p)
}
