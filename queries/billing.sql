-- The office's recurring items, import, demo.
-- name: AddRecurringItem :one
INSERT INTO recurring_items (customer_id, site_id, system_id, description, quantity, cycle_months, start_date, end_date, prorate, arrears, taxable,
    reason, end_reason, next_date, bill_date, created_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- The office's recurring items, import: the price from a day on.
-- name: AddRecurringAmount :exec
INSERT INTO recurring_amounts (item_id, from_date, amount_cents, reason, created_at) VALUES (?, ?, ?, ?, ?);

-- The office's recurring items: a price that has not begun is replaced.
-- name: RemoveRecurringAmount :execrows
DELETE FROM recurring_amounts WHERE item_id = ? AND from_date = ?;

-- The office's recurring items: ending one, or taking its end back.
-- name: EndRecurringItem :exec
UPDATE recurring_items SET end_date = ?, end_reason = ?, ended_at = ?, next_date = ?, bill_date = ? WHERE id = ?;

-- Billing, the office's recurring items: which period comes next.
-- name: MoveRecurringItem :exec
UPDATE recurring_items SET next_date = ?, bill_date = ? WHERE id = ?;

-- Import: whether something is charged with tax.
-- name: SetRecurringTaxable :exec
UPDATE recurring_items SET taxable = ? WHERE id = ?;

-- The office's recurring items: one of a customer's.
-- name: GetRecurringItemForCustomer :one
SELECT r.*, CAST(coalesce(s.name, '') AS TEXT) AS site_name, CAST(coalesce(y.name, '') AS TEXT) AS system_name
FROM recurring_items r LEFT JOIN sites s ON s.id = r.site_id LEFT JOIN systems y ON y.id = r.system_id
WHERE r.id = ? AND r.customer_id = ?;

-- The office's recurring items: all of a customer's, those that go on first.
-- name: ListRecurringItemsForCustomer :many
SELECT r.*, CAST(coalesce(s.name, '') AS TEXT) AS site_name, CAST(coalesce(y.name, '') AS TEXT) AS system_name,
       CAST(coalesce((SELECT a.amount_cents FROM recurring_amounts a WHERE a.item_id = r.id AND a.from_date <= sqlc.arg(today) ORDER BY a.from_date DESC LIMIT 1),
           (SELECT a.amount_cents FROM recurring_amounts a WHERE a.item_id = r.id ORDER BY a.from_date LIMIT 1)) AS INTEGER) AS amount,
       CAST(r.end_date <> '' AND r.end_date < sqlc.arg(today) AS INTEGER) AS is_over
FROM recurring_items r LEFT JOIN sites s ON s.id = r.site_id LEFT JOIN systems y ON y.id = r.system_id
WHERE r.customer_id = sqlc.arg(customer_id)
ORDER BY is_over, s.name, y.name, r.start_date, r.id;

-- The office's recurring items, billing: the prices of one item.
-- name: ListRecurringAmounts :many
SELECT from_date, amount_cents, reason, created_at FROM recurring_amounts WHERE item_id = ? ORDER BY from_date;

-- The office's recurring items: what was billed of one, newest first.
-- name: ListRecurringPeriods :many
SELECT p.from_date, p.until_date, p.run_id, p.amount_cents, p.tax_cents, CAST(coalesce(i.number, '') AS TEXT) AS invoice_number, CAST(coalesce(i.state, '') AS TEXT) AS invoice_state,
       CAST(coalesce(p.invoice_id, 0) AS INTEGER) AS invoice_id
FROM recurring_periods p LEFT JOIN invoices i ON i.id = p.invoice_id
WHERE p.item_id = sqlc.arg(item_id) AND p.until_date >= sqlc.arg(from_date) ORDER BY p.from_date DESC LIMIT sqlc.arg(most);

-- The office's recurring items: periods whose invoice was voided are billed anew.
-- name: ForgetVoidPeriods :many
DELETE FROM recurring_periods
WHERE item_id = ? AND invoice_id IN (SELECT id FROM invoices WHERE state = 'void')
RETURNING from_date, until_date, amount_cents;

-- Billing: the customers of whom something is to be billed, in pages.
-- name: ListDueCustomers :many
SELECT DISTINCT customer_id FROM recurring_items
WHERE bill_date <> '' AND bill_date <= sqlc.arg(month_date) AND customer_id > sqlc.arg(after_id)
ORDER BY customer_id LIMIT sqlc.arg(how_many);

-- Billing: how many customers those are.
-- name: CountDueCustomers :one
SELECT count(DISTINCT customer_id) FROM recurring_items WHERE bill_date <> '' AND bill_date <= sqlc.arg(month_date);

-- Billing: what is to be billed of a page of customers.
-- name: ListDueItems :many
SELECT r.id, r.customer_id, r.site_id, r.system_id, r.description, r.quantity, r.cycle_months, r.start_date, r.end_date, r.prorate, r.arrears, r.taxable, r.next_date,
       c.number AS customer_number, c.display_name, c.status, c.terms,
       CAST(EXISTS (SELECT 1 FROM mandates m WHERE m.customer_id = c.id AND m.revoked_at = 0) AS INTEGER) AS auto_pay,
       CAST(EXISTS (SELECT 1 FROM customer_emails e WHERE e.customer_id = c.id) AS INTEGER) AS has_email,
       CAST(coalesce(s.name, '') AS TEXT) AS site_name, CAST(coalesce(s.tax_code, '') AS TEXT) AS tax_code, CAST(coalesce(s.tax_exempt, 0) AS INTEGER) AS tax_exempt,
       CAST(coalesce(x.expires_date, '') AS TEXT) AS exempt_until, CAST(coalesce(y.name, '') AS TEXT) AS system_name
FROM recurring_items r JOIN customers c ON c.id = r.customer_id
LEFT JOIN sites s ON s.id = r.site_id LEFT JOIN tax_exemptions x ON x.site_id = r.site_id LEFT JOIN systems y ON y.id = r.system_id
WHERE r.bill_date <> '' AND r.bill_date <= sqlc.arg(month_date) AND r.customer_id >= sqlc.arg(from_id) AND r.customer_id <= sqlc.arg(to_id)
ORDER BY r.customer_id, s.name, y.name, r.start_date, r.id;

-- Billing: the prices of those items.
-- name: ListDueAmounts :many
SELECT a.item_id, a.from_date, a.amount_cents
FROM recurring_items r JOIN recurring_amounts a ON a.item_id = r.id
WHERE r.bill_date <> '' AND r.bill_date <= sqlc.arg(month_date) AND r.customer_id >= sqlc.arg(from_id) AND r.customer_id <= sqlc.arg(to_id)
ORDER BY a.item_id, a.from_date;

-- Billing: what was billed of those items beyond the day where they go on.
-- name: ListDuePeriods :many
SELECT p.item_id, p.from_date, p.until_date
FROM recurring_items r JOIN recurring_periods p ON p.item_id = r.id AND p.until_date >= r.next_date
WHERE r.bill_date <> '' AND r.bill_date <= sqlc.arg(month_date) AND r.customer_id >= sqlc.arg(from_id) AND r.customer_id <= sqlc.arg(to_id)
ORDER BY p.item_id, p.from_date;

-- Billing: a period is billed, and never again.
-- name: AddRecurringPeriod :exec
INSERT INTO recurring_periods (item_id, from_date, until_date, run_id, invoice_id, position, lines, amount_cents, tax_cents) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- The office's billing: a run begins.
-- name: AddBillingRun :one
INSERT INTO billing_runs (month_date, invoice_date, due_date, per_site, mail, automatic, staff_id, state, to_do, started_at)
VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?) RETURNING id;

-- Billing: the run that is under way or stopped.
-- name: GetOpenBillingRun :one
SELECT * FROM billing_runs WHERE state <> 'done';

-- The office's billing: one run.
-- name: GetBillingRun :one
SELECT r.*, CAST(coalesce(t.name, '') AS TEXT) AS staff_name FROM billing_runs r LEFT JOIN staff t ON t.id = r.staff_id WHERE r.id = ?;

-- The office's billing: the runs, newest first.
-- name: ListBillingRuns :many
SELECT r.*, CAST(coalesce(t.name, '') AS TEXT) AS staff_name FROM billing_runs r LEFT JOIN staff t ON t.id = r.staff_id ORDER BY r.id DESC LIMIT ?;

-- Billing: whether a month's run was made, so that it does not begin by itself again.
-- name: CountBillingRuns :one
SELECT count(*) FROM billing_runs WHERE month_date >= ?;

-- Billing: how far a run is.
-- name: MoveBillingRun :exec
UPDATE billing_runs SET after_id = sqlc.arg(after_id), customers = customers + sqlc.arg(more_customers), invoices = invoices + sqlc.arg(more_invoices),
    periods = periods + sqlc.arg(more_periods), mailed = mailed + sqlc.arg(more_mailed), problems = problems + sqlc.arg(more_problems),
    tax_cents = tax_cents + sqlc.arg(more_tax), total_cents = total_cents + sqlc.arg(more_total)
WHERE id = sqlc.arg(id) AND state = 'running';

-- Billing: a run stops, goes on or is done.
-- name: SetBillingRunState :execrows
UPDATE billing_runs SET state = sqlc.arg(state), trouble = sqlc.arg(trouble), finished_at = sqlc.arg(finished_at) WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- Billing: an invoice of a run.
-- name: AddBillingRunInvoice :exec
INSERT INTO billing_run_invoices (run_id, invoice_id, mailed) VALUES (?, ?, ?);

-- Billing: what a run has to say of a customer.
-- name: AddBillingRunProblem :exec
INSERT INTO billing_run_problems (run_id, customer_id, words, held) VALUES (?, ?, ?, ?);

-- The office's billing: the problems of a run.
-- name: ListBillingRunProblems :many
SELECT p.id, p.words, p.held, c.number AS customer_number, c.display_name
FROM billing_run_problems p JOIN customers c ON c.id = p.customer_id
WHERE p.run_id = sqlc.arg(run_id) ORDER BY p.id LIMIT sqlc.arg(most);

-- The office's billing: the invoices of a run, in pages.
-- name: ListBillingRunInvoices :many
SELECT b.invoice_id, b.mailed, i.number, i.state, i.due_date, i.tax_cents, i.total_cents, c.number AS customer_number, c.display_name
FROM billing_run_invoices b JOIN invoices i ON i.id = b.invoice_id JOIN customers c ON c.id = i.customer_id
WHERE b.run_id = sqlc.arg(run_id) AND b.invoice_id > sqlc.arg(after_id) ORDER BY b.invoice_id LIMIT sqlc.arg(most);

-- The office's billing: the invoices of a run that are to be printed.
-- name: ListBillingRunPapers :many
SELECT b.invoice_id FROM billing_run_invoices b JOIN invoices i ON i.id = b.invoice_id
WHERE b.run_id = ? AND b.mailed = 0 AND i.state = 'issued' ORDER BY b.invoice_id;

-- The office's billing: recurring revenue at the end of a day, in thousandths of
-- a cent a year: every cycle goes into a year.
-- name: SumRecurring :one
SELECT CAST(coalesce(sum((SELECT a.amount_cents FROM recurring_amounts a WHERE a.item_id = r.id AND a.from_date <= sqlc.arg(day) ORDER BY a.from_date DESC LIMIT 1)
       * r.quantity * (12 / r.cycle_months)), 0) AS INTEGER) AS year, count(*) AS items, count(DISTINCT r.customer_id) AS customers
FROM recurring_items r WHERE r.start_date <= sqlc.arg(day) AND (r.end_date = '' OR r.end_date > sqlc.arg(day));

-- The office's billing: items that began within days.
-- name: ListRecurringBegun :many
SELECT r.id, r.description, r.quantity, r.cycle_months, r.start_date, r.reason, c.number AS customer_number, c.display_name,
       CAST((SELECT a.amount_cents FROM recurring_amounts a WHERE a.item_id = r.id AND a.from_date <= sqlc.arg(until_date) ORDER BY a.from_date DESC LIMIT 1) AS INTEGER) AS amount
FROM recurring_items r JOIN customers c ON c.id = r.customer_id
WHERE r.start_date > sqlc.arg(after_date) AND r.start_date <= sqlc.arg(until_date) AND (r.end_date = '' OR r.end_date > sqlc.arg(until_date))
ORDER BY r.start_date, r.id;

-- The office's billing: items that ended within days.
-- name: ListRecurringEnded :many
SELECT r.id, r.description, r.quantity, r.cycle_months, r.end_date, r.end_reason, c.number AS customer_number, c.display_name,
       CAST(coalesce((SELECT a.amount_cents FROM recurring_amounts a WHERE a.item_id = r.id AND a.from_date <= sqlc.arg(after_date) ORDER BY a.from_date DESC LIMIT 1), 0) AS INTEGER) AS amount
FROM recurring_items r JOIN customers c ON c.id = r.customer_id
WHERE r.end_date > sqlc.arg(after_date) AND r.end_date <= sqlc.arg(until_date) AND r.start_date <= sqlc.arg(after_date)
ORDER BY r.end_date, r.id;

-- The office's billing: items whose price changed within days.
-- name: ListRecurringRepriced :many
SELECT r.id, r.description, r.quantity, r.cycle_months, c.number AS customer_number, c.display_name,
       CAST(max(a.from_date) AS TEXT) AS changed,
       CAST((SELECT b.amount_cents FROM recurring_amounts b WHERE b.item_id = r.id AND b.from_date <= sqlc.arg(after_date) ORDER BY b.from_date DESC LIMIT 1) AS INTEGER) AS was,
       CAST((SELECT b.amount_cents FROM recurring_amounts b WHERE b.item_id = r.id AND b.from_date <= sqlc.arg(until_date) ORDER BY b.from_date DESC LIMIT 1) AS INTEGER) AS amount
FROM recurring_amounts a JOIN recurring_items r ON r.id = a.item_id JOIN customers c ON c.id = r.customer_id
WHERE a.from_date > sqlc.arg(after_date) AND a.from_date <= sqlc.arg(until_date) AND r.start_date <= sqlc.arg(after_date)
  AND (r.end_date = '' OR r.end_date > sqlc.arg(until_date))
GROUP BY r.id ORDER BY changed, r.id;

-- The doctor: two periods of an item that overlap.
-- name: CheckPeriodOverlaps :many
SELECT c.number AS customer_number, r.description, p.from_date, p.until_date, CAST(n.from_date AS TEXT) AS other
FROM recurring_periods p JOIN recurring_periods n ON n.item_id = p.item_id AND n.from_date > p.from_date AND n.from_date <= p.until_date
JOIN recurring_items r ON r.id = p.item_id JOIN customers c ON c.id = r.customer_id
LIMIT ?;

-- The doctor: periods whose invoice charges something else for them.
-- name: CheckPeriodLines :many
SELECT c.number AS customer_number, r.description, p.from_date, p.until_date, i.number, p.amount_cents, p.tax_cents,
       CAST(coalesce((SELECT sum(l.amount_cents) FROM invoice_lines l WHERE l.invoice_id = p.invoice_id AND l.position >= p.position AND l.position < p.position + p.lines), 0) AS INTEGER) AS line_amount,
       CAST(coalesce((SELECT sum(l.tax_cents) FROM invoice_lines l WHERE l.invoice_id = p.invoice_id AND l.position >= p.position AND l.position < p.position + p.lines), 0) AS INTEGER) AS line_tax
FROM recurring_periods p JOIN invoices i ON i.id = p.invoice_id JOIN recurring_items r ON r.id = p.item_id JOIN customers c ON c.id = r.customer_id
WHERE p.amount_cents <> (SELECT coalesce(sum(l.amount_cents), 0) FROM invoice_lines l WHERE l.invoice_id = p.invoice_id AND l.position >= p.position AND l.position < p.position + p.lines)
   OR p.tax_cents <> (SELECT coalesce(sum(l.tax_cents), 0) FROM invoice_lines l WHERE l.invoice_id = p.invoice_id AND l.position >= p.position AND l.position < p.position + p.lines)
LIMIT ?;

-- The doctor: periods on an invoice of another customer.
-- name: CheckPeriodOwners :many
SELECT c.number AS customer_number, r.description, p.from_date, p.until_date, i.number
FROM recurring_periods p JOIN invoices i ON i.id = p.invoice_id JOIN recurring_items r ON r.id = p.item_id JOIN customers c ON c.id = r.customer_id
WHERE i.customer_id <> r.customer_id LIMIT ?;

-- The doctor: items that are to be billed for days that were billed.
-- name: CheckNextPeriods :many
SELECT c.number AS customer_number, r.description, r.next_date, p.until_date
FROM recurring_items r JOIN recurring_periods p ON p.item_id = r.id AND p.from_date <= r.next_date AND p.until_date >= r.next_date
JOIN customers c ON c.id = r.customer_id
WHERE r.next_date <> '' LIMIT ?;

-- The doctor: items without any price.
-- name: CheckUnpriced :many
SELECT c.number AS customer_number, r.description FROM recurring_items r JOIN customers c ON c.id = r.customer_id
WHERE NOT EXISTS (SELECT 1 FROM recurring_amounts a WHERE a.item_id = r.id AND a.from_date <= r.start_date) LIMIT ?;

-- The doctor: runs whose sums are not those of their invoices.
-- name: CheckBillingRuns :many
SELECT r.id, r.month_date, r.invoices, r.total_cents, count(b.invoice_id) AS made, CAST(coalesce(sum(i.total_cents), 0) AS INTEGER) AS total
FROM billing_runs r LEFT JOIN billing_run_invoices b ON b.run_id = r.id LEFT JOIN invoices i ON i.id = b.invoice_id
GROUP BY r.id HAVING count(b.invoice_id) <> r.invoices OR coalesce(sum(i.total_cents), 0) <> r.total_cents LIMIT ?;

-- The office's recurring items, import: whose a system is, and at which site.
-- name: GetSystemForCustomer :one
SELECT y.id, y.site_id FROM systems y JOIN sites s ON s.id = y.site_id WHERE y.id = ? AND s.customer_id = ?;

-- Import: the item that a row names.
-- name: FindRecurringItem :one
SELECT r.id, r.customer_id, r.description, r.quantity, r.cycle_months, r.start_date, r.end_date, r.prorate, r.arrears, r.taxable, r.reason, r.end_reason, r.next_date,
       CAST(coalesce((SELECT max(p.until_date) FROM recurring_periods p WHERE p.item_id = r.id), '') AS TEXT) AS billed
FROM recurring_items r LEFT JOIN sites s ON s.id = r.site_id LEFT JOIN systems y ON y.id = r.system_id
WHERE r.customer_id = sqlc.arg(customer_id) AND coalesce(s.name, '') = sqlc.arg(site_name) COLLATE NOCASE AND coalesce(y.name, '') = sqlc.arg(system_name) COLLATE NOCASE
  AND r.description = sqlc.arg(description) COLLATE NOCASE AND r.start_date = sqlc.arg(start_date)
ORDER BY r.id LIMIT 1;

-- Import, export: the prices of an item, in the order of their days.
-- name: ExportRecurringAmounts :many
SELECT from_date, amount_cents FROM recurring_amounts WHERE item_id = ? ORDER BY from_date;

-- Export: recurring.csv, in pages.
-- name: ExportRecurringItems :many
SELECT r.id, c.number AS customer_number, CAST(coalesce(s.name, '') AS TEXT) AS site_name, CAST(coalesce(y.name, '') AS TEXT) AS system_name,
       r.description, r.quantity, r.cycle_months, r.start_date, r.end_date, r.prorate, r.arrears, r.taxable, r.reason, r.end_reason, r.next_date,
       CAST(coalesce((SELECT max(p.until_date) FROM recurring_periods p WHERE p.item_id = r.id), '') AS TEXT) AS billed
FROM recurring_items r JOIN customers c ON c.id = r.customer_id LEFT JOIN sites s ON s.id = r.site_id LEFT JOIN systems y ON y.id = r.system_id
WHERE r.id > sqlc.arg(after_id) ORDER BY r.id LIMIT sqlc.arg(how_many);
