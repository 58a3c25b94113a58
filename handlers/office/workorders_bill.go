package office

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/billing"
	"customerportal/internal/money"
	"customerportal/internal/sale"
	"customerportal/internal/workorder"
	"customerportal/views"
	view "customerportal/views/office"
)

// billOf is what a work order comes to as an invoice of today.
func (h *Handlers) billOf(ctx context.Context, number string) (b sale.Bill, err error) {
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return b, err
	}
	err = h.DB.View(ctx, func(q *db.Queries) error {
		b, err = sale.BillOf(ctx, q, number, today)
		return err
	})
	return b, err
}

// fillBill offers the invoice of a completed work order with what it comes to.
func (h *Handlers) fillBill(ctx context.Context, p *view.WorkOrderPage) error {
	b, err := h.billOf(ctx, p.Number)
	if err != nil {
		return err
	}
	if b.Why != "" {
		p.NoInvoice = b.Why
		return nil
	}
	p.MakeInvoice, p.MakeInvoiceLabel = p.Href+"/invoice", "Make invoice, "+b.Total.String()
	return nil
}

// billWorkOrder shows what the invoice will hold before it is made.
func (h *Handlers) billWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	if row.Invoice != "" {
		return web.See(c, invoicePath(row.Invoice))
	}
	p, err := h.billPage(c, row, true, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/workorder_invoice", p)
}

func (h *Handlers) billPage(c echo.Context, row db.GetOrderInOfficeRow, mail bool, refused views.FieldErrors) (*view.WorkInvoicePage, error) {
	ctx := c.Request().Context()
	b, err := h.billOf(ctx, row.WorkOrder.Number)
	if err != nil {
		return nil, err
	}
	to, err := h.DB.Read().ListInvoiceMailTargets(ctx, row.WorkOrder.CustomerID)
	if err != nil {
		return nil, err
	}
	p := &view.WorkInvoicePage{Base: views.Base{Title: "Make the invoice of " + b.Number, Tab: "workorders", Errors: refused}, Customer: ref(b.CustomerNumber, b.Customer), Number: b.Number, Href: workOrderPath(b.Number),
		Version: b.Version, Cents: int64(b.Total), Why: b.Why, MailTo: strings.Join(to, ", "), Mail: mail, Button: "Make invoice, " + b.Total.String(),
		Sums: draftSums(billing.Priced{Tax: b.Tax, Subtotal: b.Subtotal, TaxTotal: b.TaxTotal, Total: b.Total})}
	for _, l := range b.Lines {
		p.Lines = append(p.Lines, view.PricedLine{Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: l.UnitPrice.String(), Tax: l.Tax.String(), Amount: l.Amount().String()})
	}
	return p, nil
}

// invoiceWorkOrder makes the invoice. Pressed twice it ends at the same one both
// times.
func (h *Handlers) invoiceWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	total, err := strconv.ParseInt(c.FormValue("total"), 10, 64)
	if err != nil {
		total = -1 // nothing comes to that
	}
	mail := c.FormValue("mail") != ""
	done, err := h.Sale.InvoiceWorkOrder(c.Request().Context(), web.Actor(c), row.WorkOrder.Number, seen(c), money.Cents(total), mail)
	if refused, ok := web.FieldErrors(err); ok {
		for i := range refused {
			refused[i].Field = "" // there is nothing to type on this page
		}
		p, err := h.billPage(c, row, mail, refused)
		if err != nil {
			return err
		}
		return h.Refused(c, "office/workorder_invoice", "form", p)
	}
	if err != nil {
		return err
	}
	said := "The invoice is made. It has not gone out: e-mail or print it."
	switch {
	case done.Before:
		said = "This work order has its invoice already; nothing was done twice."
	case done.Mailed:
		said = "The invoice is made, and on its way by e-mail."
	}
	return h.SeeNotice(c, invoicePath(done.Number), said)
}

// workForm is parts and labour as they were typed.
type workForm struct {
	version int64
	lines   []workLine
	next    int64
	added   int64 // the line that gets the focus
	parsed  []workorder.Line
	keys    []int64 // of the lines parsed
}

type workLine struct {
	key                         int64
	labour                      bool
	description, quantity, unit string
	taxable                     bool
}

func (l workLine) blank() bool { return strings.TrimSpace(l.description+l.unit) == "" }

// add puts in an empty line.
func (f *workForm) add() {
	f.next++
	f.lines = append(f.lines, workLine{key: f.next, quantity: "1"})
}

// readWork reads the form, and carries out what was asked of its lines.
func readWork(c echo.Context) *workForm {
	f := &workForm{version: seen(c)}
	removed := c.FormValue("remove")
	for _, key := range c.Request().Form["line"] {
		k, err := strconv.ParseInt(key, 10, 64)
		if err != nil || k < 1 || k > 10_000 || len(f.lines) > workorder.MaxLines {
			continue
		}
		f.next = max(f.next, k)
		if key == removed {
			continue
		}
		f.lines = append(f.lines, workLine{key: k, labour: c.FormValue("kind-"+key) == "labour", description: c.FormValue("description-" + key), quantity: strings.TrimSpace(c.FormValue("quantity-" + key)),
			unit: strings.TrimSpace(c.FormValue("price-" + key)), taxable: c.FormValue("taxable-"+key) != ""})
	}
	if c.FormValue("add") != "" && len(f.lines) < workorder.MaxLines {
		f.add()
		f.added = f.next
	}
	if len(f.lines) == 0 {
		f.add()
	}
	return f
}

// parse reads the numbers of the lines. An empty line counts for nothing.
func (f *workForm) parse() views.FieldErrors {
	var refused views.FieldErrors
	f.parsed, f.keys = nil, nil
	for _, l := range f.lines {
		if l.blank() {
			continue
		}
		line := workorder.Line{Labour: l.labour, Description: l.description, Taxable: l.taxable}
		var err error
		if line.Quantity, err = money.ParseQuantity(cmp.Or(l.quantity, "1")); err != nil {
			refused = append(refused, views.FieldError{Field: keyed("quantity", l.key), Message: err.Error()})
		}
		if line.UnitPrice, err = money.Parse(cmp.Or(l.unit, "?")); err != nil {
			refused = append(refused, views.FieldError{Field: keyed("price", l.key), Message: err.Error()})
		}
		f.parsed, f.keys = append(f.parsed, line), append(f.keys, l.key)
	}
	return refused
}

// workOfOrder is the form of parts and labour.
func (h *Handlers) workOfOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	f := &workForm{version: row.WorkOrder.Version}
	lines, err := h.DB.Read().ListWorkOrderLines(c.Request().Context(), row.WorkOrder.ID)
	if err != nil {
		return err
	}
	for _, l := range lines {
		f.next++
		f.lines = append(f.lines, workLine{key: f.next, labour: l.Kind == "labour", description: l.Description, quantity: l.Quantity.String(), unit: l.UnitPriceCents.Plain(), taxable: l.Taxable != 0})
	}
	_ = f.parse() // what is stored was accepted; the amounts are shown of what is parsed
	if len(f.lines) == 0 {
		f.add()
	}
	return h.Page(c, http.StatusOK, "office/workorder_work", workPage(row, f, nil))
}

func workPage(row db.GetOrderInOfficeRow, f *workForm, refused views.FieldErrors) *view.WorkPage {
	href := workOrderPath(row.WorkOrder.Number)
	p := &view.WorkPage{Base: views.Base{Title: "Parts and labour of " + row.WorkOrder.Number, Tab: "workorders", Errors: refused}, Number: row.WorkOrder.Number, Href: href}
	w := &p.Lines
	*w = view.WorkLines{Action: href + "/work", Preview: href + "/work/preview", Version: f.version, Error: refused.Of("lines")}
	var total money.Cents
	for i, l := range f.lines {
		r := view.WorkLineRow{Key: l.key, Name: "line " + strconv.Itoa(i+1), Labour: l.labour, Description: l.description, Quantity: l.quantity, UnitPrice: l.unit, Taxable: l.taxable, Only: len(f.lines) == 1, Focus: l.key == f.added,
			DescriptionError: refused.Of(keyed("description", l.key)), QuantityError: refused.Of(keyed("quantity", l.key)), UnitPriceError: refused.Of(keyed("price", l.key))}
		if at := slices.Index(f.keys, l.key); at >= 0 && r.QuantityError == "" && r.UnitPriceError == "" && f.parsed[at].Quantity <= 10_000*money.QuantityScale && f.parsed[at].UnitPrice <= money.Max/10_000 {
			amount := f.parsed[at].Amount()
			r.Amount = amount.String()
			total += amount
		}
		w.Rows = append(w.Rows, r)
	}
	w.Total = total.String()
	for i, e := range p.Errors {
		if e.Field == "lines" {
			p.Errors[i].Field = "" // the table has no single control
		}
	}
	return p
}

// previewWork adds and removes lines and shows what they come to. It changes
// nothing.
func (h *Handlers) previewWork(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	f := readWork(c)
	p := workPage(row, f, f.parse())
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorder_work", "lines", p.Lines)
	}
	p.Errors = nil // what is not finished yet is said beside its field
	return h.Page(c, http.StatusOK, "office/workorder_work", p)
}

// saveWork stores parts and labour.
func (h *Handlers) saveWork(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	f := readWork(c)
	refused := f.parse()
	if refused == nil {
		err = h.WorkOrders.SetWork(c.Request().Context(), web.Actor(c), row.WorkOrder.Number, f.version, f.parsed)
		known, ok := web.FieldErrors(err)
		if !ok {
			if err != nil {
				return err
			}
			return h.SeeNotice(c, workOrderPath(row.WorkOrder.Number), "Parts and labour are saved.")
		}
		refused = f.byKey(known)
		if overtaken(err) { // having been told, the next save counts
			if row, err = h.theWorkOrder(c); err != nil {
				return err
			}
			f.version = row.WorkOrder.Version
		}
	}
	return h.Refused(c, "office/workorder_work", "form", workPage(row, f, refused))
}

// byKey gives refusals of the noun, which counts lines, the names of the form's
// controls.
func (f *workForm) byKey(refused views.FieldErrors) views.FieldErrors {
	for i, r := range refused {
		name, n, ok := strings.Cut(r.Field, "-")
		if at, err := strconv.Atoi(n); ok && err == nil && at >= 1 && at <= len(f.keys) {
			refused[i].Field = keyed(name, f.keys[at-1])
		}
	}
	return refused
}

// mayEditWork reports whether the office may still change parts and labour.
func mayEditWork(row db.GetOrderInOfficeRow) bool {
	return row.Invoice == "" && row.WorkOrder.State != string(workorder.Cancelled)
}
