-- Making an invoice of a work order, and the office's page that asks first.
-- name: GetWorkOrderToInvoice :one
SELECT w.id, w.number, w.title, w.state, w.version, w.customer_id, w.site_id, w.completed_at, c.number AS customer_number, c.display_name,
    CAST(coalesce(v.invoice_id, 0) AS INTEGER) AS invoice_id, CAST(coalesce(v.number, '') AS TEXT) AS invoice_number
FROM work_orders w JOIN customers c ON c.id = w.customer_id LEFT JOIN work_order_invoices v ON v.work_order_id = w.id
WHERE w.number = ?;

-- Making an invoice of a work order: its parts and labour.
-- name: ListWorkToInvoice :many
SELECT position, kind, description, quantity, unit_price_cents, taxable
FROM work_order_lines WHERE work_order_id = ? ORDER BY position;

-- Making an invoice of a work order or a proposal: the number it got.
-- name: GetInvoiceNumberOf :one
SELECT number FROM invoices WHERE id = ?;

-- Carrying out a proposal: the accepted version with what was decided.
-- name: GetProposalToCarryOut :one
SELECT p.id, p.number, p.version, p.title, p.state, p.customer_id, p.site_id, p.system_id, c.number AS customer_number, c.display_name,
    coalesce(d.chosen, '[]') AS chosen, CAST(coalesce(d.total_cents, 0) AS INTEGER) AS total, CAST(coalesce(d.tax_cents, 0) AS INTEGER) AS tax,
    CAST(coalesce(d.monthly_cents, 0) AS INTEGER) AS monthly,
    CAST(coalesce(d.at, 0) AS INTEGER) AS accepted, r.work_order_id, coalesce(w.number, '') AS work_order, r.invoice_id, CAST(coalesce(CASE WHEN i.state <> 'void' THEN i.number END, '') AS TEXT) AS invoice
FROM proposals p
JOIN customers c ON c.id = p.customer_id
LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
LEFT JOIN proposal_results r ON r.proposal_id = p.id
LEFT JOIN work_orders w ON w.id = r.work_order_id
LEFT JOIN invoices i ON i.id = r.invoice_id
WHERE p.id = ?;

-- Carrying out a proposal: its lines, and the recurring item each became.
-- name: ListLinesToCarryOut :many
SELECT l.position, l.description, l.quantity, l.unit_price_cents, l.taxable, l.cycle_months, l.optional, l.amount_cents, l.tax_cents,
    CAST(coalesce(i.item_id, 0) AS INTEGER) AS item_id
FROM proposal_lines l LEFT JOIN proposal_result_items i ON i.proposal_id = l.proposal_id AND i.position = l.position
WHERE l.proposal_id = ? ORDER BY l.position;

-- Carrying out a proposal: what it became. What is there already stays, but for
-- an invoice that was voided and is made anew.
-- name: PutProposalResult :exec
INSERT INTO proposal_results (proposal_id, work_order_id, invoice_id, staff_id, at)
VALUES (sqlc.arg(proposal_id), sqlc.arg(work_order_id), sqlc.arg(invoice_id), sqlc.arg(staff_id), sqlc.arg(at))
ON CONFLICT (proposal_id) DO UPDATE SET work_order_id = coalesce(work_order_id, excluded.work_order_id), invoice_id = coalesce(excluded.invoice_id, invoice_id);

-- Carrying out a proposal: the recurring item that one of its lines became.
-- name: AddProposalResultItem :exec
INSERT INTO proposal_result_items (proposal_id, position, item_id) VALUES (?, ?, ?);

-- Carrying out a proposal: where its work is done when it names no site.
-- name: GetOnlySite :one
SELECT CAST(coalesce(min(id), 0) AS INTEGER) AS id, count(*) AS sites FROM sites WHERE customer_id = ?;

-- portal doctor: what accepted proposals became, with all that must agree.
-- name: CheckProposalResults :many
SELECT p.number, p.version, p.state,
    CAST(coalesce(w.customer_id, p.customer_id) <> p.customer_id OR coalesce(w.source, 'proposal') <> 'proposal' AS INTEGER) AS foreign_order,
    CAST(coalesce(i.customer_id, p.customer_id) <> p.customer_id AS INTEGER) AS foreign_invoice,
    coalesce(w.number, '') AS work_order, coalesce(i.number, '') AS invoice,
    CAST(coalesce(i.total_cents, 0) AS INTEGER) AS invoiced, CAST(coalesce(d.total_cents, 0) AS INTEGER) AS accepted,
    CAST(coalesce((SELECT sum(di.total_cents) FROM proposals o JOIN proposal_decisions od ON od.proposal_id = o.id JOIN invoices di ON di.id = od.deposit_invoice_id
        WHERE o.number = p.number AND o.version <= p.version AND od.decision = 'accepted' AND di.state = 'issued'), 0) AS INTEGER) AS deposits,
    CAST(coalesce(i.state, '') AS TEXT) AS invoice_state,
    CAST((SELECT coalesce(min(n.version), 0) FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') AS INTEGER) AS replaced_by,
    CAST(NOT EXISTS (SELECT 1 FROM proposal_events e WHERE e.proposal_id = p.id AND e.kind = 'carried_out') AS INTEGER) AS unwritten
FROM proposal_results r
JOIN proposals p ON p.id = r.proposal_id
LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
LEFT JOIN work_orders w ON w.id = r.work_order_id
LEFT JOIN invoices i ON i.id = r.invoice_id
WHERE p.state <> 'accepted' OR coalesce(w.customer_id, p.customer_id) <> p.customer_id OR coalesce(w.source, 'proposal') <> 'proposal'
    OR coalesce(i.customer_id, p.customer_id) <> p.customer_id
    OR (i.state = 'issued' AND i.total_cents <> d.total_cents - deposits)
    OR replaced_by <> 0
    OR NOT EXISTS (SELECT 1 FROM proposal_events e WHERE e.proposal_id = p.id AND e.kind = 'carried_out')
ORDER BY p.id LIMIT sqlc.arg(most);

-- portal doctor: recurring items of proposals that are another customer's, or of
-- lines that do not recur or were not accepted.
-- name: CheckProposalItems :many
SELECT p.number, ri.position, CAST(i.customer_id <> p.customer_id AS INTEGER) AS foreign_item
FROM proposal_result_items ri
JOIN proposals p ON p.id = ri.proposal_id
JOIN recurring_items i ON i.id = ri.item_id
LEFT JOIN proposal_lines l ON l.proposal_id = ri.proposal_id AND l.position = ri.position
WHERE i.customer_id <> p.customer_id OR p.state <> 'accepted' OR coalesce(l.cycle_months, 0) = 0
ORDER BY p.id, ri.position LIMIT sqlc.arg(most);

-- portal doctor: deposits whose invoice is another customer's, or over another
-- amount than what had not been asked with an earlier version.
-- name: CheckDeposits :many
SELECT p.number, coalesce(i.number, '') AS invoice, CAST(coalesce(i.customer_id, 0) <> p.customer_id AS INTEGER) AS foreign_invoice,
    CAST(coalesce(i.total_cents, 0) AS INTEGER) AS invoiced, d.deposit_cents, d.deposit_asked_cents
FROM proposal_decisions d
JOIN proposals p ON p.id = d.proposal_id
LEFT JOIN invoices i ON i.id = d.deposit_invoice_id
WHERE d.decision = 'accepted' AND CASE WHEN i.id IS NULL THEN d.deposit_cents > d.deposit_asked_cents
    ELSE i.customer_id <> p.customer_id OR i.total_cents <> max(d.deposit_cents - d.deposit_asked_cents, 0) END
ORDER BY p.id LIMIT sqlc.arg(most);

-- The office's home: work orders that want somebody.
-- name: CountWorkOrderNeeds :one
SELECT CAST(coalesce(sum(state = 'requested'), 0) AS INTEGER) AS requested,
    CAST(coalesce(sum(state = 'scheduled' AND technician_id IS NULL AND window_date <= sqlc.arg(tomorrow)), 0) AS INTEGER) AS unassigned,
    CAST(coalesce(min(CASE WHEN state = 'requested' THEN requested_at END), 0) AS INTEGER) AS oldest
FROM work_orders WHERE state NOT IN ('completed', 'cancelled');

-- The office's home: completed work orders with something to charge that have no invoice.
-- name: CountWorkToInvoice :one
SELECT count(*) FROM work_orders w
WHERE w.state = 'completed' AND NOT EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = w.id) AND w.changed_at >= sqlc.arg(since)
    AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0);

-- The office's home: accepted proposals of which nothing was made yet.
-- name: ListAcceptedAtHome :many
SELECT p.number, p.version, p.title, p.decided_at, c.display_name
FROM proposals p JOIN customers c ON c.id = p.customer_id
WHERE p.state = 'accepted' AND NOT EXISTS (SELECT 1 FROM proposal_results r WHERE r.proposal_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version
        AND (n.state = 'accepted' OR (n.state IN ('sent', 'viewed') AND (n.valid_until = '' OR n.valid_until >= sqlc.arg(today)))))
ORDER BY p.decided_at, p.id LIMIT sqlc.arg(most);

-- The office's home: proposals that expire soon, and those rejected lately.
-- name: CountProposalNeeds :one
SELECT CAST(coalesce(sum(state IN ('sent', 'viewed') AND (valid_until >= sqlc.arg(today) AND valid_until <= sqlc.arg(soon))), 0) AS INTEGER) AS expiring,
    CAST(coalesce(sum(state = 'rejected'), 0) AS INTEGER) AS rejected
FROM proposals WHERE (state IN ('sent', 'viewed') AND valid_until <> '') OR (state = 'rejected' AND updated_at >= sqlc.arg(since));

-- The customer's tabs: what waits behind Work Orders and Proposals.
-- name: GetSalesWaitingForCustomer :one
SELECT
    (SELECT count(*) FROM work_orders w WHERE w.customer_id = sqlc.arg(customer_id) AND (w.state IN ('dispatched', 'arrived') OR (w.state = 'scheduled' AND w.window_date = sqlc.arg(today)))) AS visits,
    (SELECT count(*) FROM proposals p WHERE p.customer_id = sqlc.arg(customer_id) AND p.state IN ('sent', 'viewed') AND (p.valid_until = '' OR p.valid_until >= sqlc.arg(today))) AS proposals;

-- portal demo: the work order that moves by itself and is on its way.
-- name: GetLiveWorkOrder :one
SELECT number FROM work_orders WHERE nonce LIKE 'live %' AND state NOT IN ('completed', 'cancelled') ORDER BY id DESC LIMIT 1;
