-- Every mail with a one-time link, and the links printed on the console.
-- name: AddToken :exec
INSERT INTO tokens (hash, purpose, user_id, staff_id, customer_id, payload, created_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- The pages behind one-time links.
-- name: GetToken :one
SELECT hash, purpose, user_id, staff_id, customer_id, payload, created_at, expires_at, used_at
FROM tokens WHERE hash = ?;

-- A one-time link is used: once.
-- name: UseToken :execrows
UPDATE tokens SET used_at = sqlc.arg(now_at) WHERE hash = sqlc.arg(hash) AND used_at = 0 AND expires_at > sqlc.arg(now_at);

-- A newer link, or a password that was set, kills the older ones.
-- name: VoidUserTokens :exec
UPDATE tokens SET used_at = ? WHERE user_id = ? AND purpose = ? AND used_at = 0;

-- A newer change of address kills the older one.
-- name: VoidCustomerTokens :exec
UPDATE tokens SET used_at = ? WHERE customer_id = ? AND purpose = ? AND used_at = 0;

-- A newer link for a staff member kills the older ones.
-- name: VoidStaffTokens :exec
UPDATE tokens SET used_at = ? WHERE staff_id = ? AND used_at = 0;

-- A newer set-up link kills the older ones.
-- name: VoidSetupTokens :exec
UPDATE tokens SET used_at = ? WHERE purpose = 'setup' AND used_at = 0;

-- The nightly sweep.
-- name: DeleteOldTokens :execrows
DELETE FROM tokens WHERE expires_at <= ?;
