-- `portal doctor`: work orders whose events are not as many as their version says.
-- name: CheckWorkOrderVersions :many
SELECT w.number, w.version, CAST((SELECT count(*) FROM work_order_events e WHERE e.work_order_id = w.id) AS INTEGER) AS events
FROM work_orders w
WHERE w.version <> (SELECT count(*) FROM work_order_events e WHERE e.work_order_id = w.id) LIMIT ?;

-- `portal doctor`: work orders that do not stand where their last move put them.
-- name: CheckWorkOrderStates :many
SELECT w.number, w.state, CAST(coalesce((SELECT e.to_state FROM work_order_events e WHERE e.work_order_id = w.id AND e.to_state <> '' ORDER BY e.id DESC LIMIT 1), 'nowhere') AS TEXT) AS moved_to
FROM work_orders w
WHERE w.state <> coalesce((SELECT e.to_state FROM work_order_events e WHERE e.work_order_id = w.id AND e.to_state <> '' ORDER BY e.id DESC LIMIT 1), 'nowhere') LIMIT ?;

-- `portal doctor`: moves that do not begin where the one before ended.
-- name: CheckWorkOrderMoves :many
SELECT w.number, e.kind, e.from_state,
    CAST((SELECT p.to_state FROM work_order_events p WHERE p.work_order_id = e.work_order_id AND p.to_state <> '' AND p.id < e.id ORDER BY p.id DESC LIMIT 1) AS TEXT) AS moved_from
FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id
WHERE e.to_state <> '' AND e.kind <> 'created'
  AND e.from_state <> coalesce((SELECT p.to_state FROM work_order_events p WHERE p.work_order_id = e.work_order_id AND p.to_state <> '' AND p.id < e.id ORDER BY p.id DESC LIMIT 1), '') LIMIT ?;

-- `portal doctor`: work orders at a place that is not their customer's, with
-- another customer's invoice, or merged into another customer's.
-- name: CheckWorkOrderOwners :many
SELECT w.number,
    CAST(CASE WHEN s.customer_id <> w.customer_id THEN 'the site is another customer''s'
        WHEN y.id IS NOT NULL AND y.site_id <> w.site_id THEN 'the system is at another site'
        WHEN i.id IS NOT NULL AND i.customer_id <> w.customer_id THEN 'invoice ' || i.number || ' is another customer''s'
        WHEN i.state <> 'void' AND w.state <> 'completed' THEN 'it has invoice ' || i.number || ' but is not completed'
        ELSE 'it is merged into another customer''s' END AS TEXT) AS problem
FROM work_orders w JOIN sites s ON s.id = w.site_id LEFT JOIN systems y ON y.id = w.system_id
LEFT JOIN invoices i ON i.id = w.invoice_id LEFT JOIN work_orders m ON m.id = w.merged_into_id
WHERE s.customer_id <> w.customer_id OR (y.id IS NOT NULL AND y.site_id <> w.site_id) OR (i.id IS NOT NULL AND (i.customer_id <> w.customer_id OR (i.state <> 'void' AND w.state <> 'completed')))
   OR (m.id IS NOT NULL AND m.customer_id <> w.customer_id) LIMIT ?;

-- `portal doctor`: work orders merged round in a circle.
-- name: CheckWorkOrderMerges :many
WITH RECURSIVE way (first_id, id, steps) AS (
    SELECT w.id, w.merged_into_id, 1 FROM work_orders w WHERE w.merged_into_id IS NOT NULL
    UNION ALL
    SELECT way.first_id, n.merged_into_id, way.steps + 1 FROM way JOIN work_orders n ON n.id = way.id
    WHERE n.merged_into_id IS NOT NULL AND way.id <> way.first_id AND way.steps < 100)
SELECT w.number FROM way JOIN work_orders w ON w.id = way.first_id WHERE way.id = way.first_id LIMIT ?;

-- `portal doctor`: photos that are not kept as pictures.
-- name: CheckWorkOrderPhotos :many
SELECT w.number, d.id, d.sha256, d.mime FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id
JOIN documents d ON d.id = p.document_id OR d.id = p.thumb_id
WHERE d.mime <> 'image/jpeg' OR d.kind <> 'attachment' LIMIT ?;

-- `portal doctor`: invoices that a work order became before the one it has now,
-- and that count all the same.
-- name: CheckWorkOrderInvoices :many
SELECT w.number, i.number AS invoice
FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id JOIN invoices i ON i.customer_id = w.customer_id
WHERE e.kind = 'invoiced' AND i.state <> 'void' AND i.id IS NOT w.invoice_id
  AND (e.details = 'invoice ' || i.number OR substr(e.details, 1, length(i.number) + 9) = 'invoice ' || i.number || ',') LIMIT ?;
