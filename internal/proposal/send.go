package proposal

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
)

// Sending is a press of "Send".
type Sending struct {
	ID    int64
	Saves int64 // of the draft that was looked at
	// Replaces is the version that the customer could decide on when the draft was
	// looked at, 0 = none.
	Replaces int64
	// Total and Monthly are what whoever sends it agreed to.
	Total, Monthly money.Cents
	To             []string // addresses of the customer; none = nobody is mailed
}

// Sent is what became of a draft.
type Sent struct {
	Number string
	Mailed int // addresses
	// Before says that somebody had sent it before: nothing was done this time.
	Before bool
}

// Send freezes a draft: it makes the PDF that the customer will sign, keeps its
// hash, begins the trail, replaces the version that the customer could still
// decide on, and queues the mails. Sent twice, it is sent once; the second is told
// so.
//
// A draft that somebody saved meanwhile, that comes to something else by now, or
// whose earlier version was answered or carried out meanwhile is a Conflict. One that cannot be
// sent, such as one without lines, is Invalid; so is an address that is not the
// customer's, in the field to.
func (s *Service) Send(ctx context.Context, by audit.Actor, o Sending) (Sent, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Sent{}, err
	}
	today := s.clock.Today(set.Zone)
	// drawn before the transaction that sends it, so that nobody waits for that
	before, row, err := s.refresh(ctx, o, today)
	if err != nil || row.State != "draft" {
		return Sent{Number: row.Number, Before: err == nil}, err
	}
	drawnWith, err := KinOf(ctx, s.db.Read(), row.Number, row.Version, today)
	if err != nil {
		return Sent{}, err
	}
	// and in no transaction: drawing reads with a connection of its own, and many
	// who hold one while they wait for another would wait for ever
	body, drawn, err := s.draw(ctx, s.db.Read(), o.ID, false)
	if err != nil {
		return Sent{}, err
	}
	paper := "Proposal-" + row.Number
	if row.Version > 1 {
		paper += fmt.Sprintf("-v%d", row.Version)
	}
	out := Sent{Number: row.Number}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		d, row, err := Read(ctx, q, o.ID)
		if err != nil {
			return err
		}
		if row.State != "draft" {
			out = Sent{Number: row.Number, Before: true}
			return nil
		}
		if !reflect.DeepEqual(d, before) || row.ProposalDate != today {
			return errLook
		}
		to, err := recipients(ctx, q, d.CustomerID, o.To)
		if err != nil {
			return err
		}
		kin, err := KinOf(ctx, q, row.Number, row.Version, today)
		if err != nil {
			return err
		}
		if err := kin.stillFree(); err != nil {
			return err
		}
		if err := replace(ctx, q, now, by, row, o.Replaces); err != nil {
			return err
		}
		if !reflect.DeepEqual(kin, drawnWith) {
			return fault.New(fault.Conflict, "Something changed with an earlier version while you had this page open. Look at it again before this one is sent.")
		}
		id, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: paper + ".pdf", Mime: pdf, SHA256: sumOf(body), Body: body, MadeAt: now})
		if err != nil {
			return fmt.Errorf("proposal: sending: %w", err)
		}
		n, err := q.SendProposal(ctx, db.SendProposalParams{DocumentID: db.NullID(id), Paper: drawn, NowAt: now, StaffID: db.NullID(by.StaffID), ID: o.ID, Saves: o.Saves})
		if err != nil || n != 1 {
			return fmt.Errorf("proposal: sending, %d rows: %w", n, err)
		}
		if err := record(ctx, q, now, by, o.ID, evCreated, "saved last "+row.UpdatedAt.Format(set.Zone)); err != nil {
			return err
		}
		if err := record(ctx, q, now, by, o.ID, evSent, "PDF with SHA-256 "+sumOf(body)); err != nil {
			return err
		}
		for _, a := range to {
			if err := s.mailTo(ctx, q, now, by, row, a, "", outbox.ProposalSent{New: row.Version > 1}); err != nil {
				return err
			}
		}
		out.Mailed = len(to)
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "proposal.send", CustomerID: d.CustomerID, Object: object(row.Number, row.Version),
			After: map[string]string{"total": row.TotalCents.Plain(), "monthly": row.MonthlyCents.Plain(), "mailed to": strings.Join(o.To, ", ")}})
	})
	return out, err
}

// errLook tells who sends what he has not seen.
var errLook = fault.New(fault.Conflict, "Somebody else changed this draft while you had it open. Look at it again before it is sent.")

// refresh brings a draft to the day and the taxes it is sent with, and refuses
// one that cannot be sent. It returns the draft as it stands then.
func (s *Service) refresh(ctx context.Context, o Sending, today calendar.Date) (d Draft, row db.GetProposalRow, err error) {
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if d, row, err = Read(ctx, q, o.ID); err != nil || row.State != "draft" {
			return err
		}
		if row.Saves != o.Saves {
			return errLook
		}
		if err := sendable(d, today); err != nil {
			return err
		}
		p, err := Price(ctx, q, d, today)
		if err != nil {
			return err
		}
		if p.Totals.Total != o.Total || p.Totals.Monthly != o.Monthly {
			return fault.New(fault.Conflict, "It comes to %s once and %s a month now, not to %s and %s: a tax rate changed. Look at it again before it is sent.",
				p.Totals.Total, p.Totals.Monthly, o.Total, o.Monthly)
		}
		if reflect.DeepEqual(p.Lines, d.Lines) && row.ProposalDate == today {
			return nil
		}
		if err := q.DeleteProposalLines(ctx, d.ID); err != nil {
			return fmt.Errorf("proposal: draft %d: %w", d.ID, err)
		}
		if err := addLines(ctx, q, d.ID, p.Lines); err != nil {
			return err
		}
		n, err := q.RefreshProposalDraft(ctx, db.RefreshProposalDraftParams{ProposalDate: today, TotalCents: p.Totals.Total, MonthlyCents: p.Totals.Monthly, ID: d.ID, Saves: d.Saves})
		if err != nil || n != 1 {
			return fmt.Errorf("proposal: draft %d, %d rows: %w", d.ID, n, err)
		}
		d, row, err = Read(ctx, q, o.ID)
		return err
	})
	return d, row, err
}

// sendable refuses what may be a draft but not be sent.
func sendable(d Draft, today calendar.Date) error {
	if err := d.Check(today); err != nil {
		return err
	}
	if len(d.Lines) == 0 {
		return fault.Field("lines", "Nothing is offered yet: add a line first")
	}
	var all []int64
	var once, recurring, high money.Cents // the least of each, and the most of all
	for _, l := range d.Lines {
		if l.Optional {
			all = append(all, l.Position)
		}
		sum := l.Amount() + l.Tax
		high += max(sum, 0)
		if l.Optional && sum > 0 {
			continue
		}
		if l.Cycle == 0 {
			once += sum
		} else {
			recurring += sum
		}
	}
	switch {
	case once < 0 || recurring < 0:
		return fault.Field("lines", "With some choice of its options it comes to less than nothing. Make the discount smaller.")
	case high > money.Max:
		return fault.Field("lines", "It comes to more than %s", money.Max)
	}
	_, err := TotalsOf(d.Lines, all, d.DepositCents, d.DepositPPM)
	return err
}

// recipient is an address that a proposal goes to, and whether its owner logs in.
type recipient struct {
	email string
	login bool
}

// recipients are those of the customer's addresses that were chosen.
func recipients(ctx context.Context, q *db.Queries, customerID int64, chosen []string) ([]recipient, error) {
	rows, err := q.ListProposalAddresses(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("proposal: addresses: %w", err)
	}
	var out []recipient
	for _, email := range chosen {
		at := -1
		for i, r := range rows {
			if strings.EqualFold(r.Email, email) && (at < 0 || r.Login != 0) {
				at = i
			}
		}
		if at < 0 {
			return nil, fault.Field("to", "%s is not an address of this customer", email)
		}
		if slices.ContainsFunc(out, func(r recipient) bool { return strings.EqualFold(r.email, email) }) {
			continue
		}
		out = append(out, recipient{rows[at].Email, rows[at].Login != 0})
	}
	return out, nil
}

// replace ends the version that the customer could decide on until now. What was
// decided meanwhile is told.
func replace(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, row db.GetProposalRow, seen int64) error {
	versions, err := q.ListProposalVersions(ctx, row.Number)
	if err != nil {
		return fmt.Errorf("proposal: versions: %w", err)
	}
	for _, v := range versions {
		if v.ID == seen && v.State != "sent" && v.State != "viewed" {
			return fault.New(fault.Conflict, "Version %d was %s while you had this page open. Look at it again before a new version is sent.", v.Version, v.State)
		}
		if v.State != "sent" && v.State != "viewed" {
			continue
		}
		if v.ID != seen {
			return errLook
		}
		if _, err := q.ReplaceProposal(ctx, db.ReplaceProposalParams{NowAt: now, ID: v.ID}); err != nil {
			return fmt.Errorf("proposal: replacing: %w", err)
		}
		if err := record(ctx, q, now, by, v.ID, evReplaced, fmt.Sprintf("by version %d", row.Version)); err != nil {
			return err
		}
	}
	return nil
}

// mailedTo is what the trail says of a mail, before the address.
const mailedTo = "to "

// mailTo queues a mail about a version to one address, with the way in: the
// portal's page for who logs in, a link of its own for who does not. What tells
// mails of the same kind apart, "" for the first.
func (s *Service) mailTo(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, row db.GetProposalRow, to recipient, what string, body outbox.ProposalBody) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	link := s.mail.PublicURL("/proposals/" + outbox.PathEscape(row.Number))
	login := to.login && set.Yes("portal.proposals")
	if !login {
		if link, err = s.LinkInMail(ctx, q, now, row.ID, to.email); err != nil {
			return err
		}
	}
	kin, err := KinOf(ctx, q, row.Number, row.Version, s.clock.Today(set.Zone))
	if err != nil {
		return err
	}
	m := body.About(outbox.ProposalNews{Name: row.DisplayName, Number: row.Number, Title: row.Title, Total: row.TotalCents, Monthly: row.MonthlyCents,
		ValidUntil: calendar.Date(row.ValidUntil), Link: link, Login: login, Stands: kin.Before.Version})
	err = s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: strings.TrimRight(fmt.Sprintf("%s %d to %s %s", m.Template(), row.ID, strings.ToLower(to.email), what), " "),
		CustomerID: row.CustomerID, ToName: row.DisplayName, ToEmail: to.email, Body: m})
	if err != nil {
		return err
	}
	kind, details := evMailed, mailedTo+to.email
	if _, ok := body.(outbox.ProposalReminder); ok {
		kind = evReminded
	}
	if _, ok := body.(outbox.ProposalWithdrawn); ok {
		details += ", that it was withdrawn"
	}
	return record(ctx, q, now, by, row.ID, kind, details)
}

// mailed returns those of the customer's addresses that a version was mailed to.
func mailed(ctx context.Context, q *db.Queries, row db.GetProposalRow) ([]recipient, error) {
	events, err := q.ListProposalMailed(ctx, row.ID)
	if err != nil {
		return nil, fmt.Errorf("proposal: mails: %w", err)
	}
	rows, err := q.ListProposalAddresses(ctx, row.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("proposal: addresses: %w", err)
	}
	var still []string
	for _, details := range events {
		email, ok := strings.CutPrefix(details, mailedTo)
		if !ok {
			continue
		}
		for _, r := range rows {
			if strings.EqualFold(r.Email, email) {
				still = append(still, r.Email)
				break
			}
		}
	}
	return recipients(ctx, q, row.CustomerID, still)
}

// SendAgain mails a proposal that can still be decided on once more. The same
// nonce again mails nothing. Its Invalid fault has the field to.
func (s *Service) SendAgain(ctx context.Context, by audit.Actor, id int64, to []string, nonce string) (int, error) {
	today, err := s.books.Today(ctx)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	many := 0
	err = s.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetProposal(ctx, id)
		if err != nil {
			return missing(err)
		}
		if err := stillOpen(row, today); err != nil {
			return err
		}
		list, err := recipients(ctx, q, row.CustomerID, to)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.Field("to", "Choose an address")
		}
		if n, err := q.CountMailsOf(ctx, fmt.Sprintf("%s %d to %s %s", outbox.ProposalSent{}.Template(), row.ID, strings.ToLower(list[0].email), nonce)); err != nil || n > 0 {
			return err // this very form was sent before
		}
		for _, a := range list {
			if err := s.mailTo(ctx, q, now, by, row, a, nonce, outbox.ProposalSent{Again: true}); err != nil {
				return err
			}
		}
		many = len(list)
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "proposal.mail", CustomerID: row.CustomerID, Object: object(row.Number, row.Version),
			After: map[string]string{"mailed to": strings.Join(to, ", ")}})
	})
	return many, err
}

// stillOpen refuses what nobody can decide on any more, with why.
func stillOpen(row db.GetProposalRow, today calendar.Date) error {
	switch state := StateOf(row.State, calendar.Date(row.ValidUntil), today); state {
	case StateNew, StateViewed:
		return nil
	case StateDraft:
		return fault.New(fault.Conflict, "This version was not sent yet.")
	case StateExpired:
		return fault.New(fault.Conflict, "This proposal expired on %s. Make a new version that is valid longer.", calendar.Date(row.ValidUntil))
	default:
		return fault.New(fault.Conflict, "This version was %s already.", strings.ToLower(string(state)))
	}
}

// Preview returns the PDF of a draft as it would be sent today, marked on every
// page as not sent.
func (s *Service) Preview(ctx context.Context, id int64) (name string, body []byte, err error) {
	today, err := s.books.Today(ctx)
	if err != nil {
		return "", nil, err
	}
	var d Draft
	var row db.GetProposalRow
	var p Priced
	err = s.db.View(ctx, func(q *db.Queries) error {
		if d, row, err = Read(ctx, q, id); err != nil {
			return err
		}
		if row.State != "draft" {
			return errSent
		}
		p, err = Price(ctx, q, d, today)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	data, err := s.paperData(ctx, s.db.Read(), id) // in no transaction, see Send
	if err != nil {
		return "", nil, err
	}
	data.Date, data.Draft = today, true
	if err := choose(&data, p.Lines, Preset(p.Lines), d.DepositCents, d.DepositPPM); err != nil {
		return "", nil, err
	}
	body, err = document.Proposal(data)
	return "Draft-" + row.Number + ".pdf", body, err
}
