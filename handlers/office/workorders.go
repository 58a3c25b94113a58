package office

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
	"customerportal/views"
	view "customerportal/views/office"
)

const (
	workOrdersTab = "/office/workorders"
	// onBoard is how many cards a column of the board shows.
	onBoard = 40
	// anybody is the filter that no technician is chosen in.
	anybody = -1
)

func workOrderPath(number string) string { return workOrdersTab + "/" + url.PathEscape(number) }

// boardFilter is what the board or the list shows, as it stands in the address.
type boardFilter struct {
	query      string
	technician int64 // anybody, 0 = nobody, else who
	when       string
	from, to   calendar.Date
	overdue    bool
	cancelled  bool
	done       int // days back that completed ones are shown
	column     string
}

// doneDays are the choices of how long completed work orders stay on the board.
var doneDays = []struct {
	days  int
	label string
}{{1, "Today"}, {3, "3 days"}, {7, "7 days"}, {14, "14 days"}}

const usualDone = 3

// readBoardFilter reads the address. What it does not know counts as not given.
func readBoardFilter(values url.Values, today calendar.Date) boardFilter {
	f := boardFilter{query: strings.Join(strings.Fields(values.Get("q")), " "), technician: anybody, done: usualDone,
		overdue: values.Get("overdue") != "", cancelled: values.Get("cancelled") != "", column: "requested"}
	if s := values.Get("tech"); s == "none" {
		f.technician = 0
	} else if id, err := strconv.ParseInt(s, 10, 64); err == nil && id > 0 {
		f.technician = id
	}
	for _, d := range doneDays {
		if values.Get("done") == strconv.Itoa(d.days) {
			f.done = d.days
		}
	}
	if s := values.Get("column"); slices.Contains(workorder.States, workorder.State(s)) {
		f.column = s
	}
	f.when = values.Get("when")
	monday := today.AddDays(-(int(today.Time(time.UTC).Weekday()) + 6) % 7)
	switch f.when {
	case "today":
		f.from, f.to = today, today
	case "tomorrow":
		f.from, f.to = today.AddDays(1), today.AddDays(1)
	case "week":
		f.from, f.to = monday, monday.AddDays(6)
	case "next":
		f.from, f.to = monday.AddDays(7), monday.AddDays(13)
	default:
		day, err := calendar.ParseDate(f.when)
		if err != nil {
			f.when = ""
			break
		}
		f.from, f.to = day, day
	}
	return f
}

// values is the filter as an address has it, without what is usual.
func (f boardFilter) values() url.Values {
	v := url.Values{}
	set := func(name, value string, given bool) {
		if given {
			v.Set(name, value)
		}
	}
	set("q", f.query, f.query != "")
	set("tech", technicianValue(f.technician), f.technician != anybody)
	set("when", f.when, f.when != "")
	set("overdue", "1", f.overdue)
	set("cancelled", "1", f.cancelled)
	set("done", strconv.Itoa(f.done), f.done != usualDone)
	set("column", f.column, f.column != "requested")
	return v
}

func technicianValue(id int64) string {
	switch id {
	case anybody:
		return ""
	case 0:
		return "none"
	}
	return number(id)
}

// address is the board with this filter.
func (f boardFilter) address() string { return withValues(workOrdersTab, f.values()) }

func withValues(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// filtered reports whether something is left out.
func (f boardFilter) filtered() bool {
	return f.query != "" || f.technician != anybody || f.when != "" || f.overdue
}

// words are those that a work order must have, as the queries take them: three
// at most, the last holds what follows.
func (f boardFilter) words() (w [3]string) {
	for i, word := range strings.SplitN(asciiLower(f.query), " ", 3) {
		w[i] = word
	}
	return w
}

// asciiLower is what SQLite's lower does.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// moment is the dealer's day and the minutes of it that are gone.
func (h *Handlers) moment(s *settings.Settings) (calendar.Date, int64) {
	now := h.Clock().In(s.Zone)
	return calendar.DateOf(now), int64(now.Hour()*60 + now.Minute())
}

// workOrders is the board; following its changes asks for the board alone.
func (h *Handlers) workOrders(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today, _ := h.moment(s)
	f := readBoardFilter(c.QueryParams(), today)
	// before what is shown: what changes in between is told of
	mark, err := h.DB.Read().GetOrderMark(ctx)
	if err != nil {
		return err
	}
	p := &view.BoardPage{Base: views.Base{Title: "Work orders", Tab: "workorders"}, List: withValues(workOrdersTab+"/list", f.listValues("")), Events: workOrdersTab + web.FollowPath + "?seen=" + number(mark),
		Query: views.Input{Name: "q", Label: "Search", Value: f.query}}
	if may(c, dispatchers) {
		p.New = workOrdersTab + "/new"
	}
	if p.Technician, err = h.technicianFilter(ctx, f.technician); err != nil {
		return err
	}
	p.When = view.Choice{Name: "when", Label: "Appointment", Options: []view.Option{{Label: "Any day"}, {Value: "today", Label: "Today"}, {Value: "tomorrow", Label: "Tomorrow"},
		{Value: "week", Label: "This week"}, {Value: "next", Label: "Next week"}}}
	if f.when != "" && f.when == f.from.ISO() {
		p.When.Options = append(p.When.Options, view.Option{Value: f.when, Label: workorder.Weekday(f.from)})
	}
	choose(&p.When, f.when)
	p.Done = view.Choice{Name: "done", Label: "Completed since"}
	for _, d := range doneDays {
		p.Done.Options = append(p.Done.Options, view.Option{Value: strconv.Itoa(d.days), Label: d.label, Chosen: d.days == f.done})
	}
	if err := h.fillBoard(ctx, s, p, f, may(c, dispatchers)); err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorders", "board", p)
	}
	return h.Page(c, http.StatusOK, "office/workorders", p)
}

func choose(c *view.Choice, value string) {
	for i := range c.Options {
		c.Options[i].Chosen = c.Options[i].Value == value
	}
}

// technicianFilter offers who has work orders, and nobody.
func (h *Handlers) technicianFilter(ctx context.Context, chosen int64) (view.Choice, error) {
	c := view.Choice{Name: "tech", Label: "Technician", Options: []view.Option{{Label: "Everybody"}, {Value: "none", Label: "Nobody assigned"}}}
	rows, err := h.DB.Read().ListAssigned(ctx)
	if err != nil {
		return c, err
	}
	for _, r := range rows {
		o := view.Option{Value: number(r.ID), Label: staffName(r.Name, r.Email)}
		if r.DisabledAt != 0 {
			o.Label += " (not here any more)"
		}
		c.Options = append(c.Options, o)
	}
	choose(&c, technicianValue(chosen))
	return c, nil
}

func staffName(name, email string) string {
	if name == "" {
		return email
	}
	return name
}

// columns are the states in the order of the board.
var columns = []struct {
	state  workorder.State
	closed bool
	empty  string
}{
	{workorder.Requested, false, "Nobody waits for an appointment."},
	{workorder.Scheduled, false, "No appointments."},
	{workorder.Dispatched, false, "Nobody is on the way."},
	{workorder.Arrived, false, "Nobody is at work."},
	{workorder.Completed, true, "Nothing was completed."},
	{workorder.Cancelled, true, "Nothing was cancelled."},
}

// fillBoard reads the columns.
func (h *Handlers) fillBoard(ctx context.Context, s *settings.Settings, p *view.BoardPage, f boardFilter, move bool) error {
	q := h.DB.Read()
	today, minute := h.moment(s)
	from, to := days(f.from, f.to)
	words := f.words()
	counts := map[string]int64{}
	rows, err := q.CountBoardOrders(ctx, db.CountBoardOrdersParams{Technician: f.technician, FromDay: from, UntilDay: to, Overdue: db.Flag(f.overdue), Today: today.ISO(), Minute: minute,
		Word1: words[0], Word2: words[1], Word3: words[2]})
	if err != nil {
		return err
	}
	for _, r := range rows {
		counts[r.State] = r.Many
	}
	since := calendar.InstantOf(today.AddDays(1 - f.done).Time(s.Zone))
	for _, col := range columns {
		if col.state == workorder.Cancelled && !f.cancelled {
			continue
		}
		key := string(col.state)
		shown := f
		shown.column = key
		v := view.BoardColumn{Key: key, Label: col.state.Word(), Switch: shown.address(), Shown: f.column == key, Empty: col.empty}
		var cards []db.ListBoardOrdersRow
		switch {
		case !col.closed:
			if counts[key] == 0 {
				break
			}
			cards, err = q.ListBoardOrders(ctx, db.ListBoardOrdersParams{State: key, Technician: f.technician, FromDay: from, UntilDay: to, Overdue: db.Flag(f.overdue),
				Today: today.ISO(), Minute: minute, Word1: words[0], Word2: words[1], Word3: words[2], Most: onBoard})
		case !f.overdue:
			var closed []db.ListBoardClosedRow
			closed, err = q.ListBoardClosed(ctx, db.ListBoardClosedParams{State: key, Since: since, Technician: f.technician, FromDay: from, UntilDay: to,
				Word1: words[0], Word2: words[1], Word3: words[2], Most: onBoard + 1})
			for _, r := range closed {
				cards = append(cards, db.ListBoardOrdersRow(r))
			}
			counts[key] = int64(len(cards))
		}
		if err != nil {
			return err
		}
		v.Count = number(counts[key])
		if col.closed && len(cards) > onBoard {
			cards = cards[:onBoard]
			v.Count = number(onBoard) + "+"
			v.MoreLabel = "All of them"
		} else if counts[key] > onBoard {
			v.MoreLabel = fmt.Sprintf("All %d", counts[key])
		}
		if v.MoreLabel != "" {
			v.More = withValues(workOrdersTab+"/list", f.listValues(key))
		}
		clashes := boardClashes(cards)
		day := calendar.Date("")
		for _, r := range cards {
			card := h.boardCard(r, today, minute, s)
			if other := clashes[r.ID]; other != "" {
				card.Clash = "overlaps " + other
			}
			if col.state == workorder.Scheduled {
				if r.WindowDate != day {
					day, card.Day = r.WindowDate, briefDay(r.WindowDate, today)
				}
				card.Window = briefTimes(windowOf(r))
			}
			if move {
				fillMoves(&card, r, f)
			}
			v.Cards = append(v.Cards, card)
		}
		p.Columns = append(p.Columns, v)
	}
	if !slices.ContainsFunc(p.Columns, func(c view.BoardColumn) bool { return c.Shown }) {
		p.Columns[0].Shown = true
	}
	p.Filtered, p.Address, p.Clear = f.filtered(), f.address(), workOrdersTab
	if f.from != "" {
		p.Note = "Those without an appointment stay in sight: they need a day."
	}
	return h.fillBoardFilters(ctx, p, f, today, minute)
}

// fillBoardFilters offers what is asked for most.
func (h *Handlers) fillBoardFilters(ctx context.Context, p *view.BoardPage, f boardFilter, today calendar.Date, minute int64) error {
	late, err := h.DB.Read().CountOverdueOrders(ctx, db.CountOverdueOrdersParams{Today: today.ISO(), Minute: minute})
	if err != nil {
		return err
	}
	unassigned, err := h.DB.Read().CountUnassignedOrders(ctx)
	if err != nil {
		return err
	}
	add := func(label string, current bool, count int64, change func(*boardFilter)) {
		to := f
		change(&to)
		p.Filters = append(p.Filters, view.Filter{Label: label, Href: to.address(), Current: current, Count: count})
	}
	add("Overdue", f.overdue, late, func(to *boardFilter) { to.overdue = !f.overdue })
	add("Unassigned", f.technician == 0, unassigned, func(to *boardFilter) {
		to.technician = 0
		if f.technician == 0 {
			to.technician = anybody
		}
	})
	add("Cancelled, too", f.cancelled, 0, func(to *boardFilter) { to.cancelled = !f.cancelled })
	return nil
}

// days are the bounds of a filter of days as the queries take them.
func days(from, to calendar.Date) (string, string) {
	if to == "" {
		to = endOfTime
	}
	return from.ISO(), to.ISO()
}

// boardClashes finds among open work orders those of one technician that overlap.
func boardClashes(rows []db.ListBoardOrdersRow) map[int64]string {
	out := map[int64]string{}
	for i, a := range rows {
		for _, b := range rows[i+1:] {
			if a.TechnicianID == 0 || a.TechnicianID != b.TechnicianID || !workorder.State(a.State).Open() || !windowOf(a).Overlaps(windowOf(b)) {
				continue
			}
			if out[a.ID] == "" {
				out[a.ID] = b.Number
			}
			if out[b.ID] == "" {
				out[b.ID] = a.Number
			}
		}
	}
	return out
}

func windowOf(r db.ListBoardOrdersRow) workorder.Window {
	return workorder.Window{Date: r.WindowDate, From: r.WindowFrom, Until: r.WindowUntil}
}

func (h *Handlers) boardCard(r db.ListBoardOrdersRow, today calendar.Date, minute int64, s *settings.Settings) view.BoardCard {
	state, w := workorder.State(r.State), windowOf(r)
	c := view.BoardCard{Number: r.Number, Version: r.Version, Href: workOrderPath(r.Number), Customer: r.DisplayName, Where: joined(" · ", joined(", ", r.Site, r.City), r.System),
		Window: briefWindow(w, today), Technician: r.Technician, Gone: r.TechnicianGone != 0 && state.Open(), Title: r.Title, Photos: r.Photos, Notes: r.Notes,
		Merged: r.Merged != 0, Invoiced: r.Invoiced != 0}
	c.Late = state == workorder.Scheduled && w.Past(today, minute)
	switch state {
	case workorder.Completed:
		c.Age, c.AgeWords, c.Window = briefTime(r.CompletedAt, today, s), "completed "+r.CompletedAt.Format(s.Zone), ""
	case workorder.Cancelled:
		c.Age, c.AgeWords, c.Window = briefTime(r.CancelledAt, today, s), "cancelled "+r.CancelledAt.Format(s.Zone), ""
	default:
		if (state == workorder.Dispatched || state == workorder.Arrived) && w.Date == today {
			c.Window = briefTimes(w)
		}
		age := h.Clock.Now().Sub(r.RequestedAt)
		c.Age, c.AgeWords = briefAge(age), "asked for "+r.RequestedAt.Format(s.Zone)
	}
	return c
}

// briefWindow is an appointment in few letters: "Today, 8–11 AM".
func briefWindow(w workorder.Window, today calendar.Date) string {
	if w.IsZero() {
		return ""
	}
	return briefDay(w.Date, today) + ", " + briefTimes(w)
}

// briefTimes are the times of a window: "9:30–11 AM", "11 AM–1 PM".
func briefTimes(w workorder.Window) string {
	from, until := briefClock(w.From), briefClock(w.Until)
	if a, half, ok := strings.Cut(from, " "); ok && strings.HasSuffix(until, " "+half) {
		from = a
	}
	return from + "–" + until
}

func briefDay(day, today calendar.Date) string {
	switch today.DaysUntil(day) {
	case 0:
		return "Today"
	case 1:
		return "Tomorrow"
	case -1:
		return "Yesterday"
	}
	if day.Year() != today.Year() {
		return day.String()
	}
	return day.Time(time.UTC).Format("Mon, Jan 2")
}

func briefClock(minutes int64) string {
	return strings.Replace(workorder.Clock(minutes), ":00 ", " ", 1)
}

// briefTime is a moment in few letters: its time on the day itself, else its day.
func briefTime(at calendar.Instant, today calendar.Date, s *settings.Settings) string {
	day := at.Date(s.Zone)
	if day == today {
		return at.Time().In(s.Zone).Format("3:04 PM")
	}
	return briefDay(day, today)
}

// briefAge is how long something waits: "40 min", "5 h", "3 d".
func briefAge(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// fillMoves says where a card can go, and what of that needs nothing to be typed.
func fillMoves(c *view.BoardCard, r db.ListBoardOrdersRow, f boardFilter) {
	state := workorder.State(r.State)
	if !state.Open() && (r.Merged != 0 || r.Invoiced != 0) {
		return
	}
	var moves, direct []string
	for _, to := range workorder.Moves[state] {
		if to == state {
			continue
		}
		moves = append(moves, string(to))
		if isDirect(to, state, r.TechnicianID != 0) {
			direct = append(direct, string(to))
		}
	}
	c.Moves, c.Direct = strings.Join(moves, " "), strings.Join(direct, " ")
	c.Move = withValues(c.Href+"/move", url.Values{"back": {f.address()}})
}

// isDirect reports whether a move needs nothing to be typed and takes nothing away.
func isDirect(to, from workorder.State, assigned bool) bool {
	switch to {
	case workorder.Dispatched, workorder.Arrived, workorder.Completed:
		return assigned && from.Open()
	}
	return false
}

// listValues is the list of what the board shows, in one state or in all.
func (f boardFilter) listValues(state string) url.Values {
	v := f.values()
	for _, only := range []string{"when", "cancelled", "done", "column"} {
		v.Del(only)
	}
	if state != "" {
		v.Set("state", state)
	}
	if f.from != "" {
		v.Set("from", f.from.ISO())
		v.Set("to", f.to.ISO())
	}
	return v
}

// orderSorts are the orders of the list.
var orderSorts = []struct{ key, label string }{{"new", "Newest first"}, {"old", "Oldest first"}, {"changed", "Last changed first"}, {"window", "By appointment"}}

// workOrderList is the table of all work orders, closed ones too.
func (h *Handlers) workOrderList(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today, minute := h.moment(s)
	in := c.QueryParams()
	f := readBoardFilter(in, today)
	p := &view.WorkOrdersPage{Base: views.Base{Title: "All work orders", Tab: "workorders"}, Board: workOrdersTab, Overdue: f.overdue, Sort: "new",
		Query: views.Input{Name: "q", Label: "Search", Value: f.query},
		From:  views.Input{Name: "from", Label: "Appointment from", Type: "date"}, To: views.Input{Name: "to", Label: "Appointment until", Type: "date"},
		State: view.Choice{Name: "state", Label: "State", Options: []view.Option{{Label: "All"}, {Value: "open", Label: "Open"}, {Value: "closed", Label: "Closed"}, {Value: "billable", Label: "Without an invoice"}}}}
	for _, o := range orderSorts {
		if in.Get("sort") == o.key {
			p.Sort = o.key
		}
	}
	for into, name := range map[*views.Input]*calendar.Date{&p.From: &f.from, &p.To: &f.to} {
		*name, _ = calendar.ParseDate(in.Get(into.Name)) // what is no day filters nothing
		into.Value = name.ISO()
	}
	for _, st := range workorder.States {
		p.State.Options = append(p.State.Options, view.Option{Value: string(st), Label: st.Word()})
	}
	state := in.Get("state")
	choose(&p.State, state)
	if !slices.ContainsFunc(p.State.Options, func(o view.Option) bool { return o.Chosen }) {
		state = ""
		choose(&p.State, state)
	}
	if p.Technician, err = h.technicianFilter(ctx, f.technician); err != nil {
		return err
	}
	if may(c, dispatchers) {
		p.New = workOrdersTab + "/new"
	}
	l := orderList{filter: f, state: state, sort: p.Sort, after: in.Get("after"), today: today, minute: minute, most: perPage}
	if name := in.Get("customer"); name != "" {
		row, err := h.DB.Read().GetCustomerByNumber(ctx, name)
		if err != nil {
			return missing(err, "customer")
		}
		who := ref(row.Number, row.DisplayName)
		p.Customer, l.customer, l.sort = &who, row.ID, "customer"
		if p.New != "" {
			p.New += "?customer=" + url.QueryEscape(row.Number)
		}
	}
	rows, err := h.orders(ctx, l)
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.Next = l.href(p, l.position(rows[perPage-1]))
	}
	if p.Customer == nil {
		for _, o := range orderSorts {
			to := *p
			to.Sort = o.key
			p.Sorts = append(p.Sorts, view.Filter{Label: o.label, Href: l.href(&to, ""), Current: o.key == p.Sort})
		}
	}
	p.Empty = "There is no work order yet. Customers ask for one in the portal, and you write one when they phone."
	if f.filtered() || state != "" || f.from != "" || f.to != "" {
		p.Empty = "No work order is like that. Take something away from what you look for."
	}
	if l.after != "" && len(rows) == 0 {
		p.Empty = "That was the last of them."
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, workOrderRow(r, today, minute, s, p.Customer == nil && may(c, readers)))
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorders_list", "results", p)
	}
	return h.Page(c, http.StatusOK, "office/workorders_list", p)
}

// orderList is what a page of the list shows.
type orderList struct {
	filter   boardFilter
	state    string
	sort     string
	after    string
	customer int64
	today    calendar.Date
	minute   int64
	most     int64
}

// href is the list as it is, in the page's order, from a position on.
func (l orderList) href(p *view.WorkOrdersPage, after string) string {
	v := l.filter.values()
	for _, only := range []string{"when", "cancelled", "done", "column"} {
		v.Del(only)
	}
	for name, value := range map[string]string{"from": l.filter.from.ISO(), "to": l.filter.to.ISO(), "state": l.state, "after": after} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if p.Customer != nil {
		v.Set("customer", p.Customer.Number)
	} else if p.Sort != "new" {
		v.Set("sort", p.Sort)
	}
	return withValues(workOrdersTab+"/list", v)
}

// position is where the page after a row begins.
func (l orderList) position(r db.ListBoardOrdersRow) string {
	switch l.sort {
	case "changed":
		return fmt.Sprintf("%d.%d", r.ChangedAt, r.ID)
	case "window":
		return fmt.Sprintf("%s.%d.%d", r.WindowDate.ISO(), r.WindowFrom, r.ID)
	case "customer":
		return fmt.Sprintf("%d.%d", r.RequestedAt, r.ID)
	}
	return number(r.ID)
}

// orders reads a page of the list and one row more.
func (h *Handlers) orders(ctx context.Context, l orderList) ([]db.ListBoardOrdersRow, error) {
	q, f, w := h.DB.Read(), l.filter, l.filter.words()
	from, to := days(f.from, f.to)
	parts := strings.Split(l.after, ".")
	whole := func(i int, usual int64) int64 {
		if i < len(parts) {
			if n, err := strconv.ParseInt(parts[i], 10, 64); err == nil {
				return n
			}
		}
		return usual
	}
	newest := db.ListOrdersNewestParams{ID: math.MaxInt64, State: l.state, Technician: f.technician, FromDay: from, UntilDay: to, Overdue: db.Flag(f.overdue),
		Today: l.today.ISO(), Minute: l.minute, Word1: w[0], Word2: w[1], Word3: w[2], Most: l.most + 1}
	var out []db.ListBoardOrdersRow
	switch l.sort {
	case "old":
		p := db.ListOrdersOldestParams(newest)
		p.ID = whole(0, 0)
		rows, err := q.ListOrdersOldest(ctx, p)
		for _, r := range rows {
			out = append(out, db.ListBoardOrdersRow(r))
		}
		return out, err
	case "changed":
		rows, err := q.ListOrdersChanged(ctx, db.ListOrdersChangedParams{ChangedAt: calendar.Instant(whole(0, math.MaxInt64)), ID: whole(1, math.MaxInt64), State: l.state, Technician: f.technician,
			FromDay: from, UntilDay: to, Overdue: newest.Overdue, Today: newest.Today, Minute: l.minute, Word1: w[0], Word2: w[1], Word3: w[2], Most: newest.Most})
		for _, r := range rows {
			out = append(out, db.ListBoardOrdersRow(r))
		}
		return out, err
	case "window":
		day, _ := calendar.ParseDate(parts[0]) // anything else begins at the first
		rows, err := q.ListOrdersByWindow(ctx, db.ListOrdersByWindowParams{AfterDay: day.ISO(), AfterFrom: whole(1, -1), ID: whole(2, 0), State: l.state, Technician: f.technician,
			FromDay: from, UntilDay: to, Overdue: newest.Overdue, Today: newest.Today, Minute: l.minute, Word1: w[0], Word2: w[1], Word3: w[2], Most: newest.Most})
		for _, r := range rows {
			out = append(out, db.ListBoardOrdersRow(r))
		}
		return out, err
	case "customer":
		rows, err := q.ListOrdersForCustomer(ctx, db.ListOrdersForCustomerParams{CustomerID: l.customer, RequestedAt: calendar.Instant(whole(0, math.MaxInt64)), ID: whole(1, math.MaxInt64),
			State: l.state, Most: newest.Most})
		for _, r := range rows {
			out = append(out, db.ListBoardOrdersRow(r))
		}
		return out, err
	}
	newest.ID = whole(0, math.MaxInt64)
	rows, err := q.ListOrdersNewest(ctx, newest)
	for _, r := range rows {
		out = append(out, db.ListBoardOrdersRow(r))
	}
	return out, err
}

func workOrderRow(r db.ListBoardOrdersRow, today calendar.Date, minute int64, s *settings.Settings, customers bool) view.WorkOrderRow {
	state, w := workorder.State(r.State), windowOf(r)
	row := view.WorkOrderRow{Number: r.Number, Href: workOrderPath(r.Number), Customer: r.DisplayName + " #" + r.CustomerNumber, Where: joined(", ", r.Site, r.System), Title: r.Title,
		State: orderState(state), Window: briefWindow(w, today), Technician: r.Technician, Asked: r.RequestedAt.Date(s.Zone).String(),
		Late: state == workorder.Scheduled && w.Past(today, minute)}
	if customers {
		row.CustomerHref = customerPath(r.CustomerNumber)
	}
	return row
}

// customerWorkOrders are the newest work orders on a customer's page.
func (h *Handlers) customerWorkOrders(c echo.Context, s *settings.Settings, row db.Customer) (view.CustomerWorkOrders, error) {
	today, minute := h.moment(s)
	named := "?customer=" + url.QueryEscape(row.Number)
	v := view.CustomerWorkOrders{All: workOrdersTab + "/list" + named}
	if may(c, dispatchers) {
		v.New = workOrdersTab + "/new" + named
	}
	rows, err := h.orders(c.Request().Context(), orderList{filter: boardFilter{technician: anybody}, sort: "customer", customer: row.ID, most: 4})
	for _, r := range rows {
		v.Rows = append(v.Rows, workOrderRow(r, today, minute, s, false))
	}
	return v, err
}

// theWorkOrder is the work order whose number stands in the address.
func (h *Handlers) theWorkOrder(c echo.Context) (db.GetOrderInOfficeRow, error) {
	row, err := h.DB.Read().GetOrderInOffice(c.Request().Context(), web.Param(c, "number"))
	if err != nil {
		return row, missing(err, "work order")
	}
	return row, nil
}

// seen is the version of a work order that a form was made of; anything else is
// no version.
func seen(c echo.Context) int64 {
	v, err := strconv.ParseInt(c.FormValue("version"), 10, 64)
	if err != nil || v < 1 {
		return -1
	}
	return v
}

// boardBehind is the board that a form came from, "" for none.
func boardBehind(c echo.Context) string {
	back := c.FormValue("back")
	if back == workOrdersTab || strings.HasPrefix(back, workOrdersTab+"?") {
		return web.SafePath(back, "")
	}
	return ""
}

// overtaken reports whether an error says that somebody else was quicker.
func overtaken(err error) bool { return fault.Is(err, fault.Conflict) }
