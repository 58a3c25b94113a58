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

-- The mail worker: takes the mail that has been due longest. A mail left
-- 'sending' by a worker that died is due again when its lease has run out.
-- name: ClaimMail :many
UPDATE outbox
SET state = 'sending', tries = tries + 1, next_try_at = sqlc.arg(lease_until),
    first_try_at = CASE first_try_at WHEN 0 THEN sqlc.arg(now) ELSE first_try_at END
WHERE outbox.id = (
    SELECT due.id FROM outbox AS due
    WHERE due.state IN ('waiting', 'sending') AND due.next_try_at <= sqlc.arg(now)
    ORDER BY due.next_try_at, due.id LIMIT 1)
RETURNING id, kind, customer_id, to_name, to_email, reply_to, subject, text_body, html_body, secret, message_id, tries, first_try_at, created_at;

-- The mail worker at start: what a killed program was sending waits again.
-- name: ReclaimMail :execrows
UPDATE outbox SET state = 'waiting', next_try_at = sqlc.arg(now) WHERE state = 'sending';

-- The mail worker: the papers of one mail, in order.
-- name: ListMailAttachments :many
SELECT documents.name, documents.mime, documents.sha256, documents.body
FROM outbox_attachments
JOIN documents ON documents.id = outbox_attachments.document_id
WHERE outbox_attachments.outbox_id = ?
ORDER BY outbox_attachments.position;

-- The mail worker: the server took it. What was secret in it is forgotten.
-- name: MailSent :execrows
UPDATE outbox
SET state = 'sent', sent_at = sqlc.arg(sent_at), receipt = sqlc.arg(receipt), last_error = '',
    text_body = CASE secret WHEN 1 THEN '' ELSE text_body END,
    html_body = CASE secret WHEN 1 THEN '' ELSE html_body END
WHERE id = sqlc.arg(id) AND state = 'sending';

-- The mail worker: it did not go this time.
-- name: MailWaits :execrows
UPDATE outbox SET state = 'waiting', next_try_at = ?, last_error = ? WHERE id = ? AND state = 'sending';

-- The mail worker: it will never go. What was secret in it is forgotten.
-- name: MailFailed :execrows
UPDATE outbox
SET state = 'failed', last_error = sqlc.arg(last_error),
    text_body = CASE secret WHEN 1 THEN '' ELSE text_body END,
    html_body = CASE secret WHEN 1 THEN '' ELSE html_body END
WHERE id = sqlc.arg(id) AND state = 'sending';

-- The mail worker: while the server is out of reach all that is due waits with it.
-- name: PostponeMail :execrows
UPDATE outbox SET next_try_at = sqlc.arg(next_try_at), last_error = sqlc.arg(last_error)
WHERE state = 'waiting' AND next_try_at <= sqlc.arg(now);

-- The mail worker, when its server was changed: what waits for it is tried at
-- once, but not what is not to go out yet.
-- name: HastenMail :execrows
UPDATE outbox SET next_try_at = sqlc.arg(now)
WHERE state = 'waiting' AND next_try_at > sqlc.arg(now) AND (tries > 0 OR last_error <> '');

-- The office's "Send again" of a mail that failed.
-- name: ResendMail :execrows
UPDATE outbox SET state = 'waiting', tries = 0, first_try_at = 0, next_try_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND state = 'failed' AND secret = 0;

-- The office's home and mail log: what waits, what failed, since when.
-- name: CountMail :one
SELECT CAST(count(*) AS INTEGER) AS waiting, CAST(coalesce(min(created_at), 0) AS INTEGER) AS oldest,
       CAST(coalesce(max(last_error), '') AS TEXT) AS trouble,
       CAST((SELECT count(*) FROM outbox AS f WHERE f.state = 'failed') AS INTEGER) AS failed
FROM outbox WHERE state IN ('waiting', 'sending');

-- The office's mail log, newest first, a page at a time: pass the last row's
-- created_at and id to go on, or the greatest numbers to begin.
-- name: ListMail :many
SELECT outbox.id, outbox.kind, outbox.to_name, outbox.to_email, outbox.subject, outbox.state, outbox.tries,
       outbox.next_try_at, outbox.last_error, outbox.created_at, outbox.sent_at,
       CAST(coalesce(customers.number, '') AS TEXT) AS customer_number,
       CAST(coalesce(customers.display_name, '') AS TEXT) AS customer_name
FROM outbox
LEFT JOIN customers ON customers.id = outbox.customer_id
WHERE outbox.created_at < sqlc.arg(before_at) OR (outbox.created_at = sqlc.arg(before_at) AND outbox.id < sqlc.arg(before_id))
ORDER BY outbox.created_at DESC, outbox.id DESC
LIMIT sqlc.arg(max_rows);

-- The office's home: mails that did not go, newest first.
-- name: ListFailedMail :many
SELECT outbox.id, outbox.kind, outbox.to_name, outbox.to_email, outbox.subject, outbox.last_error, outbox.created_at,
       CAST(coalesce(customers.number, '') AS TEXT) AS customer_number,
       CAST(coalesce(customers.display_name, '') AS TEXT) AS customer_name
FROM outbox
LEFT JOIN customers ON customers.id = outbox.customer_id
WHERE outbox.state = 'failed'
ORDER BY outbox.created_at DESC
LIMIT ?;

-- The customer's page in the office: mails to that customer, newest first.
-- name: ListMailOfCustomer :many
SELECT id, kind, to_email, subject, state, last_error, created_at, sent_at
FROM outbox WHERE customer_id = ?
ORDER BY created_at DESC, id DESC
LIMIT ?;

-- The office's mail log, one mail.
-- name: GetMail :one
SELECT outbox.id, outbox.kind, outbox.to_name, outbox.to_email, outbox.reply_to, outbox.subject, outbox.text_body, outbox.html_body,
       outbox.secret, outbox.state, outbox.message_id, outbox.tries, outbox.next_try_at, outbox.last_error, outbox.receipt,
       outbox.created_at, outbox.sent_at,
       CAST(coalesce(customers.number, '') AS TEXT) AS customer_number,
       CAST(coalesce(customers.display_name, '') AS TEXT) AS customer_name
FROM outbox
LEFT JOIN customers ON customers.id = outbox.customer_id
WHERE outbox.id = ?;
