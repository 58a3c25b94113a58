-- ledger.IssueInvoice: an invoice that was numbered here has yet to go out.
-- name: AddInvoiceToSend :exec
INSERT INTO invoices_to_send (invoice_id) VALUES (?);

-- An invoice was mailed or printed.
-- name: RemoveInvoiceToSend :exec
DELETE FROM invoices_to_send WHERE invoice_id = ?;

-- Printing invoices: a batch; no row = the same form was sent before.
-- name: AddPrintBatch :many
INSERT INTO print_batches (nonce, staff_id, made_at) VALUES (?, ?, ?) ON CONFLICT (nonce) DO NOTHING RETURNING id;

-- Printing invoices, the form sent twice: the batch there is.
-- name: GetPrintBatchByNonce :one
SELECT id FROM print_batches WHERE nonce = ?;

-- Printing invoices.
-- name: AddPrintBatchInvoice :exec
INSERT INTO print_batch_invoices (batch_id, position, invoice_id) VALUES (?, ?, ?);

-- A batch of printed invoices in the office.
-- name: GetPrintBatch :one
SELECT b.id, b.made_at, CAST(coalesce(f.name, '') AS TEXT) AS staff FROM print_batches b LEFT JOIN staff f ON f.id = b.staff_id WHERE b.id = ?;

-- A batch of printed invoices in the office, and its PDF.
-- name: ListPrintBatchInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name
FROM print_batch_invoices p JOIN invoices i ON i.id = p.invoice_id JOIN customers c ON c.id = i.customer_id
WHERE p.batch_id = ? ORDER BY p.position;

-- /office/invoices: all that are not drafts, newest first, that come after a certain one.
-- name: ListInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i INDEXED BY invoices_newest JOIN customers c ON c.id = i.customer_id
WHERE i.state IN ('issued', 'void') AND i.invoice_date <= sqlc.arg(invoice_date) AND (i.invoice_date < sqlc.arg(invoice_date) OR i.id < sqlc.arg(id))
ORDER BY i.invoice_date DESC, i.id DESC LIMIT sqlc.arg(most);

-- /office/invoices, the open ones.
-- name: ListOpenInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i INDEXED BY invoices_newest_open JOIN customers c ON c.id = i.customer_id
WHERE i.state = 'issued' AND i.balance_cents > 0
  AND i.invoice_date <= sqlc.arg(invoice_date) AND (i.invoice_date < sqlc.arg(invoice_date) OR i.id < sqlc.arg(id))
ORDER BY i.invoice_date DESC, i.id DESC LIMIT sqlc.arg(most);

-- /office/invoices, those past due: the longest overdue first.
-- name: ListPastDueInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i INDEXED BY invoices_overdue JOIN customers c ON c.id = i.customer_id
WHERE i.state = 'issued' AND i.balance_cents > 0 AND i.due_date < sqlc.arg(today)
  AND i.due_date >= sqlc.arg(due_date) AND (i.due_date > sqlc.arg(due_date) OR i.id > sqlc.arg(id))
ORDER BY i.due_date, i.id LIMIT sqlc.arg(most);

-- /office/invoices, the paid ones.
-- name: ListPaidInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(0 AS INTEGER) AS reserved
FROM invoices i INDEXED BY invoices_newest_paid JOIN customers c ON c.id = i.customer_id
WHERE i.state = 'issued' AND i.balance_cents = 0
  AND i.invoice_date <= sqlc.arg(invoice_date) AND (i.invoice_date < sqlc.arg(invoice_date) OR i.id < sqlc.arg(id))
ORDER BY i.invoice_date DESC, i.id DESC LIMIT sqlc.arg(most);

-- /office/invoices, the void ones.
-- name: ListVoidInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(0 AS INTEGER) AS reserved
FROM invoices i INDEXED BY invoices_newest_void JOIN customers c ON c.id = i.customer_id
WHERE i.state = 'void' AND i.invoice_date <= sqlc.arg(invoice_date) AND (i.invoice_date < sqlc.arg(invoice_date) OR i.id < sqlc.arg(id))
ORDER BY i.invoice_date DESC, i.id DESC LIMIT sqlc.arg(most);

-- /office/invoices, those that were neither mailed nor printed: the oldest first.
-- name: ListInvoicesToSend :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices_to_send t JOIN invoices i ON i.id = t.invoice_id JOIN customers c ON c.id = i.customer_id
WHERE t.invoice_id > sqlc.arg(after_id) AND i.state = 'issued' AND i.balance_cents > 0
ORDER BY t.invoice_id LIMIT sqlc.arg(most);

-- /office/invoices, the search: one by its number, in any case.
-- name: FindInvoices :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i JOIN customers c ON c.id = i.customer_id
WHERE i.number >= sqlc.arg(number) AND i.number < sqlc.arg(beyond) AND i.state <> 'draft'
ORDER BY i.number LIMIT sqlc.arg(most);

-- /office/invoices, the search: those of the customers that were found, newest first.
-- name: ListInvoicesOfCustomers :many
SELECT i.id, i.number, i.state, i.invoice_date, i.due_date, i.total_cents, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved
FROM invoices i JOIN customers c ON c.id = i.customer_id
WHERE i.customer_id IN (sqlc.slice('customers')) AND i.state IN ('issued', 'void')
ORDER BY i.invoice_date DESC, i.id DESC LIMIT sqlc.arg(most);

-- /office/invoices: how many have yet to go out and are still owed.
-- name: CountInvoicesToSend :one
SELECT count(*) FROM invoices_to_send t WHERE EXISTS (SELECT 1 FROM invoices i WHERE i.id = t.invoice_id AND i.state = 'issued' AND i.balance_cents > 0);

-- One invoice in the office.
-- name: GetInvoiceByNumber :one
SELECT i.id, i.number, i.state, i.customer_id, i.invoice_date, i.due_date, i.po_number, i.tax_cents, i.total_cents, i.balance_cents, i.issued_at,
    c.number AS customer_number, c.display_name, CAST(coalesce(s.name, '') AS TEXT) AS site,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved,
    CAST(EXISTS (SELECT 1 FROM invoices_to_send t WHERE t.invoice_id = i.id) AS INTEGER) AS to_send,
    CAST(coalesce((SELECT group_concat(e.email, ', ') FROM (SELECT email FROM customer_emails WHERE customer_emails.customer_id = c.id ORDER BY position) e), '') AS TEXT) AS emails
FROM invoices i JOIN customers c ON c.id = i.customer_id LEFT JOIN sites s ON s.id = i.site_id
WHERE i.number = ? AND i.state <> 'draft';

-- One invoice in the office: what moved its balance.
-- name: ListMovesOfInvoice :many
SELECT l.id, l.cents, l.reason, l.entry_date, CAST(coalesce(p.reference, '') AS TEXT) AS reference, CAST(coalesce(p.kind, '') AS TEXT) AS kind,
    CAST(coalesce(p.type_label, '') AS TEXT) AS type_label, CAST(coalesce(p.brand, '') AS TEXT) AS brand, CAST(coalesce(p.number_label, '') AS TEXT) AS number_label
FROM ledger l LEFT JOIN payments p ON p.id = l.payment_id
WHERE l.invoice_id = ? ORDER BY l.id;

-- One invoice in the office: payments under way that reserve a part of it.
-- name: ListReservationsOfInvoice :many
SELECT p.reference, p.state, p.kind, p.type_label, p.brand, p.number_label, p.payment_date, r.cents
FROM reservations r JOIN payments p ON p.id = r.payment_id
WHERE r.invoice_id = ? ORDER BY p.id;

-- One invoice in the office: the mails about it, by the facts they report.
-- name: ListMailsOfInvoice :many
SELECT id, subject, to_email, state, created_at, sent_at, last_error FROM outbox
WHERE fact >= sqlc.arg(from_fact) AND fact < sqlc.arg(to_fact)
ORDER BY id DESC LIMIT 20;

-- One invoice in the office: when it was printed, and by whom.
-- name: ListPrintsOfInvoice :many
SELECT b.id, b.made_at, CAST(coalesce(f.name, '') AS TEXT) AS staff
FROM print_batch_invoices p JOIN print_batches b ON b.id = p.batch_id LEFT JOIN staff f ON f.id = b.staff_id
WHERE p.invoice_id = ? ORDER BY b.id DESC LIMIT 5;

-- Printing invoices: whose each is, and whether it can be printed.
-- name: GetInvoiceStanding :one
SELECT id, number, state, customer_id FROM invoices WHERE id = ?;

-- /office/invoices, "Print": those that have yet to go out and are still owed, the
-- oldest first.
-- name: ListIDsToSend :many
SELECT t.invoice_id FROM invoices_to_send t
WHERE EXISTS (SELECT 1 FROM invoices i WHERE i.id = t.invoice_id AND i.state = 'issued' AND i.balance_cents > 0) ORDER BY t.invoice_id LIMIT ?;
