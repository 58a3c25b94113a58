-- payment: a page that was just opened at the processor and must be posted to.
-- name: AddPageForm :exec
INSERT INTO page_forms (key, url, fields, back, ends_at) VALUES (?, ?, ?, ?, ?);

-- /go/{key}: the form that opens the processor's page.
-- name: GetPageForm :one
SELECT url, fields, back, ends_at FROM page_forms WHERE key = ?;

-- payment: forms whose tokens are long spent, whenever a new one is kept.
-- name: DeleteOldPageForms :exec
DELETE FROM page_forms WHERE ends_at < ?;
