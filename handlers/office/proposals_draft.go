package office

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/views"
	view "customerportal/views/office"
)

const proposalsPath = "/office/proposals"

func proposalPath(number string) string { return proposalsPath + "/" + url.PathEscape(number) }

// proposalAt is the page of one version.
func proposalAt(number string, version int64) string {
	return fmt.Sprintf("%s?version=%d", proposalPath(number), version)
}

func proposalDraftPath(id int64) string { return proposalsPath + "/drafts/" + number(id) }

func newProposalPath(customer string) string {
	return proposalsPath + "/new?" + url.Values{"customer": {customer}}.Encode()
}

// offerForm is a proposal as it is being typed.
type offerForm struct {
	nonce                 string
	saves                 int64
	place                 string // "" or the id of a site, with ".": and of a system
	number, title         string
	introduction, terms   string
	valid, deposit        string
	salesperson           int64
	residential           bool
	lines                 []offerLine
	files                 []int64
	added                 int64  // the key of the line that "Add a line" made
	moved, shifted        int64  // the key of the line, the id of the file that went up or down
	moveFocus, shiftFocus string // and which way
	draft                 proposal.Draft
	keys                  []int64 // of the lines that are in draft
}

type offerLine struct {
	key                         int64
	description, quantity, unit string
	cycle                       int64
	choice                      string
	taxable                     bool
}

// blank tells a line that nothing was typed into.
func (l offerLine) blank() bool {
	return l.description == "" && l.unit == "" && (l.quantity == "" || l.quantity == "1")
}

// The customer's choice in a line.
const (
	included = ""
	optional = "option"
	chosen   = "chosen"
)

// readOffer reads the form, with what its buttons did to the lines and files.
func readOffer(c echo.Context) *offerForm {
	form := c.Request().Form
	of := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	f := &offerForm{nonce: form.Get("nonce"), place: of("place"), number: of("number"), title: of("title"), introduction: form.Get("introduction"), terms: form.Get("terms"),
		valid: of("valid_until"), deposit: of("deposit"), residential: of("residential") != ""}
	f.saves, _ = strconv.ParseInt(of("saves"), 10, 64)             // anything else is no save of this draft
	f.salesperson, _ = strconv.ParseInt(of("salesperson"), 10, 64) // anything else is nobody
	remove, _ := strconv.ParseInt(of("remove"), 10, 64)            // no line has the key 0
	last := int64(0)
	for _, s := range form["line"] {
		key, err := strconv.ParseInt(s, 10, 32)
		if err != nil || key <= 0 || len(f.lines) > proposal.MaxLines {
			continue
		}
		last = max(last, key)
		if key == remove || slices.ContainsFunc(f.lines, func(l offerLine) bool { return l.key == key }) {
			continue
		}
		l := offerLine{key: key, description: of("description-" + s), quantity: of("quantity-" + s), unit: of("unit_price-" + s), choice: of("choice-" + s), taxable: of("taxable-"+s) != ""}
		if l.cycle, err = strconv.ParseInt(cmp.Or(of("cycle-"+s), "0"), 10, 32); err != nil {
			l.cycle = -1 // which the noun refuses
		}
		f.lines = append(f.lines, l)
	}
	f.moved, f.moveFocus = moved(f.lines, of("move"), func(l offerLine) int64 { return l.key })
	for _, s := range form["file"] {
		id, err := strconv.ParseInt(s, 10, 64)
		if err == nil && s != of("drop") && len(f.files) < proposal.MaxAttachments && !slices.Contains(f.files, id) {
			f.files = append(f.files, id)
		}
	}
	f.shifted, f.shiftFocus = moved(f.files, of("shift"), func(id int64) int64 { return id })
	// a line comes only when it is asked for: nothing jumps away under a finger
	if of("add") != "" {
		f.added = f.goOn(last)
	} else if len(f.lines) == 0 {
		f.goOn(last)
	}
	return f
}

// moved carries out "up-3" or "down-3" on a list, and returns the key that moved
// and the button that is to have the focus: the one that was pressed, or the
// other at an end of the list.
func moved[T any](list []T, order string, key func(T) int64) (int64, string) {
	way, rest, _ := strings.Cut(order, "-")
	wanted, err := strconv.ParseInt(rest, 10, 64)
	at := slices.IndexFunc(list, func(t T) bool { return key(t) == wanted })
	if err != nil || at < 0 {
		return 0, ""
	}
	switch {
	case way == "up" && at > 0:
		list[at-1], list[at] = list[at], list[at-1]
		at--
	case way == "down" && at < len(list)-1:
		list[at+1], list[at] = list[at], list[at+1]
		at++
	}
	switch at {
	case 0:
		way = "down"
	case len(list) - 1:
		way = "up"
	}
	return wanted, way
}

// goOn adds a blank line after those there are, or finds the one at the end, and
// returns its key.
func (f *offerForm) goOn(last int64) int64 {
	if n := len(f.lines); n > 0 && f.lines[n-1].blank() {
		return f.lines[n-1].key
	}
	f.lines = append(f.lines, offerLine{key: last + 1, quantity: "1", taxable: true})
	return last + 1
}

// parse turns what was typed into a draft and says what cannot be read. Lines
// that nothing was typed into are left out.
func (f *offerForm) parse(t *offerDesk) views.FieldErrors {
	var refused views.FieldErrors
	refuse := func(field string, err error) {
		if err != nil {
			refused = append(refused, views.FieldError{Field: field, Message: err.Error()})
		}
	}
	d := proposal.Draft{ID: t.id, Saves: f.saves, Nonce: f.nonce, CustomerID: t.row.ID, Number: f.number, Version: t.version, Title: f.title, Introduction: f.introduction,
		Terms: f.terms, Residential: f.residential, SalespersonID: f.salesperson, Attachments: f.files}
	site, system, _ := strings.Cut(f.place, ".")
	d.SiteID, _ = strconv.ParseInt(site, 10, 64) // anything else is no site
	d.SystemID, _ = strconv.ParseInt(system, 10, 64)
	var err error
	if f.valid != "" {
		d.ValidUntil, err = parseDay(f.valid)
		refuse("valid_until", err)
	}
	d.DepositCents, d.DepositPPM, err = proposal.ParseDeposit(f.deposit)
	refuse("deposit", err)
	f.keys = nil
	for _, l := range f.lines {
		if l.blank() {
			continue
		}
		line := proposal.Line{Description: l.description, Taxable: l.taxable, Cycle: l.cycle, Optional: l.choice == optional || l.choice == chosen, Chosen: l.choice != optional}
		line.Quantity, err = money.ParseQuantity(cmp.Or(l.quantity, "1"))
		refuse(keyed("quantity", l.key), err)
		line.UnitPrice, err = money.ParseSigned(cmp.Or(l.unit, "?"))
		refuse(keyed("unit_price", l.key), err)
		d.Lines = append(d.Lines, line)
		f.keys = append(f.keys, l.key)
	}
	f.draft = d
	return refused
}

// byKey gives refusals of the noun, which counts lines, the names of the form's
// controls.
func (f *offerForm) byKey(refused views.FieldErrors) views.FieldErrors {
	for i, r := range refused {
		name, n, ok := strings.Cut(r.Field, "-")
		if at, err := strconv.Atoi(n); ok && err == nil && at >= 1 && at <= len(f.keys) {
			refused[i].Field = keyed(name, f.keys[at-1])
		}
		if r.Field == "site" || r.Field == "system" {
			refused[i].Field = "place"
		}
	}
	return refused
}

// offerDesk is what writing a proposal works on.
type offerDesk struct {
	id      int64 // 0 = a new draft
	version int64
	number  string
	row     db.Customer
	who     view.Ref
	today   calendar.Date
	saved   string
	sites   []db.Site
	systems []db.ListSystemsForCustomerRow
	sellers []db.ListSalespeopleRow
	files   []db.ListDraftProposalAttachmentsRow
}

// newOfferDesk is the desk of a new proposal for the customer that is asked for.
func (h *Handlers) newOfferDesk(c echo.Context) (*offerDesk, error) {
	ctx := c.Request().Context()
	row, err := h.DB.Read().GetCustomerByNumber(ctx, c.QueryParam("customer"))
	if err != nil {
		return nil, missing(err, "customer")
	}
	return h.sitDown(ctx, &offerDesk{version: 1, row: row, who: ref(row.Number, row.DisplayName)})
}

func (h *Handlers) sitDown(ctx context.Context, t *offerDesk) (*offerDesk, error) {
	q := h.DB.Read()
	var err error
	if t.today, err = h.Ledger.Today(ctx); err != nil {
		return nil, err
	}
	if t.sites, err = q.ListSitesForCustomer(ctx, t.row.ID); err != nil {
		return nil, err
	}
	if t.systems, err = q.ListSystemsForCustomer(ctx, t.row.ID); err != nil {
		return nil, err
	}
	if t.sellers, err = q.ListSalespeople(ctx); err != nil {
		return nil, err
	}
	if t.id != 0 {
		t.files, err = q.ListDraftProposalAttachments(ctx, t.id)
	}
	return t, err
}

// theOffer is the draft whose id stands in the address with its desk; one that
// was sent meanwhile has no desk.
func (h *Handlers) theOffer(c echo.Context) (*offerDesk, proposal.Draft, db.GetProposalRow, error) {
	ctx := c.Request().Context()
	var d proposal.Draft
	var found db.GetProposalRow
	err := h.DB.View(ctx, func(q *db.Queries) (err error) {
		d, found, err = proposal.Read(ctx, q, theID(c))
		return err
	})
	if err != nil || found.State != "draft" {
		return nil, d, found, err
	}
	row, err := h.DB.Read().GetCustomer(ctx, d.CustomerID)
	if err != nil {
		return nil, d, found, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, d, found, err
	}
	t := &offerDesk{id: d.ID, version: d.Version, number: found.Number, row: row, who: ref(row.Number, row.DisplayName), saved: found.UpdatedAt.Format(s.Zone)}
	if found.SavedBy != "" {
		t.saved += " by " + found.SavedBy
	}
	t, err = h.sitDown(ctx, t)
	return t, d, found, err
}

// offerOf is the form that shows a saved draft.
func offerOf(d proposal.Draft) *offerForm {
	f := &offerForm{saves: d.Saves, number: d.Number, title: d.Title, introduction: d.Introduction, terms: d.Terms, valid: d.ValidUntil.ISO(),
		deposit: proposal.FormatDeposit(d.DepositCents, d.DepositPPM), salesperson: d.SalespersonID, residential: d.Residential, files: d.Attachments}
	if d.SiteID != 0 {
		f.place = number(d.SiteID)
	}
	if d.SystemID != 0 {
		f.place += "." + number(d.SystemID)
	}
	for i, l := range d.Lines {
		line := offerLine{key: int64(i + 1), description: l.Description, quantity: l.Quantity.String(), unit: l.UnitPrice.Plain(), cycle: l.Cycle, taxable: l.Taxable}
		switch {
		case l.Optional && l.Chosen:
			line.choice = chosen
		case l.Optional:
			line.choice = optional
		}
		f.lines = append(f.lines, line)
	}
	if len(f.lines) == 0 {
		f.goOn(0)
	}
	return f
}

// newProposal is the form of a new proposal. It is in no books until it is saved.
func (h *Handlers) newProposal(c echo.Context) error {
	if c.QueryParam("customer") == "" {
		return h.findForProposal(c)
	}
	t, err := h.newOfferDesk(c)
	if err != nil {
		return err
	}
	s, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	until, err := h.freshUntil(c.Request().Context())
	if err != nil {
		return err
	}
	f := &offerForm{nonce: formNonce(), valid: until.ISO(), terms: s.Value("proposals.terms"), residential: t.row.BusinessName == ""}
	if len(t.sites) == 1 {
		f.place = number(t.sites[0].ID)
	}
	me := web.Who(c).StaffID
	for _, m := range t.sellers {
		if m.ID == me && f.salesperson == 0 || t.row.SalespersonEmail != "" && strings.EqualFold(m.Email, t.row.SalespersonEmail) {
			f.salesperson = m.ID
		}
	}
	f.goOn(0)
	return h.showOffer(c, t, f)
}

// findForProposal looks for the customer whom a new proposal is for.
func (h *Handlers) findForProposal(c echo.Context) error {
	find, err := h.finder(c, proposalsPath+"/new")
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/proposal_new", "customers-found", find)
	}
	return h.Page(c, http.StatusOK, "office/proposal_new", &view.ProposalNewPage{Base: views.Base{Title: "New proposal", Tab: "proposals"}, Find: find})
}

// freshUntil is the last day of a proposal that is written today.
func (h *Handlers) freshUntil(ctx context.Context) (calendar.Date, error) {
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return "", err
	}
	days, err := strconv.Atoi(s.Value("proposals.valid_days"))
	if err != nil {
		return "", fmt.Errorf("office: proposals.valid_days: %w", err)
	}
	return h.Clock.Today(s.Zone).AddDays(days), nil
}

// proposalDraft shows a saved draft for editing.
func (h *Handlers) proposalDraft(c echo.Context) error {
	t, d, found, err := h.theOffer(c)
	if err != nil {
		return err
	}
	if t == nil {
		return web.See(c, proposalPath(found.Number))
	}
	return h.showOffer(c, t, offerOf(d))
}

func (h *Handlers) showOffer(c echo.Context, t *offerDesk, f *offerForm) error {
	p, err := h.offerPage(c, t, f, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/proposal_draft", p)
}

// previewNewProposal and previewProposal show what the proposal comes to and add,
// move or remove lines and files. They change nothing. To htmx, which asks at
// every change of the form, they answer with that part alone.
func (h *Handlers) previewNewProposal(c echo.Context) error {
	t, err := h.newOfferDesk(c)
	if err != nil {
		return err
	}
	return h.previewOffer(c, t)
}

func (h *Handlers) previewProposal(c echo.Context) error {
	t, _, found, err := h.theOffer(c)
	if err != nil {
		return err
	}
	if t == nil {
		return web.See(c, proposalPath(found.Number))
	}
	return h.previewOffer(c, t)
}

func (h *Handlers) previewOffer(c echo.Context, t *offerDesk) error {
	if err := h.ReadForm(c); err != nil {
		return err
	}
	f := readOffer(c)
	p, err := h.offerPage(c, t, f, f.parse(t))
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		if form := c.Request().Form; form.Has("drop") || form.Has("shift") {
			return h.Fragment(c, http.StatusOK, "office/proposal_draft", "files", p.Files)
		}
		return h.Fragment(c, http.StatusOK, "office/proposal_draft", "lines", p.Lines)
	}
	// without script the whole form comes back; what is not finished yet is said
	// beside its field and not on top
	p.Errors = nil
	return h.Page(c, http.StatusOK, "office/proposal_draft", p)
}

// saveNewProposal and saveProposal store the form with the files that came with
// it. "Save and check" goes on to the page from which it is sent.
func (h *Handlers) saveNewProposal(c echo.Context) error {
	t, err := h.newOfferDesk(c)
	if err != nil {
		return err
	}
	return h.saveOffer(c, t)
}

func (h *Handlers) saveProposal(c echo.Context) error {
	t, _, found, err := h.theOffer(c)
	if err != nil {
		return err
	}
	if t == nil {
		return h.SeeNotice(c, proposalPath(found.Number), "This version was sent before; nothing was changed.")
	}
	return h.saveOffer(c, t)
}

func (h *Handlers) saveOffer(c echo.Context, t *offerDesk) error {
	if err := h.ReadForm(c); err != nil {
		return err
	}
	ctx := c.Request().Context()
	f := readOffer(c)
	refused := f.parse(t)
	files, err := attached(c, "attachment")
	if refusal, ok := web.FieldErrors(err); ok {
		refused = append(refused, refusal...)
	} else if err != nil {
		return err
	}
	if refused == nil {
		if t.id == 0 && f.nonce == "" {
			refused = views.FieldErrors{{Message: "This form is not complete. Please open it again."}}
		} else {
			saved, err := h.Proposals.Save(ctx, web.Actor(c), f.draft, files...)
			known, ok := web.FieldErrors(err)
			if !ok {
				if err != nil {
					return err
				}
				switch c.Request().Form.Get("then") {
				case "send":
					return web.See(c, proposalDraftPath(saved.ID)+"/send")
				case "attach":
					words := "Saved with " + count(int64(len(files)), "more PDF", "more PDFs") + "."
					if len(files) == 0 {
						words = "Saved. No PDF was chosen."
					}
					return h.SeeNotice(c, proposalDraftPath(saved.ID)+"#attached", words)
				}
				return h.SeeNotice(c, proposalDraftPath(saved.ID), "Saved as a draft.")
			}
			refused = f.byKey(known)
			if fault.Is(err, fault.Conflict) && t.id != 0 {
				// the next save puts this one in the place of what is there now
				if row, err := h.DB.Read().GetProposal(ctx, t.id); err == nil {
					f.saves = row.Saves
				}
			}
		}
	}
	p, err := h.offerPage(c, t, f, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/proposal_draft", "form", p)
}

// attached reads the PDFs of a form, one after the other. More than may go with a
// proposal, or one that is too large, is refused before it is read.
func attached(c echo.Context, name string) ([]proposal.File, error) {
	form := c.Request().MultipartForm
	if form == nil {
		return nil, nil
	}
	var files []proposal.File
	total := int64(0)
	for _, part := range form.File[name] {
		if part.Filename == "" && part.Size == 0 {
			continue // the box was left empty
		}
		total += part.Size
		switch {
		case len(files) == proposal.MaxAttachments:
			return nil, fault.Field("files", "At most %d PDFs go with a proposal", proposal.MaxAttachments)
		case part.Size > proposal.MaxAttachmentBytes:
			return nil, fault.Field("files", "%s is larger than %d MB", part.Filename, proposal.MaxAttachmentBytes>>20)
		case total > proposal.MaxAttachedBytes:
			return nil, fault.Field("files", "The PDFs come to more than %d MB", proposal.MaxAttachedBytes>>20)
		}
		body, err := readPart(part)
		if err != nil {
			return nil, err
		}
		files = append(files, proposal.File{Name: part.Filename, Body: body})
	}
	return files, nil
}

func readPart(part *multipart.FileHeader) ([]byte, error) {
	file, err := part.Open()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(file)
	return body, errors.Join(err, file.Close())
}

// offerPage fills the page with what was typed and what it comes to.
func (h *Handlers) offerPage(c echo.Context, t *offerDesk, f *offerForm, refused views.FieldErrors) (*view.ProposalDraftPage, error) {
	ctx := c.Request().Context()
	if refused == nil {
		refused = f.parse(t)
	}
	p := &view.ProposalDraftPage{
		Base: views.Base{Title: "New proposal", Tab: "proposals"}, Customer: t.who, SavedBy: t.saved, Saves: f.saves, Nonce: f.nonce,
		Preview: proposalsPath + "/new/preview?" + url.Values{"customer": {t.who.Number}}.Encode(), Save: newProposalPath(t.who.Number),
		Offer:        views.Input{Name: "title", Label: "Offer", Hint: "What it is about, like Burglar alarm for the shop", Value: f.title, Autocomplete: "off", MaxLength: 200, Error: refused.Of("title")},
		Introduction: view.Text{Name: "introduction", Label: "Introduction", Hint: "Words to the customer, above the lines", Value: f.introduction, Rows: 4, MaxLength: 20_000, Error: refused.Of("introduction")},
		Terms:        view.Text{Name: "terms", Label: "Terms", Hint: "Part of what the customer signs", Value: f.terms, Rows: 8, MaxLength: 20_000, Error: refused.Of("terms")},
		ValidUntil:   views.Input{Name: "valid_until", Label: "Valid until", Type: "date", Value: f.valid, Hint: "The last day; empty: no end", Error: refused.Of("valid_until")},
		Deposit:      views.Input{Name: "deposit", Label: "Deposit", Value: f.deposit, Hint: "Asked for with the acceptance: 500.00, or 30 % of what is paid once", Autocomplete: "off", MaxLength: 20, Error: refused.Of("deposit")},
		Place:        view.Choice{Name: "place", Label: "Site and system", Hint: "The site's tax is charged", Error: refused.Of("place"), Options: []view.Option{{Value: "", Label: "None: no tax"}}},
		Salesperson:  view.Choice{Name: "salesperson", Label: "Salesperson", Hint: "Is mailed the answer", Error: refused.Of("salesperson"), Options: []view.Option{{Value: "", Label: "Nobody"}}},
		Residential:  view.Tick{Name: "residential", Label: "A sale at the customer's home", Hint: "The notice of the three days to cancel goes with it (16 CFR 429)", Ticked: f.residential},
	}
	if t.version == 1 {
		p.Own = &views.Input{Name: "number", Label: "Number", Hint: "Your own; empty: one is made", Value: f.number, Autocomplete: "off", MaxLength: 40, Error: refused.Of("number")}
	}
	if t.id != 0 {
		p.Number = t.number
		if t.version > 1 {
			p.Number = fmt.Sprintf("%s, version %d", t.number, t.version)
		}
		p.Title = "Draft of proposal " + p.Number
		p.Preview, p.Save = proposalDraftPath(t.id)+"/preview", proposalDraftPath(t.id)
		p.PDF, p.Delete = proposalDraftPath(t.id)+"/draft.pdf", proposalDraftPath(t.id)+"/delete"
	}
	for _, s := range t.sites {
		value := number(s.ID)
		p.Place.Options = append(p.Place.Options, view.Option{Value: value, Label: s.Name, Chosen: value == f.place})
		for _, y := range t.systems {
			if y.SiteID == s.ID {
				value := value + "." + number(y.ID)
				p.Place.Options = append(p.Place.Options, view.Option{Value: value, Label: s.Name + ", " + y.Name, Chosen: value == f.place})
			}
		}
	}
	for _, m := range t.sellers {
		p.Salesperson.Options = append(p.Salesperson.Options, view.Option{Value: number(m.ID), Label: cmp.Or(m.Name, m.Email), Chosen: m.ID == f.salesperson})
	}
	p.Files = offerFiles(p, t, f, refused)
	var err error
	if p.Lines, err = h.offerLines(ctx, p, t, f, refused); err != nil {
		return nil, err
	}
	for i, e := range refused {
		if e.Field == "lines" {
			refused[i].Field = "" // the list has no single control
		}
	}
	p.Errors = refused
	return p, nil
}

// offerLines fills the lines and what they come to.
func (h *Handlers) offerLines(ctx context.Context, p *view.ProposalDraftPage, t *offerDesk, f *offerForm, refused views.FieldErrors) (view.ProposalLines, error) {
	lines := view.ProposalLines{Preview: p.Preview, Error: refused.Of("lines")}
	priced, err := h.priceOffer(ctx, f.draft, t.today)
	if known, ok := web.FieldErrors(err); ok { // a site without a rate, or of somebody else
		if refused.Of("place") == "" {
			p.Place.Error, lines.Error = known[0].Message, known[0].Message
		}
	} else if err != nil {
		return lines, err
	} else {
		lines.Priced, lines.Sums = true, proposalSums(priced)
	}
	for i, l := range f.lines {
		row := view.ProposalRow{Key: l.key, Name: "line " + strconv.Itoa(i+1), Description: l.description, Quantity: l.quantity, UnitPrice: l.unit, Taxable: l.taxable,
			DescriptionError: refused.Of(keyed("description", l.key)), QuantityError: refused.Of(keyed("quantity", l.key)), UnitPriceError: refused.Of(keyed("unit_price", l.key)),
			Focus: l.key == f.added, First: i == 0, Last: i == len(f.lines)-1, Only: len(f.lines) == 1}
		if l.key == f.moved {
			row.FocusOn = f.moveFocus
		}
		for _, months := range proposal.Cycles {
			name := proposal.CycleName(months)
			row.Cycles = append(row.Cycles, view.Option{Value: number(months), Label: strings.ToUpper(name[:1]) + name[1:], Chosen: months == l.cycle})
		}
		for _, o := range []view.Option{{Value: included, Label: "Included"}, {Value: optional, Label: "Option"}, {Value: chosen, Label: "Option, chosen"}} {
			o.Chosen = o.Value == l.choice
			row.Choices = append(row.Choices, o)
		}
		if at := slices.Index(f.keys, l.key); at >= 0 && at < len(priced.Lines) && row.QuantityError == "" && row.UnitPriceError == "" {
			row.Amount = priced.Lines[at].Amount().String()
			if tax := priced.Lines[at].Tax; tax != 0 {
				row.Tax = tax.String()
			}
		}
		if row.QuantityError != "" || row.UnitPriceError != "" {
			lines.Priced = false
		}
		lines.Rows = append(lines.Rows, row)
	}
	return lines, nil
}

func offerFiles(p *view.ProposalDraftPage, t *offerDesk, f *offerForm, refused views.FieldErrors) view.ProposalFiles {
	files := view.ProposalFiles{Preview: p.Preview, Save: p.Save, Error: refused.Of("files"),
		Room: fmt.Sprintf("At most %d, each of up to %d MB and %d MB together; they are part of what the customer signs", proposal.MaxAttachments, proposal.MaxAttachmentBytes>>20, proposal.MaxAttachedBytes>>20)}
	for _, id := range f.files {
		at := slices.IndexFunc(t.files, func(r db.ListDraftProposalAttachmentsRow) bool { return r.DocumentID == id })
		if at < 0 {
			continue // somebody else took it off
		}
		row := fileRow(t.id, t.files[at])
		if id == f.shifted {
			row.FocusOn = f.shiftFocus
		}
		files.Rows = append(files.Rows, row)
	}
	for i := range files.Rows {
		files.Rows[i].First, files.Rows[i].Last = i == 0, i == len(files.Rows)-1
	}
	return files
}

// fileRow is a PDF that goes with a version of a proposal.
func fileRow(id int64, r db.ListDraftProposalAttachmentsRow) view.ProposalFile {
	return view.ProposalFile{ID: r.DocumentID, Name: r.Name, Facts: count(r.Pages, "page", "pages") + ", " + size(r.Bytes), SHA256: r.SHA256,
		Href: fmt.Sprintf("%s/versions/%d/attachments/%d", proposalsPath, id, r.DocumentID)}
}

// size puts a number of bytes into words.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KB", max(1, bytes>>10))
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

// priceOffer works out what a draft comes to as things stand; amounts that no
// line may have are left to the refusal beside the line.
func (h *Handlers) priceOffer(ctx context.Context, d proposal.Draft, today calendar.Date) (p proposal.Priced, err error) {
	for _, l := range d.Lines {
		if l.Quantity > 1_000_000*money.QuantityScale || l.UnitPrice > money.Max || l.UnitPrice < -money.Max || !slices.Contains(proposal.Cycles, l.Cycle) {
			return p, nil
		}
		if a := l.Amount(); a > money.Max || a < -money.Max {
			return p, nil
		}
	}
	err = h.DB.View(ctx, func(q *db.Queries) error {
		p, err = proposal.Price(ctx, q, d, today)
		return err
	})
	return p, err
}

// proposalSums puts what a proposal comes to into words.
func proposalSums(p proposal.Priced) view.ProposalSums {
	t := p.Totals
	s := view.ProposalSums{Once: t.Once.String(), Tax: t.Tax.String(), Total: t.Total.String(), Exempt: p.Tax.Exempt, TaxName: taxName(p.Tax), Recurring: recurringSums(t)}
	if len(t.Recurring) > 1 || len(t.Recurring) == 1 && t.Recurring[0].Cycle != 1 {
		s.Monthly = t.Monthly.String()
	}
	if t.Deposit > 0 {
		s.Deposit = t.Deposit.String()
	}
	for _, l := range p.Lines {
		if l.Optional && !l.Chosen {
			s.WithAll = p.Everything.Total.String()
			if p.Everything.Monthly != 0 {
				s.WithAllMonthly = p.Everything.Monthly.String()
			}
		}
	}
	return s
}

func taxName(t billing.Tax) string {
	if t.Name == "" || t.Rate == 0 {
		return t.Name
	}
	return t.Name + ", " + billing.FormatRate(t.Rate) + " %"
}

func recurringSums(t proposal.Totals) []view.ProposalRecurring {
	var out []view.ProposalRecurring
	for _, r := range t.Recurring {
		name := proposal.CycleName(r.Cycle)
		row := view.ProposalRecurring{Every: strings.ToUpper(name[:1]) + name[1:], Amount: r.Amount.String(), Total: r.Total.String()}
		if r.Tax != 0 {
			row.Tax = r.Tax.String()
		}
		out = append(out, row)
	}
	return out
}

// deleteProposalDraft throws a draft away.
func (h *Handlers) deleteProposalDraft(c echo.Context) error {
	t, _, found, err := h.theOffer(c)
	if err != nil {
		return err
	}
	if t == nil {
		return h.SeeNotice(c, proposalPath(found.Number), "This version was sent before; nothing was changed.")
	}
	saves, _ := strconv.ParseInt(c.Request().Form.Get("saves"), 10, 64) // anything else is no save of this draft
	if err := h.Proposals.Delete(c.Request().Context(), web.Actor(c), t.id, saves); err != nil {
		return err
	}
	if t.version > 1 {
		return h.SeeNotice(c, proposalPath(t.number), "The draft is deleted.")
	}
	return h.SeeNotice(c, t.who.Href, "The draft is deleted.")
}
