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
        THEN p.amount_cents - p.refunded_cents ELSE 0 END
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

-- portal doctor: payments that were sent, and that nobody looked after since.
-- name: CheckStale :many
SELECT reference, state, checked_at, submitted_at FROM payments
WHERE state = 'submitted' AND max(checked_at, submitted_at) < sqlc.arg(before)
ORDER BY id LIMIT sqlc.arg(most);

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
