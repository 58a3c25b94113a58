-- Log-in, forgotten password, portal staff.
-- name: GetStaffByEmail :one
SELECT id, email, name, role, password_hash, totp_secret, totp_confirmed_at, totp_last_step, last_login_at, disabled_at, created_at
FROM staff WHERE email = ?;

-- The second factor, one-time links.
-- name: GetStaff :one
SELECT id, email, name, role, password_hash, totp_secret, totp_confirmed_at, totp_last_step, last_login_at, disabled_at, created_at
FROM staff WHERE id = ?;

-- First start: whether anybody can log in to the office.
-- name: CountStaff :one
SELECT count(*) FROM staff WHERE password_hash <> '' AND disabled_at = 0;

-- The set-up page, portal staff add, demo.
-- name: AddStaff :one
INSERT INTO staff (email, name, role, created_at) VALUES (?, ?, ?, ?) RETURNING id;

-- portal staff add for somebody who is there already.
-- name: UpdateStaff :exec
UPDATE staff SET name = ?, role = ?, disabled_at = 0 WHERE id = ?;

-- The set-up page, a forgotten password, demo.
-- name: SetStaffPassword :exec
UPDATE staff SET password_hash = ? WHERE id = ?;

-- A finished log-in.
-- name: SetStaffLastLogin :exec
UPDATE staff SET last_login_at = ? WHERE id = ?;

-- Enrolment: a fresh secret, not yet confirmed.
-- name: SetStaffSecret :exec
UPDATE staff SET totp_secret = ?, totp_confirmed_at = 0, totp_last_step = 0 WHERE id = ?;

-- Enrolment: the first good code.
-- name: ConfirmStaffSecret :exec
UPDATE staff SET totp_confirmed_at = ? WHERE id = ?;

-- A code is good once: its step must be later than the last one used.
-- name: UseStaffStep :execrows
UPDATE staff SET totp_last_step = sqlc.arg(step) WHERE id = sqlc.arg(id) AND totp_last_step < sqlc.arg(step);

-- Enrolment: the recovery codes are made anew.
-- name: DeleteRecoveryCodes :exec
DELETE FROM staff_recovery_codes WHERE staff_id = ?;

-- Enrolment.
-- name: AddRecoveryCode :exec
INSERT INTO staff_recovery_codes (staff_id, code_hash) VALUES (?, ?);

-- Log-in with a recovery code: once.
-- name: UseRecoveryCode :execrows
UPDATE staff_recovery_codes SET used_at = ? WHERE staff_id = ? AND code_hash = ? AND used_at = 0;

-- Log-in with a recovery code: how many are left.
-- name: CountRecoveryCodes :one
SELECT count(*) FROM staff_recovery_codes WHERE staff_id = ? AND used_at = 0;
