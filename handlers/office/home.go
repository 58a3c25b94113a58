package office

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

const (
	// unknownAfter is how long a payment may be under way before people are told.
	unknownAfter = 2 * time.Minute
	// lateAfter is how old the last run of a job may be: each is written down at
	// least once a day.
	lateAfter = 26 * time.Hour
	// troubleFor is how long a returned or disputed payment stays on the home
	// page, declinedFor how long a declined one.
	troubleFor  = 60 * 24 * time.Hour
	declinedFor = 7 * 24 * time.Hour
	// atHome is how many of a kind the home page names.
	atHome = 8
)

// home shows what needs a person today and how the money stands, as far as the
// role takes part in it. A technician's home is the day.
func (h *Handlers) home(c echo.Context) error {
	if web.Who(c).Role == "technician" {
		return web.See(c, dayPath)
	}
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.HomePage{Base: views.Base{Title: "Office", Tab: "home"}, Works: may(c, helpers) || may(c, sellers)}
	hold, err := h.DB.Hold(ctx)
	if err != nil {
		return err
	}
	p.Hold, p.CanConfirm = hold.Describe(), may(c, owners)
	if may(c, helpers) {
		for _, look := range []func(context.Context, *settings.Settings) ([]view.Need, error){h.registrationNeeds, h.mailNeeds, h.jobNeeds} {
			needs, err := look(ctx, s)
			if err != nil {
				return err
			}
			p.Needs = append(p.Needs, needs...)
		}
	}
	if p.Needs, err = h.salesNeeds(c, s, p.Needs); err != nil {
		return err
	}
	if may(c, tellers) {
		needs, err := h.paymentNeeds(ctx)
		if err != nil {
			return err
		}
		auto, err := h.autoPayNeeds(ctx)
		if err != nil {
			return err
		}
		needs = append(auto, needs...)
		p.Needs = append(needs, p.Needs...)
		if needs, err = h.billingNeeds(ctx, s); err != nil {
			return err
		}
		p.Needs = append(needs, p.Needs...)
		if needs, err = h.decisionNeeds(ctx, web.Actor(c).StaffID, s); err != nil {
			return err
		}
		p.Needs = append(needs, p.Needs...)
		if p.Money, err = h.money(ctx, s); err != nil {
			return err
		}
	}
	if may(c, helpers) {
		at, err := h.DB.SnapshotTime(ctx)
		if err != nil {
			return err
		}
		p.Snapshot = "No copy of the books has been made yet."
		if !at.IsZero() {
			p.Snapshot = "The last copy of the books, the file to take away, was made " + at.Format(s.Zone) + "."
		}
	}
	if may(c, owners) {
		first, err := h.firstNeeds(ctx, s)
		if err != nil {
			return err
		}
		p.Needs = append(first, p.Needs...)
	}
	return h.Page(c, http.StatusOK, "office/home", p)
}

// firstNeeds are the steps that a new portal still waits for: without each of
// them customers cannot come.
func (h *Handlers) firstNeeds(ctx context.Context, s *settings.Settings) ([]view.Need, error) {
	var needs []view.Need
	if s.Company.Phone == "" {
		needs = append(needs, view.Need{Title: "Your company", Lines: []string{"Customers see no name and no phone number yet, on pages, mails and invoices."}, Href: "/office/settings#company", Action: "Enter them"})
	}
	status, err := h.Mail.Status(ctx)
	if err != nil {
		return nil, err
	}
	if status.Server == "" {
		needs = append(needs, view.Need{Title: "Your mail server", Lines: []string{"No mail server is set, so that no mail goes out: nobody can register."}, Href: "/office/settings#mail", Action: "Set it up"})
	}
	rows, err := h.DB.Read().ListCustomers(ctx, db.ListCustomersParams{HowMany: 1})
	if err != nil || len(rows) > 0 {
		return needs, err
	}
	return append(needs, view.Need{Title: "Your customers", Lines: []string{"Bring them with their sites, systems and invoices as CSV files, or enter them one by one."}, Href: importPath, Action: "Bring them"}), nil
}

// confirmBooks ends the hold of books that were copied or restored.
func (h *Handlers) confirmBooks(c echo.Context) error {
	ctx := c.Request().Context()
	hold, err := h.DB.Hold(ctx)
	if err != nil {
		return err
	}
	if hold == db.NoHold {
		return h.SeeNotice(c, "/office", "Nothing was held.")
	}
	by := web.Actor(c)
	// first the trail: a confirmation nobody can find again would be worse than
	// one that is written down and then fails
	err = h.DB.Write(ctx, func(q *db.Queries) error {
		return audit.Record(ctx, q, h.Clock.Now(), by, audit.Entry{Action: "books.confirm", Before: hold})
	})
	if err != nil {
		return err
	}
	if err := h.DB.Confirm(ctx); err != nil {
		return err
	}
	return h.SeeNotice(c, "/office", "Confirmed: this is the one running copy of the books. Payments are taken again.")
}

func (h *Handlers) registrationNeeds(ctx context.Context, _ *settings.Settings) ([]view.Need, error) {
	n, err := h.DB.Read().CountHelp(ctx)
	if err != nil || n.Asked+n.Failed == 0 {
		return nil, err
	}
	need := view.Need{Title: "Registrations that need help", Href: "/office/registrations", Action: "See them", Urgent: n.Asked > 0}
	if n.Asked > 0 {
		need.Lines = append(need.Lines, count(n.Asked, "customer asks", "customers ask")+" to add an e-mail address")
	}
	if n.Failed > 0 {
		need.Lines = append(need.Lines, count(n.Failed, "registration", "registrations")+" failed")
	}
	return []view.Need{need}, nil
}

func (h *Handlers) mailNeeds(ctx context.Context, _ *settings.Settings) ([]view.Need, error) {
	status, err := h.Mail.Status(ctx)
	if err != nil {
		return nil, err
	}
	var needs []view.Need
	if status.Failed > 0 {
		needs = append(needs, view.Need{Title: "Mail that failed", Lines: []string{count(status.Failed, "mail", "mails") + " could not be delivered"},
			Href: "/office/mail?show=failed", Action: "See why", Urgent: true})
	}
	if status.Waiting > 0 && status.Trouble != "" {
		needs = append(needs, view.Need{Title: "Mail that waits", Lines: []string{count(status.Waiting, "mail waits", "mails wait"), status.Trouble},
			Href: "/office/mail", Action: "See the mail", Urgent: status.Server == ""})
	}
	return needs, nil
}

// jobNames are the program's jobs in the words of the office.
var jobNames = map[string]string{
	"billing":  "Recurring billing",
	"mail":     "Sending mail",
	"payments": "Looking up payments",
	"auto pay": "Auto Recurring",
	"sweep":    "Clearing away what has expired",
	"import":   "Importing files",
}

// jobNeeds names the jobs that failed or did not run. What exactly went wrong
// stands in the log: it is the program's words, not the dealer's.
func (h *Handlers) jobNeeds(ctx context.Context, s *settings.Settings) ([]view.Need, error) {
	jobs, err := h.DB.Read().ListJobs(ctx)
	if err != nil {
		return nil, err
	}
	now := h.Clock.Now()
	var needs []view.Need
	for _, j := range jobs {
		name := jobNames[j.Name]
		if name == "" {
			name = j.Name
		}
		switch {
		case j.Error != "":
			needs = append(needs, view.Need{Title: name + " failed", Urgent: true,
				Lines: []string{"Last tried " + j.FinishedAt.Format(s.Zone) + ". The program's log says why; it is tried again by itself."}})
		case now.Sub(j.FinishedAt) > lateAfter:
			needs = append(needs, view.Need{Title: name + " did not run", Urgent: true,
				Lines: []string{"It ran last " + j.FinishedAt.Format(s.Zone) + ". Start the program anew; when that does not help, its log says why."}})
		}
	}
	return needs, nil
}

// paymentNeeds names the payments whose outcome is not known, and those that a
// bank or the card company took back or refused.
func (h *Handlers) paymentNeeds(ctx context.Context) ([]view.Need, error) {
	q, now := h.DB.Read(), h.Clock.Now()
	unknown, err := q.ListUnknownPayments(ctx, db.ListUnknownPaymentsParams{Before: now.Add(-unknownAfter), Most: atHome})
	if err != nil {
		return nil, err
	}
	var needs []view.Need
	for _, p := range unknown {
		needs = append(needs, view.Need{Title: "Outcome unknown: " + p.AmountCents.String(), Urgent: true,
			Lines: []string{p.DisplayName, "It was sent to the processor and no answer came. It is looked up until it is known; do not charge it again."},
			Href:  paymentPath(p.CustomerNumber, p.Reference), Action: "See the payment"})
	}
	troubled, err := q.ListTroubledPayments(ctx, db.ListTroubledPaymentsParams{Since: now.Add(-troubleFor), DeclinedSince: now.Add(-declinedFor), Most: atHome})
	if err != nil {
		return nil, err
	}
	for _, p := range troubled {
		lines := []string{p.DisplayName}
		if p.FailureMessage != "" {
			lines = append(lines, p.FailureMessage)
		}
		needs = append(needs, view.Need{Title: string(ledger.StateOf(p.State)) + ": " + p.AmountCents.String(), Lines: lines,
			Href: paymentPath(p.CustomerNumber, p.Reference), Action: "See the payment", Urgent: p.State != "failed"})
	}
	return needs, nil
}

// decisionNeeds names what waits for a second person, and the disputes that must
// be answered.
func (h *Handlers) decisionNeeds(ctx context.Context, staffID int64, s *settings.Settings) ([]view.Need, error) {
	waiting, err := h.DB.Read().CountApprovals(ctx, db.CountApprovalsParams{StaffID: staffID, Now: h.Clock.Now()})
	if err != nil {
		return nil, err
	}
	var needs []view.Need
	if waiting.Waiting > 0 {
		need := view.Need{Title: "Waiting for a second person", Href: "/office/approvals", Action: "See them", Urgent: waiting.Mine > 0,
			Lines: []string{count(waiting.Waiting, "request", "requests") + " over " + money.Cents(waiting.Total).String()}}
		if waiting.Mine == 0 {
			need.Lines = append(need.Lines, "You asked for it yourself, so somebody else has to decide.")
		}
		needs = append(needs, need)
	}
	disputes, err := h.DB.Read().CountOpenDisputes(ctx)
	if err != nil || disputes.Open == 0 {
		return needs, err
	}
	need := view.Need{Title: "Disputes to be answered", Href: "/office/disputes", Action: "See them", Urgent: true,
		Lines: []string{count(disputes.Open, "payment is disputed", "payments are disputed")}}
	if disputes.AnswerBy > 0 {
		need.Lines = append(need.Lines, "The first must be answered by "+calendar.Instant(disputes.AnswerBy).Date(s.Zone).String())
	}
	return append(needs, need), nil
}

// money adds up what came in this month, what is due, and what is past due.
func (h *Handlers) money(ctx context.Context, s *settings.Settings) (*view.Money, error) {
	today := h.Clock.Today(s.Zone)
	month := calendar.NewDate(today.Year(), today.Month(), 1)
	q := h.DB.Read()
	taken, err := q.SumTaken(ctx, month)
	if err != nil {
		return nil, err
	}
	days, err := q.ListDueDays(ctx)
	if err != nil {
		return nil, err
	}
	m := &view.Money{Month: month.Month().String(), Taken: money.Cents(-taken).String()}
	ages := []struct {
		label    string
		most     int // days past due
		cents    money.Cents
		invoices int64
	}{{label: "1 to 30 days", most: 30}, {label: "31 to 60 days", most: 60}, {label: "61 to 90 days", most: 90}, {label: "More than 90 days", most: 1 << 30}}
	var due, past money.Cents
	for _, d := range days {
		cents := money.Cents(d.Balance)
		due += cents
		m.DueCount += d.Invoices
		if d.DueDate >= today {
			continue
		}
		past += cents
		late := d.DueDate.DaysUntil(today)
		for i := range ages {
			if late <= ages[i].most {
				ages[i].cents += cents
				ages[i].invoices += d.Invoices
				break
			}
		}
	}
	m.Due, m.Past = due.String(), past.String()
	if m.Next, err = h.nextRun(ctx); err != nil {
		return nil, err
	}
	if past > 0 {
		for _, a := range ages {
			m.Ages = append(m.Ages, view.Age{Label: a.label, Amount: a.cents.String(), Invoices: a.invoices})
		}
	}
	return m, nil
}

// nextRun is what auto pay takes next: when, how much, of how many.
func (h *Handlers) nextRun(ctx context.Context) (view.NextRun, error) {
	n, err := h.AutoPay.Next(ctx)
	if err != nil {
		return view.NextRun{}, err
	}
	r := view.NextRun{Href: autoPayTab}
	if n.Day == "" {
		r.Lines = append(r.Lines, "Nothing is to be taken.")
	} else {
		r.Day, r.Amount = n.Day.String(), n.Amount.String()
		r.Lines = append(r.Lines, "of "+count(int64(n.Count), "customer", "customers"))
	}
	if n.Credit > 0 {
		r.Lines = append(r.Lines, n.Credit.String()+" comes from credit")
	}
	if n.Troubled > 0 {
		r.Lines = append(r.Lines, count(int64(n.Troubled), "customer", "customers")+" will fail")
	}
	if n.Held > 0 {
		r.Lines = append(r.Lines, count(int64(n.Held), "customer", "customers")+" on hold")
	}
	if n.Stopped != "" {
		r.Lines = append(r.Lines, n.Stopped)
	}
	return r, nil
}

// count puts a number and its noun together.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
