// Package office serves the screens of the dealer's staff.
package office

import (
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/accounting"
	"customerportal/internal/autopay"
	"customerportal/internal/billing"
	"customerportal/internal/books"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/reminder"
	"customerportal/internal/sale"
	"customerportal/internal/workorder"
	"customerportal/views"
	view "customerportal/views/office"
)

// Handlers serves the staff's screens; its fields are the nouns they use.
type Handlers struct {
	*web.App
	Accounts *account.Service
	Ledger   *ledger.Service
	Drafts   *billing.Drafts
	Payments *payment.Service
	AutoPay  *autopay.Service
	Billing  *billing.Service
	Mail     *outbox.Worker

	Proposals  *proposal.Service
	Sale       *sale.Service
	WorkOrders *workorder.Service
	Reminders  *reminder.Service
	Accounting *accounting.Service
	Books      *books.Service
	Desk       *books.Desk
}

// Who may do what; the owner may do everything.
var (
	readers = []string{"billing", "service", "sales"} // look at customers
	helpers = []string{"billing", "service"}          // contact, customer users, registrations, mail
	tellers = []string{"billing"}                     // record payments, see what is owed over all
	owners  = []string{"owner"}                       // settings, staff

	dispatchers  = []string{"service"}               // assign, cancel and merge work orders
	technicians  = []string{"service", "technician"} // go to work orders and do them
	sellers      = []string{"sales"}                 // write and send proposals
	offerReaders = []string{"billing", "sales"}      // look at proposals and carry them out
)

// Routes is the whole surface of the office.
func (h *Handlers) Routes() []web.Route {
	const get, post = http.MethodGet, http.MethodPost
	read, help, tell, own := web.Staff(readers...), web.Staff(helpers...), web.Staff(tellers...), web.Staff(owners...)
	send, out := web.Staff(dispatchers...), web.Staff(technicians...)
	sell, offers := web.Staff(sellers...), web.Staff(offerReaders...)
	return []web.Route{
		{Name: "office.code", Method: http.MethodGet, Path: "/office/code", Access: web.Stage(account.StageCode), Handler: h.code},
		{Name: "office.code.form", Method: http.MethodPost, Path: "/office/code", Access: web.Stage(account.StageCode), Handler: h.checkCode},
		{Name: "office.enrol", Method: http.MethodGet, Path: "/office/enrol", Access: web.Stage(account.StageEnrol), Handler: h.enrol},
		{Name: "office.enrol.picture", Method: http.MethodGet, Path: "/office/enrol.png", Access: web.Stage(account.StageEnrol), Handler: h.enrolPicture},
		{Name: "office.enrol.form", Method: http.MethodPost, Path: "/office/enrol", Access: web.Stage(account.StageEnrol), Handler: h.enrolled},
		{Name: "office.account", Method: http.MethodGet, Path: "/office/account", Access: web.Staff(), Handler: h.account},
		{Name: "office.account.password", Method: http.MethodPost, Path: "/office/account/password", Access: web.Staff(), Handler: h.changePassword},
		{Name: "office.account.codes", Method: http.MethodPost, Path: "/office/account/codes", Access: web.Staff(), Handler: h.newCodes},
		{Name: "office.setup", Method: http.MethodGet, Path: "/office/setup", Access: web.Anyone(), Handler: h.setup},
		{Name: "office.setup.form", Method: http.MethodPost, Path: "/office/setup", Access: web.Anyone(), Handler: h.setUp},

		{Name: "office", Method: get, Path: "/office", Access: web.Staff(), Handler: h.home},
		{Name: "office.confirm", Method: post, Path: "/office/hold/confirm", Access: own, Handler: h.confirmBooks},

		{Name: "office.day", Method: get, Path: dayPath, Access: out, Handler: h.day},
		{Name: "office.day.follow", Method: get, Path: dayPath + web.FollowPath, Access: out, Handler: h.followDay},
		{Name: "office.day.order", Method: get, Path: dayPath + "/:number", Access: out, Handler: h.dayOrder},
		{Name: "office.day.photo", Method: get, Path: dayPath + "/:number/photos/:id", Access: out, Handler: h.dayPhoto},
		{Name: "office.day.tap", Method: post, Path: dayPath + "/:number" + web.TapsPath, Access: out, Handler: h.tap},

		{Name: "office.customers", Method: get, Path: "/office/customers", Access: read, Handler: h.customers},
		{Name: "office.customer.new", Method: get, Path: "/office/customers/new", Access: help, Handler: h.newCustomer},
		{Name: "office.customer.add", Method: post, Path: "/office/customers", Access: help, Handler: h.addCustomer},
		{Name: "office.site.new", Method: get, Path: "/office/customers/:number/sites/new", Access: help, Handler: h.newSite},
		{Name: "office.site.add", Method: post, Path: "/office/customers/:number/sites", Access: help, Handler: h.addSite},
		{Name: "office.site", Method: get, Path: "/office/customers/:number/sites/:id", Access: help, Handler: h.site},
		{Name: "office.site.save", Method: post, Path: "/office/customers/:number/sites/:id", Access: help, Handler: h.saveSite},
		{Name: "office.system.new", Method: get, Path: "/office/customers/:number/sites/:id/systems/new", Access: help, Handler: h.newSystem},
		{Name: "office.system.add", Method: post, Path: "/office/customers/:number/sites/:id/systems", Access: help, Handler: h.addSystem},
		{Name: "office.system", Method: get, Path: "/office/customers/:number/systems/:id", Access: help, Handler: h.system},
		{Name: "office.system.save", Method: post, Path: "/office/customers/:number/systems/:id", Access: help, Handler: h.saveSystem},
		{Name: "office.notes", Method: get, Path: "/office/customers/:number/notes", Access: read, Handler: h.notes},
		{Name: "office.notes.add", Method: post, Path: "/office/customers/:number/notes", Access: read, Handler: h.addNote},
		{Name: "office.customer", Method: get, Path: "/office/customers/:number", Access: read, Handler: h.customer},
		{Name: "office.customer.history", Method: get, Path: "/office/customers/:number/history", Access: read, Handler: h.customerHistory},
		{Name: "office.invoices", Method: get, Path: "/office/customers/:number/invoices", Access: read, Handler: h.customerInvoices},
		{Name: "office.invoice.pdf", Method: get, Path: "/office/customers/:number/invoices/:paper", Access: read, Handler: h.invoicePDF},
		{Name: "office.draft.new", Method: get, Path: "/office/customers/:number/invoices/new", Access: tell, Handler: h.newInvoice},
		{Name: "office.draft.new.preview", Method: post, Path: "/office/customers/:number/invoices/preview", Access: tell, Handler: h.previewNew},
		{Name: "office.draft.new.save", Method: post, Path: "/office/customers/:number/invoices", Access: tell, Handler: h.saveNew},
		{Name: "office.draft", Method: get, Path: "/office/drafts/:id", Access: tell, Handler: h.draft},
		{Name: "office.draft.save", Method: post, Path: "/office/drafts/:id", Access: tell, Handler: h.saveDraft},
		{Name: "office.draft.preview", Method: post, Path: "/office/drafts/:id/preview", Access: tell, Handler: h.previewDraft},
		{Name: "office.draft.delete", Method: post, Path: "/office/drafts/:id/delete", Access: tell, Handler: h.deleteDraft},
		{Name: "office.draft.pdf", Method: get, Path: "/office/drafts/:id/draft.pdf", Access: tell, Handler: h.draftPDF},
		{Name: "office.draft.ask", Method: get, Path: "/office/drafts/:id/issue", Access: tell, Handler: h.askIssue},
		{Name: "office.draft.issue", Method: post, Path: "/office/drafts/:id/issue", Access: tell, Handler: h.issue},
		{Name: "office.all_invoices", Method: get, Path: "/office/invoices", Access: tell, Handler: h.allInvoices},
		{Name: "office.all_invoices.print", Method: post, Path: "/office/invoices/print", Access: tell, Handler: h.printInvoices},
		{Name: "office.invoice", Method: get, Path: "/office/invoices/:number", Access: read, Handler: h.invoice},
		{Name: "office.invoice.mail", Method: post, Path: "/office/invoices/:number/mail", Access: tell, Handler: h.mailInvoice},
		{Name: "office.invoice.print", Method: post, Path: "/office/invoices/:number/print", Access: tell, Handler: h.printInvoice},
		{Name: "office.prints", Method: get, Path: "/office/prints/:id", Access: tell, Handler: h.prints},
		{Name: "office.prints.pdf", Method: get, Path: "/office/prints/:id/invoices.pdf", Access: tell, Handler: h.printsPDF},
		{Name: "office.payments", Method: get, Path: "/office/customers/:number/payments", Access: read, Handler: h.customerPayments},
		{Name: "office.payment", Method: get, Path: "/office/customers/:number/payments/:ref", Access: read, Handler: h.payment},
		{Name: "office.contact", Method: get, Path: "/office/customers/:number/contact", Access: help, Handler: h.contact},
		{Name: "office.contact.save", Method: post, Path: "/office/customers/:number/contact", Access: help, Handler: h.saveContact},
		{Name: "office.users", Method: get, Path: "/office/customers/:number/users", Access: help, Handler: h.users},
		{Name: "office.users.add", Method: post, Path: "/office/customers/:number/users", Access: help, Handler: h.addUser},
		{Name: "office.users.key", Method: post, Path: "/office/customers/:number/users/key", Access: help, Handler: h.newKey},
		{Name: "office.users.do", Method: post, Path: "/office/customers/:number/users/:id/:verb", Access: help, Handler: h.changeUser},
		{Name: "office.payment.new", Method: get, Path: "/office/customers/:number/payments/new", Access: tell, Handler: h.newPayment},
		{Name: "office.payment.preview", Method: post, Path: "/office/customers/:number/payments/preview", Access: tell, Handler: h.previewPayment},
		{Name: "office.payment.record", Method: post, Path: "/office/customers/:number/payments", Access: tell, Handler: h.recordPayment},

		{Name: "office.refund", Method: get, Path: "/office/customers/:number/payments/:ref/refund", Access: tell, Handler: h.showDeed(h.refundDeed)},
		{Name: "office.refund.preview", Method: post, Path: "/office/customers/:number/payments/:ref/refund/preview", Access: tell, Handler: h.previewDeed(h.refundDeed)},
		{Name: "office.refund.do", Method: post, Path: "/office/customers/:number/payments/:ref/refund", Access: tell, Handler: h.doDeed(h.refundDeed)},
		{Name: "office.returned", Method: get, Path: "/office/customers/:number/payments/:ref/returned", Access: tell, Handler: h.showDeed(h.returnDeed)},
		{Name: "office.returned.preview", Method: post, Path: "/office/customers/:number/payments/:ref/returned/preview", Access: tell, Handler: h.previewDeed(h.returnDeed)},
		{Name: "office.returned.do", Method: post, Path: "/office/customers/:number/payments/:ref/returned", Access: tell, Handler: h.doDeed(h.returnDeed)},
		{Name: "office.void", Method: get, Path: "/office/customers/:number/invoices/:invoice/void", Access: tell, Handler: h.showDeed(h.voidDeed)},
		{Name: "office.void.preview", Method: post, Path: "/office/customers/:number/invoices/:invoice/void/preview", Access: tell, Handler: h.previewDeed(h.voidDeed)},
		{Name: "office.void.do", Method: post, Path: "/office/customers/:number/invoices/:invoice/void", Access: tell, Handler: h.doDeed(h.voidDeed)},
		{Name: "office.credit", Method: get, Path: "/office/customers/:number/credit", Access: read, Handler: h.credit},
		{Name: "office.credit.new", Method: get, Path: "/office/customers/:number/credit/new", Access: tell, Handler: h.showDeed(h.creditDeed)},
		{Name: "office.credit.preview", Method: post, Path: "/office/customers/:number/credit/new/preview", Access: tell, Handler: h.previewDeed(h.creditDeed)},
		{Name: "office.credit.do", Method: post, Path: "/office/customers/:number/credit/new", Access: tell, Handler: h.doDeed(h.creditDeed)},
		{Name: "office.credit.apply", Method: post, Path: "/office/customers/:number/credit/apply", Access: tell, Handler: h.applyCredit},
		{Name: "office.credit.unapply", Method: post, Path: "/office/customers/:number/credit/unapply", Access: tell, Handler: h.unapplyCredit},
		{Name: "office.approvals", Method: get, Path: "/office/approvals", Access: tell, Handler: h.approvals},
		{Name: "office.approvals.do", Method: post, Path: "/office/approvals/:id/:verb", Access: tell, Handler: h.decide},
		{Name: "office.disputes", Method: get, Path: "/office/disputes", Access: tell, Handler: h.disputes},
		{Name: "office.dispute", Method: get, Path: "/office/disputes/:id", Access: tell, Handler: h.dispute},

		{Name: "office.method.remove", Method: post, Path: "/office/customers/:number/methods/:id/remove", Access: tell, Handler: h.removeMethod},

		{Name: "office.customer.autopay", Method: get, Path: "/office/customers/:number/autopay", Access: read, Handler: h.autoPayCustomer},
		{Name: "office.customer.autopay.paper", Method: get, Path: "/office/customers/:number/autopay/papers/:paper", Access: read, Handler: h.consentPaper},
		{Name: "office.customer.autopay.day", Method: post, Path: "/office/customers/:number/autopay/day", Access: tell, Handler: h.arrangeDay},
		{Name: "office.customer.autopay.off", Method: post, Path: "/office/customers/:number/autopay/off", Access: tell, Handler: h.autoPayOff},
		{Name: "office.customer.autopay.hold", Method: post, Path: "/office/customers/:number/autopay/hold", Access: tell, Handler: h.holdCustomer},
		{Name: "office.customer.autopay.release", Method: post, Path: "/office/customers/:number/autopay/release", Access: tell, Handler: h.releaseCustomer},
		{Name: "office.customer.autopay.form", Method: get, Path: "/office/customers/:number" + web.SignedFormPath, Access: tell, Handler: h.signedForm},
		{Name: "office.customer.autopay.form.pdf", Method: get, Path: "/office/customers/:number/autopay/form.pdf", Access: tell, Handler: h.blankForm},
		{Name: "office.customer.autopay.form.enter", Method: post, Path: "/office/customers/:number" + web.SignedFormPath, Access: tell, Handler: h.enterSignedForm},

		{Name: "office.autopay", Method: get, Path: autoPayTab, Access: read, Handler: h.autoPay},
		{Name: "office.autopay.csv", Method: get, Path: autoPayTab + ".csv", Access: read, Handler: h.autoPayCSV},
		{Name: "office.autopay.cards", Method: get, Path: autoPayTab + "/cards", Access: read, Handler: h.autoPayCards},
		{Name: "office.autopay.run", Method: get, Path: autoPayTab + "/run", Access: tell, Handler: h.confirmRun},
		{Name: "office.autopay.run.now", Method: post, Path: autoPayTab + "/run", Access: tell, Handler: h.runNow},
		{Name: "office.autopay.runs", Method: get, Path: autoPayTab + "/runs", Access: read, Handler: h.autoPayRuns},
		{Name: "office.autopay.result", Method: get, Path: autoPayTab + "/runs/:id", Access: read, Handler: h.autoPayRun},
		{Name: "office.autopay.late", Method: get, Path: autoPayTab + "/late/:id", Access: tell, Handler: h.confirmLate},
		{Name: "office.autopay.late.decide", Method: post, Path: autoPayTab + "/late/:id", Access: tell, Handler: h.decideLate},
		{Name: "office.customer.autopay.retry", Method: post, Path: "/office/customers/:number/autopay/retry", Access: tell, Handler: h.retryMonth},
		{Name: "office.autopay.hold", Method: post, Path: autoPayTab + "/hold", Access: tell, Handler: h.holdAll},
		{Name: "office.autopay.release", Method: post, Path: autoPayTab + "/release", Access: tell, Handler: h.releaseAll},
		{Name: "office.paylinks", Method: get, Path: "/office/customers/:number/paylinks", Access: tell, Handler: h.payLinks},
		{Name: "office.paylinks.revoke", Method: post, Path: "/office/customers/:number/paylinks/revoke", Access: tell, Handler: h.revokePayLinks},
		{Name: "office.paylinks.do", Method: post, Path: "/office/customers/:number/paylinks/:invoice/:verb", Access: tell, Handler: h.changePayLink},
		{Name: "office.reminders.do", Method: post, Path: "/office/customers/:number/reminders/:verb", Access: tell, Handler: h.holdReminders},
		{Name: "office.statement.pdf", Method: get, Path: "/office/customers/:number/statement.pdf", Access: tell, Handler: h.statementPDF},
		{Name: "office.statement.csv", Method: get, Path: "/office/customers/:number/statement.csv", Access: tell, Handler: h.statementCSV},
		{Name: "office.statement.mail", Method: post, Path: "/office/customers/:number/statement/mail", Access: tell, Handler: h.mailStatement},
		{Name: "office.reminders", Method: get, Path: "/office/reminders", Access: tell, Handler: h.reminders},

		{Name: "office.workorders", Method: get, Path: workOrdersTab, Access: read, Handler: h.workOrders},
		{Name: "office.workorders.list", Method: get, Path: workOrdersTab + "/list", Access: read, Handler: h.workOrderList},
		{Name: "office.workorders.follow", Method: get, Path: workOrdersTab + web.FollowPath, Access: read, Handler: h.followWorkOrders},
		{Name: "office.workorder.follow", Method: get, Path: workOrdersTab + "/:number" + web.FollowPath, Access: read, Handler: h.followWorkOrder},
		{Name: "office.workorder.bill", Method: get, Path: workOrdersTab + "/:number/invoice", Access: tell, Handler: h.billWorkOrder},
		{Name: "office.workorder.invoice", Method: post, Path: workOrdersTab + "/:number/invoice", Access: tell, Handler: h.invoiceWorkOrder},
		{Name: "office.workorder.work", Method: get, Path: workOrdersTab + "/:number/work", Access: help, Handler: h.workOfOrder},
		{Name: "office.workorder.work.preview", Method: post, Path: workOrdersTab + "/:number/work/preview", Access: help, Handler: h.previewWork},
		{Name: "office.workorder.work.save", Method: post, Path: workOrdersTab + "/:number/work", Access: help, Handler: h.saveWork},
		{Name: "office.workorder.new", Method: get, Path: workOrdersTab + "/new", Access: send, Handler: h.newWorkOrder},
		{Name: "office.workorder.new.preview", Method: post, Path: workOrdersTab + "/preview", Access: send, Handler: h.previewWorkOrder},
		{Name: "office.workorder.add", Method: post, Path: workOrdersTab, Access: send, Handler: h.addWorkOrder},
		{Name: "office.workorder", Method: get, Path: workOrdersTab + "/:number", Access: read, Handler: h.workOrder},
		{Name: "office.workorder.ask", Method: get, Path: workOrdersTab + "/:number/move", Access: send, Handler: h.askMove},
		{Name: "office.workorder.move", Method: post, Path: workOrdersTab + "/:number/move", Access: send, Handler: h.moveWorkOrder},
		{Name: "office.workorder.preview", Method: post, Path: workOrdersTab + "/:number/preview", Access: send, Handler: h.previewMove},
		{Name: "office.workorder.note", Method: post, Path: workOrdersTab + "/:number/notes", Access: send, Handler: h.noteWorkOrder},
		{Name: "office.workorder.photos", Method: post, Path: workOrdersTab + "/:number/photos", Access: send, Handler: h.photoWorkOrder},
		{Name: "office.workorder.photo", Method: get, Path: workOrdersTab + "/:number/photos/:id", Access: read, Handler: h.workOrderPhoto},
		{Name: "office.workorder.merge", Method: post, Path: workOrdersTab + "/:number/merge", Access: send, Handler: h.mergeWorkOrder},
		{Name: "office.workorder.edit", Method: get, Path: workOrdersTab + "/:number/edit", Access: send, Handler: h.editWorkOrder},
		{Name: "office.workorder.edit.save", Method: post, Path: workOrdersTab + "/:number/edit", Access: send, Handler: h.saveWorkOrderPlace},

		{Name: "office.registrations", Method: get, Path: "/office/registrations", Access: help, Handler: h.registrations},
		{Name: "office.registrations.do", Method: post, Path: "/office/registrations/:id/:verb", Access: help, Handler: h.decideRegistration},

		{Name: "office.mail", Method: get, Path: "/office/mail", Access: help, Handler: h.mail},
		{Name: "office.mail.test", Method: post, Path: "/office/mail/test", Access: own, Handler: h.testMail},
		{Name: "office.mail.one", Method: get, Path: "/office/mail/:id", Access: help, Handler: h.oneMail},
		{Name: "office.mail.retry", Method: post, Path: "/office/mail/:id/retry", Access: help, Handler: h.retryMail},

		{Name: "office.billing", Method: get, Path: "/office/billing", Access: tell, Handler: h.billing},
		{Name: "office.billing.csv", Method: get, Path: "/office/billing/preview.csv", Access: tell, Handler: h.billingCSV},
		{Name: "office.billing.run", Method: post, Path: "/office/billing/run", Access: tell, Handler: h.startBilling},
		{Name: "office.billing.one", Method: get, Path: "/office/billing/runs/:id", Access: tell, Handler: h.billingRun},
		{Name: "office.billing.paper", Method: get, Path: "/office/billing/runs/:id/paper", Access: tell, Handler: h.billingPaper},
		{Name: "office.billing.do", Method: post, Path: "/office/billing/runs/:id/:verb", Access: tell, Handler: h.changeBillingRun},
		{Name: "office.billing.revenue", Method: get, Path: "/office/billing/revenue", Access: tell, Handler: h.recurringRevenue},
		{Name: "office.billing.revenue.csv", Method: get, Path: "/office/billing/revenue.csv", Access: tell, Handler: h.recurringRevenue},

		{Name: "office.recurring", Method: get, Path: "/office/customers/:number/recurring", Access: read, Handler: h.recurringItems},
		{Name: "office.recurring.new", Method: get, Path: "/office/customers/:number/recurring/new", Access: tell, Handler: h.newRecurring},
		{Name: "office.recurring.add", Method: post, Path: "/office/customers/:number/recurring", Access: tell, Handler: h.addRecurring},
		{Name: "office.recurring.one", Method: get, Path: "/office/customers/:number/recurring/:id", Access: read, Handler: h.recurringItem},
		{Name: "office.recurring.do", Method: post, Path: "/office/customers/:number/recurring/:id/:verb", Access: tell, Handler: h.changeRecurring},
		{Name: "office.customer.tax", Method: get, Path: "/office/customers/:number/tax", Access: tell, Handler: h.customerTax},
		{Name: "office.customer.tax.save", Method: post, Path: "/office/customers/:number/tax/:id", Access: tell, Handler: h.saveCustomerTax},

		{Name: "office.proposals", Method: get, Path: proposalsPath, Access: offers, Handler: h.proposals},
		{Name: "office.proposal.verify", Method: get, Path: proposalsPath + "/verify", Access: offers, Handler: h.askVerify},
		{Name: "office.proposal.verify.do", Method: post, Path: proposalsPath + "/verify", Access: offers, Handler: h.verify},
		{Name: "office.proposal.new", Method: get, Path: proposalsPath + "/new", Access: sell, Handler: h.newProposal},
		{Name: "office.proposal.new.preview", Method: post, Path: proposalsPath + "/new/preview", Access: sell, Handler: h.previewNewProposal},
		{Name: "office.proposal.new.save", Method: post, Path: proposalsPath + "/new", Access: sell, Handler: h.saveNewProposal},
		{Name: "office.proposal.draft", Method: get, Path: proposalsPath + "/drafts/:id", Access: sell, Handler: h.proposalDraft},
		{Name: "office.proposal.draft.save", Method: post, Path: proposalsPath + "/drafts/:id", Access: sell, Handler: h.saveProposal},
		{Name: "office.proposal.draft.preview", Method: post, Path: proposalsPath + "/drafts/:id/preview", Access: sell, Handler: h.previewProposal},
		{Name: "office.proposal.draft.pdf", Method: get, Path: proposalsPath + "/drafts/:id/draft.pdf", Access: sell, Handler: h.proposalPreview},
		{Name: "office.proposal.draft.delete", Method: post, Path: proposalsPath + "/drafts/:id/delete", Access: sell, Handler: h.deleteProposalDraft},
		{Name: "office.proposal.ask", Method: get, Path: proposalsPath + "/drafts/:id/send", Access: sell, Handler: h.askSendProposal},
		{Name: "office.proposal.send", Method: post, Path: proposalsPath + "/drafts/:id/send", Access: sell, Handler: h.sendProposal},
		{Name: "office.proposal.mail", Method: post, Path: proposalsPath + "/versions/:id/mail", Access: sell, Handler: h.mailProposal},
		{Name: "office.proposal.withdraw", Method: post, Path: proposalsPath + "/versions/:id/withdraw", Access: sell, Handler: h.withdrawProposal},
		{Name: "office.proposal.again", Method: post, Path: proposalsPath + "/versions/:id/again", Access: sell, Handler: h.newProposalVersion},
		{Name: "office.proposal.copy", Method: post, Path: proposalsPath + "/versions/:id/copy", Access: sell, Handler: h.copyProposal},
		{Name: "office.proposal.carry_out", Method: get, Path: proposalsPath + "/versions/:id/carry-out", Access: offers, Handler: h.askCarryOut},
		{Name: "office.proposal.carry_out.do", Method: post, Path: proposalsPath + "/versions/:id/carry-out", Access: offers, Handler: h.carryOutProposal},
		{Name: "office.proposal.paper", Method: get, Path: proposalsPath + "/versions/:id/:paper", Access: offers, Handler: h.proposalPaper},
		{Name: "office.proposal.attachment", Method: get, Path: proposalsPath + "/versions/:id/attachments/:document", Access: offers, Handler: h.proposalAttachment},
		{Name: "office.proposal", Method: get, Path: proposalsPath + "/:number", Access: offers, Handler: h.proposal},

		{Name: "office.tax", Method: get, Path: "/office/settings/tax", Access: own, Handler: h.taxes},
		{Name: "office.tax.add", Method: post, Path: "/office/settings/tax", Access: own, Handler: h.addTax},
		{Name: "office.tax.one", Method: get, Path: "/office/settings/tax/:id", Access: own, Handler: h.oneTax},
		{Name: "office.tax.do", Method: post, Path: "/office/settings/tax/:id/:verb", Access: own, Handler: h.changeTax},
		{Name: "office.accounting", Method: get, Path: accountingPath, Access: tell, Handler: h.accounting},
		{Name: "office.accounting.file", Method: get, Path: accountingPath + "/files/:file", Access: tell, Handler: h.accountingFile},
		{Name: "office.accounting.report", Method: get, Path: accountingPath + "/reports/:report", Access: tell, Handler: h.report},
		{Name: "office.accounting.lock", Method: post, Path: accountingPath + "/lock", Access: own, Handler: h.lockBooks},
		{Name: "office.accounting.unlock", Method: post, Path: accountingPath + "/unlock", Access: own, Handler: h.unlockBooks},
		{Name: "office.import", Method: get, Path: importPath, Access: own, Handler: h.importFiles},
		{Name: "office.import.bring", Method: post, Path: importPath, Access: own, Handler: h.bringFiles},
		{Name: "office.import.start", Method: post, Path: importPath + "/start", Access: own, Handler: h.startImport},
		{Name: "office.import.cancel", Method: post, Path: importPath + "/cancel", Access: own, Handler: h.cancelImport},
		{Name: "office.import.refused", Method: get, Path: importPath + "/refused/:name", Access: own, Handler: h.refusedRows},
		{Name: "office.export", Method: get, Path: exportPath, Access: own, Handler: h.export},
		{Name: "office.export.file", Method: get, Path: exportPath + "/books.zip", Access: own, Handler: h.exportFile},

		{Name: "office.settings", Method: get, Path: "/office/settings", Access: own, Handler: h.settings},
		{Name: "office.processor", Method: get, Path: processorPath, Access: own, Handler: h.processor},
		{Name: "office.processor.selftest", Method: post, Path: processorPath + "/selftest", Access: own, Handler: h.startSelfTest},
		{Name: "office.processor.webhook", Method: post, Path: processorPath + "/webhook", Access: own, Handler: h.addWebhook},
		{Name: "office.settings.logo", Method: post, Path: web.LogoPath, Access: own, Handler: h.setLogo},
		{Name: "office.settings.logo.remove", Method: post, Path: web.LogoPath + "/remove", Access: own, Handler: h.removeLogo},
		{Name: "office.settings.save", Method: post, Path: "/office/settings/:section", Access: own, Handler: h.saveSettings},

		{Name: "office.staff", Method: get, Path: "/office/staff", Access: own, Handler: h.staff},
		{Name: "office.staff.invite", Method: post, Path: "/office/staff", Access: own, Handler: h.inviteStaff},
		{Name: "office.staff.do", Method: post, Path: "/office/staff/:id/:verb", Access: own, Handler: h.changeStaff},
	}
}

// Tabs are the office's tabs for a role: what it may not open is not offered.
func Tabs(role string) []views.Tab {
	if role == "technician" {
		return []views.Tab{{Key: "day", Label: "My day", Href: dayPath}}
	}
	tabs := []views.Tab{{Key: "home", Label: "Home", Href: "/office"}}
	if hasRole(role, readers) {
		tabs = append(tabs, views.Tab{Key: "customers", Label: "Customers", Href: "/office/customers"}, views.Tab{Key: "workorders", Label: "Work Orders", Href: workOrdersTab})
	}
	if hasRole(role, tellers) {
		tabs = append(tabs, views.Tab{Key: "invoices", Label: "Invoices", Href: "/office/invoices"})
		tabs = append(tabs, views.Tab{Key: "billing", Label: "Billing", Href: "/office/billing"})
	}
	if hasRole(role, offerReaders) {
		tabs = append(tabs, views.Tab{Key: "proposals", Label: "Proposals", Href: proposalsPath})
	}
	if hasRole(role, readers) {
		tabs = append(tabs, views.Tab{Key: "autopay", Label: "Auto Pay", Href: autoPayTab})
	}
	if hasRole(role, helpers) {
		tabs = append(tabs, views.Tab{Key: "registrations", Label: "Registrations", Href: "/office/registrations"},
			views.Tab{Key: "mail", Label: "Mail", Href: "/office/mail"})
	}
	if hasRole(role, tellers) {
		tabs = append(tabs, views.Tab{Key: "accounting", Label: "Accounting", Href: accountingPath})
	}
	if hasRole(role, owners) {
		tabs = append(tabs, views.Tab{Key: "settings", Label: "Settings", Href: "/office/settings"})
	}
	return tabs
}

func hasRole(role string, roles []string) bool {
	return role == "owner" || slices.Contains(roles, role)
}

// may reports whether the viewer has one of the roles.
func may(c echo.Context, roles []string) bool { return hasRole(web.Who(c).Role, roles) }

// theCustomer is the customer whose number stands in the address.
func (h *Handlers) theCustomer(c echo.Context) (db.Customer, view.Ref, error) {
	row, err := h.DB.Read().GetCustomerByNumber(c.Request().Context(), web.Param(c, "number"))
	if errors.Is(err, sql.ErrNoRows) {
		return row, view.Ref{}, fault.Missing("customer")
	}
	return row, ref(row.Number, row.DisplayName), err
}

func ref(number, name string) view.Ref {
	return view.Ref{Number: number, Name: name, Href: customerPath(number)}
}

func customerPath(number string) string { return "/office/customers/" + url.PathEscape(number) }

// theID is the id in the address, 0 when it is none; no row has that.
func theID(c echo.Context) int64 {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// missing turns the absence of a row into the NotFound fault for a thing.
func missing(err error, thing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing(thing)
	}
	return err
}
