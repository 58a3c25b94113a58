-- ledger.Post and every form with a date: the last day of the closed period, '' for none.
-- name: GetLockedUntil :one
SELECT CAST(coalesce((SELECT value FROM settings WHERE key = 'books.locked_until'), '') AS TEXT);

-- apply: what is written down of a payment's fee.
-- name: SumPaymentFee :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM payment_fees WHERE payment_id = ?;

-- apply: what a processor kept of a payment, as far as it is not written down yet.
-- name: AddPaymentFee :exec
INSERT INTO payment_fees (payment_id, cents, entry_date, at) VALUES (?, ?, ?, ?);
