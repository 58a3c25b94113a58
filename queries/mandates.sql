-- "CC/eCheck", home: the customer's standing consent to auto pay.
-- name: GetMandateForCustomer :one
SELECT * FROM mandates WHERE customer_id = ? AND revoked_at = 0;

-- payment: the consent as it was shown and accepted, or as a signed form has it.
-- name: AddMandate :one
INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, cap_cents, day, shown_at,
    accepted_at, ip, user_agent, authenticated, user_id, staff_id, signed_date)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id;

-- payment: switched off, replaced, or ended with its method.
-- name: RevokeMandate :execrows
UPDATE mandates SET revoked_at = ?, revoked_by = ? WHERE customer_id = ? AND revoked_at = 0;

-- payment: what was planned for the customer's auto pay when it is switched off;
-- what is claimed already is with the processor.
-- name: ListPlannedAutoPayForCustomer :many
SELECT * FROM payments WHERE customer_id = ? AND source = 'autopay' AND state = 'planned' ORDER BY id;

-- payment, home: the days of the standing consent, the oldest first.
-- name: ListMandateDaysForCustomer :many
SELECT CAST(d.from_period AS TEXT) AS from_period, d.day FROM mandate_days d WHERE d.customer_id = ? ORDER BY d.arrangement;

-- payment: the office arranged another day with the customer.
-- name: AddAutoPayDay :one
INSERT INTO auto_pay_days (customer_id, day, from_period, reason, staff_id, made_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- payment: the day that the next consent is shown with.
-- name: SetAutoPayDay :exec
UPDATE customers SET auto_pay_day = ?, updated_at = ? WHERE id = ?;

-- "CC/eCheck", the customer's auto pay in the office: all consents ever given,
-- the oldest first.
-- name: ListMandatesForCustomer :many
SELECT d.id, d.method_id, d.consent_sha256, d.consent_version, d.cap_cents, d.day, d.accepted_at, d.authenticated,
    d.signed_date, d.revoked_at, d.revoked_by, m.kind, m.brand, m.last4,
    CAST(coalesce((SELECT p.document_id FROM mandate_papers p WHERE p.mandate_id = d.id AND p.kind = 'form'), 0) AS INTEGER) AS form
FROM mandates d JOIN methods m ON m.id = d.method_id
WHERE d.customer_id = ? ORDER BY d.id;

-- payment: one consent in full, to draw its record.
-- name: GetMandate :one
SELECT * FROM mandates WHERE id = ?;

-- payment: the record of a consent, or the signed form it was entered from.
-- name: GetMandatePaper :one
SELECT o.id, o.name, o.mime, o.sha256, o.body
FROM mandate_papers p JOIN documents o ON o.id = p.document_id
WHERE p.mandate_id = ? AND p.kind = ?;

-- payment: a paper of a consent, kept once.
-- name: AddMandatePaper :execrows
INSERT INTO mandate_papers (mandate_id, kind, document_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- payment.WarnOfExpiry: cards that auto pay draws on and that run out in a month,
-- as far as their customers have not had the mail about it.
-- name: ListCardsToWarnOf :many
SELECT m.id, m.customer_id, m.kind, m.brand, m.last4, CAST(coalesce(d.user_id, 0) AS INTEGER) AS user_id
FROM mandates d JOIN methods m ON m.id = d.method_id
WHERE d.revoked_at = 0 AND m.id > sqlc.arg(after) AND m.gateway = sqlc.arg(gateway) AND m.ended_at = 0 AND m.kind = 'card'
  AND m.exp_year = sqlc.arg(exp_year) AND m.exp_month = sqlc.arg(exp_month)
  AND NOT EXISTS (SELECT 1 FROM outbox o
    WHERE o.fact = 'method ' || m.id || ' expires ' || m.exp_year || '-' || m.exp_month || ' ' || CAST(sqlc.arg(warning) AS TEXT))
ORDER BY m.id LIMIT sqlc.arg(most);

-- The office's Auto Pay: cards it draws on that have run out or soon will.
-- name: ListExpiringAutoPayCards :many
SELECT m.id, m.kind, m.brand, m.last4, m.exp_year, m.exp_month, c.number AS customer_number, c.display_name,
    CAST(coalesce((SELECT max(o.created_at) FROM outbox o
        WHERE o.fact IN ('method ' || m.id || ' expires ' || m.exp_year || '-' || m.exp_month || ' first',
                         'method ' || m.id || ' expires ' || m.exp_year || '-' || m.exp_month || ' last')), 0) AS INTEGER) AS told
FROM mandates d JOIN methods m ON m.id = d.method_id JOIN customers c ON c.id = d.customer_id
WHERE d.revoked_at = 0 AND m.gateway = sqlc.arg(gateway) AND m.ended_at = 0 AND m.kind = 'card'
  AND m.exp_year * 12 + m.exp_month <= CAST(sqlc.arg(last_month) AS INTEGER)
ORDER BY m.exp_year, m.exp_month, m.id LIMIT sqlc.arg(most) OFFSET sqlc.arg(skipped);

-- The office's Auto Pay: how many such cards there are.
-- name: CountExpiringAutoPayCards :one
SELECT count(*) FROM mandates d JOIN methods m ON m.id = d.method_id
WHERE d.revoked_at = 0 AND m.gateway = sqlc.arg(gateway) AND m.ended_at = 0 AND m.kind = 'card'
  AND m.exp_year * 12 + m.exp_month <= CAST(sqlc.arg(last_month) AS INTEGER);
