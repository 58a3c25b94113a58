-- Every request with a session cookie.
-- name: GetSession :one
SELECT s.hash, s.stage, s.data, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at,
       CAST(coalesce(s.user_id, 0) AS INTEGER) AS user_id,
       CAST(coalesce(s.staff_id, 0) AS INTEGER) AS staff_id,
       CAST(coalesce(c.id, 0) AS INTEGER) AS customer_id,
       CAST(coalesce(c.number, '') AS TEXT) AS customer_number,
       CAST(coalesce(c.display_name, '') AS TEXT) AS customer_name,
       CAST(coalesce(u.email, t.email, '') AS TEXT) AS email,
       CAST(coalesce(t.name, '') AS TEXT) AS staff_name,
       CAST(coalesce(t.role, '') AS TEXT) AS role,
       CAST(coalesce(u.locked_at, t.disabled_at, 0) AS INTEGER) AS closed,
       CAST((SELECT count(*) FROM customer_users o WHERE o.user_id = s.user_id) AS INTEGER) AS customers
FROM sessions s
LEFT JOIN users u ON u.id = s.user_id
LEFT JOIN staff t ON t.id = s.staff_id
LEFT JOIN customer_users cu ON cu.user_id = s.user_id AND cu.customer_id = s.customer_id
LEFT JOIN customers c ON c.id = cu.customer_id
WHERE s.hash = ?;

-- Log-in.
-- name: AddSession :exec
INSERT INTO sessions (hash, user_id, staff_id, customer_id, stage, data, ip, user_agent, created_at, last_seen_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- Requests, at most once a minute a session; "stay signed in".
-- name: TouchSession :exec
UPDATE sessions SET last_seen_at = ? WHERE hash = ?;

-- Values a handler put into the session.
-- name: SetSessionData :exec
UPDATE sessions SET data = ? WHERE hash = ?;

-- /account: another account under this log-in.
-- name: SetSessionCustomer :exec
UPDATE sessions SET customer_id = ? WHERE hash = ?;

-- Log-out; a new log-in in the same browser.
-- name: DeleteSession :exec
DELETE FROM sessions WHERE hash = ?;

-- /account: "Sign out" of one device.
-- name: DeleteSessionOfUser :execrows
DELETE FROM sessions WHERE user_id = ? AND hash = ?;

-- /account: all other devices; a changed password.
-- name: DeleteOtherSessionsOfUser :execrows
DELETE FROM sessions WHERE user_id = sqlc.arg(user_id) AND hash <> sqlc.arg(keep);

-- A reset password, "Lock", "Sign out everywhere" of the office.
-- name: DeleteSessionsOfUser :execrows
DELETE FROM sessions WHERE user_id = ?;

-- A staff member's reset password or removal.
-- name: DeleteSessionsOfStaff :execrows
DELETE FROM sessions WHERE staff_id = ?;

-- /account: signed-in devices.
-- name: ListSessionsOfUser :many
SELECT hash, stage, ip, user_agent, created_at, last_seen_at, expires_at
FROM sessions WHERE user_id = sqlc.arg(user_id) AND expires_at > sqlc.arg(now_at) AND last_seen_at > sqlc.arg(seen_after)
ORDER BY last_seen_at DESC;

-- The nightly sweep.
-- name: DeleteDeadSessions :execrows
DELETE FROM sessions WHERE expires_at <= sqlc.arg(now_at) OR last_seen_at <= sqlc.arg(seen_before);

-- Every limit: how often, and when last.
-- name: CountAttempts :one
SELECT count(*) AS tries, CAST(coalesce(max(at), 0) AS INTEGER) AS last_at, CAST(coalesce(min(at), 0) AS INTEGER) AS first_at
FROM attempts WHERE kind = ? AND subject = ? AND at > sqlc.arg(after);

-- Every limit: a try.
-- name: AddAttempt :one
INSERT INTO attempts (kind, subject, at) VALUES (?, ?, ?) RETURNING id;

-- A try that turned out well no longer counts.
-- name: DeleteAttempt :exec
DELETE FROM attempts WHERE id = ?;

-- A good log-in or a reset password clears the failed ones before it.
-- name: DeleteAttempts :exec
DELETE FROM attempts WHERE kind = ? AND subject = ?;

-- The nightly sweep.
-- name: DeleteOldAttempts :execrows
DELETE FROM attempts WHERE at <= ?;

-- A staff member's changed password.
-- name: DeleteOtherSessionsOfStaff :execrows
DELETE FROM sessions WHERE staff_id = sqlc.arg(staff_id) AND hash <> sqlc.arg(keep);
