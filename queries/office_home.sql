-- The office's home: what is owed by the day it was due; the ages are added up
-- from these.
-- name: ListDueDays :many
SELECT due_date, CAST(sum(balance_cents) AS INTEGER) AS balance, count(*) AS invoices
FROM invoices
WHERE state = 'issued' AND balance_cents > 0
GROUP BY due_date;

-- The office's home: money that came in since a day, less what left again
-- (rows of payments are negative).
-- name: SumTaken :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM ledger
WHERE reason IN ('payment', 'refund', 'return', 'dispute', 'dispute_won') AND entry_date >= ?;

-- The office's home: payments that were sent and whose outcome nobody knows yet.
-- name: ListUnknownPayments :many
SELECT p.reference, p.amount_cents, p.submitted_at, c.number AS customer_number, c.display_name
FROM payments p JOIN customers c ON c.id = p.customer_id
WHERE p.state IN ('planned', 'submitted', 'action', 'processing') AND p.state = 'submitted' AND p.submitted_at < sqlc.arg(before)
ORDER BY p.submitted_at LIMIT sqlc.arg(most);

-- The office's home: payments that a bank took back, and declined ones after
-- which nothing was paid.
-- name: ListTroubledPayments :many
SELECT p.reference, p.state, p.amount_cents, p.created_at, p.failure_message, c.number AS customer_number, c.display_name
FROM payments p JOIN customers c ON c.id = p.customer_id
WHERE p.state IN ('failed', 'returned', 'disputed', 'lost') AND p.created_at >= sqlc.arg(since)
  AND (p.state <> 'failed' OR p.created_at >= sqlc.arg(declined_since))
  AND NOT EXISTS (SELECT 1 FROM payments n WHERE n.customer_id = p.customer_id AND n.created_at > p.created_at
      AND n.state IN ('planned', 'submitted', 'processing', 'succeeded'))
ORDER BY p.created_at DESC LIMIT sqlc.arg(most);

-- The office's home: how many registrations failed, and how many ask for an
-- address to be added.
-- name: CountHelp :one
SELECT CAST(coalesce(sum(state = 'failed'), 0) AS INTEGER) AS failed, CAST(coalesce(sum(state = 'asked'), 0) AS INTEGER) AS asked
FROM registrations WHERE state IN ('failed', 'asked');
