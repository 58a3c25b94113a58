-- Import page: the last one, whatever became of it.
-- name: GetLastImport :one
SELECT i.id, i.folder, i.state, i.files_json, i.overwrite, i.report_json, i.problem, i.created_at, i.finished_at,
       CAST(coalesce(s.name, '') AS TEXT) AS staff_name, CAST(coalesce(s.email, '') AS TEXT) AS staff_email
FROM imports i LEFT JOIN staff s ON s.id = i.staff_id ORDER BY i.id DESC LIMIT 1;

-- Import job: the one to be worked on.
-- name: GetOpenImport :one
SELECT id, folder, state, files_json, overwrite, report_json FROM imports WHERE open = 1;

-- Import page: files that were brought.
-- name: AddImport :one
INSERT INTO imports (folder, state, open, files_json, overwrite, staff_id, created_at) VALUES (?, 'checking', 1, ?, ?, ?, ?) RETURNING id;

-- Import page and job: what becomes of an open import.
-- name: MoveImport :execrows
UPDATE imports SET state = sqlc.arg(state), open = sqlc.narg(open), report_json = sqlc.arg(report_json), problem = sqlc.arg(problem), finished_at = sqlc.arg(finished_at)
WHERE id = sqlc.arg(id) AND open = 1;

-- Import job: the folder whose refused rows can still be downloaded.
-- name: ListKeptImports :many
SELECT folder FROM imports WHERE open = 1 OR finished_at > sqlc.arg(since);
