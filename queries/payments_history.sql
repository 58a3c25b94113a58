-- "Payment History": a page of payments, newest first, that come after a certain
-- one. Those that never left the form, or were given up before anything was
-- sent, are not in it.
-- name: ListPaymentsForCustomer :many
SELECT id, reference, state, kind, type_label, number_label, brand, amount_cents, refunded_cents, payment_date, hosted
FROM payments
WHERE customer_id = sqlc.arg(customer_id) AND state NOT IN ('draft', 'canceled', 'expired')
  AND NOT (state = 'action' AND hosted = 1 AND charge_ref = '')
  AND payment_date <= sqlc.arg(payment_date) AND (payment_date < sqlc.arg(payment_date) OR id < sqlc.arg(id))
ORDER BY payment_date DESC, id DESC
LIMIT sqlc.arg(most);

-- "Payment History": where the page begins.
-- name: GetPaymentPositionForCustomer :one
SELECT id, payment_date FROM payments WHERE reference = ? AND customer_id = ?;

-- One payment and its receipt.
-- name: GetReceiptForCustomer :one
SELECT p.id, p.reference, p.state, p.kind, p.type_label, p.number_label, p.brand, p.amount_cents, p.refunded_cents,
    p.payment_date, p.gateway, p.hosted, p.failure_message, p.created_at, p.submitted_at, p.settled_at,
    c.number AS customer_number, c.display_name, c.address1, c.address2, c.city, c.state AS region, c.zip
FROM payments p JOIN customers c ON c.id = p.customer_id
WHERE p.reference = ? AND p.customer_id = ?;

-- One payment and its receipt: what it was meant for, what was booked of it, and
-- what was left on each invoice right after it.
-- name: ListReceiptPartsForCustomer :many
SELECT i.number, i.invoice_date, i.total_cents, i.balance_cents, a.cents,
    CAST(coalesce((SELECT -sum(l.cents) FROM ledger l
        WHERE l.payment_id = a.payment_id AND l.invoice_id = a.invoice_id AND l.reason = 'payment'), 0) AS INTEGER) AS booked,
    CAST(i.total_cents + coalesce((SELECT sum(l.cents) FROM ledger l
        WHERE l.invoice_id = a.invoice_id AND l.id <= (SELECT max(b.id) FROM ledger b
            WHERE b.payment_id = a.payment_id AND b.invoice_id = a.invoice_id AND b.reason = 'payment')), 0) AS INTEGER) AS left_then
FROM allocations a JOIN payments p ON p.id = a.payment_id JOIN invoices i ON i.id = a.invoice_id
WHERE a.payment_id = sqlc.arg(payment_id) AND p.customer_id = sqlc.arg(customer_id)
ORDER BY i.due_date, i.id;

-- Statement: what was owed before the period.
-- name: SumBeforeForCustomer :one
SELECT CAST(coalesce((SELECT sum(i.total_cents) FROM invoices i
        WHERE i.customer_id = sqlc.arg(customer_id) AND i.state IN ('issued', 'void') AND i.invoice_date < sqlc.arg(invoice_date)), 0)
    + coalesce((SELECT sum(l.cents) FROM ledger l
        WHERE l.customer_id = sqlc.arg(customer_id) AND l.entry_date < sqlc.arg(invoice_date)), 0) AS INTEGER);

-- Statement: the invoices of the period.
-- name: ListStatementInvoicesForCustomer :many
SELECT number, invoice_date, total_cents FROM invoices
WHERE customer_id = sqlc.arg(customer_id) AND state IN ('issued', 'void')
  AND invoice_date >= sqlc.arg(from_date) AND invoice_date <= sqlc.arg(to_date)
ORDER BY invoice_date, id;

-- Statement: what moved in the period, a line each payment and reason. Credit
-- that only went from the account to an invoice comes to nothing.
-- name: ListStatementEntriesForCustomer :many
SELECT l.entry_date, l.reason, CAST(sum(l.cents) AS INTEGER) AS total,
    CAST(coalesce(p.reference, '') AS TEXT) AS reference, CAST(coalesce(p.kind, '') AS TEXT) AS kind,
    CAST(coalesce(p.type_label, '') AS TEXT) AS type_label, CAST(coalesce(p.number_label, '') AS TEXT) AS number_label,
    CAST(coalesce(p.brand, '') AS TEXT) AS brand, CAST(coalesce(max(i.number), '') AS TEXT) AS invoice
FROM ledger l LEFT JOIN payments p ON p.id = l.payment_id LEFT JOIN invoices i ON i.id = l.invoice_id
WHERE l.customer_id = sqlc.arg(customer_id) AND l.entry_date >= sqlc.arg(from_date) AND l.entry_date <= sqlc.arg(to_date)
GROUP BY l.entry_date, l.reason, l.payment_id, CASE WHEN l.payment_id IS NULL AND l.reason NOT IN ('apply', 'unapply') THEN l.invoice_id END
HAVING sum(l.cents) <> 0
ORDER BY l.entry_date, min(l.id);

-- Statement: payments under way at the end of the period.
-- name: SumInFlightForCustomer :one
SELECT CAST(coalesce(sum(amount_cents), 0) AS INTEGER) FROM payments
WHERE customer_id = sqlc.arg(customer_id) AND payment_date <= sqlc.arg(payment_date)
  AND (state IN ('planned', 'submitted', 'processing') OR (state = 'action' AND hosted = 0));

-- Statement: whom it is for.
-- name: GetAccountForCustomer :one
SELECT number, display_name, address1, address2, city, state, zip FROM customers WHERE id = ?;
