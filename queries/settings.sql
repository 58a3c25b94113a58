-- Every screen and job, by way of the settings' cache.
-- name: ListSettings :many
SELECT key, value, sealed FROM settings ORDER BY key;

-- portal settings; the office's settings page.
-- name: PutSetting :exec
INSERT INTO settings (key, value, sealed, updated_at) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, sealed = excluded.sealed, updated_at = excluded.updated_at;
