-- payment.StartSelfTest.
-- name: AddSelfTest :one
INSERT INTO self_tests (gateway, test, staff_id, started_at) VALUES (?, ?, ?, ?) RETURNING id;

-- payment.SelfTest: a step that ended.
-- name: AddSelfTestStep :exec
INSERT INTO self_test_steps (self_test_id, position, title, result, words)
SELECT sqlc.arg(self_test_id), count(*) + 1, sqlc.arg(title), sqlc.arg(result), sqlc.arg(words)
FROM self_test_steps WHERE self_test_id = sqlc.arg(self_test_id);

-- payment.SelfTest: over.
-- name: FinishSelfTest :exec
UPDATE self_tests SET finished_at = ? WHERE id = ? AND finished_at = 0;

-- The schedule: self-tests that nobody runs, because the program was stopped.
-- name: ListRunningSelfTests :many
SELECT id, gateway, test, staff_id, started_at, finished_at FROM self_tests WHERE finished_at = 0 ORDER BY id;

-- The office's page of the processor: the latest self-test.
-- name: GetLatestSelfTest :one
SELECT id, gateway, test, staff_id, started_at, finished_at FROM self_tests ORDER BY id DESC LIMIT 1;

-- The office's page of the processor: its steps.
-- name: ListSelfTestSteps :many
SELECT position, title, result, words FROM self_test_steps WHERE self_test_id = ? ORDER BY position;

-- The office's page of the processor: when it was last heard of by webhook.
-- Events of its list of changes have no body.
-- name: GetLastWebhook :one
SELECT received_at FROM gateway_events WHERE gateway = ? AND length(body) > 0 ORDER BY id DESC LIMIT 1;
