-- A new draft in the office; no row = the same form was saved before.
-- name: AddDraft :many
INSERT INTO invoice_drafts (customer_id, site_id, invoice_date, due_date, po_number, total_cents, nonce, staff_id, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (nonce) DO NOTHING
RETURNING id;

-- A new draft in the office, saved twice: the one there is.
-- name: GetDraftByNonce :one
SELECT id, customer_id FROM invoice_drafts WHERE nonce = ?;

-- A draft in the office: the draft, whose it is, and what became of it.
-- name: GetDraft :one
SELECT d.id, d.customer_id, d.site_id, d.invoice_date, d.due_date, d.po_number, d.total_cents, d.version, d.updated_at,
    c.number AS customer_number, c.display_name, c.terms, d.invoice_id,
    CAST(coalesce(i.number, '') AS TEXT) AS invoice_number, CAST(coalesce(s.name, '') AS TEXT) AS site,
    CAST(coalesce((SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email,
    CAST(coalesce(f.name, '') AS TEXT) AS saved_by
FROM invoice_drafts d JOIN customers c ON c.id = d.customer_id
LEFT JOIN invoices i ON i.id = d.invoice_id LEFT JOIN sites s ON s.id = d.site_id LEFT JOIN staff f ON f.id = d.staff_id
WHERE d.id = ?;

-- A draft in the office.
-- name: ListDraftLines :many
SELECT description, quantity, unit_price_cents, taxable FROM invoice_draft_lines WHERE draft_id = ? ORDER BY position;

-- Saving a draft: only over the version that was opened.
-- name: UpdateDraft :execrows
UPDATE invoice_drafts SET site_id = sqlc.arg(site_id), invoice_date = sqlc.arg(invoice_date), due_date = sqlc.arg(due_date), po_number = sqlc.arg(po_number),
    total_cents = sqlc.arg(total_cents), staff_id = sqlc.arg(staff_id), updated_at = sqlc.arg(updated_at), version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version) AND invoice_id IS NULL;

-- Saving, issuing and deleting a draft.
-- name: DeleteDraftLines :exec
DELETE FROM invoice_draft_lines WHERE draft_id = ?;

-- Saving a draft.
-- name: AddDraftLine :exec
INSERT INTO invoice_draft_lines (draft_id, position, description, quantity, unit_price_cents, taxable) VALUES (?, ?, ?, ?, ?, ?);

-- Deleting a draft: only the version that was looked at, and no longer once it is issued.
-- name: DeleteDraft :execrows
DELETE FROM invoice_drafts WHERE id = ? AND version = ? AND invoice_id IS NULL;

-- Issuing a draft: the press that finds it unissued is the one.
-- name: IssueDraft :execrows
UPDATE invoice_drafts SET invoice_id = sqlc.arg(invoice_id), updated_at = sqlc.arg(updated_at), staff_id = sqlc.arg(staff_id), total_cents = sqlc.arg(total_cents)
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version) AND invoice_id IS NULL;

-- A draft in the office, its totals and its paper: terms and address of whom it is for.
-- name: GetDraftParty :one
SELECT c.number, c.display_name, c.address1, c.address2, c.city, c.state, c.zip, c.terms,
    CAST(coalesce(s.name, '') AS TEXT) AS site, CAST(coalesce(s.address1, '') AS TEXT) AS site_address1,
    CAST(coalesce(s.address2, '') AS TEXT) AS site_address2, CAST(coalesce(s.city, '') AS TEXT) AS site_city,
    CAST(coalesce(s.state, '') AS TEXT) AS site_state, CAST(coalesce(s.zip, '') AS TEXT) AS site_zip
FROM customers c LEFT JOIN sites s ON s.customer_id = c.id AND s.id = sqlc.arg(site_id)
WHERE c.id = sqlc.arg(customer_id);

-- /office/invoices, the drafts: the last saved first, that come after a certain one.
-- name: ListDrafts :many
SELECT d.id, d.invoice_date, d.updated_at, d.total_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce(s.name, '') AS TEXT) AS site, CAST(coalesce(f.name, '') AS TEXT) AS saved_by
FROM invoice_drafts d INDEXED BY invoice_drafts_open JOIN customers c ON c.id = d.customer_id LEFT JOIN sites s ON s.id = d.site_id LEFT JOIN staff f ON f.id = d.staff_id
WHERE d.invoice_id IS NULL AND d.updated_at <= sqlc.arg(updated_at) AND (d.updated_at < sqlc.arg(updated_at) OR d.id < sqlc.arg(id))
ORDER BY d.updated_at DESC, d.id DESC LIMIT sqlc.arg(most);

-- A customer's page in the office: the drafts for it.
-- name: ListDraftsForCustomer :many
SELECT d.id, d.invoice_date, d.updated_at, d.total_cents FROM invoice_drafts d
WHERE d.customer_id = ? AND d.invoice_id IS NULL ORDER BY d.id DESC LIMIT 25;

-- /office/invoices: how many drafts there are and what they come to.
-- name: SumDrafts :one
SELECT count(*) AS many, CAST(coalesce(sum(total_cents), 0) AS INTEGER) AS total FROM invoice_drafts WHERE invoice_id IS NULL;

-- portal doctor: drafts among the invoices of the books, where none belongs.
-- name: CheckDraftInvoices :many
SELECT i.number, CAST((SELECT count(*) FROM ledger l WHERE l.invoice_id = i.id) AS INTEGER) AS rows_there
FROM invoices i WHERE i.state = 'draft' ORDER BY i.id LIMIT ?;

-- portal doctor: drafts that say they were issued as another customer's invoice.
-- name: CheckDraftOwners :many
SELECT d.id, i.number FROM invoice_drafts d JOIN invoices i ON i.id = d.invoice_id
WHERE i.customer_id <> d.customer_id ORDER BY d.id LIMIT ?;

-- portal doctor: drafts for a site of another customer.
-- name: CheckDraftSites :many
SELECT d.id, c.number FROM invoice_drafts d JOIN sites s ON s.id = d.site_id JOIN customers c ON c.id = d.customer_id
WHERE s.customer_id <> d.customer_id ORDER BY d.id LIMIT ?;
