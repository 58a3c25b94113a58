-- payment.ask: what waits for a second person.
-- name: AddApproval :one
INSERT INTO approvals (kind, state, customer_id, payment_id, invoice_id, cents, reason, order_json, nonce, asked_id, asked_at, expires_at)
VALUES (?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- payment.ask: what this rendered form asked for before.
-- name: GetApprovalByNonce :one
SELECT * FROM approvals WHERE nonce = ?;

-- payment.Approve and its like.
-- name: GetApproval :one
SELECT * FROM approvals WHERE id = ?;

-- payment.Approve and its like: decided once.
-- name: DecideApproval :execrows
UPDATE approvals SET state = sqlc.arg(state), decided_id = sqlc.arg(decided_id), decided_at = sqlc.arg(decided_at), decision = sqlc.arg(decision), result = sqlc.arg(result)
WHERE id = sqlc.arg(id) AND state = 'waiting' AND expires_at > sqlc.arg(decided_at);

-- payment.Settle: nobody decided in time.
-- name: ListExpiredApprovals :many
SELECT * FROM approvals WHERE state = 'waiting' AND expires_at <= sqlc.arg(now) ORDER BY id LIMIT sqlc.arg(most);

-- payment.Settle: nobody decided in time.
-- name: ExpireApproval :execrows
UPDATE approvals SET state = 'expired', decided_at = sqlc.arg(decided_at) WHERE id = sqlc.arg(id) AND state = 'waiting';

-- The office's approvals, what waits first.
-- name: ListApprovals :many
SELECT a.*, c.number AS customer_number, c.display_name, CAST(coalesce(p.reference, '') AS TEXT) AS payment, CAST(coalesce(i.number, '') AS TEXT) AS invoice,
    s.name AS asked_name, s.email AS asked_email, CAST(coalesce(d.name, '') AS TEXT) AS decided_name, CAST(coalesce(d.email, '') AS TEXT) AS decided_email
FROM approvals a JOIN customers c ON c.id = a.customer_id JOIN staff s ON s.id = a.asked_id
LEFT JOIN staff d ON d.id = a.decided_id LEFT JOIN payments p ON p.id = a.payment_id LEFT JOIN invoices i ON i.id = a.invoice_id
ORDER BY a.state <> 'waiting', a.id DESC LIMIT ?;

-- The office's home: what waits for a second person, and how much of it the
-- viewer may decide.
-- name: CountApprovals :one
SELECT count(*) AS waiting, CAST(coalesce(sum(asked_id <> sqlc.arg(staff_id)), 0) AS INTEGER) AS mine, CAST(coalesce(sum(cents), 0) AS INTEGER) AS total
FROM approvals WHERE state = 'waiting' AND expires_at > sqlc.arg(now);

-- A payment's and an invoice's page: what waits about it.
-- name: ListWaitingApprovals :many
SELECT id, kind, cents, payment_id, invoice_id, asked_at FROM approvals
WHERE customer_id = ? AND state = 'waiting' AND expires_at > ? ORDER BY id;

-- payment.ask: who else may decide.
-- name: ListDeciders :many
SELECT id, name, email FROM staff
WHERE role IN ('owner', 'billing') AND disabled_at = 0 AND password_hash <> '' AND id <> ? ORDER BY id;

-- Mails about what was decided: who asked.
-- name: GetStaffName :one
SELECT name, email FROM staff WHERE id = ?;

-- payment.Refund: what staff have given back of a payment by themselves.
-- name: SumRefundsAlone :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM refunds
WHERE payment_id = ? AND source = 'office' AND approval_id IS NULL AND state NOT IN ('failed', 'canceled');

-- payment.GiveCredit: what staff have credited a customer with by themselves
-- since an instant.
-- name: SumCreditsAlone :one
SELECT CAST(coalesce(sum(p.amount_cents), 0) AS INTEGER) FROM payments p
WHERE p.customer_id = sqlc.arg(customer_id) AND p.kind = 'credit' AND p.source = 'office' AND p.created_at > sqlc.arg(since)
  AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.customer_id = p.customer_id AND a.kind = 'credit' AND a.state = 'approved' AND a.result = p.reference);
