package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/proposal"
	"customerportal/views"
	view "customerportal/views/office"
)

func verifyPage() *view.ProposalVerifyPage {
	return &view.ProposalVerifyPage{Base: views.Base{Title: "Check a PDF", Tab: "proposals"}, Action: proposalsPath + "/verify"}
}

// askVerify asks for the PDF that is to be checked.
func (h *Handlers) askVerify(c echo.Context) error {
	return h.Page(c, http.StatusOK, "office/proposal_verify", verifyPage())
}

// verify tells whether a PDF is one that was shown or signed here. It keeps
// nothing.
func (h *Handlers) verify(c echo.Context) error {
	if err := h.ReadForm(c); err != nil {
		return err
	}
	files, err := attached(c, "paper")
	if err == nil && len(files) == 0 {
		err = fault.Field("files", "Choose a PDF first")
	}
	p := verifyPage()
	if refused, ok := web.FieldErrors(err); ok {
		p.Error = refused[0].Message
		p.Errors = views.FieldErrors{{Field: "paper", Message: p.Error}}
		return h.Refused(c, "office/proposal_verify", "form", p)
	}
	if err != nil {
		return err
	}
	v, err := h.Proposals.Verify(c.Request().Context(), files[0].Body)
	if err != nil {
		return err
	}
	p.Words, p.Genuine = v.Words(), v.Genuine()
	if v.Known {
		p.Href = proposalAt(v.Number, v.Version)
	}
	p.Facts = verdictFacts(v, files[0].Name)
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/proposal_verify", "form", p)
	}
	return h.Page(c, http.StatusOK, "office/proposal_verify", p)
}

func verdictFacts(v proposal.Verdict, name string) []view.Fact {
	total, monthly := "", ""
	if v.Kind == "signed" {
		total, monthly = v.Total.String(), v.Monthly.String()
	}
	customer := ""
	if v.Known {
		customer = v.Customer + " #" + v.CustomerNumber
	}
	return facts("File", name, "SHA-256", v.SHA256, "Offer", v.Title, "Customer", customer, "State", string(v.State), "Signed by", v.SignedBy, "E-mail", v.Email,
		"Known by", v.Authenticated, "Accepted, once", total, "Accepted, a month", monthly)
}
