-- The office's list of staff.
-- name: ListStaff :many
SELECT id, email, name, role, last_login_at, disabled_at, totp_confirmed_at,
    CAST(password_hash <> '' AS INTEGER) AS has_password,
    CAST((SELECT count(*) FROM staff_recovery_codes r WHERE r.staff_id = staff.id AND r.used_at = 0) AS INTEGER) AS recovery_codes
FROM staff ORDER BY disabled_at <> 0, name, email;

-- account.SetStaffRole, account.DisableStaff: an office without an owner could
-- not be set up any more.
-- name: CountOtherOwners :one
SELECT count(*) FROM staff WHERE role = 'owner' AND disabled_at = 0 AND password_hash <> '' AND id <> ?;

-- account.SetStaffRole.
-- name: SetStaffRole :exec
UPDATE staff SET role = ? WHERE id = ?;

-- account.DisableStaff, account.EnableStaff.
-- name: SetStaffDisabled :exec
UPDATE staff SET disabled_at = ? WHERE id = ?;
