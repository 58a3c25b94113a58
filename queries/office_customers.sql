-- The office's list of customers: what each of a page of them owes.
-- name: ListBalances :many
SELECT customer_id, CAST(sum(balance_cents) AS INTEGER) AS balance FROM invoices
WHERE state = 'issued' AND balance_cents > 0 AND customer_id IN (sqlc.slice('customers'))
GROUP BY customer_id;

-- A customer's page in the office: invoices that are not drafts, newest first,
-- that come after a certain one.
-- name: ListInvoicesForCustomer :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, CAST(coalesce(s.name, '') AS TEXT) AS site,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i LEFT JOIN sites s ON s.id = i.site_id
WHERE i.customer_id = sqlc.arg(customer_id) AND i.state IN ('issued', 'void')
  AND i.invoice_date <= sqlc.arg(invoice_date) AND (i.invoice_date < sqlc.arg(invoice_date) OR i.id < sqlc.arg(id))
ORDER BY i.invoice_date DESC, i.id DESC
LIMIT sqlc.arg(most);

-- A customer's page in the office: cards and bank accounts on file.
-- name: ListMethodsOnFileForCustomer :many
SELECT w.id, w.kind, w.brand, w.last4, w.exp_year, w.exp_month, w.created_at,
    CAST(EXISTS (SELECT 1 FROM mandates m WHERE m.method_id = w.id AND m.revoked_at = 0) AS INTEGER) AS auto_recurring
FROM methods w WHERE w.customer_id = ? AND w.ended_at = 0
ORDER BY w.created_at DESC, w.id DESC;
