-- "CC/eCheck", home: the customer's standing consent to auto pay.
-- name: GetMandateForCustomer :one
SELECT * FROM mandates WHERE customer_id = ? AND revoked_at = 0;

-- payment: the consent as it was shown and accepted.
-- name: AddMandate :one
INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, cap_cents, day, shown_at,
    accepted_at, ip, user_agent, authenticated, user_id, staff_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id;

-- payment: switched off, replaced, or ended with its method.
-- name: RevokeMandate :execrows
UPDATE mandates SET revoked_at = ?, revoked_by = ? WHERE customer_id = ? AND revoked_at = 0;
