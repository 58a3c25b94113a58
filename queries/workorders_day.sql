-- my day: a technician's work orders of a day and of the next, what is left open
-- from before, and what was completed since the day began
-- name: ListDayOrders :many
SELECT w.id, w.number, w.customer_id, w.state, w.title, w.preferred, w.window_date, w.window_from, w.window_until, w.cancel_reason,
       w.technician_id, w.version, w.dispatched_at, w.arrived_at, w.completed_at, c.display_name, s.name AS site_name, s.address1, s.address2, s.city, s.state AS site_state, s.zip,
       coalesce(y.name, '') AS system_name, coalesce(y.system_type, '') AS system_type, coalesce(y.account_number, '') AS account_number
FROM work_orders w
JOIN customers c ON c.id = w.customer_id
JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id
WHERE w.technician_id = sqlc.arg(technician_id) AND w.window_date <> '' AND w.merged_into_id IS NULL
  AND (w.window_date = sqlc.arg(day) OR w.window_date = sqlc.arg(next_day)
       OR (w.window_date < sqlc.arg(day) AND (w.state NOT IN ('completed', 'cancelled') OR w.completed_at >= sqlc.arg(since))))
ORDER BY w.window_date, w.window_from, w.id;

-- my day: whether something in a technician's work orders has changed
-- name: GetDayVersion :one
SELECT CAST(coalesce(group_concat(id || '.' || version), '') AS TEXT) AS version
FROM (SELECT id, version FROM work_orders WHERE technician_id = sqlc.arg(technician_id) AND window_date >= sqlc.arg(since) ORDER BY id);

-- my day: one work order as the technician sees it
-- name: GetDayOrder :one
SELECT w.id, w.number, w.customer_id, w.state, w.title, w.preferred, w.window_date, w.window_from, w.window_until, w.cancel_reason,
       w.technician_id, w.version, w.dispatched_at, w.arrived_at, w.completed_at, c.display_name, s.name AS site_name, s.address1, s.address2, s.city, s.state AS site_state, s.zip,
       coalesce(y.name, '') AS system_name, coalesce(y.system_type, '') AS system_type, coalesce(y.account_number, '') AS account_number
FROM work_orders w
JOIN customers c ON c.id = w.customer_id
JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id
WHERE w.number = sqlc.arg(number);

-- my day: the phones of the customers
-- name: ListDayPhones :many
SELECT customer_id, phone FROM customer_phones WHERE customer_id IN (sqlc.slice(customers)) ORDER BY customer_id, position;

-- my day: what both sides wrote
-- name: ListDayNotes :many
SELECT n.id, n.work_order_id, n.internal, n.note, n.user_id, coalesce(t.name, '') AS staff_name, n.written_at, n.at
FROM work_order_notes n LEFT JOIN staff t ON t.id = n.staff_id
WHERE n.work_order_id IN (sqlc.slice(orders)) ORDER BY n.work_order_id, n.id;

-- my day: the pictures
-- name: ListDayPhotos :many
SELECT p.id, p.work_order_id, p.width, p.height, p.internal, p.user_id, p.at
FROM work_order_photos p WHERE p.work_order_id IN (sqlc.slice(orders)) ORDER BY p.work_order_id, p.id;

-- my day: one picture, large or small
-- name: GetDayPhoto :one
SELECT d.mime, d.body FROM work_order_photos p
JOIN documents d ON d.id = CASE WHEN CAST(sqlc.arg(small) AS INTEGER) = 1 THEN p.thumb_id ELSE p.document_id END
WHERE p.id = sqlc.arg(id) AND p.work_order_id = sqlc.arg(work_order_id);

-- my day: parts and labour
-- name: ListDayLines :many
SELECT work_order_id, position, kind, description, quantity, unit_price_cents, taxable
FROM work_order_lines WHERE work_order_id IN (sqlc.slice(orders)) ORDER BY work_order_id, position;

-- my day: who signed
-- name: ListDaySignatures :many
SELECT work_order_id, name, strokes, work, happened_at FROM work_order_signatures
WHERE work_order_id IN (sqlc.slice(orders)) ORDER BY id;

-- my day: the last step of each work order from one state to another, for Undo
-- name: ListLastMoves :many
SELECT work_order_id, kind, from_state, to_state, staff_id, happened_at, at FROM work_order_events
WHERE id IN (SELECT max(e.id) FROM work_order_events e
    WHERE e.work_order_id IN (sqlc.slice(orders)) AND e.to_state <> '' GROUP BY e.work_order_id);

-- a tap: what happened to a work order after the version that its page showed; there is one event for each
-- name: ListEventsAfter :many
SELECT e.kind, e.details, e.staff_id, CAST(coalesce(t.name, '') AS TEXT) AS staff_name
FROM work_order_events e LEFT JOIN staff t ON t.id = e.staff_id
WHERE e.work_order_id = sqlc.arg(work_order_id) ORDER BY e.id LIMIT -1 OFFSET sqlc.arg(seen);

-- a tap: when the work order took its last step
-- name: GetLastMoveTime :one
SELECT CAST(coalesce(max(happened_at), 0) AS INTEGER) AS happened_at FROM work_order_events
WHERE work_order_id = sqlc.arg(work_order_id) AND to_state <> '' AND kind <> 'undone';

-- my day: what technicians entered lately, each at its last price, what is entered most coming first
-- name: ListRecentWork :many
SELECT l.kind, l.description, l.unit_price_cents, l.taxable, CAST(max(w.changed_at) AS INTEGER) AS last_at, count(*) AS times
FROM (SELECT o.id, o.changed_at FROM work_orders o ORDER BY o.id DESC LIMIT 400) w
JOIN work_order_lines l ON l.work_order_id = w.id
GROUP BY l.kind, l.description ORDER BY times DESC, l.description LIMIT 60;

-- my day: whose day may be looked at
-- name: ListDayTechnicians :many
SELECT id, name, email, role FROM staff
WHERE disabled_at = 0 AND (role IN ('technician') OR id IN (SELECT technician_id FROM work_orders WHERE technician_id IS NOT NULL AND window_date >= sqlc.arg(day)))
ORDER BY name, email;

-- a tap: whether it came before
-- name: GetTap :one
SELECT t.staff_id, t.action, t.refused, w.number FROM work_order_taps t JOIN work_orders w ON w.id = t.work_order_id WHERE t.key = sqlc.arg(key);

-- a tap: keep it with its outcome
-- name: AddTap :exec
INSERT INTO work_order_taps (key, work_order_id, staff_id, action, refused, happened_at, at)
VALUES (sqlc.arg(key), sqlc.arg(work_order_id), sqlc.arg(staff_id), sqlc.arg(action), sqlc.arg(refused), sqlc.arg(happened_at), sqlc.arg(at));

-- parts and labour: put them in anew
-- name: DeleteWorkLines :exec
DELETE FROM work_order_lines WHERE work_order_id = sqlc.arg(work_order_id);

-- parts and labour: one line
-- name: AddWorkLine :exec
INSERT INTO work_order_lines (work_order_id, position, kind, description, quantity, unit_price_cents, taxable)
VALUES (sqlc.arg(work_order_id), sqlc.arg(position), sqlc.arg(kind), sqlc.arg(description), sqlc.arg(quantity), sqlc.arg(unit_price_cents), sqlc.arg(taxable));

-- completion: the customer's signature
-- name: AddWorkOrderSignature :exec
INSERT INTO work_order_signatures (work_order_id, name, strokes, work, staff_id, ip, user_agent, happened_at, at)
VALUES (sqlc.arg(work_order_id), sqlc.arg(name), sqlc.arg(strokes), sqlc.arg(work), sqlc.arg(staff_id), sqlc.arg(ip), sqlc.arg(user_agent), sqlc.arg(happened_at), sqlc.arg(at));
