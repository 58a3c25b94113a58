package office

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/views"
	view "customerportal/views/office"
)

// deed is what staff are about to do: the page of its form and how it is done.
type deed struct {
	page *view.DeedPage
	do   func() (to, notice string, err error)
}

// showDeed shows the form as it is opened.
func (h *Handlers) showDeed(make func(c echo.Context) (*deed, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := make(c)
		if err != nil {
			return err
		}
		d.page.Nonce = payment.NewNonce()
		d.page.Effects.Error = "" // nothing was typed yet
		return h.Page(c, 200, "office/deed", d.page)
	}
}

// previewDeed shows what the deed would do and changes nothing. To htmx, which
// asks at every change of the form, it answers with the effects alone.
func (h *Handlers) previewDeed(make func(c echo.Context) (*deed, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := make(c)
		if err != nil {
			return err
		}
		d.page.Nonce = c.FormValue("nonce")
		status := 200
		if d.page.Effects.Error != "" {
			status = 422
		}
		if web.IsHTMX(c) {
			return h.Fragment(c, status, "office/deed", "effects", d.page)
		}
		return h.Page(c, status, "office/deed", d.page)
	}
}

// doDeed does it. The same form sent twice does it once.
func (h *Handlers) doDeed(make func(c echo.Context) (*deed, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := make(c)
		if err != nil {
			return err
		}
		d.page.Nonce = c.FormValue("nonce")
		to, notice, err := d.do()
		if err == nil {
			return h.SeeNotice(c, to, notice)
		}
		refused, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		d.refuse(refused)
		return h.RefusedBy(c, err, "office/deed", "form", d.page)
	}
}

// refuse puts what was refused beside its fields; what has no field of that name
// stands in the summary alone.
func (d *deed) refuse(refused views.FieldErrors) {
	known := map[string]bool{}
	for _, f := range d.page.Fields {
		switch {
		case f.Input != nil:
			known[f.Input.Name], f.Input.Error = true, refused.Of(f.Input.Name)
		case f.Choice != nil:
			known[f.Choice.Name], f.Choice.Error = true, refused.Of(f.Choice.Name)
		case f.Text != nil:
			known[f.Text.Name], f.Text.Error = true, refused.Of(f.Text.Name)
		case f.Tick != nil:
			known[f.Tick.Name], f.Tick.Error = true, refused.Of(f.Tick.Name)
		}
	}
	for i, r := range d.page.Effects.Rows {
		if r.Name != "" {
			known[r.Name] = true
			d.page.Effects.Rows[i].Error = cmp.Or(r.Error, refused.Of(r.Name))
		}
	}
	for i, e := range refused {
		if !known[e.Field] {
			refused[i].Field = ""
		}
	}
	d.page.Errors = refused
}

// limitFact says that a second person has to approve the amount, together with
// what staff have given alone before; none when not.
func (h *Handlers) limitFact(c echo.Context, cents, alone money.Cents) ([]view.Fact, bool, error) {
	s, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return nil, false, err
	}
	limit := payment.Limit(s)
	if limit == 0 || cents+alone <= limit {
		return nil, false, nil
	}
	if cents <= limit {
		return []view.Fact{{Label: "Needs a second person", Lines: []string{"With " + alone.String() + " before this is above " + limit.String() + ", so somebody else on the staff has to approve it first."}}}, true, nil
	}
	return []view.Fact{{Label: "Needs a second person", Lines: []string{"This is above " + limit.String() + ", so somebody else on the staff has to approve it first."}}}, true, nil
}

// asked leads on after a deed that may only have been asked for.
func asked(done payment.Done, to, notice string) (string, string) {
	if done.Asked != 0 {
		return "/office/approvals", "Asked. Nothing has happened yet: a second person has to approve it."
	}
	return to, notice
}

const reasonHint = "Stands in the mail to the customer and in the history"

func reasonField(value string) view.DeedField {
	return view.DeedField{Text: &view.Text{Name: "reason", Label: "Reason", Rows: 2, MaxLength: 300, Hint: reasonHint, Value: value}}
}

// thePayment is the payment in the address, of the customer in the address.
func (h *Handlers) thePayment(c echo.Context) (db.Payment, view.Ref, error) {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return db.Payment{}, who, err
	}
	p, err := h.DB.Read().GetPaymentByReferenceForCustomer(c.Request().Context(), db.GetPaymentByReferenceForCustomerParams{Reference: web.Param(c, "ref"), CustomerID: row.ID})
	if err != nil {
		return p, who, missing(err, "payment")
	}
	return p, who, nil
}

// refundDeed gives money of a payment back.
func (h *Handlers) refundDeed(c echo.Context) (*deed, error) {
	ctx := c.Request().Context()
	p, who, err := h.thePayment(c)
	if err != nil {
		return nil, err
	}
	can, err := h.Payments.Refundable(ctx, p.CustomerID, p.Reference)
	if err != nil {
		return nil, err
	}
	at := paymentPath(who.Number, p.Reference)
	o := payment.RefundOrder{CustomerID: p.CustomerID, Payment: p.Reference, Way: payment.Way(c.FormValue("way")), Number: c.FormValue("number"),
		Reason: c.FormValue("reason"), Nonce: c.FormValue("nonce")}
	typed := strings.TrimSpace(c.FormValue("amount"))
	if c.Request().Method == "GET" && typed == "" {
		typed = can.Amount.Plain()
	}
	if o.Way == "" {
		o.Way = payment.WayCheck
		if can.Gateway {
			o.Way = payment.WayGateway
		}
	}
	page := &view.DeedPage{
		Base: views.Base{Title: "Give money back of payment " + p.Reference, Tab: "customers"}, Customer: who, Heading: "Give money back", Blocked: can.Why,
		Back: view.Link{Label: "Payment " + p.Reference, Href: at}, Preview: at + "/refund/preview", Do: at + "/refund",
		Lines: []string{fmt.Sprintf("Of payment %s, %s on %s by %s, up to %s can be given back. The invoices it comes off are open again, and the customer is told by mail.",
			p.Reference, p.AmountCents, p.PaymentDate, can.Method, can.Amount)},
	}
	if can.Why != "" {
		page.Lines = nil
	}
	var ways []view.Option
	if can.Gateway {
		ways = append(ways, view.Option{Value: string(payment.WayGateway), Label: "Back to " + can.Method})
	}
	ways = append(ways, view.Option{Value: string(payment.WayCheck), Label: "By check, already written"}, view.Option{Value: string(payment.WayCash), Label: "In cash"},
		view.Option{Value: string(payment.WayOther), Label: "Another way, such as the office's own terminal"})
	for i := range ways {
		ways[i].Chosen = ways[i].Value == string(o.Way)
	}
	page.Fields = []view.DeedField{
		{Input: &views.Input{Name: "amount", Label: "Amount", Inputmode: "decimal", Value: typed, Autocomplete: "off", MaxLength: 20}},
		{Choice: &view.Choice{Name: "way", Label: "How", Options: ways}},
		{Input: &views.Input{Name: "number", Label: "Check #", Hint: "Only when it is paid out by check", Value: o.Number, Autocomplete: "off", MaxLength: 20}},
		reasonField(o.Reason),
	}
	_, parseErr := money.Parse(typed)
	if err := h.refundEffects(c, page, can, &o, typed); err != nil {
		return nil, err
	}
	return &deed{page: page, do: func() (string, string, error) {
		// whatever does not fit the books say themselves, for they know whether
		// this form was sent before
		if parseErr != nil {
			return "", "", fault.Field("amount", "%s", parseErr.Error())
		}
		done, err := h.Payments.Refund(ctx, web.Actor(c), o)
		if err != nil {
			return "", "", err
		}
		if done.State == "failed" {
			return "", "", fault.New(fault.Declined, "%s", done.Message)
		}
		notice := "Given back: " + o.Amount.String() + "."
		switch done.State {
		case "submitted":
			notice = "Sent. What became of it is not known yet; this page shows it as soon as it is. Do not order it again."
		case "pending":
			notice = "Sent. The bank takes some days to take it."
		}
		to, notice := asked(done, at, notice)
		return to, notice, nil
	}}, nil
}

// refundEffects shows where a refund comes off: as typed, or, as long as nobody
// has typed parts, unapplied credit first and then the invoice that is due last.
func (h *Handlers) refundEffects(c echo.Context, page *view.DeedPage, can payment.Refundable, o *payment.RefundOrder, typed string) error {
	e := &page.Effects
	e.Caption = "Where it comes off"
	amount, err := money.Parse(typed)
	switch {
	case err != nil:
		e.Error = err.Error()
	case amount == 0:
		e.Error = "Enter an amount above zero"
	case amount > can.Amount:
		e.Error = fmt.Sprintf("Only %s of this payment is left to give back", can.Amount)
	}
	o.Amount = amount
	var given []string
	for _, part := range can.Parts {
		name := payment.PartField(part.Invoice)
		if v := strings.TrimSpace(c.FormValue(name)); v != "" {
			given = append(given, name+"="+v)
		}
	}
	edited := len(given) > 0 && strings.Join(given, " ") != c.FormValue("auto")
	rest, sum := amount, money.Cents(0)
	var auto []string
	for _, held := range can.Parts {
		name := payment.PartField(held.Invoice)
		label := "Invoice " + held.Invoice
		if held.Invoice == "" {
			label = "Unapplied credit"
		}
		row := view.EffectRow{Label: label, Now: held.Cents.String(), Name: name, Value: strings.TrimSpace(c.FormValue(name))}
		part := max(0, min(held.Cents, rest))
		if edited {
			if part, err = money.Parse(cmp.Or(row.Value, "0")); err != nil {
				part, row.Error = -1, err.Error() // refused by the books, too
			} else if part > held.Cents {
				row.Error = fmt.Sprintf("Only %s of this payment is there", held.Cents)
			}
		} else {
			row.Value = ""
			if part > 0 && e.Error == "" {
				row.Value = part.Plain()
				auto = append(auto, name+"="+row.Value)
			}
		}
		rest -= part
		sum += part
		if row.Error != "" {
			e.Error = cmp.Or(e.Error, "Look at the parts: one of them does not fit")
		} else {
			row.After = (held.Cents - part).String()
		}
		if part != 0 {
			o.Parts = append(o.Parts, payment.RefundPart{Invoice: held.Invoice, Cents: part})
		}
		e.Rows = append(e.Rows, row)
	}
	e.Auto = strings.Join(auto, " ")
	if e.Error == "" && sum != amount {
		e.Error = fmt.Sprintf("The parts come to %s, the refund to %s", sum, amount)
	}
	if e.Error != "" {
		return nil
	}
	e.Facts = facts("Given back", amount.String(), "Left of the payment", (can.Amount - amount).String())
	alone, err := h.Payments.RefundedAlone(c.Request().Context(), o.CustomerID, o.Payment)
	if err != nil {
		return err
	}
	more, ask, err := h.limitFact(c, amount, alone)
	if err != nil {
		return err
	}
	e.Facts = append(e.Facts, more...)
	if e.Button = "Give back " + amount.String(); ask {
		e.Button = "Ask to give back " + amount.String()
	}
	return nil
}

// returnDeed marks a recorded payment as returned by the bank.
func (h *Handlers) returnDeed(c echo.Context) (*deed, error) {
	ctx := c.Request().Context()
	p, who, err := h.thePayment(c)
	if err != nil {
		return nil, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	to, err := h.DB.Read().GetCustomerMail(ctx, p.CustomerID)
	if err != nil {
		return nil, err
	}
	first := c.Request().Method == "GET"
	at := paymentPath(who.Number, p.Reference)
	fee := payment.ReturnFee(s)
	o := payment.ReturnOrder{CustomerID: p.CustomerID, Payment: p.Reference, Reason: c.FormValue("reason"), Nonce: c.FormValue("nonce"),
		Fee: c.FormValue("fee") != "" && fee > 0, Mail: c.FormValue("mail") != "" || first && to.Email != ""}
	day := strings.TrimSpace(c.FormValue("date"))
	if first {
		day, o.Reason = h.Clock.Today(s.Zone).ISO(), "Not enough money in the account"
	}
	var dayErr error
	if o.Date, dayErr = parseDay(day); dayErr != nil {
		o.Date = ""
	}
	page := &view.DeedPage{
		Base: views.Base{Title: "Returned by the bank: payment " + p.Reference, Tab: "customers"}, Customer: who, Heading: "Returned by the bank", Blocked: payment.CannotReturn(p),
		Back: view.Link{Label: "Payment " + p.Reference, Href: at}, Preview: at + "/returned/preview", Do: at + "/returned",
		Lines: []string{"The payment does not count any more and its invoices are open again. When the bank takes it on a second try, record it as a new payment."},
		Fields: []view.DeedField{
			{Input: &views.Input{Name: "date", Label: "Returned on", Type: "date", Value: day}},
			reasonField(o.Reason),
		},
	}
	if page.Blocked != "" {
		page.Lines = nil
	}
	if fee > 0 {
		page.Fields = append(page.Fields, view.DeedField{Tick: &view.Tick{Name: "fee", Label: "Charge the return fee of " + fee.String(), Ticked: o.Fee,
			Hint: "As an invoice of its own. What your state allows is for you to know"}})
	}
	if to.Email != "" {
		page.Fields = append(page.Fields, view.DeedField{Tick: &view.Tick{Name: "mail", Label: "Tell the customer by mail", Hint: to.Email, Ticked: o.Mail}})
	}
	held, err := h.DB.Read().ListHeldOfPayment(ctx, db.NullID(p.ID))
	if err != nil {
		return nil, err
	}
	e := &page.Effects
	e.Caption = "What is open again"
	sum := money.Cents(0)
	for _, part := range held {
		sum += money.Cents(part.Held)
		row := view.EffectRow{Label: "Invoice " + part.Number, Now: money.Cents(part.Held).String(), Change: "-" + money.Cents(part.Held).String(), After: money.Cents(0).String()}
		if !part.InvoiceID.Valid {
			row.Label = "Unapplied credit"
		}
		e.Rows = append(e.Rows, row)
	}
	if dayErr != nil && !first {
		e.Error = dayErr.Error()
	}
	if e.Error == "" {
		e.Facts = facts("Comes off", sum.String())
		if o.Fee {
			e.Facts = append(e.Facts, view.Fact{Label: "Fee", Lines: []string{fee.String()}})
		}
		e.Button = "Mark as returned"
	}
	return &deed{page: page, do: func() (string, string, error) {
		return at, "Marked as returned. Its invoices are open again.", h.Payments.ReturnPayment(ctx, web.Actor(c), o)
	}}, nil
}

// theInvoice is the invoice in the address, of the customer in the address.
func (h *Handlers) theInvoice(c echo.Context, number string) (db.Customer, view.Ref, db.GetInvoiceForCustomerRow, error) {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return row, who, db.GetInvoiceForCustomerRow{}, err
	}
	i, err := h.DB.Read().GetInvoiceForCustomer(c.Request().Context(), db.GetInvoiceForCustomerParams{CustomerID: row.ID, Number: number})
	if err != nil {
		return row, who, i, missing(err, "invoice")
	}
	return row, who, i, nil
}

// voidPath is where an invoice is voided.
func voidPath(who view.Ref, number string) string {
	return who.Href + "/invoices/" + url.PathEscape(number) + "/void"
}

// voidDeed voids an invoice.
func (h *Handlers) voidDeed(c echo.Context) (*deed, error) {
	ctx := c.Request().Context()
	row, who, i, err := h.theInvoice(c, web.Param(c, "invoice"))
	if err != nil {
		return nil, err
	}
	to, err := h.DB.Read().GetCustomerMail(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	applied, err := h.DB.Read().ListAppliedOfInvoice(ctx, db.NullID(i.ID))
	if err != nil {
		return nil, err
	}
	at := voidPath(who, i.Number)
	o := payment.VoidOrder{CustomerID: row.ID, Invoice: i.Number, Reason: c.FormValue("reason"), Nonce: c.FormValue("nonce"),
		Mail: c.FormValue("mail") != "" || c.Request().Method == "GET" && to.Email != ""}
	page := &view.DeedPage{
		Base: views.Base{Title: "Void invoice " + i.Number, Tab: "customers"}, Customer: who, Heading: "Void invoice " + i.Number,
		Back: view.Link{Label: "Invoice " + i.Number, Href: invoicePath(i.Number)}, Preview: at + "/preview", Do: at,
		Lines:  []string{"A void invoice is not to be paid. It stays in the lists, marked Void, and so does its PDF. It cannot be undone: issue a new invoice instead."},
		Fields: []view.DeedField{reasonField(o.Reason)},
	}
	switch {
	case i.State == "void":
		page.Blocked, page.Lines = "This invoice is void already.", nil
	case i.Reserved > 0:
		page.Blocked = money.Cents(i.Reserved).String() + " for this invoice is under way. Wait until that payment is settled, then void it."
	}
	if to.Email != "" {
		page.Fields = append(page.Fields, view.DeedField{Tick: &view.Tick{Name: "mail", Label: "Tell the customer by mail", Hint: to.Email, Ticked: o.Mail}})
	}
	e := &page.Effects
	e.Caption = "What was paid on it becomes unapplied credit"
	freed := money.Cents(0)
	for _, a := range applied {
		freed += money.Cents(a.Applied)
		e.Rows = append(e.Rows, view.EffectRow{Label: appliedLabel(a.Kind, a.TypeLabel, a.Brand, a.NumberLabel, a.PaymentDate),
			Now: money.Cents(a.Applied).String(), Change: "-" + money.Cents(a.Applied).String(), After: money.Cents(0).String()})
	}
	e.Facts = facts("Total", i.TotalCents.String(), "Open now", i.BalanceCents.String())
	if freed > 0 {
		e.Facts = append(e.Facts, facts("Becomes unapplied credit", freed.String())...)
	}
	more, ask, err := h.limitFact(c, i.TotalCents, 0)
	if err != nil {
		return nil, err
	}
	e.Facts = append(e.Facts, more...)
	if e.Button = "Void invoice " + i.Number; ask {
		e.Button = "Ask to void invoice " + i.Number
	}
	return &deed{page: page, do: func() (string, string, error) {
		done, err := h.Payments.VoidInvoice(ctx, web.Actor(c), o)
		to, notice := asked(done, invoicePath(i.Number), "Invoice "+i.Number+" is void.")
		return to, notice, err
	}}, nil
}

// appliedLabel names the payment that money on an invoice came from.
func appliedLabel(kind, label, brand, number, date string) string {
	if kind == "" {
		return "Credit"
	}
	return ledger.MethodInWords(ledger.Kind(kind), label, brand, number) + ", " + calendar.Date(date).String()
}

// creditDeed gives a credit, on an invoice or to the account.
func (h *Handlers) creditDeed(c echo.Context) (*deed, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	to, err := h.DB.Read().GetCustomerMail(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	open, err := ledger.Payable(ctx, h.DB.Read(), row.ID)
	if err != nil {
		return nil, err
	}
	held, err := ledger.Unapplied(ctx, h.DB.Read(), row.ID)
	if err != nil {
		return nil, err
	}
	first := c.Request().Method == "GET"
	o := payment.CreditOrder{CustomerID: row.ID, Invoice: strings.TrimSpace(c.FormValue("invoice")), Reason: c.FormValue("reason"), Nonce: c.FormValue("nonce"),
		Mail: c.FormValue("mail") != "" || first && to.Email != ""}
	typed := strings.TrimSpace(c.FormValue("amount"))
	at := who.Href + "/credit"
	choice := &view.Choice{Name: "invoice", Label: "On", Options: []view.Option{{Value: "", Label: "The account, unapplied", Chosen: o.Invoice == ""}}}
	var on *ledger.OpenInvoice
	for i, inv := range open {
		if inv.Payable() > 0 || inv.Number == o.Invoice {
			choice.Options = append(choice.Options, view.Option{Value: inv.Number, Chosen: inv.Number == o.Invoice,
				Label: fmt.Sprintf("Invoice %s: %s left", inv.Number, inv.Payable())})
		}
		if inv.Number == o.Invoice {
			on = &open[i]
		}
	}
	page := &view.DeedPage{
		Base: views.Base{Title: "Give a credit to " + who.Name, Tab: "customers"}, Customer: who, Heading: "Give a credit",
		Back: view.Link{Label: "Credit", Href: at}, Preview: at + "/new/preview", Do: at + "/new",
		Lines: []string{"A credit lowers what the customer owes without a payment: for a service that was not given, or as a kindness. It is a credit memo with a number of its own."},
		Fields: []view.DeedField{
			{Choice: choice},
			{Input: &views.Input{Name: "amount", Label: "Amount", Inputmode: "decimal", Value: typed, Autocomplete: "off", MaxLength: 20}},
			reasonField(o.Reason),
		},
	}
	if to.Email != "" {
		page.Fields = append(page.Fields, view.DeedField{Tick: &view.Tick{Name: "mail", Label: "Tell the customer by mail", Hint: to.Email, Ticked: o.Mail}})
	}
	e := &page.Effects
	var parseErr error
	o.Amount, parseErr = money.Parse(typed)
	switch {
	case parseErr != nil:
		e.Error = parseErr.Error()
	case o.Amount == 0:
		e.Error = "Enter an amount above zero"
	case o.Invoice != "" && on == nil:
		e.Error = "Nothing is left to pay on invoice " + o.Invoice
	case on != nil && o.Amount > on.Payable():
		e.Error = fmt.Sprintf("Only %s is left to pay on invoice %s. Give the rest to the account", on.Payable(), on.Number)
	}
	if e.Error == "" {
		e.Caption = "What it changes"
		if on != nil {
			e.Rows = []view.EffectRow{{Label: "Invoice " + on.Number, Now: on.Balance.String(), Change: "-" + o.Amount.String(), After: (on.Balance - o.Amount).String()}}
		} else {
			e.Rows = []view.EffectRow{{Label: "Unapplied credit", Now: held.String(), Change: "+" + o.Amount.String(), After: (held + o.Amount).String()}}
		}
		alone, err := h.Payments.CreditedAlone(c.Request().Context(), row.ID)
		if err != nil {
			return nil, err
		}
		more, ask, err := h.limitFact(c, o.Amount, alone)
		if err != nil {
			return nil, err
		}
		e.Facts = more
		if e.Button = "Give a credit of " + o.Amount.String(); ask {
			e.Button = "Ask to give a credit of " + o.Amount.String()
		}
	}
	return &deed{page: page, do: func() (string, string, error) {
		// the books know it already when the form is sent a second time: they say
		// what else is refused
		if parseErr != nil {
			return "", "", fault.Field("amount", "%s", parseErr.Error())
		}
		done, err := h.Payments.GiveCredit(ctx, web.Actor(c), o)
		to, notice := asked(done, at, "Given: a credit of "+o.Amount.String()+".")
		return to, notice, err
	}}, nil
}
