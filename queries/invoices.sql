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

-- Home: the contact block with the new address that waits to be confirmed, credit
-- held (negative rows), and the consent to auto pay.
-- name: GetHomeForCustomer :one
SELECT c.number, c.display_name, c.business_name, c.first_name, c.last_name,
    c.address1, c.address2, c.city, c.state, c.zip,
    CAST(coalesce((SELECT group_concat(p.phone, char(10)) FROM (SELECT phone FROM customer_phones WHERE customer_phones.customer_id = c.id ORDER BY position) p), '') AS TEXT) AS phones,
    CAST(coalesce((SELECT group_concat(e.email, char(10)) FROM (SELECT email FROM customer_emails WHERE customer_emails.customer_id = c.id ORDER BY position) e), '') AS TEXT) AS emails,
    CAST(coalesce((SELECT json_extract(t.payload, '$.new') FROM tokens t
        WHERE t.customer_id = c.id AND t.purpose = 'change_email' AND t.used_at = 0 AND t.expires_at > sqlc.arg(now_at)), '') AS TEXT) AS new_email,
    CAST(coalesce((SELECT sum(l.cents) FROM ledger l WHERE l.customer_id = c.id AND l.invoice_id IS NULL), 0) AS INTEGER) AS unapplied,
    CAST(coalesce(m.day, 0) AS INTEGER) AS auto_pay_on, CAST(coalesce(m.cap_cents, 0) AS INTEGER) AS cap,
    CAST(coalesce(w.kind, '') AS TEXT) AS method_kind, CAST(coalesce(w.brand, '') AS TEXT) AS method_brand,
    CAST(coalesce(w.last4, '') AS TEXT) AS method_last4
FROM customers c
LEFT JOIN mandates m ON m.customer_id = c.id AND m.revoked_at = 0
LEFT JOIN methods w ON w.id = m.method_id
WHERE c.id = sqlc.arg(customer_id);

-- Home, "Show Paid Invoices": a page of those with a zero balance, newest first,
-- that come after a certain one.
-- name: ListPaidInvoicesForCustomer :many
SELECT i.id, i.number, i.invoice_date, i.due_date, i.total_cents, CAST(coalesce(s.name, '') AS TEXT) AS site
FROM invoices i LEFT JOIN sites s ON s.id = i.site_id
WHERE i.customer_id = sqlc.arg(customer_id) AND i.state = 'issued' AND i.balance_cents = 0
  AND i.invoice_date <= sqlc.arg(invoice_date) AND (i.invoice_date < sqlc.arg(invoice_date) OR i.id < sqlc.arg(id))
ORDER BY i.invoice_date DESC, i.id DESC
LIMIT sqlc.arg(most);

-- Home, "Show Paid Invoices": where the page begins.
-- name: GetInvoicePositionForCustomer :one
SELECT id, invoice_date FROM invoices WHERE number = ? AND customer_id = ? AND state = 'issued';

-- /invoices/{number}.pdf: the invoice's paper, when it was made before.
-- name: GetInvoicePaperForCustomer :one
SELECT i.id, i.number, CAST(coalesce(d.sha256, '') AS TEXT) AS sum, d.body
FROM invoices i LEFT JOIN documents d ON d.id = i.document_id
WHERE i.number = ? AND i.customer_id = ? AND i.state <> 'draft';

-- The making of an invoice's paper: the invoice as it was issued and whom it is for.
-- name: GetInvoiceToPrint :one
SELECT i.id, i.number, i.invoice_date, i.due_date, i.po_number, i.tax_cents, i.total_cents, i.issued_at, i.document_id,
    CAST(coalesce(s.name, '') AS TEXT) AS site, CAST(coalesce(s.address1, '') AS TEXT) AS site_address1,
    CAST(coalesce(s.address2, '') AS TEXT) AS site_address2, CAST(coalesce(s.city, '') AS TEXT) AS site_city,
    CAST(coalesce(s.state, '') AS TEXT) AS site_state, CAST(coalesce(s.zip, '') AS TEXT) AS site_zip,
    c.number AS customer_number, c.display_name, c.address1, c.address2, c.city, c.state, c.zip, c.terms, c.registration_key
FROM invoices i JOIN customers c ON c.id = i.customer_id LEFT JOIN sites s ON s.id = i.site_id
WHERE i.id = ?;

-- The making of an invoice's paper.
-- name: ListInvoiceLines :many
SELECT description, quantity, unit_price_cents, amount_cents, tax_cents FROM invoice_lines
WHERE invoice_id = ? ORDER BY position;

-- The making of an invoice's paper: the first one made is the one.
-- name: AttachInvoicePaper :execrows
UPDATE invoices SET document_id = sqlc.arg(document_id) WHERE id = sqlc.arg(id) AND document_id IS NULL;

-- Every paper: the dealer's logo.
-- name: GetLogo :one
SELECT id, mime, body FROM documents WHERE kind = 'logo' ORDER BY id DESC LIMIT 1;
