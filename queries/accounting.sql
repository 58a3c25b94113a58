-- ledger.Post and every form with a date: the last day of the closed period, '' for none.
-- name: GetLockedUntil :one
SELECT CAST(coalesce((SELECT value FROM settings WHERE key = 'books.locked_until'), '') AS TEXT);

-- apply: what is written down of a payment's fee.
-- name: SumPaymentFee :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM payment_fees WHERE payment_id = ?;

-- apply: what a processor kept of a payment, as far as it is not written down yet.
-- name: AddPaymentFee :exec
INSERT INTO payment_fees (payment_id, cents, entry_date, at) VALUES (?, ?, ?, ?);

-- Accounting, the files and sums of a period: its next day with entries, '' for none.
-- name: NextLedgerDay :one
SELECT CAST(coalesce(min(entry_date), '') AS TEXT) FROM ledger WHERE entry_date >= sqlc.arg(from_date) AND entry_date <= sqlc.arg(to_date);

-- Accounting, the files of a period: the entries of a day for some reasons, each
-- between blanks, in the order they were booked, in pages.
-- name: ListLedgerOfDay :many
SELECT l.id, l.customer_id, l.payment_id, l.invoice_id, l.cents, l.reason, l.entry_date, l.at,
       c.number AS customer_number, c.display_name,
       CAST(coalesce(p.reference, '') AS TEXT) AS reference, CAST(coalesce(p.kind, '') AS TEXT) AS kind, CAST(coalesce(p.type_label, '') AS TEXT) AS type_label,
       CAST(coalesce(p.number_label, '') AS TEXT) AS number_label, CAST(coalesce(p.gateway, '') AS TEXT) AS gateway,
       CAST(coalesce(i.number, '') AS TEXT) AS invoice_number, CAST(coalesce(i.total_cents, 0) AS INTEGER) AS invoice_total, CAST(coalesce(i.tax_cents, 0) AS INTEGER) AS invoice_tax
FROM ledger l JOIN customers c ON c.id = l.customer_id LEFT JOIN payments p ON p.id = l.payment_id LEFT JOIN invoices i ON i.id = l.invoice_id
WHERE l.entry_date = sqlc.arg(entry_date) AND l.id > sqlc.arg(after_id) AND instr(CAST(sqlc.arg(reasons) AS TEXT), ' ' || l.reason || ' ') > 0
ORDER BY l.id LIMIT sqlc.arg(how_many);

-- Accounting, the files of a period: its next day with invoices, '' for none.
-- name: NextInvoiceDay :one
SELECT CAST(coalesce(min(invoice_date), '') AS TEXT) FROM invoices
WHERE invoice_date >= sqlc.arg(from_date) AND invoice_date <= sqlc.arg(to_date) AND state <> 'draft';

-- Accounting, the files of a period: the issued invoices of a day, those voided later among them, in pages.
-- name: ListInvoicesOfDay :many
SELECT i.id, i.number, i.invoice_date, i.due_date, i.po_number, i.tax_cents, i.total_cents, c.number AS customer_number, c.display_name,
       CAST(coalesce(s.name, '') AS TEXT) AS site, CAST(coalesce(s.tax_code, '') AS TEXT) AS tax_code
FROM invoices i JOIN customers c ON c.id = i.customer_id LEFT JOIN sites s ON s.id = i.site_id
WHERE i.invoice_date = sqlc.arg(invoice_date) AND i.id > sqlc.arg(after_id) AND i.state <> 'draft' ORDER BY i.id LIMIT sqlc.arg(how_many);

-- Accounting, the files of a period: the lines of a page of a day's invoices.
-- name: ListLinesOfDay :many
SELECT l.invoice_id, l.description, l.quantity, l.unit_price_cents, l.amount_cents, l.tax_cents
FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id
WHERE i.invoice_date = sqlc.arg(invoice_date) AND i.id >= sqlc.arg(first_id) AND i.id <= sqlc.arg(last_id) AND i.state <> 'draft'
ORDER BY i.id, l.position;

-- Accounting, the files of a period: its next day with fees, '' for none.
-- name: NextFeeDay :one
SELECT CAST(coalesce(min(entry_date), '') AS TEXT) FROM payment_fees WHERE entry_date >= sqlc.arg(from_date) AND entry_date <= sqlc.arg(to_date);

-- Accounting, the files of a period: the fees of a day, in pages.
-- name: ListFeesOfDay :many
SELECT f.id, f.cents, f.entry_date, p.reference, p.kind, p.type_label, p.gateway, c.number AS customer_number, c.display_name
FROM payment_fees f JOIN payments p ON p.id = f.payment_id JOIN customers c ON c.id = p.customer_id
WHERE f.entry_date = sqlc.arg(entry_date) AND f.id > sqlc.arg(after_id) ORDER BY f.id LIMIT sqlc.arg(how_many);

-- Accounting, the files for QuickBooks: the customers of whom something happened in a period, in pages.
-- name: ListCustomersOfPeriod :many
SELECT c.id, c.number, c.display_name, c.business_name, c.first_name, c.last_name, c.address1, c.address2, c.city, c.state, c.zip,
       CAST(coalesce((SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email,
       CAST(coalesce((SELECT p.phone FROM customer_phones p WHERE p.customer_id = c.id ORDER BY p.position LIMIT 1), '') AS TEXT) AS phone
FROM customers c
WHERE c.id > sqlc.arg(after_id)
  AND (EXISTS (SELECT 1 FROM ledger l WHERE l.customer_id = c.id AND l.entry_date >= sqlc.arg(from_date) AND l.entry_date <= sqlc.arg(to_date))
    OR EXISTS (SELECT 1 FROM invoices i WHERE i.customer_id = c.id AND i.state IN ('issued', 'void') AND i.invoice_date >= sqlc.arg(from_date) AND i.invoice_date <= sqlc.arg(to_date)))
ORDER BY c.id LIMIT sqlc.arg(how_many);

-- Accounting, the summary: what is owed on all invoices now.
-- name: SumOpenBalances :one
SELECT CAST(coalesce(sum(balance_cents), 0) AS INTEGER) FROM invoices WHERE state = 'issued' AND balance_cents > 0;

-- Accounting, the summary: the credit held for customers now (negative rows).
-- name: SumAllUnapplied :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM ledger WHERE invoice_id IS NULL;

-- Accounting, the summary: what was invoiced over some days.
-- name: SumInvoiced :one
SELECT count(*) AS invoices, CAST(coalesce(sum(total_cents), 0) AS INTEGER) AS total, CAST(coalesce(sum(tax_cents), 0) AS INTEGER) AS tax
FROM invoices WHERE invoice_date >= sqlc.arg(from_date) AND invoice_date <= sqlc.arg(to_date) AND state <> 'draft';

-- Accounting, the summary: what moved over some days, on invoices (1) and in unapplied credit (0).
-- name: SumMoved :many
SELECT reason, CAST(invoice_id IS NOT NULL AS INTEGER) AS on_invoice, CAST(sum(cents) AS INTEGER) AS total
FROM ledger WHERE entry_date >= sqlc.arg(from_date) AND entry_date <= sqlc.arg(to_date) GROUP BY 1, 2;

-- Accounting, the summary: what processors kept over some days.
-- name: SumFees :one
SELECT CAST(coalesce(sum(cents), 0) AS INTEGER) FROM payment_fees WHERE entry_date >= sqlc.arg(from_date) AND entry_date <= sqlc.arg(to_date);

-- Reports, sales tax: what was invoiced over some days by the tax code of the site.
-- name: ListTaxOfPeriod :many
SELECT CAST(coalesce(s.tax_code, '') AS TEXT) AS code, CAST(coalesce(t.name, '') AS TEXT) AS name, CAST(coalesce(s.tax_exempt, 0) AS INTEGER) AS exempt,
       CAST(sum(CASE WHEN l.tax_cents <> 0 THEN l.amount_cents ELSE 0 END) AS INTEGER) AS taxable,
       CAST(sum(CASE WHEN l.tax_cents = 0 THEN l.amount_cents ELSE 0 END) AS INTEGER) AS untaxed, CAST(sum(l.tax_cents) AS INTEGER) AS tax
FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id LEFT JOIN sites s ON s.id = i.site_id LEFT JOIN tax_codes t ON t.code = s.tax_code
WHERE i.invoice_date >= sqlc.arg(from_date) AND i.invoice_date <= sqlc.arg(to_date) AND i.state <> 'draft'
GROUP BY 1, 2, 3 ORDER BY 1, 3;

-- Reports, sales tax: the invoices voided over some days, with what was taken back of each.
-- name: ListVoidsOfPeriod :many
SELECT CAST(coalesce(s.tax_code, '') AS TEXT) AS code, CAST(coalesce(t.name, '') AS TEXT) AS name, CAST(coalesce(s.tax_exempt, 0) AS INTEGER) AS exempt,
       l.cents, i.total_cents, i.tax_cents,
       CAST(coalesce((SELECT sum(x.amount_cents) FROM invoice_lines x WHERE x.invoice_id = i.id AND x.tax_cents <> 0), 0) AS INTEGER) AS taxed
FROM ledger l JOIN invoices i ON i.id = l.invoice_id LEFT JOIN sites s ON s.id = i.site_id LEFT JOIN tax_codes t ON t.code = s.tax_code
WHERE l.entry_date >= sqlc.arg(from_date) AND l.entry_date <= sqlc.arg(to_date) AND l.reason = 'void';

-- Reports, aging: what is owed by due date, over all customers.
-- name: ListAgingDays :many
SELECT due_date, count(*) AS invoices, CAST(sum(balance_cents) AS INTEGER) AS balance
FROM invoices WHERE state = 'issued' AND balance_cents > 0 GROUP BY due_date ORDER BY due_date;

-- Reports, aging.csv: what each customer owes by age, with the credit held, in pages.
-- name: ListAgingOfCustomers :many
SELECT c.id, c.number, c.display_name,
       CAST(coalesce((SELECT sum(i.balance_cents) FROM invoices i WHERE i.customer_id = c.id AND i.state = 'issued' AND i.balance_cents > 0 AND i.due_date >= sqlc.arg(today_date)), 0) AS INTEGER) AS not_due,
       CAST(coalesce((SELECT sum(i.balance_cents) FROM invoices i WHERE i.customer_id = c.id AND i.state = 'issued' AND i.balance_cents > 0 AND i.due_date < sqlc.arg(today_date) AND i.due_date >= sqlc.arg(days30_date)), 0) AS INTEGER) AS late30,
       CAST(coalesce((SELECT sum(i.balance_cents) FROM invoices i WHERE i.customer_id = c.id AND i.state = 'issued' AND i.balance_cents > 0 AND i.due_date < sqlc.arg(days30_date) AND i.due_date >= sqlc.arg(days60_date)), 0) AS INTEGER) AS late60,
       CAST(coalesce((SELECT sum(i.balance_cents) FROM invoices i WHERE i.customer_id = c.id AND i.state = 'issued' AND i.balance_cents > 0 AND i.due_date < sqlc.arg(days60_date) AND i.due_date >= sqlc.arg(days90_date)), 0) AS INTEGER) AS late90,
       CAST(coalesce((SELECT sum(i.balance_cents) FROM invoices i WHERE i.customer_id = c.id AND i.state = 'issued' AND i.balance_cents > 0 AND i.due_date < sqlc.arg(days90_date)), 0) AS INTEGER) AS later,
       CAST(coalesce((SELECT -sum(l.cents) FROM ledger l WHERE l.customer_id = c.id AND l.invoice_id IS NULL), 0) AS INTEGER) AS credit
FROM customers c WHERE c.id > sqlc.arg(after_id) ORDER BY c.id LIMIT sqlc.arg(how_many);

-- Reports, cash received: what came in and left again over some days, by month and method.
-- name: ListCashOfPeriod :many
SELECT CAST(substr(l.entry_date, 1, 7) AS TEXT) AS month, CAST(coalesce(p.kind, 'other') AS TEXT) AS kind,
       CAST(-sum(CASE WHEN l.reason IN ('payment', 'dispute_won') THEN l.cents ELSE 0 END) AS INTEGER) AS received,
       CAST(sum(CASE WHEN l.reason IN ('payment', 'dispute_won') THEN 0 ELSE l.cents END) AS INTEGER) AS given_back
FROM ledger l LEFT JOIN payments p ON p.id = l.payment_id
WHERE l.entry_date >= sqlc.arg(from_date) AND l.entry_date <= sqlc.arg(to_date) AND l.reason IN ('payment', 'refund', 'return', 'dispute', 'dispute_won')
GROUP BY 1, 2 ORDER BY 1, 2;
