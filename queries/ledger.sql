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
