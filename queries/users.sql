-- Log-in, registration, forgotten password.
-- name: GetUserByEmail :one
SELECT id, email, password_hash, temporary_hash, temporary_expires_at, last_login_at, locked_at, created_at
FROM users WHERE email = ?;

-- Change of password, one-time links.
-- name: GetUser :one
SELECT id, email, password_hash, temporary_hash, temporary_expires_at, last_login_at, locked_at, created_at
FROM users WHERE id = ?;

-- "Create", "Add customer user", demo.
-- name: AddUser :one
INSERT INTO users (email, created_at) VALUES (?, ?) RETURNING id;

-- "Create" and "Send registration mail": a fresh temporary password.
-- name: SetTemporaryPassword :exec
UPDATE users SET temporary_hash = ?, temporary_expires_at = ? WHERE id = ?;

-- "Reset Password", change of password, re-hash at log-in, demo.
-- name: SetUserPassword :exec
UPDATE users SET password_hash = ?, temporary_hash = '', temporary_expires_at = 0 WHERE id = ?;

-- Re-hash at log-in when the parameters changed; the temporary password stays.
-- name: RehashUserPassword :exec
UPDATE users SET password_hash = sqlc.arg(new_hash) WHERE id = sqlc.arg(id) AND password_hash = sqlc.arg(old_hash);

-- A finished log-in.
-- name: SetUserLastLogin :exec
UPDATE users SET last_login_at = ? WHERE id = ?;

-- "Lock" and "Unlock" of the office.
-- name: SetUserLocked :exec
UPDATE users SET locked_at = ? WHERE id = ?;

-- A confirmed change of address.
-- name: SetUserEmail :exec
UPDATE users SET email = ? WHERE id = ?;

-- Registration, joining, "Add customer user", demo.
-- name: GrantCustomer :execrows
INSERT INTO customer_users (customer_id, user_id, granted_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- "Remove" on the office's tab "Customer Users".
-- name: RevokeCustomer :execrows
DELETE FROM customer_users WHERE customer_id = ? AND user_id = ?;

-- Every place that must know whether this log-in may see that customer.
-- name: HasCustomer :one
SELECT count(*) FROM customer_users WHERE customer_id = ? AND user_id = ?;

-- Log-in; /account: the accounts under this log-in.
-- name: ListCustomersOfUser :many
SELECT c.id, c.number, c.display_name, c.city
FROM customer_users cu JOIN customers c ON c.id = cu.customer_id
WHERE cu.user_id = ? ORDER BY c.number;

-- The office's tab "Customer Users".
-- name: ListUsersForCustomer :many
SELECT u.id, u.email, u.last_login_at, u.locked_at, u.temporary_expires_at, cu.granted_at,
       CAST(u.password_hash <> '' AS INTEGER) AS has_password,
       CAST((SELECT count(*) FROM customer_users o WHERE o.user_id = u.id) AS INTEGER) AS customers,
       CAST((SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.expires_at > sqlc.arg(now_at)) AS INTEGER) AS devices
FROM customer_users cu JOIN users u ON u.id = cu.user_id
WHERE cu.customer_id = sqlc.arg(customer_id) ORDER BY u.email;

-- Forgotten password of an unknown address: the mail that was made to take as
-- long as for a known one is dropped again.
-- name: DropMail :exec
DELETE FROM outbox WHERE fact = ?;
