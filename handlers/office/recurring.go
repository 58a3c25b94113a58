package office

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// periodsShown is how many billed periods of an item are listed.
const periodsShown = 36

// recurringRow is an item in the list and at the top of its page.
func recurringRow(who view.Ref, r db.ListRecurringItemsForCustomerRow, today calendar.Date) view.RecurringRow {
	row := view.RecurringRow{Href: who.Href + "/recurring/" + number(r.ID), Description: r.Description, Place: joined(", ", r.SiteName, r.SystemName),
		Amount: money.Cents(r.Amount).String(), Cycle: billing.CycleInWords(int(r.CycleMonths)), Days: "since " + r.StartDate.String(), State: "Goes on", StateClass: "state-ok"}
	if r.Quantity != money.QuantityScale {
		row.Amount = r.Quantity.String() + " × " + row.Amount
	}
	if r.StartDate > today {
		row.Days, row.State, row.StateClass = "from "+r.StartDate.String(), "To come", "state-progress"
	}
	if !r.EndDate.IsZero() {
		row.Days = r.StartDate.String() + " to " + r.EndDate.String()
		row.State, row.StateClass = "Ends", "state-progress"
		if r.EndDate < today {
			row.Ended, row.State, row.StateClass = true, "Ended", "state-off"
		}
		if r.EndDate < r.StartDate {
			row.Days = "never charged"
		}
	}
	terms := billing.Terms{Start: r.StartDate, End: r.EndDate, Cycle: int(r.CycleMonths), Prorate: r.Prorate != 0, Arrears: r.Arrears != 0}
	if !r.NextDate.IsZero() {
		if p, ok := terms.NextPeriod(r.NextDate); ok {
			row.Next = p.String()
		}
	}
	if row.Next == "" {
		row.Next = "none"
	}
	return row
}

func recurringMonthly(rows []db.ListRecurringItemsForCustomerRow, today calendar.Date) money.Cents {
	var sum money.Cents
	for _, r := range rows {
		if r.StartDate <= today && (r.EndDate.IsZero() || r.EndDate > today) {
			sum += billing.MonthlyOf(money.Cents(r.Amount), r.Quantity, r.CycleMonths)
		}
	}
	return sum
}

// recurringItems lists a customer's recurring items.
func (h *Handlers) recurringItems(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return err
	}
	items, err := h.DB.Read().ListRecurringItemsForCustomer(ctx, db.ListRecurringItemsForCustomerParams{Today: today, CustomerID: row.ID})
	if err != nil {
		return err
	}
	p := &view.RecurringPage{Base: views.Base{Title: "Recurring items of " + who.Name, Tab: "customers"}, Customer: who, Monthly: recurringMonthly(items, today).String()}
	if may(c, tellers) {
		p.New, p.Tax = who.Href+"/recurring/new", who.Href+"/tax"
	}
	for _, i := range items {
		p.Rows = append(p.Rows, recurringRow(who, i, today))
	}
	return h.Page(c, http.StatusOK, "office/recurring", p)
}

// recurringList is what recurs for a customer now, for the customer's page.
func (h *Handlers) recurringList(ctx context.Context, s *settings.Settings, row db.Customer) (view.RecurringList, error) {
	who := ref(row.Number, row.DisplayName)
	today := h.Clock.Today(s.Zone)
	list := view.RecurringList{Href: who.Href + "/recurring"}
	items, err := h.DB.Read().ListRecurringItemsForCustomer(ctx, db.ListRecurringItemsForCustomerParams{Today: today, CustomerID: row.ID})
	if err != nil {
		return list, err
	}
	for _, i := range items {
		if r := recurringRow(who, i, today); !r.Ended && len(list.Rows) < onPage {
			list.Rows = append(list.Rows, r)
		}
	}
	return list, nil
}

// recurringForm is a new item as it was typed.
type recurringForm struct {
	description, place, amount, quantity, cycle, start, prorate, when, taxable, from, reason string
}

// newRecurring shows the form for a new item.
func (h *Handlers) newRecurring(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	today, err := h.Ledger.Today(c.Request().Context())
	if err != nil {
		return err
	}
	p, err := h.recurringFormPage(c.Request().Context(), row, who, recurringForm{quantity: "1", cycle: "1", start: today.ISO(), prorate: "yes", when: "advance", taxable: "yes"}, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/recurring_new", p)
}

func choice(name, label, hint, chosen, refused string, options ...string) view.Choice {
	c := view.Choice{Name: name, Label: label, Hint: hint, Error: refused}
	for i := 0; i+1 < len(options); i += 2 {
		c.Options = append(c.Options, view.Option{Value: options[i], Label: options[i+1], Chosen: options[i] == chosen})
	}
	return c
}

func (h *Handlers) recurringFormPage(ctx context.Context, row db.Customer, who view.Ref, f recurringForm, refused views.FieldErrors) (*view.NewRecurringPage, error) {
	sites, err := h.DB.Read().ListSitesForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	systems, err := h.DB.Read().ListSystemsForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	places := []string{"", "No site"}
	for _, s := range sites {
		places = append(places, number(s.ID), s.Name)
		for _, y := range systems {
			if y.SiteID == s.ID {
				places = append(places, number(s.ID)+"."+number(y.ID), s.Name+", "+y.Name)
			}
		}
	}
	if f.place == "" && len(sites) == 1 && f.description == "" && refused == nil {
		f.place = number(sites[0].ID)
	}
	input := func(name, label, hint, value string, most int) views.Input {
		return views.Input{Name: name, Label: label, Hint: hint, Value: value, Autocomplete: "off", MaxLength: most, Error: refused.Of(name)}
	}
	p := &view.NewRecurringPage{Base: views.Base{Title: "Add a recurring item", Tab: "customers", Errors: refused}, Customer: who, Action: who.Href + "/recurring",
		Description: input("description", "Description", "As it stands on the invoice, in front of the days: Monitoring", f.description, 500),
		Place:       choice("site_name", "Site and system", "The site says which tax is charged", f.place, refused.Of("site_name"), places...),
		Amount:      input("amount", "Amount", "For one piece and one cycle, before tax", f.amount, 20),
		Quantity:    input("quantity", "Quantity", "", f.quantity, 12),
		Cycle: choice("cycle_months", "Charged", "", f.cycle, refused.Of("cycle_months"),
			"1", "every month", "2", "every 2 months", "3", "every 3 months", "6", "every 6 months", "12", "every year"),
		Start: input("start_date", "First day that is charged for", "", f.start, 10),
		Prorate: choice("prorate", "By days", "", f.prorate, refused.Of("prorate"),
			"yes", "Yes: the first bill runs to the end of its month, then by whole months; an end or a new amount counts from its day",
			"no", "No: periods begin on the day of the start, each is charged whole"),
		When:     choice("arrears", "Billed", "", f.when, refused.Of("arrears"), "advance", "in advance, when a period begins", "arrears", "in arrears, when a period is over"),
		Taxable:  choice("taxable", "Sales tax", "", f.taxable, refused.Of("taxable"), "yes", "Taxed as its site is", "no", "Not taxed"),
		BillFrom: input("billed_until", "Billed until", "The last day that was billed elsewhere; empty when all of it is to be billed", f.from, 10),
		Reason:   input("reason", "Reason", "Why it is charged: a new system, a new contract", f.reason, 500),
	}
	p.Start.Type, p.BillFrom.Type, p.Amount.Inputmode, p.Quantity.Inputmode = "date", "date", "decimal", "decimal"
	return p, nil
}

// addRecurring adds an item.
func (h *Handlers) addRecurring(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	f := recurringForm{description: c.FormValue("description"), place: c.FormValue("site_name"), amount: c.FormValue("amount"), quantity: c.FormValue("quantity"),
		cycle: c.FormValue("cycle_months"), start: strings.TrimSpace(c.FormValue("start_date")), prorate: c.FormValue("prorate"), when: c.FormValue("arrears"),
		taxable: c.FormValue("taxable"), from: strings.TrimSpace(c.FormValue("billed_until")), reason: c.FormValue("reason")}
	record, refused := f.record(row.ID)
	if refused == nil {
		_, err := h.Billing.AddItem(ctx, web.Actor(c), record)
		if err == nil {
			return h.SeeNotice(c, who.Href+"/recurring", "Added.")
		}
		known, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		refused = known
	}
	for i := range refused {
		if refused[i].Field == "system_name" {
			refused[i].Field = "site_name" // one list has both
		}
	}
	p, err := h.recurringFormPage(ctx, row, who, f, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/recurring_new", "recurring-form", p)
}

// record reads the form. What cannot be read is refused together with what the
// noun refuses.
func (f recurringForm) record(customerID int64) (billing.ItemRecord, views.FieldErrors) {
	r := billing.ItemRecord{CustomerID: customerID, Description: f.description, Taxable: f.taxable != "no", Reason: f.reason}
	var refused views.FieldErrors
	refuse := func(field string, err error) {
		refused = append(refused, views.FieldError{Field: field, Message: err.Error()})
	}
	site, system, _ := strings.Cut(f.place, ".")
	r.SiteID, _ = strconv.ParseInt(site, 10, 64)
	r.SystemID, _ = strconv.ParseInt(system, 10, 64)
	var err error
	if r.Quantity, err = money.ParseQuantity(f.quantity); err != nil {
		refuse("quantity", err)
	}
	r.Terms.Cycle, _ = strconv.Atoi(f.cycle)
	r.Terms.Prorate, r.Terms.Arrears = f.prorate != "no", f.when == "arrears"
	if r.Terms.Start, err = parseDay(f.start); err != nil {
		refuse("start_date", err)
	}
	amount, err := money.Parse(f.amount)
	if err != nil {
		refuse("amount", err)
	}
	r.Prices = []billing.DatedPrice{{From: r.Terms.Start, Amount: amount}}
	if f.from != "" {
		if r.BilledUntil, err = parseDay(f.from); err != nil {
			refuse("billed_until", err)
		}
	}
	if strings.TrimSpace(f.reason) == "" {
		refuse("reason", errors.New("Enter why it is charged"))
	}
	known, _ := web.FieldErrors(r.Check())
	for _, e := range known {
		if refused.Of(e.Field) == "" {
			refused = append(refused, e)
		}
	}
	return r, refused
}

// recurringItem shows one item.
func (h *Handlers) recurringItem(c echo.Context) error {
	p, err := h.recurringPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/recurring_item", p)
}

func (h *Handlers) recurringPage(c echo.Context) (*view.RecurringItemPage, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	today := h.Clock.Today(s.Zone)
	q := h.DB.Read()
	i, err := q.GetRecurringItemForCustomer(ctx, db.GetRecurringItemForCustomerParams{ID: theID(c), CustomerID: row.ID})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Missing("recurring item")
	}
	if err != nil {
		return nil, err
	}
	prices, err := q.ListRecurringAmounts(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	periods, err := q.ListRecurringPeriods(ctx, db.ListRecurringPeriodsParams{ItemID: i.ID, Most: periodsShown})
	if err != nil {
		return nil, err
	}
	p := &view.RecurringItemPage{Base: views.Base{Title: i.Description, Tab: "customers"}, Customer: who}
	listed := db.ListRecurringItemsForCustomerRow{ID: i.ID, CustomerID: i.CustomerID, SiteID: i.SiteID, SystemID: i.SystemID, Description: i.Description, Quantity: i.Quantity,
		CycleMonths: i.CycleMonths, StartDate: i.StartDate, EndDate: i.EndDate, Prorate: i.Prorate, Arrears: i.Arrears, Taxable: i.Taxable, NextDate: i.NextDate, SiteName: i.SiteName, SystemName: i.SystemName}
	for n, a := range prices {
		reason := a.Reason
		if n == 0 {
			reason = joined(": ", "At the start", i.Reason)
		}
		p.Prices = append([]view.RecurringPrice{{From: a.FromDate.String(), Amount: a.AmountCents.String(), Reason: reason}}, p.Prices...)
		if n == 0 || a.FromDate <= today {
			listed.Amount = int64(a.AmountCents)
		}
	}
	p.RecurringRow = recurringRow(who, listed, today)
	void := false
	for _, b := range periods {
		period := view.RecurringPeriod{Days: billing.Period{From: b.FromDate, Until: b.UntilDate}.String(), Amount: b.AmountCents.String(), Tax: b.TaxCents.String(), Invoice: b.InvoiceNumber}
		switch {
		case b.InvoiceNumber == "":
			period.Note = "free of charge"
		case b.InvoiceState == "void":
			period.Note, void = "voided", true
		}
		if b.InvoiceNumber != "" {
			period.PDF = paperPath(who, b.InvoiceNumber)
		}
		p.Periods = append(p.Periods, period)
	}
	how, byDays, taxed := "in advance", "yes", "as its site is"
	if i.Arrears != 0 {
		how = "in arrears"
	}
	if i.Prorate == 0 {
		byDays = "no, by whole periods"
	}
	if i.Taxable == 0 {
		taxed = "none"
	}
	p.Facts = facts("Where", p.Place, "Days", p.Days, "Billed", how, "By days", byDays, "Sales tax", taxed, "Next bill", p.Next, "Why it is charged", i.Reason, "Why it ended", i.EndReason)
	if may(c, tellers) {
		h.recurringForms(p, i, void, c.Request().Form.Get)
	}
	return p, nil
}

// recurringForms puts the forms in that change the item. Typed says what their
// boxes hold.
func (h *Handlers) recurringForms(p *view.RecurringItemPage, i db.GetRecurringItemForCustomerRow, void bool, typed func(string) string) {
	box := func(name, label, kind, value, hint string) views.Input {
		in := views.Input{Name: name, Label: label, Type: kind, Value: value, Hint: hint, Autocomplete: "off", MaxLength: 500}
		if v := typed(name); v != "" {
			in.Value = v
		}
		return in
	}
	if void {
		p.Again = p.Href + "/again"
	}
	if i.NextDate.IsZero() && !i.EndDate.IsZero() {
		return
	}
	amount := box("price-amount", "New amount", "", "", "For one piece and one cycle, before tax")
	amount.Inputmode = "decimal"
	p.Price = &view.RecurringForm{Key: "price", Title: "Change the amount", Action: p.Href + "/price", Button: "Change the amount",
		Hint:   "What is billed stays as it is. " + map[bool]string{true: "A day in the middle of a period charges each part of it by days.", false: "It counts from the first period that begins with that day or later."}[i.Prorate != 0],
		Inputs: []views.Input{amount, box("price-from_date", "From", "date", i.NextDate.ISO(), ""), box("price-reason", "Reason", "", "", "")}}
	p.End = &view.RecurringForm{Key: "end", Title: "End it", Action: p.Href + "/end", Button: "End the item", Hint: "Nothing is charged for later days.",
		Inputs: []views.Input{box("end-end_date", "Last day that is charged for", "date", i.EndDate.ISO(), ""), box("end-end_reason", "Reason", "", "", "Moved, sold, price, unhappy")}}
	credit := choice("end-credit", "What was billed for later days", "Shown before it is booked", typed("end-credit"), "", "yes", "Credit it to the account", "no", "Keep it")
	if i.Prorate != 0 && i.Arrears == 0 {
		p.End.Choice = &credit
	}
	p.From = &view.RecurringForm{Key: "from", Title: "Bill it from another day", Action: p.Href + "/from", Button: "Bill from that day",
		Hint:   "When days were billed elsewhere, or are not to be billed at all.",
		Inputs: []views.Input{box("from-from_date", "First day that is billed", "date", i.NextDate.ISO(), ""), box("from-reason", "Reason", "", "", "")}}
}

// changeRecurring gives an item another amount, an end, or another day from
// which it is billed.
func (h *Handlers) changeRecurring(c echo.Context) error {
	ctx, by, id := c.Request().Context(), web.Actor(c), theID(c)
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	here := who.Href + "/recurring/" + number(id)
	day := func(field string) (calendar.Date, error) {
		d, err := parseDay(strings.TrimSpace(c.FormValue(field)))
		if err != nil {
			return "", fault.Field(field[strings.Index(field, "-")+1:], "%s", err.Error())
		}
		return d, nil
	}
	verb := c.Param("verb")
	word, confirm := "", ""
	switch verb {
	case "price":
		word = "The amount is changed."
		amount, amountErr := money.Parse(c.FormValue("price-amount"))
		from, dayErr := day("price-from_date")
		var refused fault.Fields
		if amountErr != nil {
			refused.Add("amount", "%s", amountErr.Error())
		}
		if dayErr != nil {
			refused.Add("from_date", "%s", calendar.ErrDate.Error())
		}
		if err = refused.Err(); err == nil {
			err = h.Billing.SetPrice(ctx, by, row.ID, id, from, amount, c.FormValue("price-reason"))
		}
	case "end":
		word, confirm, err = h.endRecurring(c, row.ID, id, day)
	case "from":
		word = "It is billed from that day."
		var from calendar.Date
		if from, err = day("from-from_date"); err == nil {
			err = h.Billing.BillFrom(ctx, by, row.ID, id, from, c.FormValue("from-reason"))
		}
	case "again":
		word = "The next run bills them again."
		_, err = h.Billing.BillAgain(ctx, by, row.ID, id)
	default:
		return fault.Missing("page")
	}
	if err == nil && confirm == "" {
		return h.SeeNotice(c, here, word)
	}
	refused, ok := web.FieldErrors(err)
	if err != nil && (!ok || verb == "again") {
		return err
	}
	p, err := h.recurringPage(c)
	if err != nil {
		return err
	}
	form := map[string]*view.RecurringForm{"price": p.Price, "end": p.End, "from": p.From}[verb]
	if form == nil { // ended meanwhile
		return fault.New(fault.Conflict, "This item ended meanwhile.")
	}
	for i := range refused {
		if refused[i].Field != "" {
			refused[i].Field = verb + "-" + refused[i].Field
		}
	}
	form.Errors, p.Errors = refused, refused
	for i := range form.Inputs {
		form.Inputs[i].Error = refused.Of(form.Inputs[i].Name)
	}
	if confirm != "" {
		form.Credit, form.Button = confirm, "End it and book this"
		form.Action += "?sure=yes"
		if !web.IsHTMX(c) {
			return h.Page(c, http.StatusOK, "office/recurring_item", p)
		}
		return h.Fragment(c, http.StatusOK, "office/recurring_item", "recurring-change", form)
	}
	if !web.IsHTMX(c) {
		return h.Page(c, http.StatusUnprocessableEntity, "office/recurring_item", p)
	}
	return h.Fragment(c, http.StatusUnprocessableEntity, "office/recurring_item", "recurring-change", form)
}

// endRecurring ends an item. When that would give money back it first says how
// much: confirm is that in words, and nothing is done yet.
func (h *Handlers) endRecurring(c echo.Context, customerID, id int64, day func(string) (calendar.Date, error)) (word, confirm string, err error) {
	ctx := c.Request().Context()
	last, err := day("end-end_date")
	if err != nil {
		return "", "", err
	}
	reason := strings.TrimSpace(c.FormValue("end-end_reason"))
	credit := c.FormValue("end-credit") == "yes"
	over, err := h.Billing.AfterEnd(ctx, customerID, id, last)
	if err != nil {
		return "", "", err
	}
	days := billing.Period{From: over.From, Until: over.Until}
	if over.Cents > 0 && credit && c.QueryParam("sure") == "" && reason != "" {
		return "", "It is billed already for " + days.String() + ": " + over.Cents.String() +
			" with tax. Press again to end it and put that on the account as credit; it can go to open invoices or be paid back.", nil
	}
	over, err = h.Billing.EndItem(ctx, web.Actor(c), customerID, id, billing.Ending{LastDay: last, Reason: reason})
	word = "The item ends on " + last.String() + "."
	if err != nil || over.Cents == 0 || !credit {
		return word, "", err
	}
	done, err := h.Payments.GiveCredit(ctx, web.Actor(c), payment.CreditOrder{CustomerID: customerID, Amount: over.Cents,
		Reason: "Not charged after all: " + days.String(), Nonce: endNonce(id)})
	switch {
	case err != nil:
		h.Log.Error("credit for an ended item", "item", id, "error", err.Error())
		word += " The credit of " + over.Cents.String() + " could not be booked; give it on the customer's page."
	case done.Asked != 0:
		word += " The credit of " + over.Cents.String() + " waits for a second person to agree."
	default:
		word += " " + over.Cents.String() + " is on the account as credit."
	}
	return word, "", nil
}

// endNonce stands for the one credit that the end of an item gives.
func endNonce(id int64) string {
	sum := sha256.Sum256([]byte("recurring item ended " + number(id)))
	return hex.EncodeToString(sum[:16])
}
