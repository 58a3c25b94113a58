-- payment.Submit: the attempt, committed before anything is sent.
-- name: AddPayment :one
INSERT INTO payments (reference, customer_id, state, source, kind, type_label, number_label, brand, amount_cents,
    payment_date, gateway, method_id, hosted, keep_method, idempotency_key, nonce, previous_id, user_id, staff_id, created_at)
VALUES (?, ?, 'planned', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id;

-- payment.Submit: its split over the invoices, frozen with it.
-- name: AddAllocation :exec
INSERT INTO allocations (payment_id, invoice_id, cents) VALUES (?, ?, ?);

-- payment.Submit: the claim. No row changed = somebody else has it.
-- name: ClaimPayment :execrows
UPDATE payments SET state = 'submitted', customer_ref = ?, submitted_at = ?, checked_at = ?
WHERE id = ? AND state = 'planned';

-- payment.Submit: the processor's page is open and the customer is sent to it.
-- name: OpenPaymentPage :execrows
UPDATE payments SET state = 'action', session_ref = ?, session_url = ?, checked_at = ?
WHERE id = ? AND state = 'submitted';

-- payment.apply: the one place where a payment's state moves on.
-- name: MovePayment :execrows
UPDATE payments SET state = sqlc.arg(state), settled_at = sqlc.arg(settled_at), session_url = sqlc.arg(session_url),
    failure_code = sqlc.arg(failure_code), failure_message = sqlc.arg(failure_message)
WHERE id = sqlc.arg(id) AND state IN (sqlc.slice('before'));

-- payment.apply: what the processor told of the payment beside its state.
-- name: DescribePayment :exec
UPDATE payments SET charge_ref = ?, session_ref = ?, method_id = ?, brand = ?, number_label = ?, refunded_cents = ?, checked_at = ?
WHERE id = ?;

-- payment.Settle: looked at and nothing new.
-- name: TouchPayment :exec
UPDATE payments SET checked_at = ? WHERE id = ?;

-- The payment engine.
-- name: GetPayment :one
SELECT * FROM payments WHERE id = ?;

-- payment.Settle and webhooks: the payment an outcome at the processor is about.
-- name: GetPaymentByReference :one
SELECT * FROM payments WHERE reference = ?;

-- The return page, the declined payment a form goes on from.
-- name: GetPaymentByReferenceForCustomer :one
SELECT * FROM payments WHERE reference = ? AND customer_id = ?;

-- payment.Submit: the payment this rendered form was used for before.
-- name: GetPaymentByNonce :one
SELECT * FROM payments WHERE nonce = ?;

-- Webhooks: whose page or payment it is.
-- name: GetPaymentByObject :one
SELECT * FROM payments
WHERE (gateway = sqlc.arg(gateway) AND charge_ref = sqlc.arg(object) AND charge_ref <> '')
   OR (gateway = sqlc.arg(gateway) AND session_ref = sqlc.arg(object) AND session_ref <> '');

-- The return page without a reference: the payment the customer must mean.
-- name: GetLatestUnderWayForCustomer :one
SELECT * FROM payments
WHERE customer_id = ? AND state IN ('planned', 'submitted', 'action', 'processing')
ORDER BY id DESC LIMIT 1;

-- payment.Submit, the payment screen after a decline, mails: the split.
-- name: ListAllocations :many
SELECT a.invoice_id, a.cents, i.number, i.invoice_date, i.due_date, i.balance_cents
FROM allocations a JOIN invoices i ON i.id = a.invoice_id
WHERE a.payment_id = ?
ORDER BY i.due_date, i.id;

-- payment.Submit: invoices on which an attempt's outcome is not known yet. No
-- new attempt is made on them until it is.
-- name: ListUnsettledInvoicesForCustomer :many
SELECT DISTINCT a.invoice_id, p.reference, p.state
FROM payments p JOIN allocations a ON a.payment_id = p.id
WHERE p.customer_id = ? AND (p.state IN ('planned', 'submitted') OR (p.state = 'action' AND p.hosted = 0));

-- payment.Submit: the processor's pages that are open for any of these invoices;
-- they are closed before anything else is paid on them.
-- name: ListOpenPagesForCustomer :many
SELECT DISTINCT p.id, p.reference FROM payments p JOIN allocations a ON a.payment_id = p.id
WHERE p.customer_id = sqlc.arg(customer_id) AND p.state = 'action' AND p.hosted = 1
  AND a.invoice_id IN (sqlc.slice('invoices'))
ORDER BY p.id;

-- payment.Settle: payments under way that are due for a look: the longer they
-- have been under way, the longer the pause between two looks. What auto pay has
-- planned waits for its run.
-- name: ListPaymentsToSettle :many
SELECT reference FROM payments
WHERE state IN ('planned', 'submitted', 'action', 'processing') AND (state <> 'planned' OR source <> 'autopay')
  AND checked_at + min(max((checked_at - submitted_at) / 2, CAST(sqlc.arg(shortest) AS INTEGER)), CAST(sqlc.arg(longest) AS INTEGER)) <= sqlc.arg(now)
ORDER BY checked_at
LIMIT sqlc.arg(most);

-- Mails about money: who is told, the one who paid or else the first address on file.
-- name: GetPayer :one
SELECT c.number, c.display_name,
    CAST(coalesce((SELECT u.email FROM users u WHERE u.id = sqlc.arg(user_id)),
                  (SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email
FROM customers c WHERE c.id = sqlc.arg(customer_id);

-- The payment screen: an invoice of the customer's own that is not open any more.
-- name: CountInvoicesForCustomer :one
SELECT count(*) FROM invoices WHERE number = ? AND customer_id = ? AND state <> 'draft';

-- payment.apply: nothing of a received payment is refunded, disputed or returned
-- any more.
-- name: RestorePayment :execrows
UPDATE payments SET state = 'succeeded', failure_code = '', failure_message = ''
WHERE id = ? AND state IN ('refunded', 'partially_refunded', 'disputed', 'won', 'lost', 'returned');

-- payment.UseCredit: whether this form was used before.
-- name: CountCreditUses :one
SELECT count(*) FROM ledger WHERE customer_id = sqlc.arg(customer_id) AND reason = 'apply'
  AND substr(fact, 1, length(CAST(sqlc.arg(prefix) AS TEXT))) = CAST(sqlc.arg(prefix) AS TEXT);
