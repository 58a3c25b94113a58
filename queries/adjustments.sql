-- payment.VoidInvoice, the office's pages of an invoice: the invoice as it stands.
-- name: GetInvoiceForCustomer :one
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.tax_cents, i.balance_cents, CAST(coalesce(s.name, '') AS TEXT) AS site,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i LEFT JOIN sites s ON s.id = i.site_id
WHERE i.customer_id = ? AND i.number = ? AND i.state <> 'draft';

-- ledger.VoidInvoice, the page that asks before it: what each payment has on
-- an invoice.
-- name: ListAppliedOfInvoice :many
SELECT l.payment_id, CAST(coalesce(p.reference, '') AS TEXT) AS reference, CAST(coalesce(p.kind, '') AS TEXT) AS kind,
    CAST(coalesce(p.type_label, '') AS TEXT) AS type_label, CAST(coalesce(p.brand, '') AS TEXT) AS brand,
    CAST(coalesce(p.number_label, '') AS TEXT) AS number_label, CAST(coalesce(p.payment_date, '') AS TEXT) AS payment_date,
    CAST(-sum(l.cents) AS INTEGER) AS applied
FROM ledger l LEFT JOIN payments p ON p.id = l.payment_id
WHERE l.invoice_id = ? AND (l.payment_id IS NOT NULL OR l.reason IN ('apply', 'unapply'))
GROUP BY l.payment_id HAVING sum(l.cents) < 0 ORDER BY min(l.id);

-- ledger.VoidInvoice: the invoice is void from now on.
-- name: VoidInvoice :execrows
UPDATE invoices SET state = 'void' WHERE id = ? AND state = 'issued' AND balance_cents = 0;

-- The office's page of a customer's credit: credit by the payment it came from.
-- name: ListCreditForCustomer :many
SELECT l.payment_id, CAST(coalesce(p.reference, '') AS TEXT) AS reference, CAST(coalesce(p.kind, '') AS TEXT) AS kind,
    CAST(coalesce(p.type_label, '') AS TEXT) AS type_label, CAST(coalesce(p.brand, '') AS TEXT) AS brand,
    CAST(coalesce(p.number_label, '') AS TEXT) AS number_label, CAST(coalesce(p.payment_date, min(l.entry_date)) AS TEXT) AS payment_date,
    CAST(-sum(l.cents) AS INTEGER) AS held
FROM ledger l LEFT JOIN payments p ON p.id = l.payment_id
WHERE l.customer_id = ? AND l.invoice_id IS NULL
GROUP BY l.payment_id HAVING sum(l.cents) < 0 ORDER BY min(l.id);

-- The office's page of a customer's credit: what is applied and may be taken off
-- again, the newest first.
-- name: ListAppliedForCustomer :many
SELECT i.number, i.due_date, i.balance_cents, l.payment_id, CAST(coalesce(p.reference, '') AS TEXT) AS reference, CAST(coalesce(p.kind, '') AS TEXT) AS kind,
    CAST(coalesce(p.type_label, '') AS TEXT) AS type_label, CAST(coalesce(p.brand, '') AS TEXT) AS brand,
    CAST(coalesce(p.number_label, '') AS TEXT) AS number_label, CAST(-sum(l.cents) AS INTEGER) AS applied
FROM ledger l JOIN invoices i ON i.id = l.invoice_id LEFT JOIN payments p ON p.id = l.payment_id
WHERE l.customer_id = ? AND i.state = 'issued'
GROUP BY i.id, l.payment_id HAVING sum(l.cents) < 0 ORDER BY max(l.id) DESC LIMIT ?;

-- payment.UnapplyCredit, payment.ApplyCredit: the payment whose money it is.
-- name: GetPaymentIDForCustomer :one
SELECT id FROM payments WHERE reference = ? AND customer_id = ?;

-- ledger.VoidInvoice: money that is under way for an invoice.
-- name: SumReserved :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM reservations WHERE invoice_id = ?;

-- payment.VoidInvoice and its like: mails to the customer.
-- name: GetCustomerMail :one
SELECT c.number, c.display_name,
    CAST(coalesce((SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email
FROM customers c WHERE c.id = ?;

-- payment.withoutPages: the processor's pages that are open for any of these
-- invoices; they are closed before what is owed on them changes.
-- name: ListOpenPages :many
SELECT DISTINCT p.reference FROM allocations a JOIN payments p ON p.id = a.payment_id
WHERE a.invoice_id IN (sqlc.slice('invoices')) AND p.state = 'action' AND p.hosted = 1
ORDER BY p.reference;

-- ledger.VoidInvoice: the invoice of a carried out proposal that takes this one,
-- the deposit of that version or of one before it, off.
-- name: ListInvoicesLessDeposit :many
SELECT i.number FROM proposal_decisions d JOIN proposals p ON p.id = d.proposal_id JOIN proposals c ON c.number = p.number AND c.version >= p.version
    JOIN proposal_results r ON r.proposal_id = c.id JOIN invoices i ON i.id = r.invoice_id JOIN proposal_decisions e ON e.proposal_id = c.id
WHERE d.deposit_invoice_id = sqlc.arg(invoice_id) AND i.state = 'issued' AND i.total_cents <> e.total_cents;
