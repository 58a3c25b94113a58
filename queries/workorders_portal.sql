-- The tab "Work Orders": the open ones first, then the last changed; a page at a
-- time: pass where the page before ended, or 0 and the greatest numbers to begin.
-- name: ListWorkOrdersForCustomer :many
SELECT w.id, w.number, w.title, w.state, w.version, w.changed_at, w.window_date, w.window_from, w.window_until,
    s.name AS site, CAST(coalesce(y.name, '') AS TEXT) AS system, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(CASE w.state WHEN 'requested' THEN w.requested_at WHEN 'scheduled' THEN w.scheduled_at WHEN 'dispatched' THEN w.dispatched_at
        WHEN 'arrived' THEN w.arrived_at WHEN 'completed' THEN w.completed_at ELSE w.cancelled_at END AS INTEGER) AS since
FROM work_orders w JOIN sites s ON s.id = w.site_id LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.customer_id = sqlc.arg(customer_id) AND (
    (w.state IN ('completed', 'cancelled')) > CAST(sqlc.arg(closed) AS INTEGER)
    OR ((w.state IN ('completed', 'cancelled')) = CAST(sqlc.arg(closed) AS INTEGER) AND (w.changed_at < sqlc.arg(changed_at)
        OR (w.changed_at = sqlc.arg(changed_at) AND w.id < sqlc.arg(id)))))
ORDER BY w.state IN ('completed', 'cancelled'), w.changed_at DESC, w.id DESC LIMIT sqlc.arg(most);

-- The tab "Work Orders": where the next page begins.
-- name: GetWorkOrderPositionForCustomer :one
SELECT id, CAST(state IN ('completed', 'cancelled') AS INTEGER) AS closed, changed_at FROM work_orders WHERE number = ? AND customer_id = ?;

-- The tab "Work Orders": whether its page still shows what there is.
-- name: GetWorkOrderMarkForCustomer :one
SELECT CAST(coalesce(sum(version), 0) AS INTEGER) FROM work_orders WHERE customer_id = ?;

-- The customer's page of one work order: the timeline.
-- name: ListWorkOrderEventsForCustomer :many
SELECT e.kind, e.from_state, e.to_state, e.details, e.happened_at
FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id
WHERE w.number = sqlc.arg(number) AND w.customer_id = sqlc.arg(customer_id) AND e.shown = 1 ORDER BY e.id;

-- The customer's page of one work order: what both sides wrote there and on what
-- was merged into it.
-- name: ListWorkOrderNotesForCustomer :many
SELECT n.id, n.note, n.written_at, n.at, CAST(n.staff_id IS NOT NULL AS INTEGER) AS staff, CAST(coalesce(f.name, '') AS TEXT) AS name
FROM work_order_notes n JOIN work_orders w ON w.id = n.work_order_id LEFT JOIN staff f ON f.id = n.staff_id
WHERE (w.number = sqlc.arg(number) OR w.merged_into_id = (SELECT m.id FROM work_orders m WHERE m.number = sqlc.arg(number) AND m.customer_id = sqlc.arg(customer_id)))
  AND w.customer_id = sqlc.arg(customer_id) AND n.internal = 0 ORDER BY n.id;

-- The customer's page of one work order: its photos, and those of what was merged
-- into it.
-- name: ListWorkOrderPhotosForCustomer :many
SELECT p.id, w.number, p.width, p.height, p.at, CAST(p.staff_id IS NOT NULL AS INTEGER) AS staff
FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id
WHERE (w.number = sqlc.arg(number) OR w.merged_into_id = (SELECT m.id FROM work_orders m WHERE m.number = sqlc.arg(number) AND m.customer_id = sqlc.arg(customer_id)))
  AND w.customer_id = sqlc.arg(customer_id) AND p.internal = 0 ORDER BY p.id;

-- A photo of a work order, for the customer.
-- name: GetWorkOrderPhotoForCustomer :one
SELECT p.document_id, p.thumb_id FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id
WHERE p.id = sqlc.arg(id) AND w.number = sqlc.arg(number) AND w.customer_id = sqlc.arg(customer_id) AND p.internal = 0;

-- The customer's page of a completed work order: parts and labour.
-- name: ListWorkOrderLinesForCustomer :many
SELECT l.position, l.kind, l.description, l.quantity
FROM work_order_lines l JOIN work_orders w ON w.id = l.work_order_id
WHERE w.number = sqlc.arg(number) AND w.customer_id = sqlc.arg(customer_id) ORDER BY l.position;

-- The customer's page of a completed work order: the last signature on site.
-- name: GetWorkOrderSignatureForCustomer :many
SELECT g.name, g.strokes, g.happened_at FROM work_order_signatures g JOIN work_orders w ON w.id = g.work_order_id
WHERE w.number = sqlc.arg(number) AND w.customer_id = sqlc.arg(customer_id) ORDER BY g.id DESC LIMIT 1;

-- "New Work Order": the customer's sites with the number of systems at each.
-- name: ListOrderSitesForCustomer :many
SELECT s.id, s.name, s.address1, s.address2, s.city, s.state, s.zip
FROM sites s WHERE s.customer_id = ? ORDER BY s.name, s.id;

-- "New Work Order": the systems at the customer's sites.
-- name: ListOrderSystemsForCustomer :many
SELECT y.id, y.name, y.system_type FROM systems y JOIN sites s ON s.id = y.site_id
WHERE s.customer_id = sqlc.arg(customer_id) AND s.id = sqlc.arg(site_id) ORDER BY y.name, y.id;
