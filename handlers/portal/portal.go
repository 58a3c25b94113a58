// Package portal serves the customer's screens.
package portal

import (
	"net/http"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/ledger"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/workorder"
)

// Handlers serves the customer's screens; its fields are the nouns they use.
type Handlers struct {
	*web.App
	Accounts   *account.Service
	Ledger     *ledger.Service
	Payments   *payment.Service
	Proposals  *proposal.Service
	WorkOrders *workorder.Service

	wrong tries // pay links that opened nothing
}

// Routes is the whole surface of the customer's portal.
func (h *Handlers) Routes() []web.Route {
	return h.switched(append(h.routes(), h.workOrderRoutes()...))
}

func (h *Handlers) routes() []web.Route {
	return []web.Route{
		{Name: "login", Method: http.MethodGet, Path: "/login", Access: web.Anyone(), Handler: h.login},
		{Name: "login.form", Method: http.MethodPost, Path: "/login", Access: web.Anyone(), Handler: h.logIn},
		{Name: "logout", Method: http.MethodPost, Path: "/logout", Access: web.Anyone(), Handler: h.logOut},
		{Name: "session.extend", Method: http.MethodPost, Path: "/session/extend", Access: web.SignedIn(), Handler: h.extend},
		{Name: "register", Method: http.MethodGet, Path: "/register", Access: web.Anyone(), Handler: h.register},
		{Name: "register.form", Method: http.MethodPost, Path: "/register", Access: web.Anyone(), Handler: h.create},
		{Name: "register.done", Method: http.MethodGet, Path: "/register/done", Access: web.Anyone(), Handler: h.registered},
		{Name: "register.asked", Method: http.MethodGet, Path: "/register/asked", Access: web.Anyone(), Handler: h.asked},
		{Name: "register.join", Method: http.MethodGet, Path: "/register/join", Access: web.Anyone(), Handler: h.join},
		{Name: "register.join.form", Method: http.MethodPost, Path: "/register/join", Access: web.Customer(), Handler: h.joined},
		{Name: "password.forgot", Method: http.MethodGet, Path: "/password/forgot", Access: web.Anyone(), Handler: h.forgot},
		{Name: "password.forgot.form", Method: http.MethodPost, Path: "/password/forgot", Access: web.Anyone(), Handler: h.sendLink},
		{Name: "password.recover", Method: http.MethodGet, Path: "/password/recover", Access: web.Anyone(), Handler: h.recover},
		{Name: "password.recover.form", Method: http.MethodPost, Path: "/password/recover", Access: web.Anyone(), Handler: h.recovered},
		{Name: "password.reset", Method: http.MethodGet, Path: "/password/reset", Access: web.Stage(account.StageReset), Handler: h.reset},
		{Name: "password.reset.form", Method: http.MethodPost, Path: "/password/reset", Access: web.Stage(account.StageReset), Handler: h.resetDone},
		{Name: "email.confirm", Method: http.MethodGet, Path: "/email/confirm", Access: web.Anyone(), Handler: h.confirmEmail},
		{Name: "email.confirm.form", Method: http.MethodPost, Path: "/email/confirm", Access: web.Anyone(), Handler: h.emailConfirmed},
		{Name: "account", Method: http.MethodGet, Path: "/account", Access: web.Customer(), Handler: h.account},
		{Name: "account.password.reload", Method: http.MethodGet, Path: "/account/password", Access: web.Customer(), Handler: seeOther("/account")},
		{Name: "account.password", Method: http.MethodPost, Path: "/account/password", Access: web.Customer(), Handler: h.changePassword},
		{Name: "account.mail", Method: http.MethodPost, Path: "/account/mail", Access: web.Customer(), Handler: h.chooseMail},
		{Name: "account.mail.reload", Method: http.MethodGet, Path: "/account/mail", Access: web.Customer(), Handler: seeOther("/account")},
		{Name: "account.device", Method: http.MethodPost, Path: "/account/devices/end", Access: web.Customer(), Handler: h.endDevice},
		{Name: "account.devices", Method: http.MethodPost, Path: "/account/devices/end-others", Access: web.Customer(), Handler: h.endOthers},
		{Name: "account.switch", Method: http.MethodPost, Path: "/account/switch", Access: web.Customer(), Handler: h.switchAccount},
		{Name: "home", Method: http.MethodGet, Path: "/", Access: web.Customer(), Handler: h.home},
		{Name: "contact", Method: http.MethodGet, Path: "/contact/edit", Access: web.Customer(), Handler: h.editContact},
		{Name: "contact.reload", Method: http.MethodGet, Path: "/contact", Access: web.Customer(), Handler: seeOther("/contact/edit")},
		{Name: "contact.save", Method: http.MethodPost, Path: "/contact", Access: web.Customer(), Handler: h.saveContact},
		{Name: "invoice.pdf", Method: http.MethodGet, Path: "/invoices/:paper", Access: web.Customer(), Handler: h.invoicePDF},
		{Name: "paylink", Method: http.MethodGet, Path: "/p/:token", Access: web.Unasked(), Handler: h.linked(h.payLink)},
		{Name: "paylink.submit", Method: http.MethodPost, Path: "/p/:token", Access: web.Unasked(), Handler: h.linked(h.linkSubmit)},
		{Name: "paylink.preview", Method: http.MethodPost, Path: "/p/:token/preview", Access: web.Unasked(), Handler: h.linked(h.linkPreview)},
		{Name: "paylink.preview.reload", Method: http.MethodGet, Path: "/p/:token/preview", Access: web.Unasked(), Handler: h.linked(h.linkAgain)},
		{Name: "paylink.return", Method: http.MethodGet, Path: "/p/return", Access: web.Unasked(), Handler: h.linkReturn},
		{Name: "paylink.payment", Method: http.MethodGet, Path: "/p/:token/payments/:ref", Access: web.Unasked(), Handler: h.linked(h.linkPayment)},
		{Name: "paylink.receipt", Method: http.MethodPost, Path: "/p/:token/payments/:ref/mail", Access: web.Unasked(), Handler: h.linked(h.linkMail)},
		{Name: "paylink.receipt.reload", Method: http.MethodGet, Path: "/p/:token/payments/:ref/mail", Access: web.Unasked(), Handler: h.linked(h.linkAgain)},
		{Name: "pay", Method: http.MethodGet, Path: "/pay", Access: web.Customer(), Handler: h.pay},
		{Name: "pay.submit", Method: http.MethodPost, Path: "/pay", Access: web.Customer(), Handler: h.paySubmit},
		{Name: "pay.preview", Method: http.MethodPost, Path: "/pay/preview", Access: web.Customer(), Handler: h.payPreview},
		{Name: "pay.preview.reload", Method: http.MethodGet, Path: "/pay/preview", Access: web.Customer(), Handler: seeOther("/pay")},
		{Name: "pay.credit.reload", Method: http.MethodGet, Path: "/pay/credit", Access: web.Customer(), Handler: seeOther("/pay")},
		{Name: "pay.credit", Method: http.MethodPost, Path: "/pay/credit", Access: web.Customer(), Handler: h.payCredit},
		{Name: "pay.return", Method: http.MethodGet, Path: "/pay/return", Access: web.Customer(), Handler: h.payReturn},
		{Name: "methods", Method: http.MethodGet, Path: "/methods", Access: web.Customer(), Handler: h.methods},
		{Name: "methods.save", Method: http.MethodPost, Path: "/methods", Access: web.Customer(), Handler: h.methodSave},
		{Name: "methods.new", Method: http.MethodGet, Path: "/methods/new", Access: web.Customer(), Handler: h.methodNew},
		{Name: "methods.consent", Method: http.MethodGet, Path: "/methods/consent", Access: web.Customer(), Handler: h.methodConsent},
		{Name: "methods.authorization", Method: http.MethodGet, Path: "/methods/authorizations/:paper", Access: web.Customer(), Handler: h.authorization},
		{Name: "methods.return", Method: http.MethodGet, Path: "/methods/return", Access: web.Customer(), Handler: h.methodReturn},
		{Name: "methods.auto.off", Method: http.MethodPost, Path: "/methods/auto/off", Access: web.Customer(), Handler: h.methodAutoOff},
		{Name: "methods.auto", Method: http.MethodGet, Path: "/methods/:id/auto", Access: web.Customer(), Handler: h.methodAuto},
		{Name: "methods.auto.on", Method: http.MethodPost, Path: "/methods/:id/auto", Access: web.Customer(), Handler: h.methodAutoOn},
		{Name: "methods.delete.ask", Method: http.MethodPost, Path: "/methods/:id/ask-delete", Access: web.Customer(), Handler: h.methodAskDelete},
		{Name: "methods.delete", Method: http.MethodPost, Path: "/methods/:id/delete", Access: web.Customer(), Handler: h.methodDelete},
		{Name: "go", Method: http.MethodGet, Path: "/go/:key", Access: web.Unasked(), Handler: h.goOn},
		{Name: "webhook", Method: http.MethodPost, Path: "/webhooks/:gateway", Access: web.Anyone(), Handler: h.webhook},
		{Name: "payments", Method: http.MethodGet, Path: "/payments", Access: web.Customer(), Handler: h.payments},
		{Name: "payment", Method: http.MethodGet, Path: "/payments/:ref", Access: web.Customer(), Handler: h.payment},
		{Name: "proposals", Method: http.MethodGet, Path: "/proposals", Access: web.Customer(), Handler: h.proposals},
		{Name: "proposal", Method: http.MethodGet, Path: "/proposals/:number", Access: web.Customer(), Handler: h.offer(h.proposal)},
		{Name: "proposal.signed", Method: http.MethodGet, Path: "/proposals/:number/signed.pdf", Access: web.Customer(), Handler: h.offer(h.proposalSigned)},
		{Name: "proposal.attachment", Method: http.MethodGet, Path: "/proposals/:number/attachments/:paper", Access: web.Customer(), Handler: h.offer(h.proposalAttachment)},
		{Name: "proposal.viewed", Method: http.MethodPost, Path: "/proposals/:number/viewed", Access: web.Customer(), Handler: h.offer(h.proposalViewed)},
		{Name: "proposal.accept", Method: http.MethodGet, Path: "/proposals/:number/accept", Access: web.Customer(), Handler: h.offer(h.proposalAccept)},
		{Name: "proposal.accept.form", Method: http.MethodPost, Path: "/proposals/:number/accept", Access: web.Customer(), Handler: h.offer(h.proposalAccepted)},
		{Name: "proposal.reject", Method: http.MethodGet, Path: "/proposals/:number/reject", Access: web.Customer(), Handler: h.offer(h.proposalReject)},
		{Name: "proposal.reject.form", Method: http.MethodPost, Path: "/proposals/:number/reject", Access: web.Customer(), Handler: h.offer(h.proposalRejected)},
		{Name: "proposallink", Method: http.MethodGet, Path: "/s/:token", Access: web.Unasked(), Handler: h.inside(h.showProposal)},
		{Name: "proposallink.code", Method: http.MethodPost, Path: "/s/:token/code", Access: web.Unasked(), Handler: h.proposalLinked(h.proposalCode)},
		{Name: "proposallink.code.reload", Method: http.MethodGet, Path: "/s/:token/code", Access: web.Unasked(), Handler: h.proposalLinked(h.proposalAgain)},
		{Name: "proposallink.confirm", Method: http.MethodPost, Path: "/s/:token/confirm", Access: web.Unasked(), Handler: h.proposalLinked(h.proposalConfirm)},
		{Name: "proposallink.confirm.reload", Method: http.MethodGet, Path: "/s/:token/confirm", Access: web.Unasked(), Handler: h.proposalLinked(h.proposalAgain)},
		{Name: "proposallink.pdf", Method: http.MethodGet, Path: "/s/:token/proposal.pdf", Access: web.Unasked(), Handler: h.inside(h.proposalPDF)},
		{Name: "proposallink.signed", Method: http.MethodGet, Path: "/s/:token/signed.pdf", Access: web.Unasked(), Handler: h.inside(h.proposalSigned)},
		{Name: "proposallink.attachment", Method: http.MethodGet, Path: "/s/:token/attachments/:paper", Access: web.Unasked(), Handler: h.inside(h.proposalAttachment)},
		{Name: "proposallink.viewed", Method: http.MethodPost, Path: "/s/:token/viewed", Access: web.Unasked(), Handler: h.inside(h.proposalViewed)},
		{Name: "proposallink.accept", Method: http.MethodGet, Path: "/s/:token/accept", Access: web.Unasked(), Handler: h.inside(h.proposalAccept)},
		{Name: "proposallink.accept.form", Method: http.MethodPost, Path: "/s/:token/accept", Access: web.Unasked(), Handler: h.inside(h.proposalAccepted)},
		{Name: "proposallink.reject", Method: http.MethodGet, Path: "/s/:token/reject", Access: web.Unasked(), Handler: h.inside(h.proposalReject)},
		{Name: "proposallink.reject.form", Method: http.MethodPost, Path: "/s/:token/reject", Access: web.Unasked(), Handler: h.inside(h.proposalRejected)},
		{Name: "proposallink.deposit", Method: http.MethodPost, Path: "/s/:token/deposit", Access: web.Unasked(), Handler: h.inside(h.proposalDeposit)},
		{Name: "proposallink.deposit.reload", Method: http.MethodGet, Path: "/s/:token/deposit", Access: web.Unasked(), Handler: h.proposalLinked(h.proposalAgain)},
		{Name: "statement.pdf", Method: http.MethodGet, Path: "/statement.pdf", Access: web.Customer(), Handler: h.statementPDF},
		{Name: "statement.csv", Method: http.MethodGet, Path: "/statement.csv", Access: web.Customer(), Handler: h.statementCSV},
	}
}
