-- ledger.Post: whether this fact was booked before.
-- name: GetLedgerFact :one
SELECT customer_id, payment_id, invoice_id, cents, reason FROM ledger WHERE fact = ?;

-- ledger.Post: the one place where money moves.
-- name: AddLedgerRow :exec
INSERT INTO ledger (customer_id, payment_id, invoice_id, cents, reason, fact, entry_date, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- ledger.Post: moves what is owed on an invoice, never below zero or above its total.
-- name: MoveInvoiceBalance :execrows
UPDATE invoices SET balance_cents = balance_cents + sqlc.arg(cents)
WHERE id = sqlc.arg(id) AND customer_id = sqlc.arg(customer_id) AND state = 'issued'
  AND balance_cents + sqlc.arg(cents) BETWEEN 0 AND total_cents;

-- ledger.Post and the entering of payments: what is owed on one invoice.
-- name: GetInvoiceBalanceForCustomer :one
SELECT id, number, state, total_cents, balance_cents FROM invoices WHERE id = ? AND customer_id = ?;

-- Home, the payment screen, ledger.Post: credit the dealer holds (negative rows).
-- name: SumUnappliedForCustomer :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM ledger WHERE customer_id = ? AND invoice_id IS NULL;

-- ledger.ApplyCredit: credit by the payment it came from, oldest first.
-- name: ListUnappliedForCustomer :many
SELECT payment_id, CAST(sum(cents) AS INTEGER) AS total FROM ledger
WHERE customer_id = ? AND invoice_id IS NULL
GROUP BY payment_id HAVING sum(cents) < 0 ORDER BY min(id);

-- ledger.Book and ledger.Reverse: every row of one payment.
-- name: ListLedgerOfPayment :many
SELECT invoice_id, cents, reason, fact FROM ledger WHERE payment_id = ? ORDER BY id;

-- ledger.Book: what the payment is meant for, with what is owed there now.
-- name: ListBookableAllocations :many
SELECT a.invoice_id, a.cents, i.number, i.state, i.balance_cents
FROM allocations a JOIN invoices i ON i.id = a.invoice_id
WHERE a.payment_id = ? ORDER BY i.due_date, i.id;

-- ledger.RecordPayment: how it was split.
-- name: AddRecordedAllocation :exec
INSERT INTO allocations (payment_id, invoice_id, cents) VALUES (?, ?, ?);

-- ledger.RecordPayment: a payment that was made already.
-- name: AddRecordedPayment :one
INSERT INTO payments (reference, customer_id, state, source, kind, type_label, number_label, brand, amount_cents,
    payment_date, idempotency_key, nonce, memo, staff_id, created_at, submitted_at, settled_at)
VALUES (?, ?, 'succeeded', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- ledger.RecordPayment: whether the payment is in the books already.
-- name: GetRecordedPayment :one
SELECT id, reference, customer_id, state, source, kind, type_label, number_label, amount_cents, payment_date
FROM payments WHERE reference = ?;

-- Service.EnterPayment: whether this form was saved before.
-- name: GetEnteredPayment :one
SELECT id, reference, customer_id FROM payments WHERE nonce = ?;

-- ledger.ApplyCredit: whether this use of credit was booked before.
-- name: CountLedgerFacts :one
SELECT count(*) FROM ledger
WHERE customer_id = sqlc.arg(customer_id) AND fact > sqlc.arg(after) AND fact < sqlc.arg(before);

-- Service.EnterPayment: whom the receipt is mailed to.
-- name: GetReceiptMailTarget :one
SELECT c.number, c.display_name,
    CAST(coalesce((SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email
FROM customers c WHERE c.id = ?;

-- portal doctor: invoices whose balance is not total plus ledger rows.
-- name: CheckBalances :many
SELECT i.number, i.state, i.total_cents, i.balance_cents, CAST(coalesce(l.total, 0) AS INTEGER) AS moved
FROM invoices i LEFT JOIN (SELECT invoice_id, sum(cents) AS total FROM ledger WHERE invoice_id IS NOT NULL GROUP BY invoice_id) l ON l.invoice_id = i.id
WHERE i.state <> 'draft' AND (i.balance_cents <> i.total_cents + coalesce(l.total, 0) OR i.balance_cents < 0 OR i.balance_cents > i.total_cents)
ORDER BY i.id LIMIT ?;

-- portal doctor: issued invoices that are not the sum of their lines.
-- name: CheckTotals :many
SELECT i.number, i.total_cents, i.tax_cents, CAST(coalesce(l.amount + l.tax, 0) AS INTEGER) AS lines, CAST(coalesce(l.tax, 0) AS INTEGER) AS tax
FROM invoices i LEFT JOIN (SELECT invoice_id, sum(amount_cents) AS amount, sum(tax_cents) AS tax FROM invoice_lines GROUP BY invoice_id) l ON l.invoice_id = i.id
WHERE i.state <> 'draft' AND (i.total_cents <> coalesce(l.amount + l.tax, 0) OR i.tax_cents <> coalesce(l.tax, 0))
ORDER BY i.id LIMIT ?;

-- portal doctor: payments of which the ledger holds more or less than was
-- received and not given back, and those that were taken back by a bank and stand
-- in the ledger as if they were not, or the other way round.
-- name: CheckPayments :many
SELECT p.reference, p.state, p.amount_cents, p.refunded_cents, CAST(coalesce(l.booked, 0) AS INTEGER) AS booked,
    CAST(coalesce(l.taken, 0) AS INTEGER) AS taken
FROM payments p LEFT JOIN (
    SELECT payment_id, -sum(CASE WHEN reason IN ('return', 'dispute', 'dispute_won') THEN 0 ELSE cents END) AS booked,
        sum(CASE WHEN reason IN ('return', 'dispute', 'dispute_won') THEN cents ELSE 0 END) AS taken
    FROM ledger WHERE payment_id IS NOT NULL GROUP BY payment_id) l ON l.payment_id = p.id
WHERE coalesce(l.booked, 0) <> CASE WHEN p.state IN ('succeeded', 'won', 'partially_refunded', 'refunded', 'disputed', 'lost', 'returned')
        -- refunds and disputes together may claim more than there was
        THEN CASE WHEN coalesce(l.booked, 0) = coalesce(l.taken, 0) THEN max(p.amount_cents - p.refunded_cents, coalesce(l.booked, 0))
            ELSE p.amount_cents - p.refunded_cents END ELSE 0 END
    OR coalesce(l.taken, 0) < 0 OR coalesce(l.taken, 0) > coalesce(l.booked, 0)
    OR (p.state IN ('succeeded', 'disputed') AND coalesce(l.taken, 0) <> 0)
    OR (p.state IN ('lost', 'returned') AND coalesce(l.taken, 0) = 0 AND p.refunded_cents < p.amount_cents)
ORDER BY p.id LIMIT ?;

-- portal doctor: payments meant for more than they come to.
-- name: CheckAllocations :many
SELECT p.reference, p.amount_cents, CAST(sum(a.cents) AS INTEGER) AS allocated
FROM allocations a JOIN payments p ON p.id = a.payment_id
GROUP BY p.id HAVING sum(a.cents) > p.amount_cents
ORDER BY p.id LIMIT ?;

-- portal doctor: allocations and ledger rows that join two customers' books.
-- name: CheckOwners :many
SELECT p.reference, i.number FROM allocations a JOIN payments p ON p.id = a.payment_id JOIN invoices i ON i.id = a.invoice_id
WHERE p.customer_id <> i.customer_id
UNION
SELECT coalesce(p.reference, l.fact), coalesce(i.number, '') FROM ledger l LEFT JOIN payments p ON p.id = l.payment_id LEFT JOIN invoices i ON i.id = l.invoice_id
WHERE p.customer_id <> l.customer_id OR i.customer_id <> l.customer_id
LIMIT ?;

-- portal doctor: customers whose unapplied credit, or a payment's part of it, is
-- below zero.
-- name: CheckCredit :many
SELECT c.number, CAST(sum(l.cents) AS INTEGER) AS total FROM ledger l JOIN customers c ON c.id = l.customer_id
WHERE l.invoice_id IS NULL GROUP BY c.id, l.payment_id HAVING sum(l.cents) > 0
ORDER BY c.id LIMIT ?;

-- portal doctor: payments under way that nobody looked after since: those that
-- were sent within the hour, those that wait for a bank or the customer within the
-- longest pause between two looks.
-- name: CheckStale :many
SELECT reference, state FROM payments
WHERE state IN ('planned', 'submitted') AND max(checked_at, submitted_at, created_at) < sqlc.arg(before)
    OR state IN ('action', 'processing') AND max(checked_at, submitted_at, created_at) < sqlc.arg(long_before)
ORDER BY id LIMIT sqlc.arg(most);

-- portal doctor: refunds under way that nobody looked after since, as payments.
-- name: CheckStaleRefunds :many
SELECT reference, state FROM refunds
WHERE state IN ('planned', 'submitted') AND max(checked_at, submitted_at, created_at) < sqlc.arg(before)
    OR state = 'pending' AND max(checked_at, submitted_at, created_at) < sqlc.arg(long_before)
ORDER BY id LIMIT sqlc.arg(most);

-- portal doctor: voided invoices on which something is owed.
-- name: CheckVoids :many
SELECT number, balance_cents FROM invoices WHERE state = 'void' AND balance_cents <> 0 ORDER BY id LIMIT ?;

-- portal doctor: payments made here that are meant for less than they come to.
-- name: CheckSplits :many
SELECT p.reference, p.amount_cents, CAST(coalesce(sum(a.cents), 0) AS INTEGER) AS allocated
FROM payments p LEFT JOIN allocations a ON a.payment_id = p.id
WHERE p.source IN ('portal', 'autopay', 'paylink') AND p.state <> 'draft'
GROUP BY p.id HAVING coalesce(sum(a.cents), 0) < p.amount_cents
ORDER BY p.id LIMIT ?;

-- portal doctor: payments whose refunds are not what the payment says was given back.
-- name: CheckRefunds :many
SELECT p.reference, p.amount_cents, p.refunded_cents, CAST(coalesce(r.given, 0) AS INTEGER) AS given
FROM payments p LEFT JOIN (SELECT payment_id, sum(cents) AS given FROM refunds WHERE booked = 1 GROUP BY payment_id) r ON r.payment_id = p.id
WHERE p.refunded_cents <> min(coalesce(r.given, 0), p.amount_cents)
ORDER BY p.id LIMIT ?;

-- portal doctor: refunds that were made and are not in the books, while the
-- payment still holds money, and the other way round.
-- name: CheckRefundRows :many
SELECT r.reference, r.state, r.booked, r.cents, r.carried_cents, p.reference AS payment,
    CAST(r.carried_cents + coalesce((SELECT sum(l.cents) FROM ledger l WHERE l.payment_id = r.payment_id
        AND substr(l.fact, 1, length(r.reference) + 8) = 'refund ' || r.reference || ' '), 0) AS INTEGER) AS taken,
    CAST(-coalesce((SELECT sum(l.cents) FROM ledger l WHERE l.payment_id = r.payment_id), 0) AS INTEGER) AS held
FROM refunds r JOIN payments p ON p.id = r.payment_id
WHERE (r.booked = 0 AND taken <> 0) OR (r.booked = 1 AND (taken > r.cents OR taken < r.cents AND held > 0))
ORDER BY r.id LIMIT ?;

-- portal doctor: payments whose state is not what their disputes lead to.
-- name: CheckDisputes :many
SELECT p.reference, p.state, CAST(max(CASE d.state WHEN 'returned' THEN 4 WHEN 'lost' THEN 3 WHEN 'open' THEN 2 ELSE 1 END) AS INTEGER) AS worst
FROM disputes d JOIN payments p ON p.id = d.payment_id
GROUP BY p.id
HAVING p.state <> CASE worst WHEN 4 THEN 'returned' WHEN 3 THEN 'lost' WHEN 2 THEN 'disputed' ELSE p.state END
    OR worst = 1 AND p.state IN ('returned', 'lost', 'disputed', 'succeeded')
ORDER BY p.id LIMIT ?;

-- portal doctor: payments made here whose last change of state the audit trail
-- does not tell of.
-- name: CheckTrail :many
SELECT p.reference, p.state FROM payments p
WHERE p.source IN ('portal', 'autopay', 'paylink')
  AND p.state IN ('processing', 'succeeded', 'failed', 'canceled', 'expired', 'returned', 'disputed', 'won', 'lost', 'partially_refunded', 'refunded')
  AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.customer_id = p.customer_id AND a.object = 'payment ' || p.reference AND a.action = 'payment.' || p.state)
ORDER BY p.id LIMIT ?;

-- portal doctor: the same mail to the same person twice.
-- name: CheckMails :many
SELECT kind, to_email, subject, count(*) AS copies FROM outbox
WHERE kind LIKE 'payment%' OR kind IN ('invoice_voided', 'credit_given')
GROUP BY kind, to_email, subject, text_body HAVING count(*) > 1
ORDER BY min(id) LIMIT ?;

-- portal doctor: events of the processor that nobody has looked into for days.
-- name: CheckEvents :many
SELECT gateway, event_ref, type FROM gateway_events WHERE handled_at = 0 AND received_at < ? ORDER BY received_at LIMIT ?;

-- portal doctor: requests that should have run out, and approvals by the one who asked.
-- name: CheckApprovals :many
SELECT id, kind, state, cents FROM approvals
WHERE state = 'waiting' AND expires_at < ? OR state = 'approved' AND (result = '' OR decided_id IS NULL OR decided_id = asked_id)
ORDER BY id LIMIT ?;

-- portal doctor: fees for returned payments that are another customer's.
-- name: CheckFees :many
SELECT p.reference, i.number FROM return_fees f JOIN payments p ON p.id = f.payment_id JOIN invoices i ON i.id = f.invoice_id
WHERE i.customer_id <> p.customer_id ORDER BY p.id LIMIT ?;

-- portal doctor: money taken by a processor that nobody can name there.
-- name: CheckCharges :many
SELECT reference, gateway FROM payments
WHERE gateway <> '' AND charge_ref = '' AND state IN ('succeeded', 'won', 'partially_refunded', 'refunded', 'returned', 'disputed', 'lost')
ORDER BY id LIMIT ?;

-- portal doctor: payments made or entered here of which the audit trail knows nothing.
-- name: CheckAudit :many
SELECT p.reference FROM payments p
WHERE p.source <> 'import' AND p.state <> 'draft'
  AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.customer_id = p.customer_id AND a.object = 'payment ' || p.reference)
ORDER BY p.id LIMIT ?;
