package workorder

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// letter is about one work order, to its customer or to the dealer.
type letter struct {
	s   *Service
	set *settings.Settings
	row db.GetWorkOrderForMailRow
	// fact begins what the mails report: one event.
	fact   string
	emails []string
}

// factOf begins the fact of every mail of one event.
func factOf(event int64) string { return fmt.Sprintf("work order event %d ", event) }

// letter reads what the mails of a work order name. It runs in the caller's
// transaction, as all below.
func (s *Service) letter(ctx context.Context, q *db.Queries, o *db.WorkOrder, event int64) (*letter, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	l := &letter{s: s, set: set, fact: factOf(event)}
	if l.row, err = q.GetWorkOrderForMail(ctx, o.ID); err != nil {
		return nil, fmt.Errorf("work order %s: mail: %w", o.Number, err)
	}
	if l.emails, err = q.ListEmailsForCustomer(ctx, o.CustomerID); err != nil {
		return nil, fmt.Errorf("work order %s: mail: %w", o.Number, err)
	}
	// who asked in the portal is told, too, where the dealer holds other addresses
	if mine := l.row.UserEmail; mine != "" && !slices.ContainsFunc(l.emails, func(e string) bool { return strings.EqualFold(e, mine) }) {
		l.emails = append(l.emails, mine)
	}
	return l, nil
}

// about names the work order, with the link to a page of it.
func (l *letter) about(page string) outbox.WorkOrder {
	return outbox.WorkOrder{Number: l.row.WorkOrder.Number, Site: l.row.Site, System: l.row.System, Link: l.s.mail.PublicURL(page + l.row.WorkOrder.Number)}
}

// The pages of one work order, for customers and for staff.
const (
	customerPage = "/workorders/"
	officePage   = "/office/workorders/"
)

// toCustomer queues the mail to every address of the customer.
func (l *letter) toCustomer(ctx context.Context, q *db.Queries, now, notBefore calendar.Instant, body outbox.Body, documents ...int64) error {
	for _, email := range l.emails {
		err := l.s.mail.Enqueue(ctx, q, now, outbox.Mail{
			Fact: l.fact + "to " + email, CustomerID: l.row.WorkOrder.CustomerID, ToName: l.row.DisplayName, ToEmail: email,
			Body: body, Documents: documents, NotBefore: notBefore,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writer is the address that an answer of the dealer's reaches the customer at: of
// who asked in the portal, else the first on file; "" where there is none.
func (l *letter) writer() string {
	if l.row.UserEmail != "" || len(l.emails) == 0 {
		return l.row.UserEmail
	}
	return l.emails[0]
}

// toDealer queues the mail to the dealer's service address, or the office's
// where there is none.
func (l *letter) toDealer(ctx context.Context, q *db.Queries, now calendar.Instant, body outbox.Body, documents ...int64) error {
	to := l.set.ServiceEmail
	if to == "" {
		to = l.set.Company.Email
	}
	if to == "" {
		return nil
	}
	return l.s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: l.fact + "to the dealer", CustomerID: l.row.WorkOrder.CustomerID, ToName: l.set.Company.Name, ToEmail: to, ReplyTo: l.writer(), Body: body,
		Documents: documents,
	})
}

// mailCreated brings a new work order to the dealer, and tells the customer that
// it came in.
func (s *Service) mailCreated(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64, note string) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil {
		return err
	}
	phones, err := q.ListPhonesForCustomer(ctx, o.CustomerID)
	if err != nil {
		return fmt.Errorf("work order %s: mail: %w", o.Number, err)
	}
	var numbers []string
	for _, p := range phones {
		numbers = append(numbers, p.Phone)
	}
	attached, err := photosToMail(ctx, q, o)
	if err != nil {
		return err
	}
	from := map[Source]string{Portal: "the customer, in the portal", Office: "the office, for a customer who called", Proposal: "an accepted proposal"}[Source(o.Source)]
	err = l.toDealer(ctx, q, now, outbox.WorkOrderRequested{
		WorkOrder: l.about(officePage), Customer: l.row.DisplayName, CustomerNumber: l.row.CustomerNumber,
		Phones: strings.Join(numbers, ", "), Emails: strings.Join(l.emails, ", "), Address: l.address(),
		SystemType: l.row.SystemType, Account: l.row.AccountNumber, Note: lines(note), Preferred: lines(o.Preferred), Photos: int(l.row.Photos), Attached: len(attached), From: from,
	}, attached...)
	if err != nil {
		return err
	}
	return l.toCustomer(ctx, q, now, 0, outbox.WorkOrderConfirmed{
		WorkOrder: l.about(customerPage), Note: lines(note), Preferred: lines(o.Preferred), Photos: int(l.row.Photos),
	})
}

// mailedPhotos is how large the photos in one mail may be together: as mail
// encodes them a third more, some eight megabytes, which servers take and the
// program may hold while it sends.
const mailedPhotos = 6 << 20

// photosToMail are the documents of the photos that the mail to the dealer
// carries: the first ones that fit.
func photosToMail(ctx context.Context, q *db.Queries, o *db.WorkOrder) ([]int64, error) {
	list, err := q.ListPhotosToMail(ctx, o.ID)
	if err != nil {
		return nil, fmt.Errorf("work order %s: mail: photos: %w", o.Number, err)
	}
	var attached []int64
	room := int64(mailedPhotos)
	for _, p := range list {
		if p.Bytes <= room {
			room -= p.Bytes
			attached = append(attached, p.DocumentID)
		}
	}
	return attached, nil
}

// address is the site's in one line, the customer's where the site has none.
func (l *letter) address() string {
	r := l.row
	if r.Address1+r.City+r.Zip == "" {
		return Address(r.Home1, r.Home2, r.HomeCity, r.HomeState, r.HomeZip)
	}
	return Address(r.Address1, r.Address2, r.City, r.State, r.Zip)
}

// Address puts an address into one line: "1 Main St, Troy, NY 12180".
func Address(address1, address2, city, state, zip string) string {
	var parts []string
	for _, p := range []string{address1, address2, city, strings.TrimSpace(state + " " + zip)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// lines splits what somebody wrote into its lines.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// mailScheduled tells the customer of the appointment, with the calendar file.
func (s *Service) mailScheduled(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64, moved bool) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil || !l.set.Yes("workorders.mail_scheduled") || len(l.emails) == 0 {
		return err
	}
	paper, err := l.calendar(ctx, q, now, windowOf(o), false)
	if err != nil {
		return err
	}
	return l.toCustomer(ctx, q, now, 0, outbox.WorkOrderScheduled{
		WorkOrder: l.about(customerPage), Window: windowOf(o).String(), Technician: ShortName(l.row.Technician), Moved: moved,
	}, paper)
}

// calendar stores the calendar file of an appointment, or of one that does not
// take place, and returns its id.
func (l *letter) calendar(ctx context.Context, q *db.Queries, now calendar.Instant, w Window, off bool) (int64, error) {
	body := l.appointment(w, off).File()
	paper, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: AppointmentFile, Mime: AppointmentType, SHA256: hashOf(body), Body: body, MadeAt: now})
	if err != nil {
		return 0, fmt.Errorf("work order %s: calendar file: %w", l.row.WorkOrder.Number, err)
	}
	return paper, nil
}

// mailUnscheduled tells the customer that the appointment does not take place, and
// which work order goes on instead, "" = this one.
func (s *Service) mailUnscheduled(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64, was Window, into string) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil || !l.set.Yes("workorders.mail_scheduled") || len(l.emails) == 0 {
		return err
	}
	paper, err := l.calendar(ctx, q, now, was, true)
	if err != nil {
		return err
	}
	return l.toCustomer(ctx, q, now, 0, outbox.WorkOrderUnscheduled{WorkOrder: l.about(customerPage), Window: was.String(), Into: into}, paper)
}

// appointment is what the calendar file holds.
func (l *letter) appointment(w Window, off bool) Entry {
	o := l.row.WorkOrder
	return Entry{
		Number: o.Number, Version: o.Version, Window: w, Zone: l.set.Zone, ChangedAt: o.ChangedAt, Cancelled: off,
		Dealer: l.set.Company.Name, Email: l.set.Company.Email, Phone: l.set.Company.Phone, Site: l.row.Site, Address: l.address(), Title: o.Title,
		Technician: ShortName(l.row.Technician), Link: l.s.mail.PublicURL(customerPage + o.Number), Host: l.s.mail.PublicURL(""),
	}
}

// Appointment is the calendar file of a customer's work order that is still to be
// done. Without an appointment it is Missing.
func (s *Service) Appointment(ctx context.Context, customerID int64, number string) ([]byte, error) {
	var body []byte
	err := s.db.View(ctx, func(q *db.Queries) error {
		o, err := load(ctx, q, audit.Actor{}, number, Any)
		if err != nil {
			return err
		}
		if o.CustomerID != customerID {
			return fault.Missing("work order")
		}
		if o.WindowDate == "" || !State(o.State).Open() {
			return fault.Missing("appointment")
		}
		l, err := s.letter(ctx, q, o, 0)
		if err != nil {
			return err
		}
		body = l.appointment(windowOf(o), false).File()
		return nil
	})
	return body, err
}

// mailDispatched tells the customer that the technician is on the way, unless it
// is taken back.
func (s *Service) mailDispatched(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil || !l.set.Yes("workorders.mail_dispatched") {
		return err
	}
	first, _, _ := strings.Cut(l.row.Technician, " ")
	if first == "" {
		first = "Our technician"
	}
	return l.toCustomer(ctx, q, now, now.Add(UndoWithin), outbox.WorkOrderDispatched{WorkOrder: l.about(customerPage), Technician: first, Window: windowOf(o).String()})
}

// mailCompleted tells the customer what was done, unless it is taken back.
func (s *Service) mailCompleted(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil || !l.set.Yes("workorders.mail_completed") {
		return err
	}
	rows, err := q.ListWorkOrderLines(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("work order %s: mail: %w", o.Number, err)
	}
	var work []string
	for _, r := range rows {
		work = append(work, WorkLine(r.Kind, r.Description, r.Quantity))
	}
	return l.toCustomer(ctx, q, now, now.Add(UndoWithin), outbox.WorkOrderCompleted{
		WorkOrder: l.about(customerPage), When: o.CompletedAt.Format(l.set.Zone), Technician: ShortName(l.row.Technician), Work: work, Signed: l.row.Signed != 0,
	})
}

// WorkLine is one line of parts and labour as customers read it, without its
// price: "2 × Battery, 12 V", "1.5 hours of labour: new keypad".
func WorkLine(kind, description string, quantity money.Quantity) string {
	n := quantity.String()
	if kind == "labour" {
		unit := " hours"
		if n == "1" {
			unit = " hour"
		}
		return n + unit + " of labour: " + description
	}
	return n + " × " + description
}

// mailCancelled tells the customer that nobody comes, and his calendar, too, when
// there was an appointment.
func (s *Service) mailCancelled(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil {
		return err
	}
	var papers []int64
	if w := windowOf(o); !w.IsZero() && len(l.emails) > 0 {
		paper, err := l.calendar(ctx, q, now, w, true)
		if err != nil {
			return err
		}
		papers = append(papers, paper)
	}
	return l.toCustomer(ctx, q, now, 0, outbox.WorkOrderCancelled{WorkOrder: l.about(customerPage), Reason: lines(o.CancelReason)}, papers...)
}

// mailNote brings a note to the other side.
func (s *Service) mailNote(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, event int64, by audit.Actor, note string, written calendar.Instant) error {
	l, err := s.letter(ctx, q, o, event)
	if err != nil {
		return err
	}
	if by.Kind == audit.Customer {
		return l.toDealer(ctx, q, now, outbox.WorkOrderNote{WorkOrder: l.about(officePage), Note: lines(note), Customer: l.row.DisplayName + " (" + l.row.CustomerNumber + ")"})
	}
	late := ""
	if !written.IsZero() && now.Sub(written) >= onTheWay {
		late = written.Format(l.set.Zone)
	}
	return l.toCustomer(ctx, q, now, 0, outbox.WorkOrderNote{WorkOrder: l.about(customerPage), Note: lines(note), Written: late})
}

// withdraw takes back the mails of an event that have not gone out.
func (s *Service) withdraw(ctx context.Context, q *db.Queries, event int64) error {
	fact := factOf(event)
	_, err := q.DropWaitingMail(ctx, db.DropWaitingMailParams{Prefix: fact, After: fact + string(utf8.MaxRune)})
	if err != nil {
		return fmt.Errorf("work order: withdrawing mail: %w", err)
	}
	return nil
}
