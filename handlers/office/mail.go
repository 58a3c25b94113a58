package office

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// mailState is a mail's state in words, and its look.
func mailState(state string) (words, class string) {
	switch state {
	case "sent":
		return "Sent", "state-ok"
	case "failed":
		return "Failed", "state-failed"
	}
	return "Waiting", "state-progress"
}

func mailPath(id int64) string { return "/office/mail/" + number(id) }

func mailRow(s *settings.Settings, id int64, name, email, subject, state, trouble string, tries int64, at calendar.Instant, customerNumber, customerName string) view.MailRow {
	row := view.MailRow{When: at.Format(s.Zone), Subject: subject, To: joined(" ", name, email), Tries: tries, Trouble: trouble, Href: mailPath(id), Customer: customerName}
	if name != "" {
		row.To = name + " <" + email + ">"
	}
	row.State, row.StateClass = mailState(state)
	if state == "failed" {
		row.Retry = mailPath(id) + "/retry"
	}
	if customerNumber != "" {
		row.CustomerHref = customerPath(customerNumber)
	}
	return row
}

// customerMails are the newest mails to a customer.
func (h *Handlers) customerMails(ctx context.Context, s *settings.Settings, id int64, open bool) ([]view.MailRow, error) {
	rows, err := h.DB.Read().ListMailOfCustomer(ctx, db.ListMailOfCustomerParams{CustomerID: db.NullID(id), Limit: onPage})
	if err != nil {
		return nil, err
	}
	var out []view.MailRow
	for _, r := range rows {
		row := mailRow(s, r.ID, "", r.ToEmail, r.Subject, r.State, r.LastError, 0, r.CreatedAt, "", "")
		if !open {
			row.Href, row.Retry = "", ""
		}
		out = append(out, row)
	}
	return out, nil
}

// mail is the mail log.
func (h *Handlers) mail(c echo.Context) error {
	p, err := h.mailPage(c, "", nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/mail", p)
}

func (h *Handlers) mailPage(c echo.Context, to string, refused views.FieldErrors) (*view.MailPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	status, err := h.Mail.Status(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.MailPage{Base: views.Base{Title: "Mail", Tab: "mail", Errors: refused}, Server: status.Server, Waiting: status.Waiting, Failed: status.Failed,
		OnlyFailed: c.QueryParam("show") == "failed", CanTest: may(c, owners), To: testInput(to, refused)}
	if may(c, tellers) {
		p.RemindersHref = "/office/reminders"
	}
	if status.Waiting > 0 || status.Server == "" {
		p.Trouble = status.Trouble
	}
	if may(c, owners) {
		p.SettingsHref = "/office/settings#mail"
	}
	if p.OnlyFailed {
		rows, err := h.DB.Read().ListFailedMail(ctx, 200)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			p.Rows = append(p.Rows, mailRow(s, r.ID, r.ToName, r.ToEmail, r.Subject, "failed", r.LastError, 0, r.CreatedAt, r.CustomerNumber, r.CustomerName))
		}
		return p, nil
	}
	at, id := mailPosition(c.QueryParam("before"))
	rows, err := h.DB.Read().ListMail(ctx, db.ListMailParams{BeforeAt: at, BeforeID: id, MaxRows: perPage + 1})
	if err != nil {
		return nil, err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		last := rows[perPage-1]
		p.Next = "/office/mail?before=" + number(int64(last.CreatedAt)) + "." + number(last.ID)
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, mailRow(s, r.ID, r.ToName, r.ToEmail, r.Subject, r.State, r.LastError, r.Tries, r.CreatedAt, r.CustomerNumber, r.CustomerName))
	}
	return p, nil
}

// mailPosition reads where a page of the log, or of another list in the order of
// instants, begins; anything that is no position begins at the newest row.
func mailPosition(s string) (calendar.Instant, int64) {
	before, rest, _ := strings.Cut(s, ".")
	at, err := strconv.ParseInt(before, 10, 64)
	id, idErr := strconv.ParseInt(rest, 10, 64)
	if err != nil || idErr != nil {
		return math.MaxInt64, math.MaxInt64
	}
	return calendar.Instant(at), id
}

func testInput(to string, refused views.FieldErrors) views.Input {
	return views.Input{Name: "to", Label: "Send a test to", Type: "email", Value: to, Autocomplete: "email", MaxLength: 254, Error: refused.Of("to"),
		Hint: "It goes out at once, and what is wrong is said in words"}
}

// testMail sends a test at once; it may take half a minute when the server is
// slow to answer.
func (h *Handlers) testMail(c echo.Context) error {
	to := strings.TrimSpace(c.FormValue("to"))
	receipt, err := h.Mail.Test(c.Request().Context(), to)
	refused, ok := web.FieldErrors(err)
	if !ok && fault.Is(err, fault.Unavailable) {
		f, _ := errors.AsType[*fault.Error](err)
		refused, ok = views.FieldErrors{{Field: "to", Message: f.Message}}, true
	}
	if ok {
		if web.IsHTMX(c) {
			return h.Fragment(c, http.StatusUnprocessableEntity, "office/mail", "test", &view.MailPage{Base: views.Base{Errors: refused}, To: testInput(to, refused)})
		}
		p, err := h.mailPage(c, to, refused)
		if err != nil {
			return err
		}
		return h.Page(c, http.StatusUnprocessableEntity, "office/mail", p)
	}
	if err != nil {
		return err
	}
	notice := "The test is on its way to " + to + "."
	if receipt != "" {
		notice += " The server said: " + receipt
	}
	if len(notice) > 400 {
		notice = strings.ToValidUTF8(notice[:400], "") + " …"
	}
	return h.SeeNotice(c, "/office/mail", notice)
}

// oneMail shows one mail as it was or will be sent.
func (h *Handlers) oneMail(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := h.DB.Read().GetMail(ctx, theID(c))
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("mail")
	}
	if err != nil {
		return err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.OneMailPage{Base: views.Base{Title: m.Subject, Tab: "mail"},
		Mail: mailRow(s, m.ID, m.ToName, m.ToEmail, m.Subject, m.State, m.LastError, m.Tries, m.CreatedAt, m.CustomerNumber, m.CustomerName)}
	next := ""
	if m.State == "waiting" {
		next = m.NextTryAt.Format(s.Zone)
	}
	p.Facts = facts("To", p.Mail.To, "Written", p.Mail.When, "Tries", number(m.Tries), "Next try", next, "Sent", m.SentAt.Format(s.Zone),
		"The server's word", m.Receipt, "Message-ID", m.MessageID)
	if m.Secret != 0 {
		p.Withheld, p.Mail.Retry = "This mail holds a password or a one-time link, so its text is not shown and is forgotten once it is sent. Ask for a new one instead of sending it again.", ""
	} else {
		p.Text = m.TextBody
	}
	return h.Page(c, http.StatusOK, "office/mail_one", p)
}

// retryMail queues a failed mail again.
func (h *Handlers) retryMail(c echo.Context) error {
	if err := h.Mail.Resend(c.Request().Context(), web.Actor(c), theID(c)); err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/mail", "It is sent again.")
}
