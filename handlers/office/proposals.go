package office

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
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
	"customerportal/internal/sale"
	"customerportal/internal/settings"
	"customerportal/internal/signature"
	"customerportal/views"
	view "customerportal/views/office"
)

// proposalFilters are the choices of the list of proposals, in order.
var proposalFilters = []struct{ key, label, title, empty string }{
	{"todo", "To carry out", "Accepted, to carry out", "Nothing waits to be carried out."},
	{"open", "Open", "Open proposals, the last changed first", "No customer has an open proposal."},
	{"expiring", "End soon", fmt.Sprintf("Open proposals that end within %d days", expiringIn), "No open proposal ends soon."},
	{"drafts", "Drafts", "Drafts", "No proposal is being written. Begin one with \"New proposal\"."},
	{"accepted", "Accepted", "Accepted proposals", "No proposal was accepted yet."},
	{"rejected", "Rejected", "Rejected proposals", "No proposal was rejected."},
	{"expired", "Expired", "Expired proposals", "No proposal expired undecided."},
	{"withdrawn", "Withdrawn", "Withdrawn proposals", "No proposal was withdrawn."},
	{"replaced", "Replaced", "Versions that a newer one replaced", "No version was replaced."},
}

// proposals is the list of the dealer's proposals; typing asks for the results
// alone.
func (h *Handlers) proposals(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today := h.Clock.Today(s.Zone)
	p := &view.ProposalsPage{Base: views.Base{Title: "Proposals", Tab: "proposals"}, Query: strings.TrimSpace(c.QueryParam("q")), Show: c.QueryParam("show"),
		Verify: proposalsPath + "/verify"}
	if may(c, sellers) {
		p.Begin = proposalsPath + "/new"
	}
	seller, err := strconv.ParseInt(c.QueryParam("seller"), 10, 64)
	if err != nil {
		seller = 0 // of all
	}
	if err := h.fillProposalSums(ctx, p, seller, today); err != nil {
		return err
	}
	if err := h.fillSellers(ctx, p, seller); err != nil {
		return err
	}
	if p.Query != "" {
		err = h.searchProposals(ctx, s, p, seller, today)
	} else {
		err = h.listProposals(ctx, s, p, seller, c.QueryParam("after"), today)
	}
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/proposals", "results", p)
	}
	return h.Page(c, http.StatusOK, "office/proposals", p)
}

// fillProposalSums puts in the sums on top and the filters with how many wait
// behind them, and picks the list that is shown when none was asked for.
func (h *Handlers) fillProposalSums(ctx context.Context, p *view.ProposalsPage, seller int64, today calendar.Date) error {
	q := h.DB.Read()
	todo, err := q.SumProposalsToCarryOut(ctx, db.SumProposalsToCarryOutParams{Salesperson: seller, Today: today.ISO()})
	if err != nil {
		return err
	}
	rows, err := q.CountProposals(ctx, db.CountProposalsParams{Today: today.ISO(), Soon: today.AddDays(expiringIn).ISO(), Salesperson: seller})
	if err != nil {
		return err
	}
	many := map[string]int64{"todo": todo.Many}
	var open, monthly money.Cents
	for _, r := range rows {
		switch r.Stands {
		case "sent", "viewed":
			many["expired"] += r.Expired
			many["open"] += r.Many - r.Expired
			many["expiring"] += r.Expiring
			open += money.Cents(r.Total - r.ExpiredTotal)
			monthly += money.Cents(r.Monthly - r.ExpiredMonthly)
		case "draft":
			many["drafts"] = r.Many
		case "superseded":
			many["replaced"] += r.Many
		default:
			many[r.Stands] += r.Many
		}
	}
	chosen := slices.IndexFunc(proposalFilters, func(f struct{ key, label, title, empty string }) bool { return f.key == p.Show })
	if chosen < 0 {
		chosen = 1
		if todo.Many > 0 {
			chosen = 0
		}
	}
	f := proposalFilters[chosen]
	p.Show, p.Title1, p.Empty = f.key, f.title, f.empty
	for _, f := range proposalFilters {
		at := url.Values{"show": {f.key}}
		if seller != 0 {
			at.Set("seller", number(seller))
		}
		p.Filters = append(p.Filters, view.Filter{Label: f.label, Href: proposalsPath + "?" + at.Encode(), Current: f.key == p.Show && p.Query == "", Count: many[f.key]})
	}
	p.Tiles = []view.Tile{
		{Label: "To carry out", Figure: money.Cents(todo.Total).String(), More: count(todo.Many, "accepted proposal", "accepted proposals")},
		{Label: "Open", Figure: open.String(), More: count(many["open"], "proposal", "proposals")},
		{Label: "Open, a month", Figure: monthly.String(), More: "what would recur"},
	}
	return nil
}

func (h *Handlers) fillSellers(ctx context.Context, p *view.ProposalsPage, seller int64) error {
	sellers, err := h.DB.Read().ListSalespeople(ctx)
	if err != nil {
		return err
	}
	p.Seller = view.Choice{Name: "seller", Label: "Salesperson", Hint: "Whose proposals to list", Options: []view.Option{{Value: "", Label: "All"}}}
	for _, m := range sellers {
		p.Seller.Options = append(p.Seller.Options, view.Option{Value: number(m.ID), Label: cmp.Or(m.Name, m.Email), Chosen: m.ID == seller})
	}
	return nil
}

// listProposals fills in a page of the chosen list.
func (h *Handlers) listProposals(ctx context.Context, s *settings.Settings, p *view.ProposalsPage, seller int64, after string, today calendar.Date) error {
	q := h.DB.Read()
	at, id := mailPosition(after)
	const most = perPage + 1
	state := map[string]string{"drafts": "draft", "accepted": "accepted", "rejected": "rejected", "withdrawn": "withdrawn"}[p.Show]
	var rows []db.ListProposalsByStateRow
	var err error
	switch p.Show {
	case "todo":
		if after == "" {
			at, id = 0, 0
		}
		rows, err = proposalRows(q.ListProposalsToCarryOut(ctx, db.ListProposalsToCarryOutParams{UpdatedAt: at, ID: id, Salesperson: seller, Today: today.ISO(), Most: most}))
	case "open", "expiring":
		until := ""
		if p.Show == "expiring" {
			until = today.AddDays(expiringIn).ISO()
		}
		rows, err = proposalRows(q.ListOpenProposals(ctx, db.ListOpenProposalsParams{Today: today.ISO(), Until: until, UpdatedAt: at, ID: id, Salesperson: seller, Most: most}))
	case "expired":
		rows, err = proposalRows(q.ListExpiredProposals(ctx, db.ListExpiredProposalsParams{Today: today.ISO(), UpdatedAt: at, ID: id, Salesperson: seller, Most: most}))
	case "replaced":
		rows, err = proposalRows(q.ListReplacedProposals(ctx, db.ListReplacedProposalsParams{UpdatedAt: at, ID: id, Salesperson: seller, Most: most}))
	default:
		rows, err = q.ListProposalsByState(ctx, db.ListProposalsByStateParams{State: state, UpdatedAt: at, ID: id, Salesperson: seller, Most: most})
	}
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		last := rows[perPage-1]
		next := url.Values{"show": {p.Show}, "after": {fmt.Sprintf("%d.%d", last.UpdatedAt, last.ID)}}
		if seller != 0 {
			next.Set("seller", number(seller))
		}
		p.Next = proposalsPath + "?" + next.Encode()
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, proposalItem(s, r, today))
	}
	return nil
}

// proposalRows brings the rows of the lists, which have the same columns, to one
// type.
func proposalRows[R db.ListProposalsToCarryOutRow | db.ListOpenProposalsRow | db.ListExpiredProposalsRow | db.ListReplacedProposalsRow | db.FindProposalsRow | db.FindProposalsByTitleRow | db.ListProposalsOfCustomersRow](rows []R, err error) ([]db.ListProposalsByStateRow, error) {
	out := make([]db.ListProposalsByStateRow, len(rows))
	for i, r := range rows {
		out[i] = db.ListProposalsByStateRow(r)
	}
	return out, err
}

// searchProposals fills in what was searched: numbers that begin so, words of the
// offer, and the last of the customers that match.
func (h *Handlers) searchProposals(ctx context.Context, s *settings.Settings, p *view.ProposalsPage, seller int64, today calendar.Date) error {
	p.Title1, p.Empty = "Proposals found", "No proposal matches. Try the number, a word of the offer, or the customer's name."
	q := h.DB.Read()
	seen := map[int64]bool{}
	add := func(rows []db.ListProposalsByStateRow, err error) error {
		for _, r := range rows {
			if len(p.Rows) < perPage && !seen[r.ID] && (seller == 0 || r.SalespersonID.Int64 == seller) {
				seen[r.ID] = true
				p.Rows = append(p.Rows, proposalItem(s, r, today))
			}
		}
		return err
	}
	const most = 5 * perPage // some are another salesperson's
	if err := add(proposalRows(q.FindProposals(ctx, db.FindProposalsParams{Number: p.Query, Beyond: p.Query + "\U0010FFFF", Most: most}))); err != nil {
		return err
	}
	found, err := h.Accounts.Search(ctx, p.Query)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		var ids []int64
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		if err := add(proposalRows(q.ListProposalsOfCustomers(ctx, db.ListProposalsOfCustomersParams{Customers: ids, Most: most}))); err != nil {
			return err
		}
	}
	if err := add(proposalRows(q.FindProposalsByTitle(ctx, db.FindProposalsByTitleParams{Words: p.Query, Most: most}))); err != nil {
		return err
	}
	p.Found = count(int64(len(p.Rows)), "proposal", "proposals")
	if len(p.Rows) == perPage {
		p.Found = fmt.Sprintf("The first %d proposals; go on typing to narrow them down", perPage)
	}
	return nil
}

func proposalItem(s *settings.Settings, r db.ListProposalsByStateRow, today calendar.Date) view.ProposalItem {
	state := proposal.StateOf(r.State, calendar.Date(r.ValidUntil), today)
	item := view.ProposalItem{Number: r.Number, Title: r.Title, Href: proposalPath(r.Number), Customer: r.DisplayName, CustomerNumber: r.CustomerNumber,
		CustomerHref: customerPath(r.CustomerNumber), Salesperson: r.Salesperson, State: string(state), StateClass: web.ProposalClass(state), Total: money.Cents(r.TotalCents).String(),
		Changed: r.UpdatedAt.Format(s.Zone)}
	if r.ValidUntil != "" {
		item.ValidUntil = calendar.Date(r.ValidUntil).String()
	}
	if r.MonthlyCents != 0 {
		item.Monthly = money.Cents(r.MonthlyCents).String()
		if r.TotalCents == 0 {
			item.Total = "" // it only recurs
		}
	}
	if r.Version > 1 {
		item.Version = fmt.Sprintf("version %d", r.Version)
	}
	switch {
	case state == proposal.StateDraft:
		item.Href = proposalDraftPath(r.ID)
	case r.Version > 1 || r.State != "sent" && r.State != "viewed": // there may be a later one
		item.Href += fmt.Sprintf("?version=%d", r.Version)
	}
	return item
}

// customerProposals is a customer's part of the list, for who may read it.
func (h *Handlers) customerProposals(ctx context.Context, s *settings.Settings, id int64) ([]view.ProposalItem, error) {
	rows, err := h.DB.Read().ListProposalsOnCustomer(ctx, db.ListProposalsOnCustomerParams{CustomerID: id, Most: onPage})
	var out []view.ProposalItem
	for _, r := range rows {
		item := proposalItem(s, db.ListProposalsByStateRow{ID: r.ID, Number: r.Number, Version: r.Version, Title: r.Title, State: r.State, ValidUntil: r.ValidUntil,
			TotalCents: r.TotalCents, MonthlyCents: r.MonthlyCents, UpdatedAt: r.UpdatedAt}, h.Clock.Today(s.Zone))
		item.Customer = ""
		out = append(out, item)
	}
	return out, err
}

// theVersion is the version of a proposal that the address names, the newest that
// was sent when it names none; 0 is a proposal that was not sent yet, of which
// only the draft is known.
func (h *Handlers) theVersion(c echo.Context) (id int64, versions []db.ListProposalVersionsRow, err error) {
	versions, err = h.DB.Read().ListProposalVersions(c.Request().Context(), web.Param(c, "number"))
	if err != nil {
		return 0, nil, err
	}
	if len(versions) == 0 {
		return 0, nil, fault.Missing("proposal")
	}
	wanted, err := strconv.ParseInt(c.QueryParam("version"), 10, 64)
	if c.QueryParam("version") != "" && err != nil {
		return 0, nil, fault.Missing("proposal")
	}
	for _, v := range versions {
		if v.State != "draft" && (wanted == 0 || v.Version == wanted) {
			return v.ID, versions, nil
		}
	}
	if wanted != 0 {
		return 0, nil, fault.Missing("proposal")
	}
	return 0, versions, nil
}

// proposal is one proposal's page.
func (h *Handlers) proposal(c echo.Context) error {
	id, versions, err := h.theVersion(c)
	if err != nil {
		return err
	}
	if id == 0 {
		return web.See(c, proposalDraftPath(versions[0].ID))
	}
	p, err := h.proposalPage(c, id, versions)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/proposal", p)
}

func (h *Handlers) proposalPage(c echo.Context, id int64, versions []db.ListProposalVersionsRow) (*view.ProposalPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	today := h.Clock.Today(s.Zone)
	p := &view.ProposalPage{Base: views.Base{Tab: "proposals"}, Nonce: formNonce()}
	var row db.GetProposalRow
	var kin proposal.Kin
	err = h.DB.View(ctx, func(q *db.Queries) error {
		var d proposal.Draft
		var err error
		if d, row, err = proposal.Read(ctx, q, id); err != nil {
			return err
		}
		if kin, err = proposal.KinOf(ctx, q, row.Number, row.Version, today); err != nil {
			return err
		}
		decision, err := q.GetDecisionOfProposal(ctx, id)
		decided := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		chosen := proposal.Preset(d.Lines)
		if decided && decision.Decision == "accepted" {
			chosen = nil
			if err := json.Unmarshal([]byte(decision.Chosen), &chosen); err != nil {
				return fmt.Errorf("office: choices of proposal %d: %w", id, err)
			}
		}
		totals, err := proposal.TotalsOf(d.Lines, chosen, d.DepositCents, d.DepositPPM)
		if err != nil {
			return err
		}
		p.Lines = proposalLines(d.Lines, chosen, decided && decision.Decision == "accepted")
		p.Sums = proposalSums(proposal.Priced{Totals: totals})
		if decided {
			if p.Decision, err = decisionOf(s, decision, kin); err != nil {
				return err
			}
			if decision.SignedDocumentID.Valid {
				p.Signed = versionPath(id) + "/signed.pdf"
			}
		}
		files, err := q.ListDraftProposalAttachments(ctx, id)
		if err != nil {
			return err
		}
		for _, f := range files {
			p.Files = append(p.Files, fileRow(id, f))
		}
		return nil
	})
	if err != nil {
		return nil, missing(err, "proposal")
	}
	state := proposal.StateOf(row.State, calendar.Date(row.ValidUntil), today)
	if kin.Successor.ID != 0 {
		state = proposal.StateReplaced
	}
	p.Kin = kinWords(s, row, state, kin)
	p.Title, p.Number, p.Offer, p.Customer = "Proposal "+row.Number, row.Number, row.Title, ref(row.CustomerNumber, row.DisplayName)
	p.State, p.StateClass, p.PDF = string(state), web.ProposalClass(state), versionPath(id)+"/proposal.pdf"
	p.Introduction, p.Terms = paragraphsOf(row.Introduction), paragraphsOf(row.Terms)
	p.Facts = proposalFacts(s, row)
	if err := h.fillVersions(ctx, s, p, row, versions, today); err != nil {
		return nil, err
	}
	events, err := h.Proposals.Trail(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		p.Trail = append(p.Trail, view.ProposalEvent{When: e.At.Format(s.Zone), What: e.What, Who: cmp.Or(e.Who, "the portal"), Details: e.Details, From: e.IP})
	}
	if err := h.fillResult(c, s, p, row, today); err != nil {
		return nil, err
	}
	return p, h.fillProposalForms(c, p, row, state, kin)
}

// kinWords say how a version stands to those that were accepted, with a link to
// the one that matters; nil when there is nothing to say.
func kinWords(s *settings.Settings, row db.GetProposalRow, state proposal.State, kin proposal.Kin) *view.ProposalKin {
	on := func(one proposal.Sibling) string { return one.Accepted.Date(s.Zone).String() }
	lead := func(one proposal.Sibling, words string, args ...any) *view.ProposalKin {
		return &view.ProposalKin{Words: fmt.Sprintf(words, args...), Link: fmt.Sprintf("Show version %d", one.Version), Href: proposalAt(row.Number, one.Version)}
	}
	accepted := row.State == "accepted"
	switch {
	case kin.Successor.ID != 0:
		return lead(kin.Successor, "Accepted %s; replaced by version %d, accepted %s. It is not carried out any more.", row.DecidedAt.Date(s.Zone), kin.Successor.Version, on(kin.Successor))
	case accepted && kin.Open.ID != 0:
		return lead(kin.Open, "Version %d is with the customer. This one stands until that is accepted; it can be carried out once that is rejected, withdrawn or has expired.", kin.Open.Version)
	case accepted && kin.Before.ID != 0:
		return lead(kin.Before, "It took the place of version %d, accepted %s.", kin.Before.Version, on(kin.Before))
	case accepted:
		return nil
	case state.Open() && kin.Before.ID != 0:
		return lead(kin.Before, "Version %d, accepted %s, stands until this one is accepted. While this one is with the customer, that one cannot be carried out; withdrawing this one lifts it.", kin.Before.Version, on(kin.Before))
	case kin.Standing.ID != 0 && kin.Standing.Version < row.Version:
		return lead(kin.Standing, "Version %d, accepted %s, stands.", kin.Standing.Version, on(kin.Standing))
	}
	return nil
}

func versionPath(id int64) string { return proposalsPath + "/versions/" + number(id) }

// paragraphsOf parts a text where it has empty lines.
func paragraphsOf(text string) []string {
	var out []string
	for p := range strings.SplitSeq(text, "\n") {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

func proposalFacts(s *settings.Settings, row db.GetProposalRow) []view.Fact {
	at := func(i calendar.Instant) string {
		if i.IsZero() {
			return ""
		}
		return i.Format(s.Zone)
	}
	until, notice := "No end", ""
	if row.ValidUntil != "" {
		until = calendar.Date(row.ValidUntil).String()
	}
	if row.Residential != 0 {
		notice = "With the notice of the three days to cancel"
	}
	return facts("Date", row.ProposalDate.String(), "Valid until", until, "Site", row.Site, "System", row.System, "Salesperson", cmp.Or(row.Salesperson, row.SalespersonEmail),
		"Sale at home", notice, "Sent", at(row.SentAt), "First viewed", at(row.ViewedAt), "Withdrawn", at(row.WithdrawnAt), "Reminded", at(row.RemindedAt), "SHA-256 of the PDF", row.PaperSha256)
}

func proposalLines(lines []proposal.Line, chosen []int64, decided bool) []view.ProposalLine {
	var out []view.ProposalLine
	for _, l := range lines {
		row := view.ProposalLine{Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: l.UnitPrice.String(), Paid: proposal.CycleName(l.Cycle), Tax: l.Tax.String(), Amount: l.Amount().String()}
		in := slices.Contains(chosen, l.Position)
		switch {
		case !l.Optional:
		case in && decided:
			row.Choice = "Option, was chosen"
		case in:
			row.Choice = "Option, chosen beforehand"
		case decided:
			row.Choice, row.Left = "Option, was not chosen", true
		default:
			row.Choice = "Option"
		}
		out = append(out, row)
	}
	return out
}

// decisionOf puts a decision and its evidence into words.
func decisionOf(s *settings.Settings, d db.GetDecisionOfProposalRow, kin proposal.Kin) (*view.ProposalDecision, error) {
	out := &view.ProposalDecision{Accepted: d.Decision == "accepted", Reason: d.Reason}
	deposit := ""
	if d.DepositCents > 0 {
		deposit = d.DepositCents.String()
	}
	if d.DepositAskedCents > 0 {
		deposit = joined("; ", deposit, d.DepositAskedCents.String()+" was asked before")
	}
	if d.DepositInvoice != "" {
		deposit = joined(", ", deposit, "invoice "+d.DepositInvoice)
		if !slices.ContainsFunc(kin.Deposits, func(one proposal.Deposit) bool { return one.Invoice == d.DepositInvoice }) {
			deposit += ", which is void"
		}
	}
	name, how := "", ""
	if out.Accepted {
		name, how = d.TypedName, "By the typed name"
		out.Consent = paragraphsOf(d.ConsentText)
	}
	if d.Strokes != "" {
		drawn, err := signature.Parse(d.Strokes)
		if err != nil {
			return nil, fmt.Errorf("office: signature of proposal %d: %w", d.ProposalID, err)
		}
		how = "By the typed name and drawn by hand"
		out.Strokes = &view.ProposalStrokes{Box: drawn.ViewBox(), Path: drawn.Path(), Pen: drawn.PenWidth(), Name: d.TypedName}
	}
	out.Facts = facts("When", d.LocalTime, "", d.At.Time().Format("2006-01-02 15:04:05 UTC"), "Name", name, "Signed", how, "Known by", d.Authenticated, "From", d.IP, "Browser", d.UserAgent,
		"Deposit", deposit, "Shown", d.ShownAt.Format(s.Zone), "SHA-256 of what was shown", d.ShownSha256, "Consent", d.ConsentVersion, "SHA-256 of the signed PDF", d.SignedSha256)
	return out, nil
}

// fillVersions puts in the versions when there are several, and where the newest
// and the draft of a newer one are.
func (h *Handlers) fillVersions(ctx context.Context, s *settings.Settings, p *view.ProposalPage, row db.GetProposalRow, versions []db.ListProposalVersionsRow, today calendar.Date) error {
	newest := int64(0)
	for _, v := range versions {
		if v.State == "draft" {
			p.Draft = proposalDraftPath(v.ID)
		} else {
			newest = max(newest, v.Version)
		}
	}
	if len(versions) > 1 {
		p.Version = fmt.Sprintf("version %d", row.Version)
		for _, v := range versions {
			item := proposalItem(s, db.ListProposalsByStateRow{ID: v.ID, Number: v.Number, Version: v.Version, Title: v.Title, State: v.State, ValidUntil: v.ValidUntil,
				TotalCents: v.TotalCents, MonthlyCents: v.MonthlyCents, UpdatedAt: v.UpdatedAt}, today)
			item.Customer, item.Version = "", fmt.Sprintf("version %d", v.Version)
			if v.State != "draft" {
				item.Href = proposalAt(v.Number, v.Version)
			}
			p.Versions = append(p.Versions, item)
		}
	}
	if row.Version < newest {
		p.Newest = proposalPath(row.Number)
	}
	return nil
}

// fillResult puts in what an accepted proposal became, and where it is carried
// out.
func (h *Handlers) fillResult(c echo.Context, s *settings.Settings, p *view.ProposalPage, row db.GetProposalRow, today calendar.Date) error {
	if row.State != "accepted" {
		return nil
	}
	ctx := c.Request().Context()
	var d sale.Deal
	err := h.DB.View(ctx, func(q *db.Queries) (err error) {
		d, err = sale.DealOf(ctx, q, row.ID, today)
		return err
	})
	if fault.Is(err, fault.Conflict) {
		return nil // the file was changed from outside: portal doctor says how
	}
	if err != nil {
		return err
	}
	if d.Blocked == "" && (d.WorkOrder == "" || d.LeftToInvoice() || len(d.LeftToRecur()) > 0) {
		p.CarryOut = versionPath(row.ID) + "/carry-out"
	}
	r, err := h.DB.Read().GetProposalResult(ctx, row.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	items := ""
	if r.Items > 0 {
		items = count(r.Items, "recurring item", "recurring items")
	}
	leads := map[string]string{"Work order": workOrderPath(r.WorkOrder), "Invoice": invoicePath(r.Invoice), "Recurring": customerPath(d.CustomerNumber) + "/recurring"}
	p.Result = facts("Work order", r.WorkOrder, "Invoice", r.Invoice, "Recurring", items, "Last changed", joined(" by ", r.At.Format(s.Zone), r.Staff))
	for i := range p.Result {
		p.Result[i].Href = leads[p.Result[i].Label]
	}
	return nil
}

// fillProposalForms puts in what sellers may do with a version.
func (h *Handlers) fillProposalForms(c echo.Context, p *view.ProposalPage, row db.GetProposalRow, state proposal.State, kin proposal.Kin) error {
	if !may(c, sellers) {
		return nil
	}
	ctx := c.Request().Context()
	p.Copy = copyForm(row.ID, formNonce(), "", "")
	switch {
	case p.Draft != "" || p.Newest != "" && kin.Standing.ID != row.ID:
	case kin.Carried.ID != 0:
		p.NoVersion = "It was carried out, so there is no new version of it: what comes on top is a proposal of its own. Make a copy of it below, and send that."
		if kin.Carried.ID != row.ID {
			p.NoVersion = fmt.Sprintf("Version %d was carried out, so there is no new version of it: what comes on top is a proposal of its own. Make a copy of it below, and send that.", kin.Carried.Version)
		}
	case state == proposal.StateAccepted && kin.Open.ID != 0: // the one that the customer has is what is changed
	default:
		p.NewVersion = versionPath(row.ID) + "/again"
	}
	if state.Open() {
		to, err := h.addressesOf(ctx, row.CustomerID, p.Customer, may(c, helpers), nil)
		if err != nil {
			return err
		}
		p.Again = &view.ProposalAgain{Action: versionPath(row.ID) + "/mail", Nonce: formNonce(), To: to}
	}
	if state.Open() || state == proposal.StateExpired {
		mailed, err := h.Proposals.Mailed(ctx, row.ID)
		if err != nil {
			return err
		}
		p.Withdraw = withdrawForm(row.ID, "", "", mailed > 0, true)
	}
	return nil
}

func copyForm(id int64, nonce, typed, refused string) *view.ProposalCopy {
	return &view.ProposalCopy{Action: versionPath(id) + "/copy", Nonce: nonce,
		Customer: views.Input{Name: "customer", Label: "For customer #", Hint: "Empty: for the same customer", Value: typed, Autocomplete: "off", MaxLength: 40, Error: refused}}
}

func withdrawForm(id int64, reason, refused string, mail, told bool) *view.ProposalWithdraw {
	return &view.ProposalWithdraw{Action: versionPath(id) + "/withdraw", Mail: mail, Told: told,
		Reason: views.Input{Name: "reason", Label: "Reason", Value: reason, Autocomplete: "off", MaxLength: 500, Error: refused}}
}

// addressesOf are the addresses that a proposal can be mailed to; ticked are
// those that were, nil = all.
func (h *Handlers) addressesOf(ctx context.Context, customerID int64, who view.Ref, edit bool, ticked []string) (view.ProposalTo, error) {
	var to view.ProposalTo
	rows, err := h.DB.Read().ListProposalAddresses(ctx, customerID)
	for _, r := range rows {
		// an address on file whose owner logs in comes once
		if n := len(to.Rows); n > 0 && strings.EqualFold(to.Rows[n-1].Email, r.Email) {
			continue
		}
		a := view.ProposalAddress{Email: r.Email, How: "no log-in: opens it by a link and a mailed code", Ticked: ticked == nil || slices.Contains(ticked, r.Email)}
		if r.Login != 0 {
			a.How = "logs in"
		}
		to.Rows = append(to.Rows, a)
	}
	if edit {
		to.Edit = who.Href + "/contact"
	}
	return to, err
}
