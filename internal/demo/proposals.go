package demo

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
	"customerportal/internal/workorder"
)

// offer is a proposal of the history and what became of it.
type offer struct {
	customer, site int // by their places in households
	sent           int // hours ago, 0 = it is still a draft
	valid          int // days from the day it was sent, 0 = no end
	title, intro   string
	residential    bool
	deposit        int64 // percent
	sheet          string
	lines          []proposal.Line

	viewed   int // hours after it was sent, 0 = nobody looked
	answered int // hours after it was sent, 0 = not
	accepted []int64
	reason   string // of a rejection
	withdraw string // why it was taken back
	paid     bool   // the deposit came in as a check the day after
	carry    bool   // it was carried out
	newer    *offer // the version that was sent after it
}

func once(description string, quantity int64, cents int64) proposal.Line {
	return proposal.Line{Description: description, Quantity: quantityOf(quantity), UnitPrice: centsOf(cents), Taxable: true, Chosen: true}
}

func option(l proposal.Line, chosen bool) proposal.Line {
	l.Optional, l.Chosen = true, chosen
	return l
}

func monthly(description string, cents int64) proposal.Line {
	return proposal.Line{Description: description, Quantity: money.QuantityScale, UnitPrice: centsOf(cents), Cycle: 1, Chosen: true}
}

var labourOnce = proposal.Line{Description: "Installation and training", Quantity: money.QuantityScale, UnitPrice: 380_00, Chosen: true}

// offers are the proposals, the oldest first.
var offers = []offer{
	{customer: 3, site: 0, sent: 45 * 24, valid: 30, title: "Glass-break sensors for the ground floor", residential: true, viewed: 30,
		lines: []proposal.Line{once("Glass-break sensor", 4, 62_00), labourOnce}},
	{customer: 4, site: 1, sent: 35 * 24, valid: 30, title: "Access control for Prospect Street", viewed: 20, answered: 92, accepted: []int64{3}, carry: true,
		intro: "Two doors with readers and a year of support, as we discussed on site.",
		lines: []proposal.Line{once("Door reader with strike", 2, 612_00), once("Controller, four doors", 1, 890_00), option(once("Key fobs, pack of 50", 1, 240_00), false), labourOnce,
			monthly("Access control hosting", 39_00)}},
	{customer: 5, site: 0, sent: 20 * 24, valid: 30, title: "Door contacts and cellular backup", residential: true, deposit: 30, viewed: 3, answered: 90, accepted: []int64{2}, paid: true,
		lines: []proposal.Line{once("Door contact, recessed", 6, 31_50), option(once("Cellular communicator", 1, 189_00), true), labourOnce}},
	{customer: 1, site: 0, sent: 15 * 24, valid: 30, title: "Second keypad upstairs", residential: true, viewed: 48, withdraw: "The model is not made any more; a new proposal follows.",
		lines: []proposal.Line{once("Keypad, touch", 1, 169_00), labourOnce}},
	{customer: 2, site: 1, sent: 14 * 24, valid: 30, title: "Cameras for the bakery", viewed: 5, answered: 120, reason: "The landlord will not allow drilling into the front. Please offer us wireless ones in spring.",
		lines: []proposal.Line{once("Camera, dome, 8 MP", 4, 214_00), once("Recorder, 8 channels", 1, 495_00), labourOnce, monthly("Cloud storage, 30 days", 24_00)}},
	{customer: 0, site: 0, sent: 12 * 24, valid: 30, title: "Cameras for front and back door", residential: true, viewed: 26,
		lines: []proposal.Line{once("Camera, turret, 4 MP", 2, 149_00), labourOnce},
		newer: &offer{sent: 3 * 24, valid: 30, title: "Cameras for front and back door", deposit: 25, sheet: "Turret camera 4 MP",
			intro: "As you asked, with a recorder and the doorbell as choices of your own. Tick what you would like: the total follows.",
			lines: []proposal.Line{once("Camera, turret, 4 MP", 2, 149_00), option(once("Recorder, 4 channels, 2 TB", 1, 329_00), true), option(once("Video doorbell", 1, 199_00), false), labourOnce,
				monthly("Video verification", 12_00), option(monthly("Cloud storage, 30 days", 8_00), false)}}},
	{customer: 0, site: 0, sent: 8 * 24, valid: 10, title: "Smoke detector for the attic", residential: true, viewed: 30,
		lines: []proposal.Line{once("Smoke and heat detector, wireless", 1, 118_00), {Description: "Installation", Quantity: money.QuantityScale, UnitPrice: 95_00, Chosen: true}}},
	{customer: 0, site: 0, sent: 4 * 24, valid: 30, title: "Guard response", residential: true, viewed: 2, answered: 50, accepted: []int64{},
		lines: []proposal.Line{monthly("Guard response", 19_00)}},
	{customer: 2, site: 0, sent: 6 * 24, valid: 30, title: "Cameras for the café", deposit: 30, viewed: 4, answered: 30, accepted: []int64{}, paid: true,
		lines: []proposal.Line{once("Camera, dome, 8 MP", 2, 214_00), once("Recorder, 4 channels, 2 TB", 1, 329_00), labourOnce},
		newer: &offer{sent: 30, valid: 30, title: "Cameras for the café", deposit: 40,
			intro: "What you accepted, with a third camera for the back room as we agreed on the phone. Until you accept this version, the first one stands.",
			lines: []proposal.Line{once("Camera, dome, 8 MP", 3, 214_00), once("Recorder, 4 channels, 2 TB", 1, 329_00), labourOnce}}},
	{customer: 12, site: 0, sent: 26, valid: 30, title: "Panic buttons for the counter", sheet: "Panic button, wireless",
		intro: "As you asked on the phone, with a pendant to carry if you like.",
		lines: []proposal.Line{once("Panic button, wireless", 2, 74_00), option(once("Panic pendant", 1, 88_00), false), labourOnce}},
	{customer: 13, site: 0, valid: 30, title: "Access control for the lab door", intro: "Draft: waits for the price of the strike.",
		lines: []proposal.Line{once("Door reader with strike", 1, 612_00), labourOnce, monthly("Access control hosting", 19_00)}},
}

// proposals plans the proposals, each step on its own day.
func (o *online) proposals() {
	for i := range offers {
		f := &offers[i]
		id := new(int64)
		if f.sent == 0 {
			o.ago(2*time.Hour, func(ctx context.Context) (err error) {
				_, err = o.write(ctx, f, fmt.Sprintf("offer %02d", i))
				return err
			})
			continue
		}
		sent := time.Duration(f.sent) * time.Hour
		o.ago(sent, func(ctx context.Context) (err error) {
			saved, err := o.write(ctx, f, fmt.Sprintf("offer %02d", i))
			if err != nil {
				return err
			}
			*id = saved.ID
			return o.send(ctx, f, f.customer, saved, 0)
		})
		if f.viewed != 0 {
			o.ago(sent-time.Duration(f.viewed)*time.Hour, func(ctx context.Context) error {
				return o.Proposals.View(ctx, o.reader(f.customer), o.offered(ctx, *id), 0)
			})
		}
		if f.withdraw != "" {
			o.ago(sent-72*time.Hour, func(ctx context.Context) error {
				_, err := o.Proposals.Withdraw(ctx, o.seller(), *id, f.withdraw, true)
				return err
			})
		}
		if f.answered != 0 {
			o.ago(sent-time.Duration(f.answered)*time.Hour, func(ctx context.Context) error { return o.answer(ctx, f, *id) })
		}
		if f.paid {
			o.ago(sent-time.Duration(f.answered+22)*time.Hour, func(ctx context.Context) error { return o.payDeposit(ctx, f, *id) })
		}
		if f.carry {
			o.ago(sent-time.Duration(f.answered+5)*time.Hour, func(ctx context.Context) error { return o.carryOut(ctx, *id) })
		}
		if n := f.newer; n != nil {
			o.ago(time.Duration(n.sent)*time.Hour, func(ctx context.Context) error { return o.replace(ctx, f, n, *id) })
		}
	}
}

func (o *online) seller() audit.Actor {
	return audit.Actor{Kind: audit.Staff, StaffID: o.books.seller, Role: "sales", IP: "198.51.100.8"}
}

func (o *online) reader(customer int) proposal.Reader {
	return proposal.Reader{By: o.who(customer), CustomerID: o.books.customers[customer]}
}

// offered is the number of a version.
func (o *online) offered(ctx context.Context, id int64) string {
	p, err := o.DB.Read().GetProposal(ctx, id)
	if err != nil {
		return ""
	}
	return p.Number
}

// draft is the proposal as the salesperson writes it.
func (o *online) draft(f *offer, customer int) proposal.Draft {
	today := calendar.DateOf(o.Clock.Now().In(o.zone))
	d := proposal.Draft{CustomerID: o.books.customers[customer], SiteID: o.books.sites[customer][f.site], Title: f.title, Introduction: f.intro, Terms: offerTerms,
		Residential: f.residential, SalespersonID: o.books.seller, DepositPPM: f.deposit * 10_000, Lines: f.lines}
	if f.valid != 0 {
		d.ValidUntil = today.AddDays(f.valid)
	}
	return d
}

// offerTerms are the terms of the made-up dealer's proposals.
const offerTerms = `Prices hold until the last day named above. Work is done on weekdays between 8 AM and 5 PM.
Equipment stays ours until it is paid in full. We answer for our work for one year, and pass on the makers' warranty for equipment.
What recurs is billed a month ahead and can be ended by either side with 30 days' notice.`

// write saves the draft with its data sheet.
func (o *online) write(ctx context.Context, f *offer, nonce string) (proposal.Saved, error) {
	d := o.draft(f, f.customer)
	d.Nonce = nonce
	return o.Proposals.Save(ctx, o.seller(), d, f.files()...)
}

func (f *offer) files() []proposal.File {
	if f.sheet == "" {
		return nil
	}
	return []proposal.File{{Name: f.sheet + ".pdf", Body: dataSheet(f.sheet)}}
}

// send freezes a draft and mails it to the customer.
func (o *online) send(ctx context.Context, f *offer, customer int, saved proposal.Saved, replaces int64) error {
	p, err := o.DB.Read().GetProposal(ctx, saved.ID)
	if err != nil {
		return err
	}
	_, err = o.Proposals.Send(ctx, o.seller(), proposal.Sending{ID: saved.ID, Saves: p.Saves, Replaces: replaces, Total: p.TotalCents, Monthly: p.MonthlyCents,
		To: []string{households[customer].address()}})
	if err != nil {
		return fmt.Errorf("proposal %q: %w", f.title, err)
	}
	return nil
}

// replace sends the next version: it takes the place of one that was not answered.
func (o *online) replace(ctx context.Context, f, n *offer, id int64) error {
	d := o.draft(n, f.customer)
	saved, err := o.Proposals.NewVersion(ctx, o.seller(), id, d.ValidUntil, "newer "+f.title)
	if err != nil {
		return err
	}
	d.ID, d.Saves, d.Number, d.Residential = saved.ID, saved.Saves, saved.Number, f.residential
	if saved, err = o.Proposals.Save(ctx, o.seller(), d, n.files()...); err != nil {
		return err
	}
	if f.accepted != nil {
		id = 0 // it stands until this one is accepted
	}
	return o.send(ctx, n, f.customer, saved, id)
}

// answer is what the customer decided.
func (o *online) answer(ctx context.Context, f *offer, id int64) error {
	who, number := o.reader(f.customer), o.offered(ctx, id)
	v, err := o.Proposals.ReadForCustomer(ctx, who, number, 0, f.accepted)
	if err != nil {
		return err
	}
	a := proposal.Answer{Number: number, Version: v.Version, Form: o.Proposals.NewForm(v.ID, who.CustomerID), Shown: v.Sum}
	o.Clock.Advance(90 * time.Second) // it is read before it is signed
	if f.reason != "" {
		return o.Proposals.Reject(ctx, who, proposal.Rejection{Answer: a, Reason: f.reason})
	}
	h := households[f.customer]
	name := strings.TrimSpace(h.first + " " + h.last)
	return o.Proposals.Accept(ctx, who, proposal.Acceptance{Answer: a, Chosen: f.accepted, Total: v.Totals.Fingerprint(), Consent: true, TypedName: name, Drawing: scribble(name)})
}

// payDeposit records the check that came for a deposit.
func (o *online) payDeposit(ctx context.Context, f *offer, id int64) error {
	d, err := o.DB.Read().GetProposalDecision(ctx, id)
	if err != nil {
		return err
	}
	_, err = o.Ledger.EnterPayment(ctx, o.clerkActor(), ledger.Entering{Nonce: "deposit of " + f.title, CustomerID: o.books.customers[f.customer], Kind: ledger.Check, Number: "2207",
		Amount: d.DepositCents, Date: calendar.DateOf(o.Clock.Now().In(o.zone)), Memo: "Deposit", Allocations: []ledger.Allocation{{InvoiceID: d.DepositInvoiceID.Int64}}, Mail: true})
	return err
}

// carryOut makes all of an accepted proposal, and books its appointment.
func (o *online) carryOut(ctx context.Context, id int64) error {
	made, err := o.Sale.CarryOut(ctx, o.clerkActor(), id, sale.Order{WorkOrder: true, Invoice: true, Recurring: true, Mail: true,
		From: sale.FirstOfNextMonth(o.made.today)})
	if err != nil {
		return err
	}
	day := o.made.today.AddDays(5)
	return o.Orders.Schedule(ctx, o.clerkActor(), made.WorkOrder, workorder.Any, workorder.Appointment{TechnicianID: o.tech(2).StaffID, Window: workorder.Window{Date: day, From: 8 * 60, Until: 12 * 60}})
}

// dataSheet is a small PDF as makers of equipment give them, of one page.
func dataSheet(title string) []byte {
	text := "BT /F1 22 Tf 72 700 Td (" + title + ") Tj 0 -40 Td /F1 12 Tf (Made-up data sheet of a made-up maker.) Tj" +
		" 0 -20 Td (Works from -20 to +50 degrees Celsius.) Tj 0 -20 Td (Two years of warranty.) Tj ET"
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	at := make([]int, len(objects))
	for i, object := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}
