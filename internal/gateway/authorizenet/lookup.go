package authorizenet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/money"
)

// Lives of the hosted pages. A token opens its page for 15 minutes; how long the
// form may be sent after that is not published, so a page counts as open for a
// while more. What is paid even later is found by its reference all the same.
const (
	tokenLife = 15 * time.Minute
	pageLife  = 20 * time.Minute
)

// visit is what a hosted page was opened for. Authorize.Net knows nothing of a
// page until somebody pays on it, so the page's id carries it all.
type visit struct {
	Setup     bool
	Reference string
	Customer  string
	Kind      gateway.Kind
	Amount    money.Cents
	Highest   uint64 // set-up: the newest payment profile there was before
	Opened    calendar.Instant
	Ends      calendar.Instant
}

// nobody stands for the customer of a page that belongs to none.
const nobody = "0"

// closes is when the page cannot be used any more.
func (v visit) closes() calendar.Instant { return min(v.Ends, v.Opened.Add(pageLife)) }

func (v visit) id() string {
	word, number := "pay", uint64(v.Amount)
	if v.Setup {
		word, number = "set", v.Highest
	}
	return fmt.Sprintf("%s.%s.%s.%s.%d.%d.%d", word, v.Reference, cmp.Or(v.Customer, nobody), v.Kind, number, v.Opened, v.Ends)
}

// parseVisit reads a page's id.
func parseVisit(id string) (v visit, ok bool) {
	part := strings.Split(id, ".")
	if len(part) != 7 || part[0] != "pay" && part[0] != "set" || !referenceForm.MatchString(part[1]) || !numeric(part[2]) {
		return visit{}, false
	}
	number, err1 := strconv.ParseUint(part[4], 10, 63)
	opened, err2 := strconv.ParseInt(part[5], 10, 64)
	ends, err3 := strconv.ParseInt(part[6], 10, 64)
	kind := gateway.Kind(part[3])
	if err1 != nil || err2 != nil || err3 != nil || kind != gateway.Card && kind != gateway.ECheck {
		return visit{}, false
	}
	v = visit{Setup: part[0] == "set", Reference: part[1], Customer: part[2], Kind: kind, Opened: calendar.Instant(opened), Ends: calendar.Instant(ends)}
	if v.Customer == nobody {
		v.Customer = ""
	}
	if v.Setup {
		v.Highest = number
	} else {
		v.Amount = money.Cents(number)
	}
	return v, true
}

// These begin the purchase order number of what is paid on a hosted page. A
// transaction gives it back, so that a declined try can be told from a declined
// charge: the page it was made on can still be paid.
const (
	pageMark = "page-"
	keepMark = "keep-" // the page offers to keep the method on file
)

// mark is at most 25 characters: the times in seconds, to the base of 36.
func (v visit) mark(keep bool) string {
	mark := pageMark
	if keep {
		mark = keepMark
	}
	return mark + strconv.FormatInt(int64(v.Opened)/1000, 36) + "-" + strconv.FormatInt(int64(v.Ends)/1000, 36)
}

// pageOf is the hosted page a transaction was made on.
func pageOf(d details) (v visit, ok bool) {
	times, ok := strings.CutPrefix(d.Order.PurchaseOrder, pageMark)
	if !ok {
		if times, ok = strings.CutPrefix(d.Order.PurchaseOrder, keepMark); !ok {
			return visit{}, false
		}
	}
	from, to, _ := strings.Cut(times, "-")
	opened, err1 := strconv.ParseInt(from, 36, 64)
	ends, err2 := strconv.ParseInt(to, 36, 64)
	if err1 != nil || err2 != nil {
		return visit{}, false
	}
	return visit{Reference: d.Order.InvoiceNumber, Customer: customerOf(d), Kind: kindOf(d.Payment), Amount: asked(d),
		Opened: calendar.Instant(opened * 1000), Ends: calendar.Instant(ends * 1000)}, true
}

// customerOf is the profile a transaction belongs to: that of the method on
// file, or the one we named as the customer's id on a page that keeps nothing;
// "" when neither tells.
func customerOf(d details) string {
	if d.Profile != nil && d.Profile.CustomerProfileID != "" {
		return string(d.Profile.CustomerProfileID)
	}
	if strings.HasPrefix(d.Order.PurchaseOrder, pageMark) {
		return d.Customer.ID
	}
	return ""
}

// asked is the amount a transaction was made for.
func asked(d details) money.Cents {
	if d.RequestedAmount != 0 {
		return cents(d.RequestedAmount)
	}
	return cents(d.AuthAmount)
}

// settled reports whether a transaction went into a batch that was settled.
func (d details) settled() bool {
	return d.Status == "settledSuccessfully" || d.Batch != nil && !d.Batch.Settled.IsZero() && d.Batch.State == "settledSuccessfully"
}

// details reads one transaction.
func (a *Adapter) details(ctx context.Context, op, id string) (details, error) {
	if !numeric(id) {
		return details{}, fmt.Errorf("%s %q: %w", op, id, gateway.ErrNotFound)
	}
	var got detailsAnswer
	if err := a.client.ask(ctx, op, "getTransactionDetailsRequest", &getTransactionDetails{TransID: id}, &got); err != nil {
		return details{}, err
	}
	if string(got.Transaction.TransID) != id {
		return details{}, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer is about transaction " + strconv.Quote(string(got.Transaction.TransID))}
	}
	return got.Transaction, nil
}

// original follows a refund, a return or a chargeback to the payment it belongs
// to.
func (a *Adapter) original(ctx context.Context, op string, d details) (details, error) {
	const most = 4
	for range most {
		if d.RefTransID == "" || d.RefTransID == "0" || d.RefTransID == d.TransID || d.Type == "priorAuthCaptureTransaction" {
			return d, nil
		}
		var err error
		if d, err = a.details(ctx, op, string(d.RefTransID)); err != nil {
			return details{}, err
		}
	}
	return d, nil
}

// Lookup implements [gateway.Adapter].
func (a *Adapter) Lookup(ctx context.Context, id string) (gateway.Outcome, error) {
	const op = "look up"
	if v, ok := parseVisit(id); ok && !v.Setup {
		out, err := a.onPage(ctx, op, v)
		out.PageID = id
		return out, err
	}
	d, err := a.details(ctx, op, strings.TrimSuffix(id, voided))
	if err != nil {
		return gateway.Outcome{}, err
	}
	asked := d.TransID
	if d, err = a.original(ctx, op, d); err != nil {
		return gateway.Outcome{}, err
	}
	// asked about a refund, or anything else that belongs to the payment
	out, err := a.payment(ctx, op, d, asked != d.TransID)
	if err != nil {
		return gateway.Outcome{}, err
	}
	if v, ok := pageOf(d); ok && out.State == gateway.Failed {
		return a.onPage(ctx, op, v)
	}
	return out, nil
}

// onPage is what became of a payment page.
func (a *Adapter) onPage(ctx context.Context, op string, v visit) (gateway.Outcome, error) {
	found, err := a.byReference(ctx, op, v.Reference, "", v.Opened.Time(), true)
	if err != nil {
		return gateway.Outcome{}, err
	}
	out := gateway.Outcome{State: gateway.Open, Reference: v.Reference, CustomerID: v.Customer, Amount: v.Amount, Created: v.Opened}
	if len(found) > 0 {
		best := pick(found)
		if best.State != gateway.Failed {
			return best.Outcome, nil
		}
		// the next try is a transaction of its own: this one's id is nobody's
		out.Failure, out.Method = best.Failure, best.Method
	}
	if calendar.InstantOf(a.clock()) >= v.closes() {
		out.State, out.Failure = gateway.Canceled, nil
	}
	return out, nil
}

// clockSkew is how far our clock and Authorize.Net's may be apart.
const clockSkew = 10 * time.Minute

// oldest is how far back Find looks when it is not told, and Changes at first:
// the longest stretch that one list of batches covers.
const oldest = 31 * 24 * time.Hour

// Find implements [gateway.Adapter]. A page that nobody has tried to pay on is
// not found: Authorize.Net does not know it.
func (a *Adapter) Find(ctx context.Context, f gateway.Find) (gateway.Outcome, error) {
	const op = "find"
	since := f.Since.Time()
	if f.Since.IsZero() {
		since = a.clock().Add(-oldest)
	}
	found, err := a.byReference(ctx, op, f.Reference, f.CustomerID, since, true)
	if err != nil {
		return gateway.Outcome{}, err
	}
	if len(found) == 0 {
		return gateway.Outcome{}, fmt.Errorf("%s %q: %w", op, f.Reference, gateway.ErrNotFound)
	}
	best := pick(found)
	if best.State == gateway.Failed && best.page != nil {
		return a.onPage(ctx, op, *best.page)
	}
	return best.Outcome, nil
}

// try is one transaction with our reference, and the page it was made on.
type try struct {
	gateway.Outcome
	page *visit
}

// weight is the order of what matters: money taken, then money that may come.
func weight(s gateway.State) int {
	order := []gateway.State{gateway.Succeeded, gateway.Processing, gateway.Action, gateway.Unclear, gateway.Open, gateway.Failed, gateway.Canceled}
	return slices.Index(order, s)
}

// pick returns the try that matters most and names the others in it, except for
// the declined ones of a page, where each is a transaction of its own.
func pick(found []try) try {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(x, y try) int { return weight(x.State) - weight(y.State) })
	best := found[0]
	for _, o := range found[1:] {
		if o.page == nil || o.State != gateway.Failed {
			best.Duplicates = append(best.Duplicates, o.PaymentID)
		}
	}
	return best
}

// byReference reads every transaction with our reference that was made since,
// newest first. What is not settled is read first: a transaction that settles
// meanwhile is then seen twice rather than not at all. Without batches, what has
// settled is read from the customer's own list.
func (a *Adapter) byReference(ctx context.Context, op, reference, customerID string, since time.Time, batches bool) ([]try, error) {
	since = since.Add(-clockSkew)
	var ids []text
	collect := func(list []summary) error {
		for _, t := range list {
			if t.InvoiceNumber == reference && !slices.Contains(ids, t.TransID) {
				ids = append(ids, t.TransID)
			}
		}
		return nil
	}
	if err := a.unsettled(ctx, op, since, collect); err != nil {
		return nil, err
	}
	if customerID != "" {
		// Not found may mean that the customer has paid nothing yet. That the profile
		// is gone is for the charge itself to find out.
		if err := a.ofCustomer(ctx, op, customerID, since, collect); err != nil && !errors.Is(err, gateway.ErrNotFound) {
			return nil, err
		}
	}
	if batches {
		err := a.batches(ctx, op, since, a.clock(), func(b batch) error { return a.inBatch(ctx, op, string(b.ID), collect) })
		if err != nil {
			return nil, err
		}
	}
	var found []try
	for _, id := range ids {
		d, err := a.details(ctx, op, string(id))
		if err == nil {
			d, err = a.original(ctx, op, d)
		}
		if err != nil {
			return nil, err
		}
		same := func(t try) bool { return t.PaymentID == string(d.TransID) }
		if d.Order.InvoiceNumber != reference || slices.ContainsFunc(found, same) {
			continue
		}
		if of := customerOf(d); customerID != "" && of != "" && of != customerID {
			continue
		}
		out, err := a.payment(ctx, op, d, false)
		if err != nil {
			return nil, err
		}
		t := try{Outcome: out}
		if v, ok := pageOf(d); ok {
			t.page = &v
		}
		found = append(found, t)
	}
	return found, nil
}

// pageSize is the most that one answer lists.
const pageSize = 1000

// newest sorts a list by the time of submission.
var newest = sorting{OrderBy: "submitTimeUTC", OrderDescending: true}

// list reads a list page by page until it ends, or until everything on a page
// is older than since.
func (a *Adapter) list(ctx context.Context, op, name string, since time.Time, request func(paging) signer, each func([]summary) error) error {
	seen := map[text]bool{}
	const most = 200
	for page := 1; page <= most; page++ {
		var got listAnswer
		if err := a.client.ask(ctx, op, name, request(paging{Limit: pageSize, Offset: page}), &got); err != nil {
			return err
		}
		fresh := 0
		older := true
		for _, t := range got.Transactions {
			if !seen[t.TransID] {
				seen[t.TransID] = true
				fresh++
			}
			older = older && t.SubmitTime.Before(since)
		}
		if err := each(got.Transactions); err != nil {
			return err
		}
		if len(got.Transactions) < pageSize || fresh == 0 || older {
			return nil
		}
	}
	return &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the list of transactions does not end"}
}

// unsettled reads what was submitted since and is in no settled batch: declined
// and held transactions are on this list too.
func (a *Adapter) unsettled(ctx context.Context, op string, since time.Time, each func([]summary) error) error {
	return a.list(ctx, op, "getUnsettledTransactionListRequest", since, func(p paging) signer {
		return &listUnsettled{Sorting: newest, Paging: p}
	}, each)
}

// ofCustomer reads the transactions of a customer's payment profiles.
func (a *Adapter) ofCustomer(ctx context.Context, op, customerID string, since time.Time, each func([]summary) error) error {
	return a.list(ctx, op, "getTransactionListForCustomerRequest", since, func(p paging) signer {
		return &listForCustomer{CustomerProfileID: customerID, Sorting: newest, Paging: p}
	}, each)
}

// inBatch reads the transactions of a settled batch.
func (a *Adapter) inBatch(ctx context.Context, op, id string, each func([]summary) error) error {
	return a.list(ctx, op, "getTransactionListRequest", time.Time{}, func(p paging) signer {
		return &listBatch{BatchID: id, Sorting: newest, Paging: p}
	}, each)
}

// batches reads the batches that were settled between two times, oldest first,
// in stretches that one request covers.
func (a *Adapter) batches(ctx context.Context, op string, from, to time.Time, each func(batch) error) error {
	for ; from.Before(to); from = from.Add(oldest - 24*time.Hour) {
		end := from.Add(oldest - 24*time.Hour)
		if end.After(to) {
			end = to
		}
		var got batchesAnswer
		err := a.client.ask(ctx, op, "getSettledBatchListRequest", &listBatches{IncludeStatistics: true,
			FirstSettlementDate: from.UTC().Format(time.RFC3339), LastSettlementDate: end.UTC().Format(time.RFC3339)}, &got)
		if err != nil {
			return err
		}
		slices.SortFunc(got.Batches, func(x, y batch) int { return x.Settled.Compare(y.Settled.Time) })
		for _, b := range got.Batches {
			if err := each(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// payment is the outcome of a transaction that took money, or tried to. The
// statuses are those of transactionStatusEnum in AnetApiSchema.xsd. Unless fresh,
// the refunds of what was paid lately may be those of a moment ago.
func (a *Adapter) payment(ctx context.Context, op string, d details, fresh bool) (gateway.Outcome, error) {
	kind := kindOf(d.Payment)
	id := string(d.TransID)
	out := gateway.Outcome{State: gateway.Unclear, Reference: d.Order.InvoiceNumber, PaymentID: id, ChargeID: id, CustomerID: customerOf(d),
		Method: method(d.Payment), Amount: asked(d), Created: calendar.InstantOf(d.SubmitTime.Time)}
	if d.Profile != nil && d.Profile.PaymentProfileID != "" && out.Method != nil {
		out.Method.ID, out.Method.OnFile = joinMethod(string(d.Profile.CustomerProfileID), string(d.Profile.PaymentProfileID)), true
	}
	reason := string(d.ResponseReasonCode)
	fail := func(code gateway.Code) {
		out.State, out.Failure = gateway.Failed, gateway.NewFailure(kind, code, d.Status+"/"+reason)
	}
	switch d.Status {
	case "settledSuccessfully", "chargeback", "chargebackReversal", "returnedItem":
		out.State = gateway.Succeeded
	case "capturedPendingSettlement", "pendingSettlement", "pendingFinalSettlement", "updatingSettlement":
		out.State = gateway.Succeeded
		if kind == gateway.ECheck {
			out.State = gateway.Processing
		}
	case "underReview", "FDSPendingReview", "FDSAuthorizedPendingReview", "approvedReview", "authorizedPendingRelease", "authorizedPendingCapture":
		out.State = gateway.Processing // a person at the dealer's decides
	case "declined", "failedReview":
		fail(declineCode(reason))
	case "expired":
		fail(gateway.Declined)
	case "generalError", "communicationError":
		if uncertain(reason) {
			break
		}
		if _, known := failures[reason]; known {
			fail(declineCode(reason))
		} else {
			fail(gateway.ProcessorTrouble)
		}
	case "voided":
		// A card that was charged had succeeded: its void is a refund. A debit
		// before it settled, or what was held for review, had taken nothing yet.
		out.State = gateway.Canceled
		if kind == gateway.Card && d.ResponseCode == "1" {
			out.State, out.Refunded = gateway.Succeeded, out.Amount
		}
	}
	if err := a.returns(ctx, op, d, &out); err != nil {
		return out, err
	}
	if out.State == gateway.Succeeded {
		out.Received = cents(d.AuthAmount)
	}
	if d.settled() && d.Status != "voided" {
		list, err := a.refundsOf(ctx, op, d, fresh)
		if err != nil {
			return out, err
		}
		for _, r := range list {
			if r.State != gateway.RefundFailed {
				out.Refunded += r.Amount
			}
		}
	}
	return out, nil
}

// returns adds what the bank or the card's bank sent back. A debit that comes
// back before it has settled has failed. A chargeback has taken the money away
// when it appears, and Authorize.Net never tells how it ends but for a reversal:
// so it counts as lost until then.
func (a *Adapter) returns(ctx context.Context, op string, d details, out *gateway.Outcome) error {
	items := d.ReturnedItems
	if len(items) == 0 && (d.Status == "returnedItem" || d.Status == "chargeback" || d.Status == "chargebackReversal") {
		items = []returnedItem{{ID: d.TransID, Date: d.SubmitTime}}
	}
	reversals := 0
	for _, item := range items {
		if strings.HasPrefix(item.Code, "C") && len(item.Code) == 3 {
			continue // a notice of change: the debit stands
		}
		dispute := gateway.Dispute{ID: string(item.ID), State: gateway.DisputeLost, Amount: out.Amount, Created: calendar.InstantOf(item.Date.Time)}
		if kindOf(d.Payment) == gateway.ECheck {
			failure := returned(item)
			if !d.settled() && d.Status != "returnedItem" {
				out.State, out.Failure = gateway.Failed, failure
				return nil
			}
			dispute.Return, dispute.Failure = true, *failure
		} else {
			status := d.Status
			if item.ID != d.TransID {
				own, err := a.details(ctx, op, string(item.ID))
				if err != nil {
					return err
				}
				status = own.Status
				if amount := cents(own.SettleAmount); amount > 0 && amount < dispute.Amount {
					dispute.Amount = amount
				}
			}
			if status == "chargebackReversal" {
				reversals++
				if item.ID != d.TransID {
					continue
				}
				dispute.State = gateway.DisputeWon
			}
			dispute.Failure = *gateway.NewFailure(gateway.Card, gateway.HolderDispute, item.Code)
		}
		out.Disputes = append(out.Disputes, dispute)
	}
	for i := range out.Disputes { // the oldest chargebacks are reversed first
		if i < reversals && !out.Disputes[i].Return {
			out.Disputes[i].State = gateway.DisputeWon
		}
	}
	slices.Reverse(out.Disputes)
	return nil
}

// refundable is how long after a payment refunds of it are looked for. They are
// possible for 180 days
// (https://developer.authorize.net/api/reference/responseCodes.html, reason 54).
const refundable = 190 * 24 * time.Hour

// refundsOf lists the refunds of a settled payment, newest first. A list shows
// only the masked number; which payment a refund belongs to is in its details.
func (a *Adapter) refundsOf(ctx context.Context, op string, d details, fresh bool) ([]gateway.RefundOutcome, error) {
	number := ""
	switch {
	case d.Payment.CreditCard != nil:
		number = d.Payment.CreditCard.CardNumber
	case d.Payment.BankAccount != nil:
		number = d.Payment.BankAccount.AccountNumber
	}
	from := d.SubmitTime.Time
	to := a.clock()
	if last := from.Add(refundable); to.After(last) {
		to = last
	}
	if list, ok := a.recent.of(d, a.clock()); ok && !fresh {
		return list, nil
	}
	// What was paid lately is asked for payment by payment when a batch has
	// settled: one look at the refunds since then serves them all for a moment.
	lately := !fresh && a.clock().Sub(from) < recentPayments
	if lately {
		from, to, number = a.clock().Add(-recentPayments), a.clock(), ""
	}
	all := map[text][]gateway.RefundOutcome{}
	seen := map[text]bool{}
	collect := func(page []summary) error {
		for _, t := range page {
			if seen[t.TransID] || !strings.HasPrefix(t.Status, "refund") || number != "" && t.AccountNumber != number {
				continue
			}
			seen[t.TransID] = true
			own, err := a.details(ctx, op, string(t.TransID))
			if err != nil {
				return err
			}
			all[own.RefTransID] = append(all[own.RefTransID], refund(own))
		}
		return nil
	}
	if err := a.unsettled(ctx, op, from.Add(-clockSkew), collect); err != nil {
		return nil, err
	}
	err := a.batches(ctx, op, from, to.Add(clockSkew), func(b batch) error {
		for _, s := range b.Statistics {
			if s.RefundCount != "" && s.RefundCount != "0" {
				return a.inBatch(ctx, op, string(b.ID), collect)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(x, y gateway.RefundOutcome) int { return -compare(number64(x.ID), number64(y.ID)) })
	}
	if lately {
		a.recent.keep(all, from, a.clock())
	}
	return all[d.TransID], nil
}

// recentPayments is how far back the refunds that are remembered for a moment
// reach, and rememberFor is that moment.
const (
	recentPayments = 7 * 24 * time.Hour
	rememberFor    = 2 * time.Minute
)

// recent remembers the refunds of the last days for a moment. Whoever needs to
// know them as of now reads them afresh.
type recent struct {
	mu      sync.Mutex
	from    time.Time
	read    time.Time
	refunds map[text][]gateway.RefundOutcome // by payment
}

func (r *recent) of(d details, now time.Time) ([]gateway.RefundOutcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := now.Sub(r.read)
	if r.refunds == nil || age < 0 || age >= rememberFor || d.SubmitTime.Before(r.from) {
		return nil, false
	}
	return slices.Clone(r.refunds[d.TransID]), true
}

func (r *recent) keep(refunds map[text][]gateway.RefundOutcome, from, read time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refunds, r.from, r.read = refunds, from, read
}

// forget is called when a refund is made.
func (r *recent) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refunds = nil
}

func number64(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// refund reads a refund.
func refund(d details) gateway.RefundOutcome {
	out := gateway.RefundOutcome{ID: string(d.TransID), Reference: d.Order.InvoiceNumber, PaymentID: string(d.RefTransID), State: gateway.RefundPending,
		Amount: asked(d), Created: calendar.InstantOf(d.SubmitTime.Time)}
	switch d.Status {
	case "refundSettledSuccessfully":
		out.State = gateway.RefundSucceeded
	case "refundPendingSettlement":
	default:
		out.State, out.Failure = gateway.RefundFailed, gateway.NewFailure(kindOf(d.Payment), gateway.NotRefundable, d.Status)
	}
	return out
}

// Refunds implements [gateway.Adapter].
func (a *Adapter) Refunds(ctx context.Context, paymentID string) ([]gateway.RefundOutcome, error) {
	const op = "list refunds"
	d, err := a.details(ctx, op, paymentID)
	if err != nil {
		return nil, err
	}
	switch {
	case d.settled():
		return a.refundsOf(ctx, op, d, true)
	case d.Status == "voided":
		out, err := a.payment(ctx, op, d, true)
		if err != nil || out.Refunded == 0 {
			return nil, err
		}
		return []gateway.RefundOutcome{voidOf(out)}, nil
	}
	return nil, nil
}

// LookupSetup implements [gateway.Adapter]. What was put on file since the page
// was opened is what was put on file there.
func (a *Adapter) LookupSetup(ctx context.Context, id string) (gateway.Setup, error) {
	const op = "look up set-up"
	v, ok := parseVisit(id)
	if !ok || !v.Setup {
		return gateway.Setup{}, fmt.Errorf("%s %q: %w", op, id, gateway.ErrNotFound)
	}
	list, err := a.profiles(ctx, op, v.Customer)
	if err != nil {
		return gateway.Setup{}, err
	}
	out := gateway.Setup{State: gateway.Open, Reference: v.Reference, PageID: id, CustomerID: v.Customer}
	for _, m := range list {
		if m.Kind == v.Kind && profileNumber(m.ID) > v.Highest {
			out.State, out.Method = gateway.Succeeded, &m
			return out, nil
		}
	}
	if calendar.InstantOf(a.clock()) >= v.closes() {
		out.State = gateway.Canceled
	}
	return out, nil
}
