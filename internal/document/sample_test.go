package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// sampleLogo is a round badge with transparent corners.
var sampleLogo = sync.OnceValue(func() []byte {
	const size = 240
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			dx, dy := x-size/2, y-size/2
			switch r := dx*dx + dy*dy; {
			case r < 60*60:
				picture.Set(x, y, color.White)
			case r < 118*118:
				picture.Set(x, y, color.NRGBA{0x1a, 0x5f, 0xb4, 0xff})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		panic(err)
	}
	return out.Bytes()
})

func sampleDealer() Dealer {
	return Dealer{
		Name:    "Harbor Light Security",
		Address: []string{"410 Commerce Street, Suite 200", "Portsmouth, NH 03801"},
		Phone:   "(603) 555-0142",
		Email:   "billing@harborlight.example",
		Web:     "www.harborlight.example",
		Remit:   []string{"Harbor Light Security", "PO Box 4410", "Portsmouth, NH 03802-4410"},
		Logo:    sampleLogo(),
		Accent:  "#1a5fb4",
	}
}

// sampleInvoice has n lines, each seventh of them long and each eleventh a credit.
func sampleInvoice(n int) InvoiceData {
	d := InvoiceData{
		Dealer:          sampleDealer(),
		CustomerNumber:  "104-2207",
		BillTo:          []string{"Margaret O'Brien-Núñez", "18 Old Mill Road", "Apartment 4B", "Durham, NH 03824"},
		Site:            []string{"O'Brien Residence", "18 Old Mill Road", "Durham, NH 03824"},
		Number:          "10023",
		Date:            calendar.NewDate(2026, 11, 1),
		Due:             calendar.NewDate(2026, 12, 1),
		PONumber:        "4500-117",
		Terms:           "Net 30",
		PortalURL:       "https://portal.harborlight.example",
		RegistrationKey: "7K3Q-9ZWX-2M4T",
		Created:         calendar.Instant(1793534400000),
	}
	for i := range n {
		l := Line{
			Description: fmt.Sprintf("Alarm monitoring, burglary and fire, month %d", i+1),
			Quantity:    1000,
			UnitPrice:   3995,
		}
		switch {
		case i%7 == 6:
			l.Description = fmt.Sprintf("Service call %d: replaced the battery and the cellular communicator (LTE) of the control panel, tested all zones with the central station, and instructed the customer", i+1)
			l.Quantity, l.UnitPrice = 1500, 12500
		case i%11 == 10:
			l.Description = fmt.Sprintf("Credit for line %d", i)
			l.UnitPrice = -3995
		}
		l.Amount = money.Extend(l.Quantity, l.UnitPrice)
		l.Tax = money.Tax(l.Amount, 88_750)
		d.Lines = append(d.Lines, l)
		d.Subtotal += l.Amount
		d.Tax += l.Tax
	}
	d.Total = d.Subtotal + d.Tax
	d.Balance = d.Total
	return d
}

// sampleReceipt is a payment over n invoices with $12.34 left over.
func sampleReceipt(n int) ReceiptData {
	d := ReceiptData{
		Dealer:         sampleDealer(),
		CustomerNumber: "104-2207",
		BillTo:         []string{"Margaret O'Brien-Núñez", "18 Old Mill Road", "Apartment 4B", "Durham, NH 03824"},
		Reference:      "P-7K3Q9Z",
		Date:           calendar.NewDate(2026, 11, 14),
		Method:         "Visa ending 4242",
		State:          Received,
		Unapplied:      1234,
		PortalURL:      "https://portal.harborlight.example/payments/P-7K3Q9Z",
	}
	for i := range n {
		a := Allocation{
			Invoice: fmt.Sprint(10020 + i),
			Date:    calendar.NewDate(2026, 9, 1).AddMonths(i),
			Total:   money.Cents(4350 + i),
			Amount:  money.Cents(4350 + i),
		}
		if i == n-1 {
			a.Amount -= 1850
			a.Left = 1850
		}
		d.Allocations = append(d.Allocations, a)
		d.Amount += a.Amount
	}
	d.Amount += d.Unapplied
	return d
}

// sampleStatement has n entries, invoices and payments by turns.
func sampleStatement(n int) StatementData {
	d := StatementData{
		Dealer:         sampleDealer(),
		CustomerNumber: "104-2207",
		BillTo:         []string{"Margaret O'Brien-Núñez", "18 Old Mill Road", "Apartment 4B", "Durham, NH 03824"},
		From:           calendar.NewDate(2026, 1, 1),
		To:             calendar.NewDate(2026, 12, 31),
		Opening:        4350,
		PortalURL:      "https://portal.harborlight.example",
	}
	balance := d.Opening
	for i := range n {
		e := Entry{Date: d.From.AddDays(i * 15 % 365), Description: "Invoice", Reference: fmt.Sprint(10001 + i), Amount: 4350}
		if i%2 == 1 {
			e.Description, e.Reference, e.Amount = "Payment, Visa ending 4242", fmt.Sprintf("P-%d", 700+i), -4350
		}
		d.Entries = append(d.Entries, e)
		balance += e.Amount
	}
	d.Closing = balance
	return d
}
