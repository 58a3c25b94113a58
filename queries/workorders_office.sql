-- The board: a column of work orders that are not closed, by their appointment,
-- those without one by their age.
-- name: ListBoardOrders :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w INDEXED BY work_orders_open JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.state = sqlc.arg(state) AND w.state NOT IN ('completed', 'cancelled')
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND (w.window_date = '' OR w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT))
  AND (CAST(sqlc.arg(overdue) AS INTEGER) = 0 OR (w.state = 'scheduled' AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)))))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
ORDER BY w.window_date, w.window_from, w.id LIMIT sqlc.arg(most);

-- The board: how many work orders each of its open columns has, filtered alike.
-- name: CountBoardOrders :many
SELECT w.state, count(*) AS many
FROM work_orders w INDEXED BY work_orders_open JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
WHERE w.state NOT IN ('completed', 'cancelled')
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND (w.window_date = '' OR w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT))
  AND (CAST(sqlc.arg(overdue) AS INTEGER) = 0 OR (w.state = 'scheduled' AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)))))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
GROUP BY w.state;

-- The board: those that were completed or cancelled lately, the last one first.
-- name: ListBoardClosed :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w INDEXED BY work_orders_closed JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.state = sqlc.arg(state) AND w.state IN ('completed', 'cancelled')
  AND w.changed_at >= sqlc.arg(since) AND (w.completed_at >= sqlc.arg(since) OR w.cancelled_at >= sqlc.arg(since))
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND (w.window_date = '' OR w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
ORDER BY w.changed_at DESC, w.id DESC LIMIT sqlc.arg(most);

-- The board's filters and the office's home: how many appointments went by with nobody under way.
-- name: CountOverdueOrders :one
SELECT count(*) FROM work_orders w INDEXED BY work_orders_open
WHERE w.state = 'scheduled' AND w.state NOT IN ('completed', 'cancelled')
  AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)));

-- The board's filters: how many open work orders nobody is assigned to.
-- name: CountUnassignedOrders :one
SELECT count(*) FROM work_orders w INDEXED BY work_orders_unassigned
WHERE w.technician_id IS NULL AND w.state NOT IN ('completed', 'cancelled');

-- The list of all work orders: the newest first, that come after a certain one.
-- name: ListOrdersNewest :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.id < sqlc.arg(id)
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR w.state = CAST(sqlc.arg(state) AS TEXT) OR (CAST(sqlc.arg(state) AS TEXT) = 'open' AND w.state NOT IN ('completed', 'cancelled')) OR (CAST(sqlc.arg(state) AS TEXT) = 'closed' AND w.state IN ('completed', 'cancelled'))
    OR (CAST(sqlc.arg(state) AS TEXT) = 'billable' AND w.state = 'completed' AND NOT EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0)))
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT)
  AND (CAST(sqlc.arg(overdue) AS INTEGER) = 0 OR (w.state = 'scheduled' AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)))))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
ORDER BY w.id DESC LIMIT sqlc.arg(most);

-- The list of all work orders: the oldest first, that come after a certain one.
-- name: ListOrdersOldest :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.id > sqlc.arg(id)
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR w.state = CAST(sqlc.arg(state) AS TEXT) OR (CAST(sqlc.arg(state) AS TEXT) = 'open' AND w.state NOT IN ('completed', 'cancelled')) OR (CAST(sqlc.arg(state) AS TEXT) = 'closed' AND w.state IN ('completed', 'cancelled'))
    OR (CAST(sqlc.arg(state) AS TEXT) = 'billable' AND w.state = 'completed' AND NOT EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0)))
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT)
  AND (CAST(sqlc.arg(overdue) AS INTEGER) = 0 OR (w.state = 'scheduled' AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)))))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
ORDER BY w.id LIMIT sqlc.arg(most);

-- The list of all work orders: the last changed first, that come after a certain one.
-- name: ListOrdersChanged :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w INDEXED BY work_orders_changed JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.changed_at <= sqlc.arg(changed_at) AND (w.changed_at < sqlc.arg(changed_at) OR w.id < sqlc.arg(id))
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR w.state = CAST(sqlc.arg(state) AS TEXT) OR (CAST(sqlc.arg(state) AS TEXT) = 'open' AND w.state NOT IN ('completed', 'cancelled')) OR (CAST(sqlc.arg(state) AS TEXT) = 'closed' AND w.state IN ('completed', 'cancelled'))
    OR (CAST(sqlc.arg(state) AS TEXT) = 'billable' AND w.state = 'completed' AND NOT EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0)))
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT)
  AND (CAST(sqlc.arg(overdue) AS INTEGER) = 0 OR (w.state = 'scheduled' AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)))))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
ORDER BY w.changed_at DESC, w.id DESC LIMIT sqlc.arg(most);

-- The list of all work orders: by their appointments, that come after a certain one.
-- name: ListOrdersByWindow :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w INDEXED BY work_orders_window JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.window_date <> '' AND w.window_date >= CAST(sqlc.arg(after_day) AS TEXT) AND (w.window_date > CAST(sqlc.arg(after_day) AS TEXT) OR w.window_from > CAST(sqlc.arg(after_from) AS INTEGER) OR (w.window_from = CAST(sqlc.arg(after_from) AS INTEGER) AND w.id > sqlc.arg(id)))
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR w.state = CAST(sqlc.arg(state) AS TEXT) OR (CAST(sqlc.arg(state) AS TEXT) = 'open' AND w.state NOT IN ('completed', 'cancelled')) OR (CAST(sqlc.arg(state) AS TEXT) = 'closed' AND w.state IN ('completed', 'cancelled'))
    OR (CAST(sqlc.arg(state) AS TEXT) = 'billable' AND w.state = 'completed' AND NOT EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0)))
  AND (CAST(sqlc.arg(technician) AS INTEGER) < 0 OR coalesce(w.technician_id, 0) = CAST(sqlc.arg(technician) AS INTEGER))
  AND w.window_date BETWEEN CAST(sqlc.arg(from_day) AS TEXT) AND CAST(sqlc.arg(until_day) AS TEXT)
  AND (CAST(sqlc.arg(overdue) AS INTEGER) = 0 OR (w.state = 'scheduled' AND (w.window_date < CAST(sqlc.arg(today) AS TEXT) OR (w.window_date = CAST(sqlc.arg(today) AS TEXT) AND w.window_until <= CAST(sqlc.arg(minute) AS INTEGER)))))
  AND (CAST(sqlc.arg(word1) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word1) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word2) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word2) AS TEXT)) > 0)
  AND (CAST(sqlc.arg(word3) AS TEXT) = '' OR instr(lower(c.display_name || ' ' || c.number || ' ' || s.name || ' ' || s.address1 || ' ' || s.city || ' ' || w.number || ' ' || w.title), CAST(sqlc.arg(word3) AS TEXT)) > 0)
ORDER BY w.window_date, w.window_from, w.id LIMIT sqlc.arg(most);

-- The list of one customer's work orders, the newest first; a customer's page in the office.
-- name: ListOrdersForCustomer :many
SELECT w.id, w.number, w.state, w.title, w.version, w.requested_at, w.window_date, w.window_from, w.window_until, w.completed_at, w.cancelled_at, w.changed_at,
    c.number AS customer_number, c.display_name, s.name AS site, s.city, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(w.technician_id, 0) AS INTEGER) AS technician_id, CAST(coalesce(f.name, '') AS TEXT) AS technician,
    CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AS INTEGER) AS invoiced, CAST(w.merged_into_id IS NOT NULL AS INTEGER) AS merged,
    CAST((SELECT count(*) FROM work_order_notes n WHERE n.work_order_id = w.id) AS INTEGER) AS notes,
    CAST((SELECT count(*) FROM work_order_photos p WHERE p.work_order_id = w.id) AS INTEGER) AS photos
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id
WHERE w.customer_id = sqlc.arg(customer_id) AND w.requested_at <= sqlc.arg(requested_at) AND (w.requested_at < sqlc.arg(requested_at) OR w.id < sqlc.arg(id))
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR w.state = CAST(sqlc.arg(state) AS TEXT) OR (CAST(sqlc.arg(state) AS TEXT) = 'open' AND w.state NOT IN ('completed', 'cancelled')) OR (CAST(sqlc.arg(state) AS TEXT) = 'closed' AND w.state IN ('completed', 'cancelled'))
    OR (CAST(sqlc.arg(state) AS TEXT) = 'billable' AND w.state = 'completed' AND NOT EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0)))
ORDER BY w.requested_at DESC, w.id DESC LIMIT sqlc.arg(most);

-- One work order in the office: everything about it but what it has many of.
-- name: GetOrderInOffice :one
SELECT sqlc.embed(w), c.number AS customer_number, c.display_name, s.name AS site, s.address1, s.address2, s.city, s.state AS site_state, s.zip,
    CAST(coalesce(y.name, '') AS TEXT) AS system, CAST(coalesce(y.system_type, '') AS TEXT) AS system_type, CAST(coalesce(y.account_number, '') AS TEXT) AS account_number,
    CAST(coalesce(f.name, '') AS TEXT) AS technician, CAST(coalesce(f.disabled_at, 0) AS INTEGER) AS technician_gone,
    CAST(coalesce(m.number, '') AS TEXT) AS merged_into, CAST(coalesce(v.number, '') AS TEXT) AS invoice,
    CAST(CASE WHEN v.number IS NULL THEN coalesce(i.number, '') ELSE '' END AS TEXT) AS voided,
    CAST(coalesce(a.name, u.email, '') AS TEXT) AS asked_by
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
LEFT JOIN systems y ON y.id = w.system_id LEFT JOIN staff f ON f.id = w.technician_id LEFT JOIN work_orders m ON m.id = w.merged_into_id
LEFT JOIN invoices i ON i.id = w.invoice_id LEFT JOIN work_order_invoices v ON v.work_order_id = w.id LEFT JOIN staff a ON a.id = w.staff_id LEFT JOIN users u ON u.id = w.user_id
WHERE w.number = ?;

-- One work order in the office: its history, the last change first.
-- name: ListOrderEvents :many
SELECT e.id, e.kind, e.from_state, e.to_state, e.details, e.shown, e.happened_at, e.at, CAST(coalesce(f.name, u.email, '') AS TEXT) AS who
FROM work_order_events e LEFT JOIN staff f ON f.id = e.staff_id LEFT JOIN users u ON u.id = e.user_id
WHERE e.work_order_id = ? ORDER BY e.id DESC LIMIT 500;

-- One work order in the office: the notes of both sides, and those of its duplicates.
-- name: ListOrderNotes :many
SELECT n.id, n.internal, n.note, n.written_at, n.at, w.number, CAST(n.user_id IS NOT NULL AS INTEGER) AS of_customer,
    CAST(coalesce(f.name, u.email, '') AS TEXT) AS who
FROM work_orders w JOIN work_order_notes n ON n.work_order_id = w.id LEFT JOIN staff f ON f.id = n.staff_id LEFT JOIN users u ON u.id = n.user_id
WHERE w.id = sqlc.arg(id) OR w.merged_into_id = sqlc.arg(id) ORDER BY n.at, n.id LIMIT 500;

-- One work order in the office: its photos, and those of its duplicates.
-- name: ListOrderPhotos :many
SELECT p.id, p.width, p.height, p.internal, p.at, w.number, CAST(p.user_id IS NOT NULL AS INTEGER) AS of_customer,
    CAST(coalesce(f.name, u.email, '') AS TEXT) AS who
FROM work_orders w JOIN work_order_photos p ON p.work_order_id = w.id LEFT JOIN staff f ON f.id = p.staff_id LEFT JOIN users u ON u.id = p.user_id
WHERE w.id = sqlc.arg(id) OR w.merged_into_id = sqlc.arg(id) ORDER BY p.at, p.id LIMIT 200;

-- A photo of a work order in the office.
-- name: GetOrderPhoto :one
SELECT p.document_id, p.thumb_id FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id
WHERE p.id = sqlc.arg(id) AND w.number = sqlc.arg(number);

-- One work order in the office: the customer's last word that it was done.
-- name: GetOrderSignature :many
SELECT g.name, g.strokes, g.happened_at, g.at, CAST(coalesce(f.name, '') AS TEXT) AS technician
FROM work_order_signatures g LEFT JOIN staff f ON f.id = g.staff_id WHERE g.work_order_id = ? ORDER BY g.id DESC LIMIT 1;

-- One work order in the office: others of this customer that are open, into which it could be merged.
-- name: ListOpenOrdersForCustomer :many
SELECT w.number, w.state, w.title, w.requested_at, w.window_date, w.window_from, w.window_until, s.name AS site, CAST(coalesce(y.name, '') AS TEXT) AS system
FROM work_orders w JOIN sites s ON s.id = w.site_id LEFT JOIN systems y ON y.id = w.system_id
WHERE w.customer_id = sqlc.arg(customer_id) AND w.state NOT IN ('completed', 'cancelled') AND w.id <> sqlc.arg(id)
ORDER BY w.requested_at DESC, w.id DESC LIMIT 20;

-- One work order in the office: the duplicates that were merged into it.
-- name: ListMergedOrders :many
SELECT id, number, title, cancelled_at FROM work_orders WHERE merged_into_id = ? ORDER BY id;

-- Merging: duplicates of a duplicate go along.
-- name: ListDuplicatesOf :many
SELECT number FROM work_orders WHERE merged_into_id = ? ORDER BY id;

-- An appointment: what the technician has that day, in order.
-- name: ListTechnicianDay :many
SELECT w.id, w.number, w.state, w.title, w.window_from, w.window_until, c.display_name, s.name AS site, s.city
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id
WHERE w.technician_id = sqlc.arg(technician_id) AND w.window_date = sqlc.arg(window_date) AND w.state IN ('scheduled', 'dispatched', 'arrived', 'completed')
ORDER BY w.window_from, w.window_until, w.id LIMIT 100;

-- An appointment: who can be sent, technicians before the others.
-- name: ListTechnicians :many
SELECT id, name, email, role FROM staff WHERE disabled_at = 0 AND role IN ('technician', 'service', 'owner')
ORDER BY role <> 'technician', name, id;

-- The board's filters: who has, or had, something to do.
-- name: ListAssigned :many
SELECT id, name, email, role, disabled_at FROM staff f WHERE role = 'technician' OR EXISTS (SELECT 1 FROM work_orders w WHERE w.technician_id = f.id)
ORDER BY disabled_at <> 0, role <> 'technician', name, id;

-- Editing a work order: where it is. The change itself is kept with its event.
-- name: SetOrderPlace :exec
UPDATE work_orders SET site_id = ?, system_id = ? WHERE id = ?;

-- The board's event stream: when anything changed last.
-- name: GetOrderMark :one
SELECT CAST(coalesce(max(changed_at), 0) AS INTEGER) FROM work_orders;
