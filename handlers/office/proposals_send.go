package office

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/views"
	view "customerportal/views/office"
)

// askSendProposal shows what is about to be sent, and to whom.
func (h *Handlers) askSendProposal(c echo.Context) error {
	t, d, found, err := h.theOffer(c)
	if err != nil {
		return err
	}
	if t == nil {
		return web.See(c, proposalPath(found.Number))
	}
	p, err := h.sendPage(c, t, d, found, nil, nil)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.Errors != nil {
		status = http.StatusUnprocessableEntity
	}
	return h.Page(c, status, "office/proposal_send", p)
}

// sendPage fills the page; ticked are the addresses that were chosen, nil = all.
func (h *Handlers) sendPage(c echo.Context, t *offerDesk, d proposal.Draft, found db.GetProposalRow, ticked []string, refused views.FieldErrors) (*view.ProposalSendPage, error) {
	ctx := c.Request().Context()
	priced, err := h.priceOffer(ctx, d, t.today)
	if known, ok := web.FieldErrors(err); ok {
		refused = append(refused, views.FieldError{Message: known[0].Message})
	} else if err != nil {
		return nil, err
	}
	back := proposalDraftPath(t.id)
	p := &view.ProposalSendPage{Base: views.Base{Title: "Send this proposal?", Tab: "proposals", Errors: refused}, Customer: t.who, Number: found.Number, Saves: d.Saves,
		Cents: int64(priced.Totals.Total), Monthly: int64(priced.Totals.Monthly), Send: back + "/send", Back: back, PDF: back + "/draft.pdf",
		Lines: proposalLines(priced.Lines, proposal.Preset(priced.Lines), false), Sums: proposalSums(priced)}
	if d.Version > 1 {
		p.Number = fmt.Sprintf("%s, version %d", found.Number, d.Version)
	}
	until := "No end"
	if !d.ValidUntil.IsZero() {
		until = d.ValidUntil.String()
	}
	notice := ""
	if d.Residential {
		notice = "With the notice of the three days to cancel"
	}
	p.Facts = facts("Offer", d.Title, "Customer", t.who.Name+" #"+t.who.Number, "Site", found.Site, "System", found.System, "Date", t.today.String(), "Valid until", until,
		"Salesperson", found.Salesperson, "Sale at home", notice)
	for _, f := range t.files {
		p.Files = append(p.Files, fileRow(t.id, f))
	}
	if err := h.fillReplaced(ctx, p, found, t.today, priced.Totals.Total); err != nil {
		return nil, err
	}
	p.To, err = h.addressesOf(ctx, t.row.ID, t.who, may(c, helpers), ticked)
	p.To.Error = refused.Of("to")
	return p, err
}

// fillReplaced says what becomes of the version that the customer has.
func (h *Handlers) fillReplaced(ctx context.Context, p *view.ProposalSendPage, found db.GetProposalRow, today calendar.Date, total money.Cents) error {
	versions, err := h.DB.Read().ListProposalVersions(ctx, found.Number)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if v.State == "sent" || v.State == "viewed" {
			p.Replaces = v.ID
			p.Before = fmt.Sprintf("It replaces version %d, which the customer can no longer accept then.", v.Version)
		}
	}
	kin, err := proposal.KinOf(ctx, h.DB.Read(), found.Number, found.Version, today)
	switch {
	case err != nil:
		return err
	case kin.Carried.ID != 0:
		p.Errors = append(p.Errors, views.FieldError{Message: fmt.Sprintf("Version %d was carried out meanwhile, so this draft can no longer be sent as a version of it. Make a copy of the draft: that is a proposal of its own.", kin.Carried.Version)})
		p.Copy = copyForm(found.ID, formNonce(), "", "")
	case kin.Before.ID != 0:
		p.Before = joined(" ", p.Before, fmt.Sprintf("Version %d, which was accepted, stands until the customer accepts this one; while this one is with the customer, version %d cannot be carried out.", kin.Before.Version, kin.Before.Version))
		if asked := kin.Asked(); asked > 0 {
			p.Before += fmt.Sprintf(" The %s that was asked before as a deposit counts for this one, so that nothing is asked twice.", asked)
			if asked > total {
				p.Before += fmt.Sprintf(" That is more than the %s this one comes to: once it is accepted, a deposit invoice has to be voided before it is carried out.", total)
			}
		}
	}
	return nil
}

// sendProposal sends the draft. Pressed twice it is sent once.
func (h *Handlers) sendProposal(c echo.Context) error {
	ctx := c.Request().Context()
	form := c.Request().Form
	whole := func(name string) int64 {
		n, err := strconv.ParseInt(form.Get(name), 10, 64)
		if err != nil {
			return -1 // no draft has that
		}
		return n
	}
	to := form["to"]
	done, err := h.Proposals.Send(ctx, web.Actor(c), proposal.Sending{ID: theID(c), Saves: whole("saves"), Replaces: whole("replaces"), Total: money.Cents(whole("total")),
		Monthly: money.Cents(whole("monthly")), To: to})
	refused, ok := web.FieldErrors(err)
	if !ok {
		if err != nil {
			return err
		}
		notice := "Sent. Nobody is mailed: print the PDF or give the customer a log-in."
		switch {
		case done.Before:
			notice = "It was sent before; nothing was done twice."
		case done.Mailed > 0:
			notice = "Sent, and on its way to " + count(int64(done.Mailed), "address", "addresses") + "."
		}
		return h.SeeNotice(c, proposalPath(done.Number), notice)
	}
	t, d, found, err := h.theOffer(c)
	if err != nil {
		return err
	}
	if t == nil {
		return web.See(c, proposalPath(found.Number))
	}
	for i := range refused {
		if refused[i].Field != "to" {
			refused[i].Field = "" // there is nothing else to type on this page
		}
	}
	if to == nil {
		to = []string{}
	}
	p, err := h.sendPage(c, t, d, found, to, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/proposal_send", "form", p)
}

// proposalPreview sends the PDF of a draft, marked as one.
func (h *Handlers) proposalPreview(c echo.Context) error {
	name, body, err := h.Proposals.Preview(c.Request().Context(), theID(c))
	if err != nil {
		return err
	}
	return web.Download(c, name, "application/pdf", body)
}

// proposalPaper sends the PDF of a version as it was sent or signed.
func (h *Handlers) proposalPaper(c echo.Context) error {
	which := map[string]string{"proposal.pdf": proposal.PaperSent, "signed.pdf": proposal.PaperSigned}[c.Param("paper")]
	if which == "" {
		return fault.Missing("paper")
	}
	paper, err := h.Proposals.Download(c.Request().Context(), web.Actor(c), theID(c), which)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, "application/pdf", paper.Body)
}

// proposalAttachment sends a PDF that goes with a version.
func (h *Handlers) proposalAttachment(c echo.Context) error {
	document, err := strconv.ParseInt(c.Param("document"), 10, 64)
	if err != nil {
		return fault.Missing("PDF")
	}
	paper, err := h.Proposals.Attachment(c.Request().Context(), theID(c), document)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, "application/pdf", paper.Body)
}

// versionNumber is the number of the proposal whose version stands in the
// address, and the version.
func (h *Handlers) versionOf(c echo.Context) (db.GetProposalRow, error) {
	row, err := h.DB.Read().GetProposal(c.Request().Context(), theID(c))
	return row, missing(err, "proposal")
}

// mailProposal sends a proposal again.
func (h *Handlers) mailProposal(c echo.Context) error {
	ctx := c.Request().Context()
	row, err := h.versionOf(c)
	if err != nil {
		return err
	}
	form := c.Request().Form
	many, err := h.Proposals.SendAgain(ctx, web.Actor(c), row.ID, form["to"], form.Get("nonce"))
	if refused, ok := web.FieldErrors(err); ok {
		to, err := h.addressesOf(ctx, row.CustomerID, ref(row.CustomerNumber, row.DisplayName), may(c, helpers), append([]string{}, form["to"]...))
		if err != nil {
			return err
		}
		to.Error = refused[0].Message
		again := &view.ProposalAgain{Action: versionPath(row.ID) + "/mail", Nonce: form.Get("nonce"), To: to}
		return h.refuseOn(c, "again", again, func(p *view.ProposalPage) { p.Again = again })
	}
	if err != nil {
		return err
	}
	notice := "It is on its way to " + count(int64(many), "address", "addresses") + "."
	if many == 0 {
		notice = "It was mailed before; nothing was sent twice."
	}
	return h.SeeNotice(c, proposalPath(row.Number), notice)
}

// refuseOn answers a form of a proposal's page that was refused: the form alone
// to htmx, the whole page to a plain form.
func (h *Handlers) refuseOn(c echo.Context, define string, form any, put func(p *view.ProposalPage)) error {
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusUnprocessableEntity, "office/proposal", define, form)
	}
	ctx := c.Request().Context()
	row, err := h.versionOf(c)
	if err != nil {
		return err
	}
	versions, err := h.DB.Read().ListProposalVersions(ctx, row.Number)
	if err != nil {
		return err
	}
	p, err := h.proposalPage(c, row.ID, versions)
	if err != nil {
		return err
	}
	put(p)
	p.Title = "Error: " + p.Title
	return h.Page(c, http.StatusUnprocessableEntity, "office/proposal", p)
}

// withdrawProposal takes a proposal back.
func (h *Handlers) withdrawProposal(c echo.Context) error {
	ctx := c.Request().Context()
	row, err := h.versionOf(c)
	if err != nil {
		return err
	}
	form := c.Request().Form
	told, err := h.Proposals.Withdraw(ctx, web.Actor(c), row.ID, form.Get("reason"), form.Get("told") != "")
	if refused, ok := web.FieldErrors(err); ok {
		mailed, err := h.Proposals.Mailed(ctx, row.ID)
		if err != nil {
			return err
		}
		again := withdrawForm(row.ID, form.Get("reason"), refused[0].Message, mailed > 0, form.Get("told") != "")
		return h.refuseOn(c, "withdraw", again, func(p *view.ProposalPage) { p.Withdraw = again })
	}
	if err != nil {
		return err
	}
	notice := "It is withdrawn. Nobody was mailed."
	if told > 0 {
		notice = "It is withdrawn, and " + count(int64(told), "address is", "addresses are") + " told."
	}
	return h.SeeNotice(c, proposalPath(row.Number), notice)
}

// newVersion makes a draft of the next version.
func (h *Handlers) newProposalVersion(c echo.Context) error {
	return h.writeAgain(c, func(ctx context.Context, row db.GetProposalRow, nonce string) (proposal.Saved, error) {
		until, err := h.freshUntil(ctx)
		if err != nil {
			return proposal.Saved{}, err
		}
		return h.Proposals.NewVersion(ctx, web.Actor(c), row.ID, until, nonce)
	}, "A draft of the new version. The customer keeps the one there is until this one is sent.", nil)
}

// copyProposal makes a draft of a proposal of its own, for the same or another
// customer.
func (h *Handlers) copyProposal(c echo.Context) error {
	typed := c.Request().Form.Get("customer")
	return h.writeAgain(c, func(ctx context.Context, row db.GetProposalRow, nonce string) (proposal.Saved, error) {
		customer := row.CustomerID
		if typed != "" {
			other, err := h.DB.Read().GetCustomerByNumber(ctx, typed)
			if fault.Is(missing(err, "customer"), fault.NotFound) {
				return proposal.Saved{}, fault.Field("customer", "There is no customer %s", typed)
			}
			if err != nil {
				return proposal.Saved{}, err
			}
			customer = other.ID
		}
		until, err := h.freshUntil(ctx)
		if err != nil {
			return proposal.Saved{}, err
		}
		return h.Proposals.Copy(ctx, web.Actor(c), row.ID, customer, until, nonce)
	}, "A copy, to be changed and sent. Look at its number, site and customer.", func(row db.GetProposalRow, refused string) error {
		again := copyForm(row.ID, c.Request().Form.Get("nonce"), typed, refused)
		return h.refuseOn(c, "copy", again, func(p *view.ProposalPage) { p.Copy = again })
	})
}

// writeAgain makes a draft of a version and goes to it.
func (h *Handlers) writeAgain(c echo.Context, make func(context.Context, db.GetProposalRow, string) (proposal.Saved, error), notice string, refuse func(db.GetProposalRow, string) error) error {
	ctx := c.Request().Context()
	row, err := h.versionOf(c)
	if err != nil {
		return err
	}
	nonce := c.Request().Form.Get("nonce")
	if nonce == "" {
		return fault.New(fault.Invalid, "This form is not complete. Please open the page again.")
	}
	saved, err := make(ctx, row, nonce)
	if refused, ok := web.FieldErrors(err); ok && refuse != nil {
		return refuse(row, refused[0].Message)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, proposalDraftPath(saved.ID), notice)
}
