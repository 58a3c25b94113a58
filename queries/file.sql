-- Start-up, the snapshot job, the office's home page.
-- name: GetFile :one
SELECT id, instance, hold, snapshot, snapshot_pending, snapshot_made_at, snapshot_counter FROM file WHERE id = 1;

-- Start-up on a new file; the owner's confirmation.
-- name: SetInstance :exec
UPDATE file SET instance = ?, hold = ? WHERE id = 1;

-- The snapshot job, before it copies.
-- name: BeginSnapshot :exec
UPDATE file SET snapshot_pending = ?, snapshot_made_at = ? WHERE id = 1;

-- The snapshot job, once the copy stands under its name.
-- name: EndSnapshot :exec
UPDATE file SET snapshot = snapshot_pending, snapshot_counter = ? WHERE id = 1 AND snapshot_pending = ?;
