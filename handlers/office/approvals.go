package office

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/views"
	view "customerportal/views/office"
)

// approvalsAtOnce is how many requests the page lists.
const approvalsAtOnce = 60

// approvals shows what waits for a second person.
func (h *Handlers) approvals(c echo.Context) error {
	p, err := h.approvalsPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/approvals", p)
}

func (h *Handlers) approvalsPage(c echo.Context) (*view.ApprovalsPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.ApprovalsPage{Base: views.Base{Title: "Approvals", Tab: "home"}}
	if limit := payment.Limit(s); limit > 0 {
		p.Limit = limit.String()
	}
	if may(c, owners) {
		p.Settings = "/office/settings#approvals"
	}
	rows, err := h.DB.Read().ListApprovals(ctx, approvalsAtOnce)
	if err != nil {
		return nil, err
	}
	now, me := h.Clock.Now(), web.Actor(c).StaffID
	for _, r := range rows {
		who := ref(r.CustomerNumber, r.DisplayName)
		a := view.Approval{ID: r.ID, What: approvalWords(r.Kind, r.Cents), Reason: r.Reason, Customer: who, Asked: r.AskedAt.Format(s.Zone), By: named(r.AskedName, r.AskedEmail),
			Until: r.ExpiresAt.Format(s.Zone)}
		switch {
		case r.Payment != "":
			a.Object, a.Href = "payment "+r.Payment, paymentPath(r.CustomerNumber, r.Payment)
		case r.Invoice != "":
			a.Object, a.Href = "invoice "+r.Invoice, invoicePath(r.Invoice)
		case r.Kind == "credit":
			a.Object, a.Href = "the account", who.Href+"/credit"
		}
		if r.State == "waiting" && r.ExpiresAt > now {
			address := "/office/approvals/" + number(r.ID)
			if r.AskedID == me {
				a.Withdraw = address + "/withdraw"
			} else {
				a.Decide = address
			}
			a.ReasonField = view.Text{Name: "reason-" + number(r.ID), Label: "Reason", Rows: 2, MaxLength: 300, Hint: "Is mailed to the one who asked"}
			p.Waiting = append(p.Waiting, a)
			continue
		}
		a.State, a.StateClass = decisions[r.State], "state-off"
		switch r.State {
		case "approved":
			a.StateClass = "state-ok"
		case "declined":
			a.StateClass = "state-failed"
		case "waiting":
			a.State = decisions["expired"]
		}
		if r.DecidedID.Valid {
			a.Decision = named(r.DecidedName, r.DecidedEmail) + ", " + r.DecidedAt.Format(s.Zone)
			if r.Decision != "" {
				a.Decision += ": " + r.Decision
			}
		}
		p.Decided = append(p.Decided, a)
	}
	return p, nil
}

// decisions are the states of a request in words.
var decisions = map[string]string{"approved": "Approved", "declined": "Declined", "expired": "Expired", "withdrawn": "Taken back"}

func named(name, email string) string {
	if name != "" {
		return name
	}
	return email
}

// approvalWords names what is asked for.
func approvalWords(kind string, cents money.Cents) string {
	switch kind {
	case "refund":
		return "Refund of " + cents.String()
	case "void":
		return "Voiding an invoice of " + cents.String()
	}
	return "Credit of " + cents.String()
}

// decide approves, declines or takes back a request.
func (h *Handlers) decide(c echo.Context) error {
	ctx, by, id := c.Request().Context(), web.Actor(c), theID(c)
	notice := ""
	var err error
	switch c.Param("verb") {
	case "approve":
		var done payment.Done
		if done, err = h.Payments.Approve(ctx, by, id); err == nil {
			switch notice = "Approved, and done."; done.State {
			case "failed":
				notice = "Approved, but it could not be done: " + done.Message
			case "submitted", "planned":
				notice = "Approved. What became of the refund is not known yet; its payment shows it as soon as it is."
			}
		}
	case "decline":
		notice, err = "Declined.", h.Payments.Decline(ctx, by, id, c.FormValue("reason-"+number(id)))
	case "withdraw":
		notice, err = "Taken back.", h.Payments.Withdraw(ctx, by, id)
	default:
		return fault.Missing("page")
	}
	refused, ok := web.FieldErrors(err)
	if !ok {
		if err != nil {
			return err
		}
		return h.SeeNotice(c, "/office/approvals", notice)
	}
	p, pageErr := h.approvalsPage(c)
	if pageErr != nil {
		return pageErr
	}
	for i := range refused {
		refused[i].Field = strings.TrimSuffix(refused[i].Field, "reason")
		if c.Param("verb") == "decline" && refused[i].Field == "" {
			for j := range p.Waiting {
				if p.Waiting[j].ID == id {
					refused[i].Field = p.Waiting[j].ReasonField.Name
					p.Waiting[j].ReasonField.Value, p.Waiting[j].ReasonField.Error = c.FormValue(p.Waiting[j].ReasonField.Name), refused[i].Message
				}
			}
		}
	}
	p.Errors = refused
	return h.RefusedBy(c, err, "office/approvals", "main", p)
}

// soon is how near the day is by which a dispute must be answered when it stands out.
const soon = 4 * 24 * time.Hour

// disputesAtOnce is how many disputes each list shows.
const disputesAtOnce = 100

// disputes shows the disputes that must be answered, and those that are over.
func (h *Handlers) disputes(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.DisputesPage{Base: views.Base{Title: "Disputes and returns", Tab: "home"}}
	for open, into := range map[int64]*[]view.DisputeRow{1: &p.Open, 0: &p.Ended} {
		rows, err := h.DB.Read().ListDisputes(ctx, db.ListDisputesParams{Open: open, Most: disputesAtOnce})
		if err != nil {
			return err
		}
		for _, r := range rows {
			row := view.DisputeRow{Href: "/office/disputes/" + number(r.ID), Payment: r.Reference, Customer: r.DisplayName + " #" + r.CustomerNumber, Amount: r.Cents.String(),
				Reason: r.Reason, Opened: r.OpenedAt.Date(s.Zone).String(), State: disputeStates[r.State], StateClass: disputeClass(r.State)}
			if open == 1 && !r.AnswerByAt.IsZero() {
				row.Until, row.Late = r.AnswerByAt.Date(s.Zone).String(), r.AnswerByAt < h.Clock.Now().Add(soon)
			}
			*into = append(*into, row)
		}
	}
	return h.Page(c, http.StatusOK, "office/disputes", p)
}

// disputeStates are the states of a dispute in words.
var disputeStates = map[string]string{"open": "Disputed", "won": "Won", "lost": "Lost", "returned": "Returned by the bank"}

func disputeClass(state string) string {
	switch state {
	case "open":
		return "state-progress"
	case "won":
		return "state-ok"
	}
	return "state-failed"
}

// disputeMeanings say what a dispute's state means.
var disputeMeanings = map[string]string{
	"open":     "The card holder has asked the bank for the money back. The payment still counts here until that is decided; the processor may have taken the money from your account already. Nothing of this payment can be refunded meanwhile.",
	"won":      "It was decided for you: the payment counts.",
	"lost":     "It was decided for the card holder: the money is gone, and the invoices that the payment had paid are open again. You may still ask the customer for it.",
	"returned": "The bank sent the eCheck back. The invoices that the payment had paid are open again, and the customer was told.",
}

// disputeReasons are the processor's reasons in words for the office
// (https://docs.stripe.com/api/disputes/object#dispute_object-reason).
var disputeReasons = map[string]string{
	"fraudulent":                "The card holder says that they did not make this payment.",
	"duplicate":                 "The card holder says that they were charged twice.",
	"product_not_received":      "The card holder says that the service was not given.",
	"product_unacceptable":      "The card holder says that the service was not as agreed.",
	"subscription_canceled":     "The card holder says that they had canceled the service.",
	"credit_not_processed":      "The card holder says that a refund was promised and not made.",
	"unrecognized":              "The card holder does not recognize the name on the statement.",
	"debit_not_authorized":      "The account's owner says that the debit was not authorized.",
	"insufficient_funds":        "There was not enough money in the account.",
	"bank_cannot_process":       "The bank could not process the debit.",
	"incorrect_account_details": "The bank could not find the account.",
}

// dispute shows one dispute.
func (h *Handlers) dispute(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := h.DB.Read().GetDisputeToShow(ctx, theID(c))
	if err != nil {
		return missing(err, "dispute")
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	until, ended := "", ""
	if words := disputeReasons[d.ReasonCode]; words != "" {
		d.Reason = words
	}
	if d.State == "open" && !d.AnswerByAt.IsZero() {
		until = d.AnswerByAt.Format(s.Zone)
	}
	if !d.EndedAt.IsZero() {
		ended = d.EndedAt.Date(s.Zone).String()
	}
	p := &view.DisputePage{
		Base: views.Base{Title: disputeStates[d.State] + ": payment " + d.Reference, Tab: "home"}, Customer: ref(d.CustomerNumber, d.DisplayName),
		Payment: view.Link{Label: "Payment " + d.Reference, Href: paymentPath(d.CustomerNumber, d.Reference)}, Amount: d.Cents.String(),
		State: disputeStates[d.State], StateClass: disputeClass(d.State), Meaning: disputeMeanings[d.State],
		Facts: facts("Payment", d.AmountCents.String()+" on "+d.PaymentDate.String(), "Reason", d.Reason, "Code of the network or bank", d.NetworkCode,
			"Since", d.OpenedAt.Date(s.Zone).String(), "Answer by", until, "Decided", ended, "Number at the processor", d.DisputeRef),
	}
	if d.State == "open" {
		p.Steps = []string{
			"Log in on your processor's own site and open its list of disputes; look for " + d.DisputeRef + " or for payment " + d.Reference + ".",
			"Send as proof: the invoices below (their PDFs are on the customer's page), the customer's authorization when it was an auto payment, work orders or alarm reports that show the service was given, and your mails with the customer.",
			"Do not refund the payment meanwhile: you would pay twice. To give in, accept the dispute there.",
		}
		if until != "" {
			p.Steps = append(p.Steps, "Do so by "+until+"; a dispute that is not answered is lost.")
		}
	}
	invoices, err := h.DB.Read().ListInvoicesOfPayment(ctx, db.NullID(d.PaymentID))
	if err != nil {
		return err
	}
	for _, i := range invoices {
		p.Invoices = append(p.Invoices, view.DisputeInvoice{Number: i.Number, Due: i.DueDate.String(), Total: i.TotalCents.String(), Held: money.Cents(i.Held).String(), Balance: i.BalanceCents.String()})
	}
	return h.Page(c, http.StatusOK, "office/dispute", p)
}

// dayOf writes a date that came as text.
func dayOf(day string) string {
	d, err := calendar.ParseDate(day)
	if err != nil {
		return ""
	}
	return d.String()
}
