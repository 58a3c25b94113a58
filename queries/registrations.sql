-- "Create": one that did not go through, or asks for its address.
-- name: AddRegistration :one
INSERT INTO registrations (customer_id, state, failed_field, customer_number, first_name, last_name, zip, phone, email, ip, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- The office: registrations that need help.
-- name: ListRegistrations :many
SELECT r.id, r.state, r.failed_field, r.customer_number, r.first_name, r.last_name, r.zip, r.phone, r.email, r.ip, r.at,
       CAST(coalesce(c.id, 0) AS INTEGER) AS customer_id,
       CAST(coalesce(c.display_name, '') AS TEXT) AS customer_name
FROM registrations r LEFT JOIN customers c ON c.id = r.customer_id
WHERE r.state = ? ORDER BY r.at DESC LIMIT ?;

-- "Approve".
-- name: GetRegistration :one
SELECT id, customer_id, state, failed_field, customer_number, first_name, last_name, zip, phone, email, ip, at, decided_at, staff_id
FROM registrations WHERE id = ?;

-- "Approve" and "Dismiss": once.
-- name: DecideRegistration :execrows
UPDATE registrations SET state = sqlc.arg(new_state), decided_at = sqlc.arg(decided_at), staff_id = sqlc.arg(staff_id)
WHERE id = sqlc.arg(id) AND state IN ('failed', 'asked');

-- "Create" that went through: its failed tries need no help any more.
-- name: SettleRegistrationsForCustomer :exec
UPDATE registrations SET state = 'dismissed', decided_at = sqlc.arg(decided_at)
WHERE customer_id = sqlc.arg(customer_id) AND state IN ('failed', 'asked');

-- "Create": one request for an address is enough.
-- name: CountAskedForCustomer :one
SELECT count(*) FROM registrations WHERE customer_id = ? AND state = 'asked' AND email = ?;

-- "Create": whether the limit was reported already.
-- name: CountLimitReports :one
SELECT count(*) FROM registrations WHERE failed_field = 'limit' AND customer_number = ? AND ip = ? AND at > ?;
