package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/workorder"
)

// visit is a work order of the history, from what the customer wrote to where it
// stands now.
type visit struct {
	customer, site int // by their places in households
	system         int // in the site, -1 for none
	asked          int // hours ago
	office         bool
	note, words    string // what is asked for, and when it suits
	photo          string // what the customer's photo shows, "" for none
	internal       string // the office's note to itself
	answer, reply  string // the office's note to the customer, and the customer's

	day         int // of the appointment, from today
	from, until int64
	now         bool // the window is the hour around now instead
	tech        int  // 1 or 2, 0 for none
	state       workorder.State
	lines       []workorder.Line
	signed      string // who signed on completion
	done        string // what the technician's photo shows
	billed      bool   // its invoice was made
	reason      string // why it was cancelled
	into        int    // the visit it was merged into, counted from 1
}

func used(description string, quantity int64, cents int64) workorder.Line {
	return workorder.Line{Description: description, Quantity: quantityOf(quantity), UnitPrice: centsOf(cents), Taxable: true}
}

// labour is so many quarters of an hour at the dealer's rate.
func labour(quarters int64) workorder.Line {
	return workorder.Line{Labour: true, Description: "Labour", Quantity: quantityOf(quarters) / 4, UnitPrice: labourRate}
}

// visits are the work orders, the oldest first.
var visits = []visit{
	{customer: 0, site: 0, system: 0, asked: 41 * 24, note: "The keypad by the front door beeps every minute and shows LOW BATTERY.", photo: "keypad", words: "Mornings are best",
		answer: "That is the backup battery. We bring one along.", reply: "Thank you. Please ring twice, the bell is quiet.", internal: "Gate code on file. Dog is friendly.",
		day: -38, from: 9 * 60, until: 11 * 60, tech: 1, state: workorder.Completed, done: "panel", signed: "Maria Alvarez",
		lines: []workorder.Line{used("Backup battery 12 V 7 Ah, covered by the service plan", 1, 0)}},
	{customer: 0, site: 0, system: 1, asked: 22 * 24, note: "Please move the smoke detector in the kitchen, it goes off when I cook.", state: workorder.Cancelled, reason: "You told us that the new cooker hood cured it."},
	{customer: 3, site: 0, system: 0, asked: 5 * 24, note: "The siren stays silent when the alarm is set off.", day: -1, from: 13 * 60, until: 15 * 60, tech: 2, state: workorder.Completed,
		signed: "Nguyễn Thị Minh Châu", lines: []workorder.Line{used("Siren 110 dB", 1, 64_00), used("Wire 22/4, ft", 40, 35), labour(5)}, internal: "The old siren was full of wasps."},
	{customer: 12, site: 0, system: 1, asked: 6 * 24, office: true, note: "Back camera shows nothing at night.", day: -4, from: 8 * 60, until: 10 * 60, tech: 1, state: workorder.Completed,
		signed: "Salvatore D'Agostino", lines: []workorder.Line{used("Camera, turret, 4 MP", 1, 149_00), labour(4)}, billed: true},
	{customer: 5, site: 0, system: 0, asked: 5 * 24, note: "The app says the panel is offline since the new internet came.", day: -1, from: 10 * 60, until: 12 * 60, tech: 2, state: workorder.Scheduled,
		answer: "Your new router needs one setting. We come and do it.", internal: "Was out on another call; call him."},
	{customer: 4, site: 0, system: 0, asked: 70, note: "Fire panel at Ware Street shows a ground fault.", day: 0, now: true, tech: 1, state: workorder.Arrived, internal: "Superintendent lets us in: (617) 555-0177."},
	{customer: 2, site: 1, system: 0, asked: 52, note: "The back door contact of the bakery stays open on the keypad.", photo: "door", words: "Not between 6 and 9 in the morning", day: 0, now: true, tech: 2, state: workorder.Dispatched,
		answer: "Luis is on his way. He calls before he comes in."},
	{customer: 4, site: 1, system: 0, asked: 50, note: "Ground fault on the fire panel, Prospect Street?", state: workorder.Cancelled, into: 6},
	{customer: 0, site: 0, system: 1, asked: 30, note: "Yearly test of the smoke detectors, as the insurance wants it. There is one more in the attic now.", words: "Any time but Fridays", photo: "detector",
		day: 2, from: 9 * 60, until: 11 * 60, tech: 1, state: workorder.Scheduled, answer: "Booked. Please keep the way to the attic clear.", reply: "It will be. Somebody is home all morning."},
	{customer: 1, site: 0, system: 0, asked: 28, note: "I would like a second keypad upstairs.", day: 1, from: 14 * 60, until: 16 * 60, state: workorder.Scheduled},
	{customer: 9, site: 0, system: 0, asked: 26, office: true, note: "Annual fire alarm inspection, certificate for the town.", day: 3, from: 8 * 60, until: 12 * 60, tech: 2, state: workorder.Scheduled},
	{customer: 15, site: 0, system: 1, asked: 20, office: true, note: "Camera two hangs loose after the storm.", photo: "camera", state: workorder.Requested},
	{customer: 2, site: 0, system: 2, asked: 5, note: "Can you come and show the new manager how to save a clip from the cameras?", words: "Tuesday or Wednesday after 3", state: workorder.Requested},
	{customer: 20, site: 0, system: -1, asked: 3, office: true, note: "Moved the sofa and now the motion detector blinks red.", state: workorder.Requested},
}

// workOrders plans the work orders, each step on its own day.
func (o *online) workOrders() {
	numbers := make([]string, len(visits))
	for i, v := range visits {
		ago := time.Duration(v.asked) * time.Hour
		// the longest that any of its steps lies after the one before
		gap := min(ago/8, 90*time.Minute)
		o.ago(ago, func(ctx context.Context) (err error) {
			numbers[i], err = o.ask(ctx, i, v)
			return err
		})
		if v.answer != "" {
			o.ago(ago-gap, o.say(numbers, i, o.clerkActor(), v.answer, false, "answer"))
		}
		if v.internal != "" {
			o.ago(ago-gap, o.say(numbers, i, o.clerkActor(), v.internal, true, "internal"))
		}
		if v.reply != "" {
			o.ago(ago-2*gap, o.say(numbers, i, o.who(v.customer), v.reply, false, "reply"))
		}
		switch {
		case v.into != 0:
			o.ago(ago-gap, func(ctx context.Context) error {
				return o.Orders.Merge(ctx, o.clerkActor(), numbers[i], workorder.Any, numbers[v.into-1])
			})
			continue
		case v.state == workorder.Cancelled:
			o.ago(ago-3*gap, func(ctx context.Context) error {
				return o.Orders.Cancel(ctx, o.clerkActor(), numbers[i], workorder.Any, v.reason)
			})
			continue
		case v.state == workorder.Requested:
			continue
		}
		w := o.window(v)
		o.ago(ago-2*gap, func(ctx context.Context) error {
			return o.Orders.Schedule(ctx, o.clerkActor(), numbers[i], workorder.Any, workorder.Appointment{TechnicianID: o.tech(v.tech).StaffID, Window: w})
		})
		o.work(numbers, i, v, w)
	}
}

// work plans what the technician did.
func (o *online) work(numbers []string, i int, v visit, w workorder.Window) {
	now := o.Clock.Now()
	begin := w.Begin(o.zone)
	dispatched, arrived, completed := begin.Add(-25*time.Minute), begin.Add(4*time.Minute), begin.Add(70*time.Minute)
	if v.now {
		dispatched, arrived = now.Add(-22*time.Minute), now.Add(-6*time.Minute)
	}
	tap := func(at time.Time, t workorder.Tap) {
		t.Key = fmt.Sprintf("demonstration-%02d-%s", i, t.Action)
		o.ago(now.Sub(at), func(ctx context.Context) error {
			t.Number = numbers[i]
			t.Seen = o.version(ctx, numbers[i])
			return o.Orders.Tap(ctx, o.tech(v.tech), t)
		})
	}
	if v.state == workorder.Scheduled {
		return
	}
	tap(dispatched, workorder.Tap{Action: workorder.SetOut})
	if v.state == workorder.Dispatched {
		return
	}
	tap(arrived, workorder.Tap{Action: workorder.ComeIn})
	if v.state == workorder.Arrived {
		return
	}
	if v.done != "" {
		o.ago(now.Sub(completed.Add(-10*time.Minute)), func(ctx context.Context) error {
			return o.photograph(ctx, o.tech(v.tech), numbers[i], 0, v.done)
		})
	}
	tap(completed.Add(-5*time.Minute), workorder.Tap{Action: workorder.EnterWork, Lines: v.lines})
	tap(completed, workorder.Tap{Action: workorder.Finish, Signature: workorder.Signature{Name: v.signed, Strokes: scribble(v.signed)}})
	if !v.billed {
		return
	}
	o.ago(now.Sub(completed.Add(3*time.Hour)), func(ctx context.Context) error {
		bill, err := o.Sale.Bill(ctx, numbers[i])
		if err != nil {
			return err
		}
		_, err = o.Sale.InvoiceWorkOrder(ctx, o.clerkActor(), numbers[i], bill.Version, bill.Total, true)
		return err
	})
}

// ask makes a work order, as the customer in the portal or the office on the
// phone.
func (o *online) ask(ctx context.Context, i int, v visit) (string, error) {
	h := households[v.customer]
	by, source := o.who(v.customer), workorder.Portal
	if v.office {
		by, source = o.clerkActor(), workorder.Office
	}
	n := workorder.NewOrder{CustomerID: o.books.customers[v.customer], SiteID: o.books.sites[v.customer][v.site], Source: source, Note: v.note,
		Preferred: workorder.Preferred{Words: v.words}, Nonce: fmt.Sprintf("demonstration %02d", i)}
	if v.system >= 0 {
		n.SystemID = o.books.systems[v.customer][v.site][v.system]
	}
	number, err := o.Orders.Create(ctx, by, n)
	if err != nil {
		return "", fmt.Errorf("work order of %s: %w", h.display(), err)
	}
	if v.photo == "" {
		return number, nil
	}
	customer := o.books.customers[v.customer]
	if v.office {
		customer = 0
	}
	return number, o.photograph(ctx, by, number, customer, v.photo)
}

// photograph adds a drawn picture.
func (o *online) photograph(ctx context.Context, by audit.Actor, number string, customer int64, what string) error {
	body, err := picture(what)
	if err != nil {
		return err
	}
	_, err = o.Orders.AddPhotos(ctx, by, workorder.Photos{Number: number, CustomerID: customer, Nonce: "photo of " + what + " " + number,
		Uploads: []workorder.Upload{{Name: what + ".jpg", Size: int64(len(body)), File: bytes.NewReader(body)}}})
	return err
}

// say plans a note.
func (o *online) say(numbers []string, i int, by audit.Actor, words string, internal bool, nonce string) func(context.Context) error {
	return func(ctx context.Context) error {
		n := workorder.Note{Number: numbers[i], Text: words, Internal: internal, Nonce: fmt.Sprintf("demonstration %02d %s", i, nonce)}
		if by.Kind == audit.Customer {
			n.CustomerID = o.books.customers[visits[i].customer]
		}
		return o.Orders.AddNote(ctx, by, n)
	}
}

// version is the work order's version as a phone would have it.
func (o *online) version(ctx context.Context, number string) int64 {
	w, err := o.DB.Read().GetWorkOrder(ctx, number)
	if err != nil {
		return workorder.Any
	}
	return w.Version
}

// window is when somebody comes.
func (o *online) window(v visit) workorder.Window {
	now := o.Clock.Now().In(o.zone)
	if v.now {
		from := int64(max(0, min(now.Hour()-1, 21)) * 60)
		return workorder.Window{Date: calendar.DateOf(now), From: from, Until: from + 180}
	}
	return workorder.Window{Date: calendar.DateOf(now).AddDays(v.day), From: v.from, Until: v.until}
}

// ago plans a step for so long before now.
func (o *online) ago(d time.Duration, do func(ctx context.Context) error) {
	if d <= 0 {
		return
	}
	o.steps = append(o.steps, step{calendar.InstantOf(o.Clock.Now().Add(-d)), do})
}

func (o *online) clerkActor() audit.Actor {
	return audit.Actor{Kind: audit.Staff, StaffID: o.books.clerk, Role: "billing", IP: "198.51.100.7"}
}

func (o *online) tech(n int) audit.Actor {
	if n == 0 {
		return audit.Actor{}
	}
	return audit.Actor{Kind: audit.Staff, StaffID: o.books.techs[n-1], Role: "technician", IP: fmt.Sprintf("198.51.100.%d", 20+n),
		UserAgent: "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"}
}
