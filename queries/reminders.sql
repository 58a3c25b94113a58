-- Reminders and late fees: the steps that count, and since when.
-- name: ListReminderSchedule :many
SELECT kind, days, since_date FROM reminder_schedule ORDER BY kind, days;

-- The job "reminders": a step that was added to the schedule.
-- name: AddReminderStep :exec
INSERT INTO reminder_schedule (kind, days, since_date) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- The job "reminders": a step that was taken from the schedule.
-- name: DropReminderStep :exec
DELETE FROM reminder_schedule WHERE kind = ? AND days = ?;

-- Reminders, the run and its preview: open invoices that reach a step on a day,
-- with what keeps their customers from being reminded.
-- name: ListReminderCandidates :many
SELECT i.id, i.customer_id, c.number, c.display_name,
    CAST(EXISTS (SELECT 1 FROM mandates m WHERE m.customer_id = c.id AND m.revoked_at = 0) AS INTEGER) AS auto_pay,
    CAST(EXISTS (SELECT 1 FROM reservations r WHERE r.customer_id = c.id) AS INTEGER) AS under_way,
    CAST(EXISTS (SELECT 1 FROM payments p WHERE p.customer_id = c.id AND p.state = 'disputed') AS INTEGER) AS disputed,
    CAST(coalesce((SELECT h.reason FROM reminder_holds h WHERE h.customer_id = c.id), '') AS TEXT) AS hold
FROM invoices i JOIN customers c ON c.id = i.customer_id
WHERE i.state = 'issued' AND i.balance_cents > 0 AND i.due_date = sqlc.arg(due_date)
  AND (CAST(sqlc.arg(customer) AS INTEGER) = 0 OR i.customer_id = sqlc.arg(customer))
  AND NOT EXISTS (SELECT 1 FROM reminders d WHERE d.invoice_id = i.id AND d.days = sqlc.arg(days))
ORDER BY i.id;

-- Reminders: whether the customer was mailed one on that day already.
-- name: CountRemindersOn :one
SELECT count(*) FROM reminders WHERE customer_id = ? AND sent_date = ? AND outcome = 'mailed';

-- Reminders: the addresses on file whose owner has not switched them off.
-- name: ListReminderTargets :many
SELECT e.email FROM customer_emails e
WHERE e.customer_id = ? AND NOT EXISTS (
    SELECT 1 FROM users u JOIN mail_choices k ON k.user_id = u.id WHERE u.email = e.email AND k.reminders = 0)
ORDER BY e.position;

-- The job "reminders": what became of a step.
-- name: AddReminder :exec
INSERT INTO reminders (invoice_id, days, customer_id, sent_date, outcome, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?);

-- Late fees, the run and their preview: open invoices that are past due for so
-- long and were charged none yet, those that are late fees themselves left out.
-- name: ListLateFeeCandidates :many
SELECT i.id, i.number, i.customer_id, i.due_date, i.site_id, i.balance_cents, c.number AS customer_number, c.display_name,
    CAST(EXISTS (SELECT 1 FROM mandates m WHERE m.customer_id = c.id AND m.revoked_at = 0) AS INTEGER) AS auto_pay,
    CAST(EXISTS (SELECT 1 FROM reservations r WHERE r.customer_id = c.id) AS INTEGER) AS under_way,
    CAST(EXISTS (SELECT 1 FROM payments p WHERE p.customer_id = c.id AND p.state = 'disputed') AS INTEGER) AS disputed,
    CAST(coalesce((SELECT h.reason FROM reminder_holds h WHERE h.customer_id = c.id), '') AS TEXT) AS hold
FROM invoices i JOIN customers c ON c.id = i.customer_id
WHERE i.state = 'issued' AND i.balance_cents > 0 AND i.due_date >= sqlc.arg(from_date) AND i.due_date <= sqlc.arg(to_date)
  AND (CAST(sqlc.arg(only) AS INTEGER) = 0 OR i.id = sqlc.arg(only))
  AND NOT EXISTS (SELECT 1 FROM late_fees f WHERE f.invoice_id = i.id)
  AND NOT EXISTS (SELECT 1 FROM late_fees f WHERE f.fee_invoice_id = i.id)
ORDER BY i.due_date, i.id;

-- The job "reminders": a late fee was charged.
-- name: AddLateFee :exec
INSERT INTO late_fees (invoice_id, fee_invoice_id, cents, at) VALUES (?, ?, ?, ?);

-- The office: whether a customer is left alone.
-- name: GetReminderHold :one
SELECT h.reason, h.placed_at, CAST(coalesce(s.name, '') AS TEXT) AS staff
FROM reminder_holds h LEFT JOIN staff s ON s.id = h.staff_id WHERE h.customer_id = ?;

-- The office: leaves a customer alone.
-- name: PutReminderHold :exec
INSERT INTO reminder_holds (customer_id, reason, staff_id, placed_at) VALUES (?, ?, ?, ?)
ON CONFLICT (customer_id) DO UPDATE SET reason = excluded.reason, staff_id = excluded.staff_id, placed_at = excluded.placed_at;

-- The office: reminds a customer again.
-- name: DropReminderHold :execrows
DELETE FROM reminder_holds WHERE customer_id = ?;

-- The office's reminders page: what was done last, newest first.
-- name: ListReminders :many
SELECT r.sent_date, r.days, r.outcome, r.reason, i.number, c.number AS customer_number, c.display_name
FROM reminders r JOIN invoices i ON i.id = r.invoice_id JOIN customers c ON c.id = r.customer_id
ORDER BY r.at DESC, r.invoice_id DESC LIMIT ?;

-- The office's reminders page: late fees, newest first.
-- name: ListLateFees :many
SELECT f.at, f.cents, i.number, n.number AS fee_number, n.state, n.balance_cents, c.number AS customer_number, c.display_name
FROM late_fees f JOIN invoices i ON i.id = f.invoice_id JOIN invoices n ON n.id = f.fee_invoice_id JOIN customers c ON c.id = i.customer_id
ORDER BY f.at DESC, f.invoice_id DESC LIMIT ?;

-- portal doctor: late fees that are not what they were charged as, or another
-- customer's.
-- name: CheckLateFees :many
SELECT i.number, n.number AS fee_number FROM late_fees f JOIN invoices i ON i.id = f.invoice_id JOIN invoices n ON n.id = f.fee_invoice_id
WHERE n.total_cents <> f.cents OR n.customer_id <> i.customer_id
ORDER BY f.invoice_id LIMIT ?;
