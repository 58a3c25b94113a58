-- The schedule: how a job's last run went, error = '' when all went well.
-- name: JobFinished :exec
INSERT INTO jobs (name, started_at, finished_at, error) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at, error = excluded.error;

-- The office's home: jobs that did not run, and why.
-- name: ListJobs :many
SELECT name, started_at, finished_at, error FROM jobs ORDER BY name;
