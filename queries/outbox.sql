-- Every noun that mails, in the transaction of the fact; no row = queued before.
-- name: AddMail :many
INSERT INTO outbox (fact, kind, customer_id, to_name, to_email, reply_to, subject, text_body, html_body, secret, message_id, next_try_at, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (fact) DO NOTHING
RETURNING id;

-- Every noun that mails with papers.
-- name: AddMailAttachment :exec
INSERT INTO outbox_attachments (outbox_id, position, document_id) VALUES (?, ?, ?);

-- Invoices, receipts and the logo, when they are made.
-- name: AddDocument :one
INSERT INTO documents (kind, name, mime, sha256, body, made_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- The PDF routes, once the paper is known to be the caller's.
-- name: GetDocument :one
SELECT id, kind, name, mime, sha256, body, made_at FROM documents WHERE id = ?;
