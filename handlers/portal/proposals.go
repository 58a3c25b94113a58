package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// offered is one version of a proposal, asked for by whoever may read it: the
// customer who is logged in, or the owner of an address it was mailed to.
type offered struct {
	who     proposal.Reader
	number  string
	version int64  // 0 = the newest that was sent
	path    string // its address: "/proposals/P-402117" or "/s/{token}"
}

// at is the address of something of this version.
func (o offered) at(what string) string {
	if o.who.Link.ID != 0 || o.version == 0 {
		return o.path + what
	}
	return o.path + what + "?version=" + strconv.FormatInt(o.version, 10)
}

// offer lets the handler be called with the customer's proposal of the address.
func (h *Handlers) offer(next func(c echo.Context, o offered) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		o := offered{who: proposal.Reader{By: web.Actor(c), CustomerID: web.Who(c).CustomerID}, number: web.Param(c, "number")}
		if asked := c.FormValue("version"); asked != "" {
			n, err := strconv.ParseInt(asked, 10, 64)
			if err != nil || n < 1 {
				return fault.Missing("proposal")
			}
			o.version = n
		}
		o.path = proposalHref(o.number)
		return next(c, o)
	}
}

func proposalHref(number string) string { return "/proposals/" + url.PathEscape(number) }

// proposals shows the tab "Proposals", newest first.
func (h *Handlers) proposals(c echo.Context) error {
	ctx := c.Request().Context()
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return err
	}
	page, _ := strconv.ParseInt(c.QueryParam("page"), 10, 32) // anything else is the first
	page = max(page, 1)
	rows, err := h.DB.Read().ListProposalsForCustomer(ctx, db.ListProposalsForCustomerParams{CustomerID: web.Who(c).CustomerID, Most: perPage + 1, Skip: (page - 1) * perPage})
	if err != nil {
		return err
	}
	p := &pages.ProposalsPage{Base: views.Base{Title: "Proposals", Tab: "proposals"}}
	if page > 1 {
		p.Newer = "/proposals?page=" + strconv.FormatInt(page-1, 10)
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.Older = "/proposals?page=" + strconv.FormatInt(page+1, 10)
	}
	for _, r := range rows {
		state := proposal.StateOf(r.State, calendar.Date(r.ValidUntil), today)
		row := pages.ProposalRow{Number: r.Number, Title: r.Title, Date: r.ProposalDate, ValidUntil: calendar.Date(r.ValidUntil), Total: money.Cents(r.TotalCents), Monthly: money.Cents(r.MonthlyCents),
			State: string(state), StateClass: web.ProposalClass(state), Href: proposalHref(r.Number), PDF: proposalHref(r.Number) + ".pdf"}
		if r.Older != 0 { // accepted, and a later version is not
			row.Version = "version " + strconv.FormatInt(r.Version, 10)
			row.Href, row.PDF = row.Href+"?version="+strconv.FormatInt(r.Version, 10), row.PDF+"?version="+strconv.FormatInt(r.Version, 10)
		}
		if state.Open() {
			row.Accept, row.Reject = row.Href+"/accept", row.Href+"/reject"
		}
		p.Rows = append(p.Rows, row)
	}
	return h.Page(c, http.StatusOK, "portal/proposals", p)
}

// proposal shows one proposal or, when the address ends in .pdf, sends its PDF.
func (h *Handlers) proposal(c echo.Context, o offered) error {
	if number, asPDF := strings.CutSuffix(o.number, ".pdf"); asPDF {
		o.number = number
		return h.proposalPDF(c, o)
	}
	return h.showProposal(c, o)
}

// showProposal shows a version with the sums for the options that the address
// names; to htmx the sums alone.
func (h *Handlers) showProposal(c echo.Context, o offered) error {
	v, err := h.readProposal(c, o)
	if err != nil {
		return err
	}
	view := proposalView(o, v, true)
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "portal/proposal", "proposal-sums", view)
	}
	return h.Page(c, http.StatusOK, "portal/proposal", &pages.ProposalPage{Base: views.Base{Title: "Proposal " + v.Number, Tab: "proposals"}, Proposal: view})
}

// readProposal reads the version with the options of the form or the address;
// options that it has not are left out, as a link may be old.
func (h *Handlers) readProposal(c echo.Context, o offered) (proposal.Version, error) {
	chosen := chosenOptions(c)
	v, err := h.Proposals.ReadForCustomer(c.Request().Context(), o.who, o.number, o.version, chosen)
	if fault.Is(err, fault.Invalid) {
		return h.Proposals.ReadForCustomer(c.Request().Context(), o.who, o.number, o.version, nil)
	}
	return v, err
}

// chosenOptions are the positions of the optional lines that the form names; nil
// when it names none and was not a choice at all.
func chosenOptions(c echo.Context) []int64 {
	if c.FormValue("chosen") == "" {
		return nil
	}
	chosen := []int64{}
	form, err := c.FormParams()
	if err != nil {
		return chosen
	}
	for _, s := range form["option"] {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && !slices.Contains(chosen, n) {
			chosen = append(chosen, n)
		}
	}
	return chosen
}

// proposalView fills what the pages of one proposal show; with choice its options
// can be chosen.
func proposalView(o offered, v proposal.Version, choice bool) pages.ProposalView {
	o.version = v.Version
	view := pages.ProposalView{Number: v.Number, Version: v.Version, Title: v.Paper.Title, Introduction: v.Paper.Introduction, Terms: v.Paper.Terms,
		Date: v.Paper.Date, ValidUntil: v.Paper.ValidUntil, Site: strings.Join(v.Paper.Site, ", "), System: v.Paper.System, Salesperson: v.Paper.Salesperson,
		State: string(v.State), StateClass: web.ProposalClass(v.State), Open: v.State.Open(), Closed: v.Closed, ByLink: o.who.Link.ID != 0,
		Path: o.path, PDF: o.path + ".pdf", Accept: o.at("/accept"), Reject: o.at("/reject"), Viewed: o.at("/viewed"), Sums: proposalSums(v), CancelWords: v.Paper.Residential}
	if view.ByLink {
		view.PDF = o.path + "/proposal.pdf"
	} else {
		view.PDF = o.at(".pdf")
	}
	view.Options = slices.ContainsFunc(v.Lines, func(l proposal.Line) bool { return l.Optional })
	for _, l := range v.Lines {
		line := pages.ProposalLine{Boxes: view.Options, Choice: choice && view.Open, Position: l.Position, Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: l.UnitPrice, Tax: l.Tax, Amount: l.Amount(),
			Optional: l.Optional, Chosen: l.In(v.Chosen)}
		if l.Cycle != 0 {
			line.Every = proposal.CycleName(l.Cycle)
			view.Recurring = append(view.Recurring, line)
		} else {
			view.Once = append(view.Once, line)
		}
	}
	for _, a := range v.Attached {
		view.Attached = append(view.Attached, pages.ProposalFile{Name: a.Name, Pages: a.Pages, Size: size(a.Bytes), Href: o.at(fmt.Sprintf("/attachments/%d.pdf", a.Position))})
	}
	if v.Newer != 0 && !view.ByLink {
		view.Newer = o.path
	}
	if view.Stands = v.Stands; v.Stands != "" && !view.ByLink {
		view.StandsHref, view.StandsTo = o.path+"?version="+strconv.FormatInt(v.StandsTo, 10), v.StandsTo
	}
	for _, other := range v.Others {
		view.Others = append(view.Others, pages.ProposalVersion{Version: other.Version, State: string(other.State), StateClass: web.ProposalClass(other.State), Sent: other.Sent.Time(),
			Total: other.Total, Monthly: other.Monthly, Href: o.path + "?version=" + strconv.FormatInt(other.Version, 10)})
	}
	if d := v.Decision; d != nil {
		view.Decision = &pages.ProposalDecision{Accepted: d.Accepted, Name: d.Name, Email: d.Email, When: d.Local, Reason: d.Reason, Drawing: views.DrawingOf(d.Strokes, "Signature of "+d.Name),
			Signed: o.at("/signed.pdf"), Deposit: d.Deposit, DepositLeft: d.DepositLeft, CancelBy: d.CancelBy}
		if d.DepositInvoice != "" && d.DepositLeft > 0 {
			view.Decision.PayHref = payHref(d.DepositInvoice)
			if view.ByLink {
				view.Decision.PayHref = o.path + "/deposit"
			}
		}
	}
	return view
}

func proposalSums(v proposal.Version) pages.ProposalSums {
	t := v.Totals
	s := pages.ProposalSums{Once: t.Once, Tax: t.Tax, Total: t.Total, Deposit: t.Deposit, DepositDue: t.DepositDue(), Fingerprint: t.Fingerprint()}
	if t.Asked > 0 {
		s.Asked = t.Asked.String() + " asked already " + v.AskedWith
	}
	for _, r := range t.Recurring {
		every := proposal.CycleName(r.Cycle)
		s.Recurring = append(s.Recurring, pages.ProposalRecurring{Every: every, Label: strings.ToUpper(every[:1]) + every[1:], Amount: r.Amount, Tax: r.Tax, Total: r.Total})
	}
	return s
}

// size is the size of a file in words.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KB", (bytes+1023)/1024)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

func (h *Handlers) proposalPDF(c echo.Context, o offered) error {
	paper, err := h.Proposals.PaperForCustomer(c.Request().Context(), o.who, o.number, o.version)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

func (h *Handlers) proposalSigned(c echo.Context, o offered) error {
	paper, err := h.Proposals.SignedForCustomer(c.Request().Context(), o.who, o.number, o.version)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

func (h *Handlers) proposalAttachment(c echo.Context, o offered) error {
	position, err := strconv.ParseInt(strings.TrimSuffix(web.Param(c, "paper"), ".pdf"), 10, 64)
	if err != nil {
		return fault.Missing("document")
	}
	paper, err := h.Proposals.AttachmentForCustomer(c.Request().Context(), o.who, o.number, o.version, position)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// proposalViewed is what a page says once a browser shows it: a program that only
// opens the address says nothing.
func (h *Handlers) proposalViewed(c echo.Context, o offered) error {
	if err := h.Proposals.View(c.Request().Context(), o.who, o.number, o.version); err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return c.NoContent(http.StatusNoContent)
	}
	return web.See(c, o.at(""))
}

// proposalAccept shows the page on which a proposal is signed.
func (h *Handlers) proposalAccept(c echo.Context, o offered) error {
	return h.acceptScreen(c, http.StatusOK, o, pages.AcceptForm{})
}

// proposalAccepted signs it.
func (h *Handlers) proposalAccepted(c echo.Context, o offered) error {
	f := pages.AcceptForm{Consent: c.FormValue("consent") == "1", Name: c.FormValue("name"), Drawing: c.FormValue("drawing")}
	err := h.Proposals.Accept(c.Request().Context(), o.who, proposal.Acceptance{
		Answer: proposal.Answer{Number: o.number, Version: o.version, Form: c.FormValue("proof"), Shown: c.FormValue("shown")},
		Chosen: chosenOptions(c), Total: c.FormValue("total"), Consent: f.Consent, TypedName: f.Name, Drawing: f.Drawing})
	if refused, ok := web.FieldErrors(err); ok {
		f.Errors = refused
		return h.acceptScreen(c, statusOf(err), o, f)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, o.at(""), "Thank you. The proposal is accepted and signed.")
}

// statusOf is the status of a refused form.
func statusOf(err error) int {
	if fault.Is(err, fault.Conflict) {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// acceptScreen renders the page with what was typed, to htmx its form alone. One
// that can no longer be answered shows why, and nothing typed is lost.
func (h *Handlers) acceptScreen(c echo.Context, status int, o offered, f pages.AcceptForm) error {
	v, err := h.readProposal(c, o)
	if err != nil {
		return err
	}
	set, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	o.version = v.Version
	f.Proposal = proposalView(o, v, false)
	if c.Request().Method == http.MethodGet && !f.Proposal.Open {
		return web.See(c, o.at(""))
	}
	f.Action, f.Back, f.Form, f.Shown = o.path+"/accept", o.at(""), h.Proposals.NewForm(v.ID, o.who.CustomerID), v.Sum
	if web.Param(c, "token") == "" && f.Proposal.Options {
		f.Back = o.path + "?" + optionsQuery(o, v.Chosen)
	}
	f.Words = proposal.Consent(set.Company, v.Number, v.Version)
	f.NameInput = views.Input{Label: "Type Your Name", Name: "name", Value: f.Name, Autocomplete: "name", Required: true, MaxLength: proposal.MaxName, Error: f.Errors.Of("name"),
		Hint: "Your typed name is your signature."}
	f.Pad = views.SignaturePad{Label: "Draw Your Name", Name: "drawing", Value: f.Drawing, Error: f.Errors.Of("drawing"),
		Hint: "With the mouse, a finger or a pen. If you cannot draw, leave it empty: your typed name alone signs just as well."}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/proposal_accept", "accept-form", f)
	}
	return h.Page(c, status, "portal/proposal_accept", &pages.AcceptPage{Base: views.Base{Title: "Accept proposal " + v.Number, Tab: "proposals", Errors: f.Errors}, Form: f})
}

// optionsQuery writes a choice into an address.
func optionsQuery(o offered, chosen []int64) string {
	q := url.Values{"chosen": {"1"}, "version": {strconv.FormatInt(o.version, 10)}}
	for _, position := range chosen {
		q.Add("option", strconv.FormatInt(position, 10))
	}
	return q.Encode()
}

// proposalReject shows the page on which a proposal is rejected.
func (h *Handlers) proposalReject(c echo.Context, o offered) error {
	return h.rejectScreen(c, http.StatusOK, o, pages.RejectForm{})
}

// proposalRejected rejects it.
func (h *Handlers) proposalRejected(c echo.Context, o offered) error {
	f := pages.RejectForm{Reason: c.FormValue("reason")}
	err := h.Proposals.Reject(c.Request().Context(), o.who, proposal.Rejection{
		Answer: proposal.Answer{Number: o.number, Version: o.version, Form: c.FormValue("proof"), Shown: c.FormValue("shown")}, Reason: f.Reason})
	if refused, ok := web.FieldErrors(err); ok {
		f.Errors = refused
		return h.rejectScreen(c, statusOf(err), o, f)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, o.at(""), "The proposal is rejected. Thank you for telling us why.")
}

func (h *Handlers) rejectScreen(c echo.Context, status int, o offered, f pages.RejectForm) error {
	v, err := h.readProposal(c, o)
	if err != nil {
		return err
	}
	o.version = v.Version
	f.Proposal = proposalView(o, v, false)
	if c.Request().Method == http.MethodGet && !f.Proposal.Open {
		return web.See(c, o.at(""))
	}
	f.Action, f.Back, f.Form, f.Shown, f.Most = o.path+"/reject", o.at(""), h.Proposals.NewForm(v.ID, o.who.CustomerID), v.Sum, proposal.MaxReason
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/proposal_reject", "reject-form", f)
	}
	return h.Page(c, status, "portal/proposal_reject", &pages.RejectPage{Base: views.Base{Title: "Reject proposal " + v.Number, Tab: "proposals", Errors: f.Errors}, Form: f})
}
