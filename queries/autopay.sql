-- autopay, preview and notices: customers with a standing consent, in batches.
-- name: ListAutoPayCustomers :many
SELECT customer_id FROM mandates WHERE revoked_at = 0 AND customer_id > sqlc.arg(after) ORDER BY customer_id LIMIT sqlc.arg(most);

-- autopay, planning: customers whose latest day has come and whose month is not
-- decided. Dom is the day of the month; this and last are the months, each with
-- the customer's day in it.
-- name: ListAutoPayDue :many
SELECT x.customer_id, x.accepted_at, x.this_day, x.last_day FROM (
    SELECT m.customer_id, m.accepted_at,
        CAST(coalesce((SELECT d.day FROM auto_pay_days d WHERE d.customer_id = m.customer_id AND d.made_at >= m.shown_at
            AND d.from_period <= CAST(sqlc.arg(this) AS TEXT) ORDER BY d.id DESC LIMIT 1), m.day) AS INTEGER) AS this_day,
        CAST(coalesce((SELECT d.day FROM auto_pay_days d WHERE d.customer_id = m.customer_id AND d.made_at >= m.shown_at
            AND d.from_period <= CAST(sqlc.arg(last) AS TEXT) ORDER BY d.id DESC LIMIT 1), m.day) AS INTEGER) AS last_day
    FROM mandates m WHERE m.revoked_at = 0 AND m.customer_id > sqlc.arg(after)) x
WHERE NOT EXISTS (SELECT 1 FROM auto_pay_periods p WHERE p.customer_id = x.customer_id
    AND p.period = CASE WHEN x.this_day <= CAST(sqlc.arg(dom) AS INTEGER) THEN CAST(sqlc.arg(this) AS TEXT) ELSE CAST(sqlc.arg(last) AS TEXT) END)
ORDER BY x.customer_id LIMIT sqlc.arg(most);

-- autopay: the days of some customers' consents, the oldest first.
-- name: ListAutoPayDays :many
SELECT d.customer_id, CAST(d.from_period AS TEXT) AS from_period, d.day FROM mandate_days d
WHERE d.customer_id IN (sqlc.slice('customers')) ORDER BY d.customer_id, d.arrangement;

-- autopay: consent, method and address of some customers.
-- name: ListAutoPayAccounts :many
SELECT m.id AS mandate_id, m.customer_id, m.day, m.cap_cents, m.accepted_at, m.consent_version, m.user_id,
    c.number, c.display_name, c.status, c.created_at,
    w.id AS method_id, w.gateway, w.kind, w.brand, w.last4, w.exp_year, w.exp_month, w.ended_at,
    CAST(coalesce((SELECT u.email FROM users u WHERE u.id = m.user_id),
        (SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email,
    CAST(coalesce((SELECT sum(l.cents) FROM ledger l WHERE l.customer_id = c.id AND l.invoice_id IS NULL), 0) AS INTEGER) AS unapplied
FROM mandates m JOIN customers c ON c.id = m.customer_id JOIN methods w ON w.id = m.method_id
WHERE m.revoked_at = 0 AND m.customer_id IN (sqlc.slice('customers'))
ORDER BY m.customer_id;

-- autopay: what is open of some customers, the oldest due date first, with what
-- is under way on it, whether the outcome of an attempt is not known, and the
-- processor's page that is open for it.
-- name: ListAutoPayInvoices :many
SELECT i.customer_id, i.id, i.number, i.due_date, i.balance_cents,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved,
    CAST(EXISTS (SELECT 1 FROM allocations a JOIN payments p ON p.id = a.payment_id
        WHERE a.invoice_id = i.id AND (p.state IN ('planned', 'submitted') OR (p.state = 'action' AND p.hosted = 0))) AS INTEGER) AS unsettled,
    CAST(coalesce((SELECT p.reference FROM allocations a JOIN payments p ON p.id = a.payment_id
        WHERE a.invoice_id = i.id AND p.state = 'action' AND p.hosted = 1 LIMIT 1), '') AS TEXT) AS page
FROM invoices i
WHERE i.customer_id IN (sqlc.slice('customers')) AND i.state = 'issued' AND i.balance_cents > 0
ORDER BY i.customer_id, i.due_date, i.id;

-- autopay: the latest payment that auto pay made for some customers.
-- name: ListAutoPayLatest :many
SELECT p.customer_id, p.state, p.amount_cents, p.method_id, p.failure_code, p.failure_message, p.payment_date
FROM payments p WHERE p.id IN (
    SELECT max(x.id) FROM payments x WHERE x.source = 'autopay' AND x.customer_id IN (sqlc.slice('customers')) GROUP BY x.customer_id);

-- autopay, notices: the latest payment that auto pay made and that was received.
-- name: ListAutoPayLatestTaken :many
SELECT p.customer_id, p.amount_cents, p.payment_date, p.created_at
FROM payments p WHERE p.id IN (
    SELECT max(x.id) FROM payments x WHERE x.source = 'autopay' AND x.customer_id IN (sqlc.slice('customers'))
        AND x.state IN ('processing', 'succeeded', 'partially_refunded', 'refunded', 'won', 'disputed', 'lost', 'returned') GROUP BY x.customer_id);

-- autopay: the hold of all customers, if it stands.
-- name: GetAutoPayHoldOfAll :one
SELECT h.id, h.reason, h.placed_at, CAST(coalesce(nullif(s.name, ''), s.email, '') AS TEXT) AS staff
FROM auto_pay_holds h LEFT JOIN staff s ON s.id = h.staff_id
WHERE h.customer_id IS NULL AND h.released_at = 0;

-- autopay: standing holds of some customers.
-- name: ListAutoPayHolds :many
SELECT h.customer_id, h.id, h.reason, h.placed_at, CAST(coalesce(nullif(s.name, ''), s.email, '') AS TEXT) AS staff
FROM auto_pay_holds h LEFT JOIN staff s ON s.id = h.staff_id
WHERE h.released_at = 0 AND h.customer_id IN (sqlc.slice('customers'));

-- autopay, the office: a customer's holds, the latest first.
-- name: ListAutoPayHoldsOfCustomer :many
SELECT h.id, h.reason, h.placed_at, h.released_at, h.release_reason,
    CAST(coalesce(nullif(s.name, ''), s.email, '') AS TEXT) AS staff, CAST(coalesce(nullif(r.name, ''), r.email, '') AS TEXT) AS released_staff
FROM auto_pay_holds h LEFT JOIN staff s ON s.id = h.staff_id LEFT JOIN staff r ON r.id = h.released_staff_id
WHERE h.customer_id = ? ORDER BY h.placed_at DESC, h.id DESC LIMIT 50;

-- autopay.Hold and HoldAll.
-- name: AddAutoPayHold :execrows
INSERT INTO auto_pay_holds (customer_id, reason, staff_id, placed_at) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- autopay.Release and ReleaseAll: of one customer, or with 0 of all.
-- name: ReleaseAutoPayHold :execrows
UPDATE auto_pay_holds SET released_at = sqlc.arg(released_at), released_staff_id = sqlc.arg(staff_id), release_reason = sqlc.arg(reason)
WHERE released_at = 0 AND coalesce(customer_id, 0) = CAST(sqlc.arg(customer_id) AS INTEGER);

-- autopay: the months of some customers that wait for another attempt.
-- name: ListAutoPayRetriesOf :many
SELECT * FROM auto_pay_periods WHERE customer_id IN (sqlc.slice('customers')) AND retry_date <> '';

-- autopay: what was asked for by the first attempt at some customers' months
-- that are to be tried again, and what of it is open now.
-- name: ListAutoPayRetryInvoices :many
SELECT t.customer_id, t.period, a.invoice_id, i.number, i.due_date, a.cents, i.balance_cents,
    CAST(coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0) AS INTEGER) AS reserved,
    CAST(EXISTS (SELECT 1 FROM allocations b JOIN payments p ON p.id = b.payment_id
        WHERE b.invoice_id = i.id AND (p.state IN ('planned', 'submitted') OR (p.state = 'action' AND p.hosted = 0))) AS INTEGER) AS unsettled,
    CAST(coalesce((SELECT p.reference FROM allocations b JOIN payments p ON p.id = b.payment_id
        WHERE b.invoice_id = i.id AND p.state = 'action' AND p.hosted = 1 LIMIT 1), '') AS TEXT) AS page
FROM auto_pay_periods d
JOIN auto_pay_attempts t ON t.customer_id = d.customer_id AND t.period = d.period AND t.number = 1
JOIN allocations a ON a.payment_id = t.payment_id
JOIN invoices i ON i.id = a.invoice_id
WHERE d.retry_date <> '' AND i.state = 'issued' AND d.customer_id IN (sqlc.slice('customers'))
ORDER BY t.customer_id, t.period, i.due_date, i.id;

-- payment.apply: an auto payment's state moved on; auto pay looks at it.
-- name: MarkAutoPayMoved :exec
UPDATE auto_pay_attempts SET moved = 1 WHERE payment_id = ?;

-- payment.ChargeAutoPay: nothing was sent, the payment waits again.
-- name: UnclaimPayment :execrows
UPDATE payments SET state = 'planned', submitted_at = 0, checked_at = 0
WHERE id = ? AND state = 'submitted' AND charge_ref = '' AND source = 'autopay';

-- autopay.Run: the run that is at work, and the late one that is.
-- name: ListAutoPayOpenRuns :many
SELECT * FROM auto_pay_runs WHERE state IN ('planning', 'charging', 'stopped') ORDER BY id;

-- autopay.Run, Progress: the late run that waits for the office.
-- name: GetAutoPayLateRun :one
SELECT * FROM auto_pay_runs WHERE kind = 'late' AND state IN ('asks', 'planning', 'charging', 'stopped');

-- autopay.Run: a run begins, unless one of its kind is at work.
-- name: AddAutoPayRun :execrows
INSERT INTO auto_pay_runs (kind, state, run_date, staff_id, started_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- autopay: a run goes on, stops, ends.
-- name: MoveAutoPayRun :execrows
UPDATE auto_pay_runs SET state = sqlc.arg(state), trouble = sqlc.arg(trouble), stopped_at = sqlc.arg(stopped_at), finished_at = sqlc.arg(finished_at),
    run_date = sqlc.arg(run_date), staff_id = sqlc.arg(staff_id)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- autopay.Run: why a run waits.
-- name: NoteAutoPayRun :exec
UPDATE auto_pay_runs SET trouble = ? WHERE id = ? AND trouble <> sqlc.arg(unless);

-- autopay: a run.
-- name: GetAutoPayRun :one
SELECT * FROM auto_pay_runs WHERE id = ?;

-- autopay.Run: a customer's month is decided; no row = it was already.
-- name: AddAutoPayPeriod :execrows
INSERT INTO auto_pay_periods (customer_id, period, due_date, run_id, state, reason, amount_cents, credit_cents, attempts, decided_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- autopay: what becomes of a month, as far as it is still in the state it was read in.
-- name: MoveAutoPayPeriod :execrows
UPDATE auto_pay_periods SET state = sqlc.arg(state), reason = sqlc.arg(reason), run_id = sqlc.arg(run_id), amount_cents = sqlc.arg(amount_cents),
    credit_cents = sqlc.arg(credit_cents), attempts = sqlc.arg(attempts), declines = sqlc.arg(declines), unsent = sqlc.arg(unsent),
    failed_date = sqlc.arg(failed_date), retry_date = sqlc.arg(retry_date), told_at = sqlc.arg(told_at), decided_at = sqlc.arg(decided_at)
WHERE customer_id = sqlc.arg(customer_id) AND period = sqlc.arg(period) AND state = sqlc.arg(was) AND attempts = sqlc.arg(after)
    AND retry_date = sqlc.arg(was_retry);

-- autopay: a customer's month.
-- name: GetAutoPayPeriod :one
SELECT * FROM auto_pay_periods WHERE customer_id = ? AND period = ?;

-- autopay: whether a later month of the customer's is decided.
-- name: CountLaterAutoPayPeriods :one
SELECT count(*) FROM auto_pay_periods WHERE customer_id = ? AND period > ?;

-- autopay.Run: an attempt, with its payment.
-- name: AddAutoPayAttempt :exec
INSERT INTO auto_pay_attempts (customer_id, period, number, payment_id, run_id, created_at) VALUES (?, ?, ?, ?, ?, ?);

-- autopay.Run: the attempt before the next one.
-- name: GetLastAutoPayAttempt :one
SELECT * FROM auto_pay_attempts WHERE customer_id = ? AND period = ? ORDER BY number DESC LIMIT 1;

-- autopay: the attempt a payment is.
-- name: GetAutoPayAttemptOfPayment :one
SELECT * FROM auto_pay_attempts WHERE payment_id = ?;

-- autopay.Run: customers with a month that is to be tried again by a day.
-- name: ListAutoPayRetriesDue :many
SELECT DISTINCT customer_id FROM auto_pay_periods
WHERE retry_date <> '' AND retry_date <= sqlc.arg(day) AND customer_id > sqlc.arg(after) ORDER BY customer_id LIMIT sqlc.arg(most);

-- autopay.Run: months of a late run that the office decided to take.
-- name: ListAutoPayAsked :many
SELECT customer_id, period FROM auto_pay_periods
WHERE run_id = sqlc.arg(run_id) AND state = 'asks' AND customer_id > sqlc.arg(after) ORDER BY customer_id LIMIT sqlc.arg(most);

-- autopay.Decide: the office decided not to take them.
-- name: SkipAutoPayAsked :execrows
UPDATE auto_pay_periods SET state = 'skipped', reason = ?, decided_at = ? WHERE run_id = ? AND state = 'asks';

-- autopay.Run: what runs at work have planned and nobody has claimed.
-- name: ListAutoPayPlanned :many
SELECT p.id FROM payments p JOIN auto_pay_attempts a ON a.payment_id = p.id JOIN auto_pay_runs r ON r.id = a.run_id
WHERE p.state = 'planned' AND p.source = 'autopay' AND r.state = 'charging' AND p.id > sqlc.arg(after)
ORDER BY p.id LIMIT sqlc.arg(most);

-- autopay.Run: whether a run has anything left to send, or that was sent a
-- moment ago.
-- name: CountAutoPayUnfinished :one
SELECT CAST(coalesce(sum(p.state = 'planned'), 0) AS INTEGER) AS planned,
    CAST(coalesce(sum(p.state = 'submitted' AND p.submitted_at > sqlc.arg(since)), 0) AS INTEGER) AS submitted,
    CAST(coalesce(sum(a.moved), 0) AS INTEGER) AS moved
FROM payments p JOIN auto_pay_attempts a ON a.payment_id = p.id
WHERE a.run_id = sqlc.arg(run_id) AND (p.state IN ('planned', 'submitted') OR a.moved = 1);

-- autopay.Run: attempts whose payments moved on.
-- name: ListAutoPayMoved :many
SELECT a.id, a.customer_id, a.period, a.number, a.outcome, a.run_id, p.id AS payment_id, p.reference, p.state, p.kind, p.brand, p.number_label, p.amount_cents,
    p.payment_date, p.failure_code, p.failure_message, p.user_id
FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id
WHERE a.moved = 1 AND a.id > sqlc.arg(after) ORDER BY a.id LIMIT sqlc.arg(most);

-- autopay.Run: they were acted on.
-- name: FollowAutoPayAttempt :execrows
UPDATE auto_pay_attempts SET moved = 0, outcome = sqlc.arg(outcome), unreported = sqlc.arg(unreported) WHERE id = sqlc.arg(id) AND (moved = 1 OR outcome = '');

-- autopay: the restored or copied books were confirmed since.
-- name: GetBooksConfirmed :one
SELECT CAST(coalesce(max(at), 0) AS INTEGER) FROM audit WHERE action = 'books.confirm' AND at > ?;

-- autopay.Run: how many failures no summary has told of.
-- name: CountAutoPayUnreported :one
SELECT count(*) FROM auto_pay_attempts WHERE unreported = 1;

-- autopay.Run: a run that decided about nobody leaves no trace.
-- name: DropAutoPayRun :execrows
DELETE FROM auto_pay_runs WHERE auto_pay_runs.id = sqlc.arg(id) AND state = 'charging'
    AND NOT EXISTS (SELECT 1 FROM auto_pay_periods p WHERE p.run_id = sqlc.arg(id))
    AND NOT EXISTS (SELECT 1 FROM auto_pay_attempts a WHERE a.run_id = sqlc.arg(id))
    AND NOT EXISTS (SELECT 1 FROM auto_pay_attempts a WHERE a.unreported = 1);

-- autopay, results and summary: the attempts of a run by what became of them.
-- name: SumAutoPayAttempts :many
SELECT p.state, count(*) AS count, CAST(sum(p.amount_cents) AS INTEGER) AS amount
FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id WHERE a.run_id = ? GROUP BY p.state;

-- autopay, results and summary: the months a run decided without an attempt.
-- name: SumAutoPayPeriods :many
SELECT d.state, count(*) AS count, CAST(sum(d.credit_cents) AS INTEGER) AS credit, CAST(sum(d.amount_cents) AS INTEGER) AS amount
FROM auto_pay_periods d
WHERE d.run_id = sqlc.arg(run_id) AND NOT EXISTS (SELECT 1 FROM auto_pay_attempts a WHERE a.customer_id = d.customer_id AND a.period = d.period AND a.run_id = sqlc.arg(run_id))
GROUP BY d.state;

-- autopay, results and summary: credit used by the months of a run.
-- name: SumAutoPayCredit :one
SELECT CAST(coalesce(sum(credit_cents), 0) AS INTEGER) FROM auto_pay_periods WHERE run_id = ?;

-- autopay, summary: failures that no summary has told of.
-- name: ListAutoPayUnreported :many
SELECT a.id, a.run_id, p.reference, p.amount_cents, p.failure_message, p.state, d.retry_date, d.state AS month, c.number, c.display_name
FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id JOIN customers c ON c.id = a.customer_id
JOIN auto_pay_periods d ON d.customer_id = a.customer_id AND d.period = a.period
WHERE a.unreported = 1 ORDER BY a.id LIMIT ?;

-- autopay, summary: they are told of now.
-- name: ReportAutoPayFailures :exec
UPDATE auto_pay_attempts SET unreported = 0 WHERE unreported = 1;

-- autopay, results and summary: the months a run decided without an attempt,
-- in the states asked for, each between blanks.
-- name: ListAutoPayRunPeriods :many
SELECT d.customer_id, d.period, d.due_date, d.state, d.reason, d.amount_cents, d.credit_cents, d.retry_date, c.number, c.display_name
FROM auto_pay_periods d JOIN customers c ON c.id = d.customer_id
WHERE d.run_id = sqlc.arg(run_id) AND instr(CAST(sqlc.arg(states) AS TEXT), ' ' || d.state || ' ') > 0 AND d.customer_id > sqlc.arg(after)
  AND NOT EXISTS (SELECT 1 FROM auto_pay_attempts a WHERE a.customer_id = d.customer_id AND a.period = d.period AND a.run_id = sqlc.arg(run_id))
ORDER BY d.customer_id, d.period LIMIT sqlc.arg(most);

-- autopay.Runs: runs, the latest first; those of the program in which there was
-- nothing to take only where every run is asked for.
-- name: ListAutoPayRuns :many
SELECT r.*, CAST(coalesce(nullif(s.name, ''), s.email, '') AS TEXT) AS staff
FROM auto_pay_runs r LEFT JOIN staff s ON s.id = r.staff_id
WHERE r.id < sqlc.arg(before) AND (CAST(sqlc.arg(every) AS INTEGER) = 1 OR r.kind <> 'daily' OR r.state <> 'finished'
    OR EXISTS (SELECT 1 FROM auto_pay_attempts a WHERE a.run_id = r.id)
    OR EXISTS (SELECT 1 FROM auto_pay_periods d WHERE d.run_id = r.id AND d.state <> 'nothing'))
ORDER BY r.id DESC LIMIT sqlc.arg(most);

-- autopay.Result: the attempts of a run whose payments are in the states asked
-- for, each between blanks.
-- name: ListAutoPayRunAttempts :many
SELECT a.id, a.customer_id, a.period, a.number, a.unreported, p.reference, p.state, p.amount_cents, p.kind, p.brand, p.number_label, p.failure_message,
    d.due_date, d.credit_cents, d.retry_date, d.attempts, d.state AS month, c.number AS customer_number, c.display_name
FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id JOIN customers c ON c.id = a.customer_id
JOIN auto_pay_periods d ON d.customer_id = a.customer_id AND d.period = a.period
WHERE a.run_id = sqlc.arg(run_id) AND instr(CAST(sqlc.arg(states) AS TEXT), ' ' || p.state || ' ') > 0 AND a.id > sqlc.arg(after)
ORDER BY a.id LIMIT sqlc.arg(most);

-- autopay, the customer's page: what became of the latest months.
-- name: ListAutoPayMonthsOfCustomer :many
SELECT d.period, d.due_date, d.state, d.reason, d.amount_cents, d.credit_cents, d.retry_date, d.attempts, d.run_id,
    CAST(coalesce((SELECT p.reference FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id
        WHERE a.customer_id = d.customer_id AND a.period = d.period ORDER BY a.number DESC LIMIT 1), '') AS TEXT) AS reference
FROM auto_pay_periods d WHERE d.customer_id = ? ORDER BY d.period DESC LIMIT 24;

-- autopay, notices: what a customer was told of a month.
-- name: ListAutoPayNotices :many
SELECT kind, expected_cents FROM auto_pay_notices WHERE customer_id = ? AND period = ?;

-- autopay, notices: a customer is told, once for each month and kind.
-- name: AddAutoPayNotice :exec
INSERT INTO auto_pay_notices (customer_id, period, kind, expected_cents, mailed, made_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- portal doctor: months that were taken more than once.
-- name: CheckAutoPayTwice :many
SELECT c.number, a.period, count(*) AS payments FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id JOIN customers c ON c.id = a.customer_id
WHERE p.state IN ('submitted', 'processing', 'succeeded', 'partially_refunded', 'refunded', 'disputed', 'won', 'lost')
GROUP BY a.customer_id, a.period HAVING count(*) > 1 ORDER BY a.customer_id LIMIT ?;

-- portal doctor: auto payments that no month knows of, and attempts at months
-- that are not there or count otherwise.
-- name: CheckAutoPayStray :many
SELECT p.reference FROM payments p WHERE p.source = 'autopay'
  AND NOT EXISTS (SELECT 1 FROM auto_pay_attempts a JOIN auto_pay_periods d ON d.customer_id = a.customer_id AND d.period = a.period
      WHERE a.payment_id = p.id AND a.customer_id = p.customer_id AND a.number <= d.attempts)
ORDER BY p.id LIMIT ?;

-- portal doctor: months whose attempts are not all there.
-- name: CheckAutoPayMissing :many
SELECT c.number, d.period, d.attempts FROM auto_pay_periods d JOIN customers c ON c.id = d.customer_id
WHERE d.attempts <> (SELECT count(*) FROM auto_pay_attempts a WHERE a.customer_id = d.customer_id AND a.period = d.period)
ORDER BY d.customer_id LIMIT ?;

-- portal doctor: auto payments that were planned and that nobody sent.
-- name: CheckAutoPayWaiting :many
SELECT p.reference, p.created_at FROM payments p JOIN auto_pay_attempts a ON a.payment_id = p.id JOIN auto_pay_runs r ON r.id = a.run_id
WHERE p.state = 'planned' AND p.source = 'autopay' AND p.created_at < sqlc.arg(before)
  AND (r.state IN ('finished', 'skipped') OR (r.state = 'charging' AND r.trouble = ''))
  AND NOT EXISTS (SELECT 1 FROM auto_pay_holds h WHERE h.customer_id IS NULL AND h.released_at = 0)
ORDER BY p.id LIMIT sqlc.arg(most);

-- portal doctor: attempts that asked for more than the first of their month.
-- name: CheckAutoPayMore :many
SELECT p.reference, p.amount_cents, d.amount_cents AS first_cents FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id
JOIN auto_pay_periods d ON d.customer_id = a.customer_id AND d.period = a.period
WHERE p.amount_cents > d.amount_cents ORDER BY a.id LIMIT ?;
