-- Reports, auto pay health: the decided months by what became of them. Payment is
-- the state of the last attempt, '' when there was none; again says that one
-- before it had failed.
-- name: SumAutoPayMonths :many
SELECT d.period, d.state AS month, CAST(coalesce(p.state, '') AS TEXT) AS payment, CAST(coalesce(p.failure_code, '') AS TEXT) AS failure_code,
       CAST(coalesce(a.number, 0) > 1 AND EXISTS (SELECT 1 FROM auto_pay_attempts x JOIN payments y ON y.id = x.payment_id
           WHERE x.customer_id = d.customer_id AND x.period = d.period AND x.number < a.number AND y.state IN ('failed', 'expired', 'returned')) AS INTEGER) AS again,
       count(*) AS count, CAST(coalesce(sum(p.amount_cents), 0) AS INTEGER) AS amount
FROM auto_pay_periods d
LEFT JOIN auto_pay_attempts a ON a.customer_id = d.customer_id AND a.period = d.period
    AND a.number = (SELECT max(x.number) FROM auto_pay_attempts x WHERE x.customer_id = d.customer_id AND x.period = d.period)
LEFT JOIN payments p ON p.id = a.payment_id
WHERE d.period >= CAST(sqlc.arg(from_month) AS TEXT) AND d.period <= CAST(sqlc.arg(to_month) AS TEXT)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;

-- Reports, auto pay health: the runs that were made, by month.
-- name: CountAutoPayRuns :many
SELECT CAST(substr(run_date, 1, 7) AS TEXT) AS month, count(*) AS count FROM auto_pay_runs
WHERE run_date >= sqlc.arg(from_date) AND run_date <= sqlc.arg(to_date) AND state NOT IN ('asks', 'skipped') GROUP BY 1 ORDER BY 1;

-- Reports, auto pay health: how many customers had a standing consent at a moment.
-- name: CountAutoPayCustomersAt :one
SELECT count(DISTINCT customer_id) FROM mandates WHERE accepted_at < sqlc.arg(moment) AND (revoked_at = 0 OR revoked_at >= sqlc.arg(moment));

-- Reports, auto pay health: what was invoiced, by month, and what auto pay has
-- paid of it.
-- name: SumAutoPayShare :many
SELECT CAST(substr(i.invoice_date, 1, 7) AS TEXT) AS month, CAST(sum(i.total_cents) AS INTEGER) AS billed,
       CAST(sum(coalesce((SELECT -sum(l.cents) FROM ledger l JOIN payments p ON p.id = l.payment_id WHERE l.invoice_id = i.id AND p.source = 'autopay'), 0)) AS INTEGER) AS paid
FROM invoices i WHERE i.invoice_date >= sqlc.arg(from_date) AND i.invoice_date <= sqlc.arg(to_date) AND i.state = 'issued' GROUP BY 1 ORDER BY 1;
