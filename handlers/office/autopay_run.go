package office

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// autoPayRunStates are the states of a run in words, and their look.
var autoPayRunStates = map[string][2]string{
	"asks": {"Waits for a decision", "state-past"}, "planning": {"Being planned", "state-progress"}, "charging": {"At work", "state-progress"},
	"stopped": {"Stopped", "state-failed"}, "finished": {"Finished", "state-ok"}, "skipped": {"Left out", "state-off"},
}

var autoPayRunKinds = map[string]string{"daily": "", "hand": "begun by hand", "late": "late"}

func autoPayRunTitle(r *autopay.RunInfo) string { return "Auto Pay of " + r.Day.String() }

func autoPayRunLine(s *settings.Settings, r *autopay.RunInfo) view.RunLine {
	t := r.Count
	return view.RunLine{Title: autoPayRunTitle(r), Kind: autoPayRunKinds[r.Kind], State: autoPayRunStates[r.State][0], StateClass: autoPayRunStates[r.State][1], Started: r.Started.Format(s.Zone),
		Amount: t.TakenAmount.String(), Taken: int64(t.Taken), Processing: int64(t.OnTheWay), Failed: int64(t.Failed + t.Returned), Href: autopay.RunPath(r.ID)}
}

// autoPayRuns lists all runs, the latest first.
func (h *Handlers) autoPayRuns(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64) // 0 begins with the latest
	runs, err := h.AutoPay.Runs(ctx, max(before, 0), planPerPage+1)
	if err != nil {
		return err
	}
	p := &view.AutoPayRunsPage{Base: views.Base{Title: "Auto Pay runs", Tab: "autopay"}}
	if len(runs) > planPerPage {
		runs = runs[:planPerPage]
		p.More = autoPayTab + "/runs?before=" + number(runs[planPerPage-1].ID)
	}
	for i := range runs {
		p.Runs = append(p.Runs, autoPayRunLine(s, &runs[i]))
	}
	return h.Page(c, http.StatusOK, "office/autopay_runs", p)
}

// shows are the lists of a run's customers.
var shows = []struct {
	key   autopay.Show
	label string
	count func(t autopay.RunTotals) int
}{
	{autopay.ShowFailed, "Failed", func(t autopay.RunTotals) int { return t.Failed + t.Returned }},
	{autopay.ShowSkipped, "Skipped", func(t autopay.RunTotals) int { return t.Held + t.Trouble + t.LeftOut + t.SwitchedOff + t.Asks }},
	{autopay.ShowTaken, "Taken", func(t autopay.RunTotals) int { return t.Taken + t.OnTheWay }},
	{autopay.ShowWaiting, "Waiting", func(t autopay.RunTotals) int { return t.Waiting + t.Sent }},
	{autopay.ShowIdle, "Nothing due", func(t autopay.RunTotals) int { return t.NothingDue + t.ByCredit + t.PaidOtherly }},
}

// autoPayRun is one run: how far it is while it is at work, and what became of
// it. Its page asks again by itself while it changes.
func (h *Handlers) autoPayRun(c echo.Context) error {
	p, err := h.runPage(c)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/autopay_run", "run", p.Run)
	}
	return h.Page(c, http.StatusOK, "office/autopay_run", p)
}

func (h *Handlers) runPage(c echo.Context) (*view.AutoPayRunPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	info, _, err := h.AutoPay.Result(ctx, theID(c))
	if err != nil {
		return nil, err
	}
	progress, err := h.AutoPay.Progress(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.AutoPayRunPage{Base: views.Base{Title: autoPayRunTitle(info), Tab: "autopay"}}
	r, t := &p.Run, info.Count
	path := autopay.RunPath(info.ID)
	r.Title, r.Path, r.State, r.StateClass, r.Trouble = autoPayRunTitle(info), path, autoPayRunStates[info.State][0], autoPayRunStates[info.State][1], info.Trouble
	r.CanAct = may(c, tellers)
	open := info.State == "planning" || info.State == "charging"
	r.Working = open
	if progress.Hold != nil && open {
		r.Trouble = "All are on hold: " + progress.Hold.Reason
	}
	if open || info.State == "stopped" {
		r.Percent, r.Done, r.All = t.Percent(), t.Done(), t.Attempts()
	}
	if r.Working {
		r.Said = fmt.Sprintf("About %d percent done.", t.Percent()/10*10)
	} else {
		r.Said = r.State + "."
	}
	if info.State == "stopped" {
		r.Resume = autoPayTab + "/run"
	}
	if info.State == "asks" {
		r.Decide = autoPayTab + "/late/" + number(info.ID)
	}
	r.Facts = facts("Began", info.Started.Format(s.Zone), "By", info.By, "Ended", info.Ended.Format(s.Zone))
	sums := []struct {
		label  string
		n      int
		amount money.Cents
	}{
		{"Succeeded", t.Taken, t.TakenAmount}, {"Processing at the banks", t.OnTheWay, t.OnTheWayAmount}, {"Failed", t.Failed, t.FailedAmount}, {"Returned since", t.Returned, t.ReturnedAmount},
		{"Still to be sent", t.Waiting, t.WaitingAmount}, {"Sent, not known yet", t.Sent, t.SentAmount}, {"Waits for your decision", t.Asks, t.AsksAmount},
		{"Paid from credit", t.ByCredit, t.Credit}, {"On hold", t.Held, 0}, {"Could not be charged", t.Trouble, 0}, {"Left out", t.LeftOut, 0},
		{"Switched off meanwhile", t.SwitchedOff, 0}, {"Nothing due", t.NothingDue + t.PaidOtherly, 0}, {"Canceled", t.Canceled, 0},
	}
	for _, sum := range sums {
		if sum.n == 0 {
			continue
		}
		line := view.PlanSum{Label: sum.label, Count: sum.n}
		if sum.amount > 0 {
			line.Amount = sum.amount.String()
		}
		r.Sums = append(r.Sums, line)
	}
	return p, h.runLines(ctx, c, info, r)
}

// runLines puts the list that is asked for into the page; without a word about it
// the first that has somebody in it.
func (h *Handlers) runLines(ctx context.Context, c echo.Context, info *autopay.RunInfo, r *view.Run) error {
	shown := autopay.Show(c.QueryParam("show"))
	known := false
	for _, s := range shows {
		known = known || s.key == shown
	}
	chosen := known
	for _, s := range shows {
		if !known && s.count(info.Count) > 0 {
			shown, known = s.key, true
		}
	}
	for _, s := range shows {
		if n := s.count(info.Count); n > 0 || s.key == shown {
			r.Shows = append(r.Shows, view.PlanFilter{Label: s.label, Count: n, Href: r.Path + "?show=" + string(s.key), Shown: s.key == shown})
		}
	}
	if !known {
		return nil
	}
	after, _ := strconv.ParseInt(c.QueryParam("after"), 10, 64) // 0 begins with the first
	lines, err := h.AutoPay.Lines(ctx, info.ID, shown, max(after, 0), planPerPage+1)
	if err != nil {
		return err
	}
	if chosen { // else the page goes on to what matters most as the run goes on
		r.Asks = r.Path + "?show=" + string(shown)
		if after > 0 {
			r.Asks += "&after=" + number(after)
		}
	}
	if len(lines) > planPerPage {
		lines = lines[:planPerPage]
		r.More = r.Path + "?show=" + string(shown) + "&after=" + number(lines[planPerPage-1].Cursor)
	}
	for _, l := range lines {
		row := view.RunRow{Number: l.Number, Name: l.Name, Href: customerPath(l.Number) + "/autopay", Due: l.Due.String(), Method: l.Method, Words: l.Words}
		if l.Amount > 0 {
			row.Amount = l.Amount.String()
		}
		if l.Reference != "" {
			state := ledger.StateOf(string(l.State))
			row.State, row.StateClass, row.Payment, row.Reference = string(state), web.PaymentClass(state), paymentPath(l.Number, l.Reference), l.Reference
		} else {
			row.State, row.StateClass = firstUpper(l.Month.Words()), "state-off"
		}
		if l.AttemptNumber > 1 {
			row.Attempt = fmt.Sprintf("attempt %d", l.AttemptNumber)
		}
		if l.Retry != "" {
			row.Retry = "Tried again on " + l.Retry.String()
		}
		if l.CanRetry && may(c, tellers) {
			row.Again, row.Period = customerPath(l.Number)+"/autopay/retry", l.Period
			row.Confirm = "Try to take it from " + l.Name + " again today?"
		}
		r.Rows = append(r.Rows, row)
	}
	return nil
}

func firstUpper(s string) string {
	if s == "" {
		return ""
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// confirmRun shows what a run by hand would take: nothing is taken by looking.
func (h *Handlers) confirmRun(c echo.Context) error {
	p, err := h.confirmRunPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/autopay_confirm", p)
}

func (h *Handlers) confirmRunPage(c echo.Context) (*view.AutoPayConfirmPage, error) {
	ctx := c.Request().Context()
	p := &view.AutoPayConfirmPage{Base: views.Base{Title: "Run Auto Pay now", Tab: "autopay"}, Action: autoPayTab + "/run", Back: autoPayTab}
	progress, err := h.AutoPay.Progress(ctx)
	if err != nil {
		return nil, err
	}
	if progress.Working {
		p.Why, p.See = "A run is at work already.", autopay.RunPath(progress.Run.ID)
		return p, nil
	}
	if progress.Stopped {
		t := progress.Run.Count
		p.Title, p.Button, p.Amount = "Resume "+autoPayRunTitle(progress.Run), "Resume", t.WaitingAmount.String()
		p.Words = []string{"It stopped: " + progress.Run.Trouble, count(int64(t.Waiting), "payment is", "payments are") + " still to be sent."}
		return p, nil
	}
	plan, err := h.AutoPay.Preview(ctx)
	if err != nil {
		return nil, err
	}
	if plan.Stopped != "" {
		p.Why = plan.Stopped
		return p, nil
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	due, troubled := dueBy(plan, today)
	if len(due)+troubled == 0 {
		p.Why = "Nothing is due today."
		if plan.Day != "" {
			p.Why += " The next payments are taken on " + plan.Day.String() + "."
		}
		return p, nil
	}
	var sum, credit money.Cents
	for _, r := range due {
		sum += r.Amount
		credit += r.Credit
	}
	p.Kinds, _ = planSums(due)
	p.Amount, p.Button = sum.String(), "Take "+sum.String()+" now"
	p.Words = []string{count(int64(len(due)), "customer", "customers") + " whose day has come."}
	if credit > 0 {
		p.Words = append(p.Words, credit.String()+" of credit on accounts is used first.")
	}
	if troubled > 0 {
		p.Words = append(p.Words, count(int64(troubled), "more customer", "more customers")+" will fail; they are told what to do.")
	}
	return p, nil
}

// dueBy are the customers of the plan whose day has come and of whom something
// is taken, and how many will fail.
func dueBy(plan *autopay.Plan, today calendar.Date) (due []*autopay.Row, troubled int) {
	for i := range plan.Rows {
		r := &plan.Rows[i]
		switch {
		case r.Day > today || r.Hold != nil:
		case willTake(r):
			due = append(due, r)
		case r.Problem:
			troubled++
		}
	}
	return due, troubled
}

// runNow begins a run, or lets one that stopped go on.
func (h *Handlers) runNow(c echo.Context) error {
	ctx := c.Request().Context()
	err := h.AutoPay.RunNow(ctx, web.Actor(c))
	if f := fault.KindOf(err); err != nil && f != fault.Conflict && f != fault.Unavailable {
		return err
	}
	progress, look := h.AutoPay.Progress(ctx)
	if look != nil {
		return look
	}
	if err == nil && progress.Run != nil || progress.Working {
		return web.See(c, autopay.RunPath(progress.Run.ID)) // a second press is shown the first one's run
	}
	return h.SeeNotice(c, autoPayTab, wordsOf(err))
}

// wordsOf is what a fault says.
func wordsOf(err error) string {
	if refused, ok := web.FieldErrors(err); ok {
		return refused[0].Message
	}
	if fault.Is(err, fault.Unavailable) {
		return "Online payments are switched off: nothing is taken."
	}
	return "Nothing was due."
}

// confirmLate asks whether what the portal was off for is to be taken now.
func (h *Handlers) confirmLate(c echo.Context) error {
	info, _, err := h.AutoPay.Result(c.Request().Context(), theID(c))
	if err != nil {
		return err
	}
	if info.State != "asks" {
		return web.See(c, autopay.RunPath(info.ID))
	}
	p := &view.AutoPayConfirmPage{Base: views.Base{Title: "Late payments", Tab: "autopay"}, Action: autoPayTab + "/late/" + number(info.ID), Back: autoPayTab,
		Amount: info.Count.AsksAmount.String(), Button: "Take " + info.Count.AsksAmount.String() + " now", Skip: "Skip it", Words: lateWords(info)}
	p.See = autopay.RunPath(info.ID)
	return h.Page(c, http.StatusOK, "office/autopay_confirm", p)
}

func lateWords(info *autopay.RunInfo) []string {
	words := []string{"Auto Pay was not at work when " + count(int64(info.Count.Asks), "customer's day", "customers' days") + " came, and it is more than five days late by now."}
	if info.Trouble != "" {
		words = append(words, info.Trouble)
	}
	return append(words, "Take it now, or skip it: then the invoices stay open, and the next payment takes them with it.")
}

// decideLate takes or skips it.
func (h *Handlers) decideLate(c echo.Context) error {
	take := c.FormValue("decision") == "take"
	if !take && c.FormValue("decision") != "skip" {
		return fault.Missing("decision")
	}
	id := theID(c)
	err := h.AutoPay.Decide(c.Request().Context(), web.Actor(c), id, take)
	if fault.Is(err, fault.NotFound) { // decided already, if it exists
		return web.See(c, autopay.RunPath(id))
	}
	if err != nil {
		return err
	}
	if take {
		return web.See(c, autopay.RunPath(id))
	}
	return h.SeeNotice(c, autoPayTab, "Skipped: nothing of it is taken.")
}

// retryMonth has a customer's month taken after all, today.
func (h *Handlers) retryMonth(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	back := backTo(c, autoPayPath(who))
	err = h.AutoPay.Take(c.Request().Context(), web.Actor(c), row.ID, c.FormValue("period"))
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Unavailable) {
		return h.SeeNotice(c, back, wordsOf(err))
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, back, "Another attempt is made today; the outcome shows here.")
}

// autoPayNeeds names what of auto pay waits for a person: a late run, one that
// stopped, and a hold of everybody.
func (h *Handlers) autoPayNeeds(ctx context.Context) ([]view.Need, error) {
	p, err := h.AutoPay.Progress(ctx)
	if err != nil {
		return nil, err
	}
	var needs []view.Need
	if p.Late != nil {
		needs = append(needs, view.Need{Title: "Auto Pay is late: " + p.Late.Count.AsksAmount.String(), Urgent: true,
			Lines: []string{"The portal was off when " + count(int64(p.Late.Count.Asks), "customer's day", "customers' days") + " came. Take it now or skip it?"},
			Href:  autoPayTab + "/late/" + number(p.Late.ID), Action: "Decide"})
	}
	if p.Stopped {
		needs = append(needs, view.Need{Title: "Auto Pay stopped", Lines: []string{p.Run.Trouble}, Urgent: true, Href: autopay.RunPath(p.Run.ID), Action: "See the run"})
	}
	if p.Hold != nil {
		needs = append(needs, view.Need{Title: "Auto Pay is on hold", Lines: []string{p.Hold.Reason, "Nothing is taken of anybody."}, Href: autoPayTab, Action: "See Auto Pay"})
	}
	return needs, nil
}
