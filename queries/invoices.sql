-- ledger.IssueInvoice.
-- name: AddInvoice :one
INSERT INTO invoices (number, customer_id, site_id, state, invoice_date, due_date, po_number, tax_cents, total_cents, balance_cents, issued_at, created_at)
VALUES (?, ?, ?, 'issued', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- ledger.IssueInvoice.
-- name: AddInvoiceLine :exec
INSERT INTO invoice_lines (invoice_id, position, description, quantity, unit_price_cents, amount_cents, tax_cents)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- ledger.IssueInvoice: the due date of an invoice that comes without one.
-- name: GetTerms :one
SELECT terms FROM customers WHERE id = ?;

-- ledger.IssueInvoice: an invoice names a site of its own customer.
-- name: CountSiteForCustomer :one
SELECT count(*) FROM sites WHERE id = ? AND customer_id = ?;

-- Home and the payment screen: open invoices with what is under way on each.
-- name: ListOpenInvoicesForCustomer :many
SELECT i.id, i.number, i.invoice_date, i.due_date, i.total_cents, i.balance_cents,
    CAST(coalesce(s.name, '') AS TEXT) AS site,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i LEFT JOIN sites s ON s.id = i.site_id
WHERE i.customer_id = ? AND i.state = 'issued' AND i.balance_cents > 0
ORDER BY i.due_date, i.id;
