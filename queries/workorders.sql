-- Every change of a work order reads it first.
-- name: GetWorkOrder :one
SELECT * FROM work_orders WHERE number = ?;

-- The customer's page of one work order and all below it.
-- name: GetWorkOrderForCustomer :one
SELECT sqlc.embed(w), s.name AS site, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce((SELECT m.number FROM work_orders m WHERE m.id = w.merged_into_id), '') AS TEXT) AS merged_into
FROM work_orders w JOIN sites s ON s.id = w.site_id LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.number = sqlc.arg(number) AND w.customer_id = sqlc.arg(customer_id);

-- A new work order: the form sent twice finds the first one's number.
-- name: GetWorkOrderByNonce :one
SELECT number, customer_id FROM work_orders WHERE nonce = ?;

-- A new work order; no row = that number is taken.
-- name: AddWorkOrder :many
INSERT INTO work_orders (number, customer_id, site_id, system_id, state, source, title, preferred, nonce, user_id, staff_id, requested_at, changed_at)
VALUES (?, ?, ?, ?, 'requested', ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO NOTHING RETURNING id;

-- Every change of a work order, against the version that was read.
-- name: UpdateWorkOrder :execrows
UPDATE work_orders SET state = ?, technician_id = ?, window_date = ?, window_from = ?, window_until = ?, cancel_reason = ?,
    merged_into_id = ?, invoice_id = ?, requested_at = ?, scheduled_at = ?, dispatched_at = ?, arrived_at = ?, completed_at = ?, cancelled_at = ?,
    changed_at = ?, version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- Every change of a work order adds its line.
-- name: AddWorkOrderEvent :one
INSERT INTO work_order_events (work_order_id, kind, from_state, to_state, details, shown, user_id, staff_id, happened_at, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- A change of a work order that its invoice forbids: the number of the invoice that counts; no row = none.
-- name: GetInvoiceOfWorkOrder :one
SELECT number FROM work_order_invoices WHERE work_order_id = ?;

-- A work order that becomes an invoice once more: the number of the one that was voided.
-- name: GetVoidedInvoice :one
SELECT number FROM invoices WHERE id = ? AND state = 'void';

-- "Undo": the change of state that is the last one.
-- name: GetLastMove :one
SELECT id, kind, from_state, to_state, CAST(coalesce(staff_id, 0) AS INTEGER) AS staff, at FROM work_order_events
WHERE work_order_id = ? AND to_state <> '' ORDER BY id DESC LIMIT 1;

-- A form that was overtaken: what happened last, and by whom.
-- name: GetLastEvent :one
SELECT e.kind, e.details, e.at, CAST(coalesce(f.name, u.email, '') AS TEXT) AS who
FROM work_order_events e LEFT JOIN staff f ON f.id = e.staff_id LEFT JOIN users u ON u.id = e.user_id
WHERE e.work_order_id = ? ORDER BY e.id DESC LIMIT 1;

-- "Add Note"; no row = the same form was sent before.
-- name: AddWorkOrderNote :many
INSERT INTO work_order_notes (work_order_id, internal, note, nonce, user_id, staff_id, written_at, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (nonce) DO NOTHING RETURNING id;

-- A form with photos: one that was taken; no row = it was sent before.
-- name: AddWorkOrderUpload :many
INSERT INTO work_order_uploads (nonce, customer_id, name, sha256, body, thumb, width, height, user_id, staff_id, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (nonce, sha256) DO NOTHING RETURNING id;

-- A form with photos: those that were taken so far.
-- name: ListWorkOrderUploadsForCustomer :many
SELECT id, name, sha256, width, height FROM work_order_uploads WHERE nonce = ? AND customer_id = ? ORDER BY id;

-- A new work order takes the photos of its form over, one at a time.
-- name: GetWorkOrderUploadForCustomer :one
SELECT * FROM work_order_uploads WHERE id = ? AND nonce = ? AND customer_id = ?;

-- A form with photos: one of them is left out after all, or was taken over.
-- name: DeleteWorkOrderUploadForCustomer :execrows
DELETE FROM work_order_uploads WHERE id = ? AND nonce = ? AND customer_id = ?;

-- The job "sweep": photos of forms that nobody saved.
-- name: SweepWorkOrderUploads :execrows
DELETE FROM work_order_uploads WHERE at < ?;

-- A photo of a work order; no row = the same form was sent before.
-- name: AddWorkOrderPhoto :many
INSERT INTO work_order_photos (work_order_id, document_id, thumb_id, width, height, internal, nonce, user_id, staff_id, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (nonce) DO NOTHING RETURNING id;

-- A photo of a work order: whether the same form was sent before, and how many there are.
-- name: CountWorkOrderPhotos :one
SELECT CAST(count(*) AS INTEGER) AS photos, CAST(coalesce(sum(nonce = sqlc.arg(nonce)), 0) AS INTEGER) AS same
FROM work_order_photos WHERE work_order_id = sqlc.arg(work_order_id);

-- The mails of a work order: customer, site, system and technician in words.
-- name: GetWorkOrderForMail :one
SELECT sqlc.embed(w), c.number AS customer_number, c.display_name, s.name AS site,
    s.address1, s.address2, s.city, s.state, s.zip,
    c.address1 AS home1, c.address2 AS home2, c.city AS home_city, c.state AS home_state, c.zip AS home_zip,
    CAST(coalesce(y.name, '') AS TEXT) AS system, CAST(coalesce(y.system_type, '') AS TEXT) AS system_type,
    CAST(coalesce(y.account_number, '') AS TEXT) AS account_number,
    CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(CASE WHEN u.locked_at = 0 AND EXISTS (SELECT 1 FROM customer_users k WHERE k.user_id = u.id AND k.customer_id = w.customer_id) THEN u.email END, '') AS TEXT) AS user_email,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id AND p.internal = 0) AS INTEGER) AS photos,
    CAST(EXISTS (SELECT 1 FROM work_order_signatures g WHERE g.work_order_id = w.id) AS INTEGER) AS signed
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id LEFT JOIN users u ON u.id = w.user_id
WHERE w.id = ?;

-- The mail and the page of a completed work order: parts and labour.
-- name: ListWorkOrderLines :many
SELECT position, kind, description, quantity, unit_price_cents, taxable FROM work_order_lines WHERE work_order_id = ? ORDER BY position;

-- The mail of a new work order: the photos it may carry, and how large they are.
-- name: ListPhotosToMail :many
SELECT p.document_id, CAST(length(d.body) AS INTEGER) AS bytes
FROM work_order_photos p JOIN documents d ON d.id = p.document_id
WHERE p.work_order_id = ? AND p.internal = 0 ORDER BY p.id;

-- "Undo": the mail of what is undone does not go out.
-- name: DropWaitingMail :execrows
DELETE FROM outbox WHERE fact >= sqlc.arg(prefix) AND fact < sqlc.arg(after) AND state = 'waiting'
  AND NOT EXISTS (SELECT 1 FROM outbox_attachments a WHERE a.outbox_id = outbox.id);

-- A new work order: the customer's site.
-- name: GetOrderSiteForCustomer :one
SELECT id, name FROM sites WHERE id = ? AND customer_id = ?;

-- A new work order: the system at the site.
-- name: GetOrderSystem :one
SELECT id, name FROM systems WHERE id = ? AND site_id = ?;

-- An appointment: who is to come.
-- name: GetTechnician :one
SELECT id, name, role, disabled_at FROM staff WHERE id = ?;

-- A new work order, a note or a photo of a customer: how many there were lately,
-- so that nobody floods the dealer.
-- name: CountRecentOrdersForCustomer :one
SELECT
    CAST((SELECT count(*) FROM work_orders w WHERE w.customer_id = sqlc.arg(customer_id) AND w.source = 'portal' AND w.requested_at > sqlc.arg(since_at)) AS INTEGER) AS orders,
    CAST((SELECT count(*) FROM work_order_notes n JOIN work_orders w ON w.id = n.work_order_id
        WHERE w.customer_id = sqlc.arg(customer_id) AND n.user_id IS NOT NULL AND n.at > sqlc.arg(since_at)) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id
        WHERE w.customer_id = sqlc.arg(customer_id) AND p.user_id IS NOT NULL AND p.at > sqlc.arg(since_at)) AS INTEGER) AS photos,
    CAST((SELECT count(*) FROM work_order_uploads u WHERE u.customer_id = sqlc.arg(customer_id)) AS INTEGER) AS uploads;
