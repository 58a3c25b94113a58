-- Import: whether nothing that a plan was made of has changed since.
-- name: BooksFingerprint :one
SELECT CAST(coalesce((SELECT max(id) FROM customers), 0) AS INTEGER) AS customers,
       CAST(coalesce((SELECT max(updated_at) FROM customers), 0) AS INTEGER) AS edited,
       CAST(coalesce((SELECT sum(contact_edited_at) FROM customers), 0) AS INTEGER) AS contacts,
       CAST(coalesce((SELECT max(id) FROM sites), 0) AS INTEGER) AS sites,
       CAST(coalesce((SELECT max(id) FROM systems), 0) AS INTEGER) AS systems,
       CAST(coalesce((SELECT group_concat(id || code || name || taxes_recurring || taxes_other, char(31)) FROM tax_codes), '') AS TEXT) AS taxes,
       CAST(coalesce((SELECT group_concat(tax_code_id || from_date || ppm, char(31)) FROM tax_rates), '') AS TEXT) AS rates,
       CAST(coalesce((SELECT max(updated_at) FROM tax_exemptions), 0) AS INTEGER) AS exemptions,
       CAST(coalesce((SELECT max(id) FROM recurring_items), 0) AS INTEGER) AS recurring,
       (SELECT count(*) FROM recurring_amounts) AS prices,
       (SELECT count(*) FROM recurring_periods) AS periods,
       CAST(coalesce((SELECT max(ended_at) FROM recurring_items), 0) AS INTEGER) AS ended,
       CAST(coalesce((SELECT max(id) FROM invoices), 0) AS INTEGER) AS invoices,
       CAST(coalesce((SELECT max(id) FROM payments), 0) AS INTEGER) AS payments,
       CAST(coalesce((SELECT max(id) FROM ledger), 0) AS INTEGER) AS ledger,
       CAST(coalesce((SELECT max(id) FROM proposals), 0) AS INTEGER) AS proposals,
       CAST(coalesce((SELECT max(updated_at) FROM settings WHERE key = 'books.locked_until'), 0) AS INTEGER) AS closed;

-- Import: the customer that a row names.
-- name: FindCustomer :one
SELECT id FROM customers WHERE number = ?;

-- Import: whose a Registration Key is.
-- name: FindCustomerByKey :one
SELECT number FROM customers WHERE registration_key = ?;

-- Import: the site that a row names.
-- name: FindSite :one
SELECT id FROM sites WHERE customer_id = ? AND name = ?;

-- Import: the invoice that a row names, and whether the row is the same.
-- name: FindInvoice :one
SELECT i.id, i.number, i.customer_id, c.number AS customer_number, CAST(coalesce(s.name, '') AS TEXT) AS site, i.state,
       i.invoice_date, i.due_date, i.po_number, i.total_cents, i.balance_cents
FROM invoices i JOIN customers c ON c.id = i.customer_id LEFT JOIN sites s ON s.id = i.site_id
WHERE i.number = ?;

-- Import: an invoice's lines, for the comparison.
-- name: ListLinesOfInvoice :many
SELECT description, quantity, unit_price_cents, tax_cents FROM invoice_lines WHERE invoice_id = ? ORDER BY position;

-- Import: the payment that a row names.
-- name: FindPayment :one
SELECT p.id, c.number AS customer_number, p.kind, p.type_label, p.number_label, p.amount_cents, p.payment_date,
       CAST((SELECT -coalesce(sum(l.cents), 0) FROM ledger l WHERE l.payment_id = p.id) AS INTEGER) AS held
FROM payments p JOIN customers c ON c.id = p.customer_id
WHERE p.reference = ?;

-- Export: customers.csv, in pages.
-- name: ExportCustomers :many
SELECT id, number, business_name, first_name, last_name, address1, address2, city, state, zip, registration_key, status, terms, salesperson_email
FROM customers WHERE id > sqlc.arg(after_id) ORDER BY id LIMIT sqlc.arg(how_many);

-- Export: sites.csv, in pages.
-- name: ExportSites :many
SELECT s.id, c.number AS customer_number, s.name, s.address1, s.address2, s.city, s.state, s.zip, s.tax_code, s.tax_exempt,
       CAST(coalesce(e.certificate, '') AS TEXT) AS certificate, CAST(coalesce(e.expires_date, '') AS TEXT) AS expires
FROM sites s JOIN customers c ON c.id = s.customer_id LEFT JOIN tax_exemptions e ON e.site_id = s.id
WHERE s.id > sqlc.arg(after_id) ORDER BY s.id LIMIT sqlc.arg(how_many);

-- Export: systems.csv, in pages.
-- name: ExportSystems :many
SELECT y.id, c.number AS customer_number, s.name AS site_name, y.name, y.system_type, y.account_number
FROM systems y JOIN sites s ON s.id = y.site_id JOIN customers c ON c.id = s.customer_id
WHERE y.id > sqlc.arg(after_id) ORDER BY y.id LIMIT sqlc.arg(how_many);

-- Export: the last invoice of a page of invoices.csv.
-- name: ExportInvoicesUpTo :one
SELECT CAST(coalesce(max(id), 0) AS INTEGER) FROM (
    SELECT id FROM invoices WHERE id > sqlc.arg(after_id) ORDER BY id LIMIT sqlc.arg(how_many));

-- Export: invoices.csv, in pages; drafts are not in it.
-- name: ExportInvoices :many
SELECT i.number, c.number AS customer_number, i.invoice_date, i.due_date, i.po_number, CAST(coalesce(s.name, '') AS TEXT) AS site,
       l.description, l.quantity, l.unit_price_cents, l.tax_cents, i.state
FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id JOIN customers c ON c.id = i.customer_id LEFT JOIN sites s ON s.id = i.site_id
WHERE i.id > sqlc.arg(after_id) AND i.id <= sqlc.arg(up_to_id) AND i.state <> 'draft'
ORDER BY i.id, l.position;

-- Export: payments.csv, in pages; only those of which money stands in the books.
-- name: ExportPayments :many
SELECT p.id, p.reference, c.number AS customer_number, p.payment_date, p.type_label, p.number_label,
       CAST((SELECT -coalesce(sum(l.cents), 0) FROM ledger l WHERE l.payment_id = p.id) AS INTEGER) AS held
FROM payments p JOIN customers c ON c.id = p.customer_id
WHERE p.id > sqlc.arg(after_id) ORDER BY p.id LIMIT sqlc.arg(how_many);

-- Export, import's comparison: what each invoice has of a payment by the ledger.
-- name: ExportShares :many
SELECT i.number, CAST(-sum(l.cents) AS INTEGER) AS cents
FROM ledger l JOIN invoices i ON i.id = l.invoice_id
WHERE l.payment_id = ? GROUP BY i.id HAVING sum(l.cents) <> 0 ORDER BY i.due_date, i.id;

-- Export: ledger.csv, in pages.
-- name: ExportLedger :many
SELECT l.id, l.entry_date, l.at, c.number AS customer_number, c.display_name, CAST(coalesce(i.number, '') AS TEXT) AS invoice_number,
       CAST(coalesce(p.reference, '') AS TEXT) AS payment_number, CAST(coalesce(p.type_label, '') AS TEXT) AS payment_type, l.reason, l.cents
FROM ledger l JOIN customers c ON c.id = l.customer_id LEFT JOIN invoices i ON i.id = l.invoice_id LEFT JOIN payments p ON p.id = l.payment_id
WHERE l.id > sqlc.arg(after_id) ORDER BY l.id LIMIT sqlc.arg(how_many);

-- Export: the invoices' side of journal.csv, in pages.
-- name: ExportIssued :many
SELECT i.id, i.number, i.invoice_date, c.number AS customer_number, c.display_name, i.total_cents, i.tax_cents
FROM invoices i JOIN customers c ON c.id = i.customer_id
WHERE i.id > sqlc.arg(after_id) AND i.state <> 'draft' ORDER BY i.id LIMIT sqlc.arg(how_many);

-- Import: the proposal that a row names, in the version that an export has, and whether the row is the same.
-- name: FindProposal :one
SELECT p.id, p.number, c.number AS customer_number, p.title, p.valid_until, p.salesperson_email, CAST(coalesce(s.name, '') AS TEXT) AS site, p.state
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN sites s ON s.id = p.site_id
WHERE p.number = ? ORDER BY p.state = 'accepted' DESC, p.state <> 'draft' DESC, p.version DESC LIMIT 1;

-- Import: a proposal's lines, for the comparison.
-- name: ListLinesOfProposal :many
SELECT description, quantity, unit_price_cents, tax_cents FROM proposal_lines WHERE proposal_id = ? ORDER BY position;

-- Export: the last proposal of a page of proposals.csv.
-- name: ExportProposalsUpTo :one
SELECT CAST(coalesce(max(id), 0) AS INTEGER) FROM (
    SELECT id FROM proposals WHERE id > sqlc.arg(after_id) ORDER BY id LIMIT sqlc.arg(how_many));

-- Export: proposals.csv, in pages: of each number the version that was accepted last, else the newest that was sent.
-- name: ExportProposals :many
SELECT p.id, p.number, c.number AS customer_number, p.title, p.proposal_date, p.valid_until, p.salesperson_email, CAST(coalesce(s.name, '') AS TEXT) AS site,
       p.introduction, p.terms, p.deposit_cents, p.deposit_ppm, p.total_cents, p.state,
       l.position, l.description, l.quantity, l.unit_price_cents, l.tax_cents, l.cycle_months, l.optional, l.chosen
FROM proposals p JOIN proposal_lines l ON l.proposal_id = p.id JOIN customers c ON c.id = p.customer_id LEFT JOIN sites s ON s.id = p.site_id
WHERE p.id > sqlc.arg(after_id) AND p.id <= sqlc.arg(up_to_id) AND p.state <> 'draft'
  AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.id <> p.id
    AND ((n.state = 'accepted' AND (p.state <> 'accepted' OR n.version > p.version)) OR (n.state <> 'draft' AND p.state <> 'accepted' AND n.version > p.version)))
ORDER BY p.id, l.position;

-- Export: the PDFs of these proposals, in pages: the one that was signed, or that was sent, and the first that was attached.
-- name: ExportProposalPapers :many
SELECT p.id, p.number, p.document_id, d.signed_document_id, a.document_id AS attached_id
FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
LEFT JOIN proposal_attachments a ON a.proposal_id = p.id AND a.position = 1
WHERE p.id > sqlc.arg(after_id) AND p.state <> 'draft'
  AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.id <> p.id
    AND ((n.state = 'accepted' AND (p.state <> 'accepted' OR n.version > p.version)) OR (n.state <> 'draft' AND p.state <> 'accepted' AND n.version > p.version)))
ORDER BY p.id LIMIT sqlc.arg(how_many);

-- Export: workorders.csv, in pages.
-- name: ExportWorkOrders :many
SELECT w.id, w.number, c.number AS customer_number, s.name AS site, CAST(coalesce(y.name, '') AS TEXT) AS system, w.state, w.source, w.title, w.preferred,
       CAST(coalesce(nullif(t.name, ''), t.email, '') AS TEXT) AS technician, w.window_date, w.window_from, w.window_until, w.cancel_reason,
       CAST(coalesce(m.number, '') AS TEXT) AS merged_into, CAST(coalesce(i.number, '') AS TEXT) AS invoice_number,
       w.requested_at, w.scheduled_at, w.dispatched_at, w.arrived_at, w.completed_at, w.cancelled_at
FROM work_orders w JOIN customers c ON c.id = w.customer_id JOIN sites s ON s.id = w.site_id LEFT JOIN systems y ON y.id = w.system_id
LEFT JOIN staff t ON t.id = w.technician_id LEFT JOIN work_orders m ON m.id = w.merged_into_id LEFT JOIN invoices i ON i.id = w.invoice_id
WHERE w.id > sqlc.arg(after_id) ORDER BY w.id LIMIT sqlc.arg(how_many);

-- Export: a work order's parts and labour, for workorders.csv.
-- name: ExportWork :many
SELECT kind, description, quantity, unit_price_cents FROM work_order_lines WHERE work_order_id = ? ORDER BY position;

-- Export: notes.csv, in pages: what both sides wrote on work orders.
-- name: ExportWorkOrderNotes :many
SELECT n.id, w.number, n.at, n.internal, n.note, CAST(coalesce(nullif(st.name, ''), st.email, '') AS TEXT) AS staff, CAST(coalesce(u.email, '') AS TEXT) AS user
FROM work_order_notes n JOIN work_orders w ON w.id = n.work_order_id LEFT JOIN staff st ON st.id = n.staff_id LEFT JOIN users u ON u.id = n.user_id
WHERE n.id > sqlc.arg(after_id) ORDER BY n.id LIMIT sqlc.arg(how_many);

-- Export: the photos of work orders, in pages.
-- name: ExportWorkOrderPhotos :many
SELECT p.id, w.number, p.document_id FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id
WHERE p.id > sqlc.arg(after_id) ORDER BY p.id LIMIT sqlc.arg(how_many);

-- Import: the member of staff whose address a proposal names, 0 = none who sells.
-- name: FindSalesperson :one
SELECT CAST(coalesce(max(id), 0) AS INTEGER) FROM staff WHERE email = ? AND role IN ('owner', 'sales') AND disabled_at = 0;

-- Import: a proposal, as a draft until its lines and its PDF are there.
-- name: AddImportedProposal :one
INSERT INTO proposals (number, version, customer_id, site_id, title, introduction, terms, residential, proposal_date, valid_until, salesperson_id, salesperson_email,
    deposit_cents, state, total_cents, monthly_cents, nonce, staff_id, created_at, updated_at)
VALUES (sqlc.arg(number), 1, sqlc.arg(customer_id), sqlc.arg(site_id), sqlc.arg(title), sqlc.arg(introduction), sqlc.arg(terms), 0, sqlc.arg(proposal_date),
    sqlc.arg(valid_until), sqlc.arg(salesperson_id), sqlc.arg(salesperson_email), sqlc.arg(deposit_cents), 'draft', sqlc.arg(total_cents), sqlc.arg(monthly_cents),
    sqlc.arg(nonce), sqlc.arg(staff_id), sqlc.arg(created_at), sqlc.arg(created_at))
RETURNING id;

-- Import: a line of a proposal.
-- name: AddImportedProposalLine :exec
INSERT INTO proposal_lines (proposal_id, position, description, quantity, unit_price_cents, taxable, cycle_months, optional, chosen, amount_cents, tax_cents)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- Import: the PDF that lay beside proposals.csv.
-- name: AddImportedAttachment :exec
INSERT INTO proposal_attachments (proposal_id, position, document_id, name, pages) VALUES (sqlc.arg(proposal_id), 1, sqlc.arg(document_id), sqlc.arg(name), sqlc.arg(pages));

-- Import: the proposal stands as it was sent.
-- name: SendImportedProposal :execrows
UPDATE proposals SET state = 'sent', document_id = sqlc.arg(document_id), paper = sqlc.arg(paper), sent_at = sqlc.arg(sent_at), updated_at = sqlc.arg(sent_at)
WHERE id = sqlc.arg(id) AND state = 'draft';
