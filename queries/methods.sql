-- payment: the processor's record of the customer.
-- name: GetGatewayCustomer :one
SELECT ref FROM gateway_customers WHERE customer_id = ? AND gateway = ?;

-- payment: what the processor's record of the customer is made of.
-- name: GetBillTo :one
SELECT c.number, c.display_name, c.address1, c.address2, c.city, c.state, c.zip, c.auto_pay_day,
    CAST(coalesce((SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email,
    CAST(coalesce((SELECT p.phone FROM customer_phones p WHERE p.customer_id = c.id ORDER BY p.position LIMIT 1), '') AS TEXT) AS phone
FROM customers c WHERE c.id = ?;

-- payment: after the processor made or replaced its record of the customer.
-- name: PutGatewayCustomer :exec
INSERT INTO gateway_customers (customer_id, gateway, ref) VALUES (?, ?, ?)
ON CONFLICT (customer_id, gateway) DO UPDATE SET ref = excluded.ref;

-- The payment screen, "CC/eCheck": methods on file, the newest first.
-- name: ListMethodsForCustomer :many
SELECT * FROM methods WHERE customer_id = ? AND gateway = ? AND ended_at = 0 ORDER BY created_at DESC, id DESC;

-- The payment screen: the method on file that the customer paid with last.
-- name: GetLastPaidMethodForCustomer :one
SELECT p.method_id FROM payments p
WHERE p.method_id IN (SELECT m.id FROM methods m WHERE m.customer_id = sqlc.arg(customer_id) AND m.gateway = sqlc.arg(gateway) AND m.ended_at = 0)
  AND p.customer_id = sqlc.arg(customer_id)
  AND p.state IN ('processing', 'succeeded', 'won', 'partially_refunded', 'refunded')
ORDER BY p.id DESC LIMIT 1;

-- payment.Submit, "CC/eCheck": one method on file.
-- name: GetMethodForCustomer :one
SELECT * FROM methods WHERE id = ? AND customer_id = ? AND gateway = ? AND ended_at = 0;

-- payment.Settle: the method a payment was made with, ended or not.
-- name: GetMethod :one
SELECT * FROM methods WHERE id = ?;

-- Webhooks about a method; a method that comes back under a known token.
-- name: GetMethodByRef :one
SELECT * FROM methods WHERE gateway = ? AND ref = ?;

-- payment: a method the processor now keeps on file.
-- name: AddMethod :one
INSERT INTO methods (customer_id, gateway, ref, kind, brand, last4, exp_year, exp_month, billing_name, user_id, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id;

-- payment: the card networks renewed a card on file.
-- name: RenewMethod :exec
UPDATE methods SET brand = ?, last4 = ?, exp_year = ?, exp_month = ? WHERE id = ?;

-- payment: removed by the dealer or the customer, or ended by the bank.
-- name: EndMethod :execrows
UPDATE methods SET ended_at = ?, ended_reason = ? WHERE id = ? AND ended_at = 0;

-- "New Credit Card", "New eCheck": the visit to the processor's page.
-- name: AddMethodSetup :one
INSERT INTO method_setups (reference, customer_id, user_id, nonce, gateway, kind, billing_json, consent_json, replaces_id, state, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)
RETURNING id;

-- "New Credit Card", "New eCheck": the page is open.
-- name: OpenMethodSetupPage :execrows
UPDATE method_setups SET session_ref = ?, session_url = ?, checked_at = ? WHERE id = ? AND state = 'open';

-- payment: how the visit ended; forward only.
-- name: MoveMethodSetup :execrows
UPDATE method_setups SET state = sqlc.arg(state), session_url = sqlc.arg(session_url), failure_message = sqlc.arg(failure_message),
    method_id = sqlc.arg(method_id), checked_at = sqlc.arg(checked_at)
WHERE id = sqlc.arg(id) AND state IN ('open', 'verifying');

-- payment.Settle: looked at and nothing new.
-- name: TouchMethodSetup :exec
UPDATE method_setups SET checked_at = ? WHERE id = ?;

-- A second press of "Save" with the same form.
-- name: GetMethodSetupByNonce :one
SELECT * FROM method_setups WHERE nonce = ?;

-- payment.Settle and webhooks.
-- name: GetMethodSetupByReference :one
SELECT * FROM method_setups WHERE reference = ?;

-- Webhooks about a page: whose it is.
-- name: GetMethodSetupBySession :one
SELECT * FROM method_setups WHERE gateway = ? AND session_ref = ?;

-- The way back from the processor's page.
-- name: GetMethodSetupByReferenceForCustomer :one
SELECT * FROM method_setups WHERE reference = ? AND customer_id = ?;

-- "CC/eCheck": bank accounts that wait to be verified.
-- name: ListVerifyingForCustomer :many
SELECT * FROM method_setups WHERE customer_id = ? AND state = 'verifying' ORDER BY created_at DESC;

-- payment.Settle: visits to the processor's page that are not over.
-- name: ListSetupsToSettle :many
SELECT reference FROM method_setups
WHERE state IN ('open', 'verifying')
  AND checked_at + min(max((checked_at - created_at) / 2, CAST(sqlc.arg(shortest) AS INTEGER)), CAST(sqlc.arg(longest) AS INTEGER)) <= sqlc.arg(now)
ORDER BY checked_at
LIMIT sqlc.arg(most);

-- Every page of the portal: what waits for the customer behind the tabs. An
-- invoice past due, unless payments of all of it are under way; a card that
-- expires in the months given, or has expired under Auto Recurring; a bank
-- account that is to be verified.
-- name: GetWaitingForCustomer :one
SELECT
    CAST((SELECT count(*) FROM invoices i WHERE i.customer_id = sqlc.arg(customer_id) AND i.state = 'issued' AND i.balance_cents > 0
        AND i.due_date < sqlc.arg(today)
        AND i.balance_cents > coalesce((SELECT sum(r.cents) FROM reservations r WHERE r.invoice_id = i.id), 0)) AS INTEGER) AS past_due,
    CAST((SELECT count(*) FROM methods m WHERE m.customer_id = sqlc.arg(customer_id) AND m.ended_at = 0 AND m.kind = 'card'
        AND m.exp_year * 12 + m.exp_month <= CAST(sqlc.arg(last_month) AS INTEGER)
        AND (m.exp_year * 12 + m.exp_month >= CAST(sqlc.arg(first_month) AS INTEGER)
            OR m.id IN (SELECT d.method_id FROM mandates d WHERE d.customer_id = sqlc.arg(customer_id) AND d.revoked_at = 0))) AS INTEGER) AS cards,
    CAST((SELECT count(*) FROM method_setups s WHERE s.customer_id = sqlc.arg(customer_id) AND s.state = 'verifying') AS INTEGER) AS accounts;
