-- ledger.PayLink: the invoice and the link it has, if any.
-- name: GetPayLink :one
SELECT i.customer_id, i.state, i.balance_cents, CAST(coalesce(l.generation, 0) AS INTEGER) AS generation, l.hash,
    CAST(coalesce(l.renewed_at, 0) AS INTEGER) AS renewed, CAST(coalesce(l.revoked_at, 0) AS INTEGER) AS revoked
FROM invoices i LEFT JOIN pay_links l ON l.invoice_id = i.id
WHERE i.id = ?;

-- ledger.PayLink: the first link of an invoice, or the next one after it was
-- revoked.
-- name: PutPayLink :exec
INSERT INTO pay_links (invoice_id, customer_id, generation, hash, made_at, renewed_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (invoice_id) DO UPDATE SET generation = excluded.generation, hash = excluded.hash, made_at = excluded.made_at,
    renewed_at = excluded.renewed_at, revoked_at = 0;

-- ledger.PayLink: it was mailed again.
-- name: RenewPayLink :exec
UPDATE pay_links SET renewed_at = ? WHERE invoice_id = ?;

-- /p/{token}: whose link it is, and when its invoice was paid: by the last row
-- of the ledger that moved it.
-- name: FindPayLink :one
SELECT l.invoice_id, l.customer_id, l.renewed_at, l.revoked_at, i.number, i.balance_cents, i.issued_at, c.display_name,
    CAST(coalesce((SELECT max(m.at) FROM ledger m WHERE m.invoice_id = i.id), 0) AS INTEGER) AS moved
FROM pay_links l JOIN invoices i ON i.id = l.invoice_id JOIN customers c ON c.id = l.customer_id
WHERE l.hash = ?;

-- ledger.InvoicePaper and ledger.MailInvoice: the paper that was kept first.
-- name: GetPaperOfInvoice :one
SELECT d.id, d.sha256 AS sum, d.body FROM invoices i JOIN documents d ON d.id = i.document_id WHERE i.id = ?;

-- ledger.InvoicePaper: a paper that was sealed with a key this machine has not
-- is made again.
-- name: ReplaceDocument :exec
UPDATE documents SET sha256 = ?, body = ?, made_at = ? WHERE id = ?;

-- ledger.MailInvoice: what the mail says.
-- name: GetInvoiceToMail :one
SELECT i.id, i.number, i.customer_id, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, i.document_id,
    CAST(coalesce(s.name, '') AS TEXT) AS site, c.number AS customer_number, c.display_name,
    CAST(coalesce(m.day, 0) AS INTEGER) AS auto_pay_on, CAST(coalesce(m.cap_cents, 0) AS INTEGER) AS cap,
    CAST(coalesce(w.kind, '') AS TEXT) AS method_kind, CAST(coalesce(w.brand, '') AS TEXT) AS method_brand,
    CAST(coalesce(w.last4, '') AS TEXT) AS method_last4,
    CAST(EXISTS (SELECT 1 FROM auto_pay_holds h WHERE h.released_at = 0 AND (h.customer_id = c.id OR h.customer_id IS NULL)) AS INTEGER) AS held,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i JOIN customers c ON c.id = i.customer_id LEFT JOIN sites s ON s.id = i.site_id
LEFT JOIN mandates m ON m.customer_id = c.id AND m.revoked_at = 0
LEFT JOIN methods w ON w.id = m.method_id
WHERE i.id = ?;

-- ledger.MailInvoice: the addresses on file whose owner has not switched these
-- mails off.
-- name: ListInvoiceMailTargets :many
SELECT e.email FROM customer_emails e
WHERE e.customer_id = ? AND NOT EXISTS (
    SELECT 1 FROM users u JOIN mail_choices k ON k.user_id = u.id WHERE u.email = e.email AND k.invoices = 0)
ORDER BY e.position;

-- The office: ends the link of one invoice.
-- name: RevokePayLink :execrows
UPDATE pay_links SET revoked_at = sqlc.arg(revoked_at)
WHERE pay_links.customer_id = sqlc.arg(customer_id) AND pay_links.revoked_at = 0
  AND pay_links.invoice_id = (SELECT i.id FROM invoices i WHERE i.number = sqlc.arg(number));

-- The office: ends all links of a customer.
-- name: RevokePayLinksOfCustomer :execrows
UPDATE pay_links SET revoked_at = sqlc.arg(revoked_at) WHERE customer_id = sqlc.arg(customer_id) AND revoked_at = 0;

-- The mail worker: whether a pay link in a mail is of the mail's own customer.
-- name: CountPayLinkForCustomer :one
SELECT count(*) FROM pay_links WHERE invoice_id = ? AND generation = ? AND customer_id = ?;

-- /p/{token}: a payment that was made by a pay link of this customer's.
-- name: GetGuestPaymentForCustomer :one
SELECT id FROM payments WHERE reference = ? AND customer_id = ? AND source = 'paylink';

-- /p/{token}: how many addresses a receipt was mailed to.
-- name: CountMailOfFact :one
SELECT count(*) FROM outbox WHERE fact > sqlc.arg(after) AND fact < sqlc.arg(before);

-- The office's page of a customer's pay links: open invoices, and others whose
-- link may still open something.
-- name: ListPayLinksForCustomer :many
SELECT i.number, i.due_date, i.balance_cents, i.issued_at, CAST(coalesce(l.generation, 0) AS INTEGER) AS generation,
    CAST(coalesce(l.renewed_at, 0) AS INTEGER) AS renewed, CAST(coalesce(l.revoked_at, 0) AS INTEGER) AS revoked,
    CAST(coalesce((SELECT max(m.at) FROM ledger m WHERE m.invoice_id = i.id), 0) AS INTEGER) AS moved
FROM invoices i LEFT JOIN pay_links l ON l.invoice_id = i.id
WHERE i.customer_id = ? AND (i.state = 'issued' AND i.balance_cents > 0 OR i.state <> 'draft' AND l.revoked_at = 0)
ORDER BY i.balance_cents = 0, i.due_date DESC, i.id DESC LIMIT 60;

-- portal doctor: pay links of another customer's invoice or of a draft.
-- name: CheckPayLinks :many
SELECT i.number FROM pay_links l JOIN invoices i ON i.id = l.invoice_id
WHERE l.customer_id <> i.customer_id OR i.state = 'draft' ORDER BY i.id LIMIT ?;
