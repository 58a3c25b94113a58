-- payment.Refund: the order, committed before anything is sent.
-- name: AddRefund :one
INSERT INTO refunds (reference, payment_id, source, way, number_label, cents, reason, state, refund_ref, idempotency_key, nonce,
    approval_id, staff_id, refund_date, created_at, carried_cents)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *;

-- payment.Refund: where it comes off, frozen with it.
-- name: AddRefundPart :exec
INSERT INTO refund_parts (refund_id, position, invoice_id, cents) VALUES (?, ?, ?, ?);

-- payment.Refund: where the refund comes off.
-- name: ListRefundParts :many
SELECT p.invoice_id, p.cents, CAST(coalesce(i.number, '') AS TEXT) AS number
FROM refund_parts p LEFT JOIN invoices i ON i.id = p.invoice_id
WHERE p.refund_id = ? ORDER BY p.position;

-- payment.Refund: the claim. No row changed = somebody else has it.
-- name: ClaimRefund :execrows
UPDATE refunds SET state = 'submitted', submitted_at = ?, checked_at = ? WHERE id = ? AND state = 'planned';

-- payment.Refund: the order this rendered form was used for before.
-- name: GetRefundByNonce :one
SELECT * FROM refunds WHERE nonce = ?;

-- The refund engine.
-- name: GetRefund :one
SELECT * FROM refunds WHERE id = ?;

-- A payment's page in the office and in the portal, payment.apply: its refunds.
-- name: ListRefundsOfPayment :many
SELECT * FROM refunds WHERE payment_id = ? ORDER BY id;

-- payment.apply: the one place where a refund moves on.
-- name: MoveRefund :execrows
UPDATE refunds SET state = sqlc.arg(state), booked = sqlc.arg(booked), refund_ref = sqlc.arg(refund_ref),
    failure_message = sqlc.arg(failure_message), checked_at = sqlc.arg(checked_at), settled_at = sqlc.arg(settled_at)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- payment.Settle: looked at and nothing new.
-- name: TouchRefund :exec
UPDATE refunds SET checked_at = ? WHERE id = ?;

-- payment.apply: what was given back before refunds had rows of their own turns
-- out to be these, so that it needs no row any more.
-- name: DropEarlierRefund :exec
DELETE FROM refunds WHERE id = ? AND source = 'earlier';

-- payment.apply: whether the processor's refunds of a payment must be read.
-- name: SumRefundsAtProcessor :one
SELECT CAST(coalesce(sum(CASE WHEN r.booked = 1 THEN r.cents END), 0) AS INTEGER) AS booked,
    CAST(coalesce(sum(r.state IN ('submitted', 'pending')), 0) AS INTEGER) AS open
FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.reference = ? AND r.way = 'gateway';

-- payment.apply: a refund or dispute has moved money once more.
-- name: TurnRefund :exec
UPDATE refunds SET turns = turns + 1 WHERE id = ?;

-- payment.apply: a refund or dispute has moved money once more.
-- name: TurnDispute :exec
UPDATE disputes SET turns = turns + 1 WHERE id = ?;

-- payment.apply: what of a payment has been given back.
-- name: SetRefunded :exec
UPDATE payments SET refunded_cents = ? WHERE id = ?;

-- payment.Settle: payments with a refund that is due for a look: the longer it
-- has been under way, the longer the pause between two looks.
-- name: ListRefundsToSettle :many
SELECT DISTINCT p.reference FROM refunds r JOIN payments p ON p.id = r.payment_id
WHERE r.state IN ('planned', 'submitted', 'pending')
  AND r.checked_at + min(max((r.checked_at - r.created_at) / 2, CAST(sqlc.arg(shortest) AS INTEGER)), CAST(sqlc.arg(longest) AS INTEGER)) <= sqlc.arg(now)
LIMIT sqlc.arg(most);

-- payment.Refund, a payment's page: what the payment still holds, by invoice; no
-- invoice is unapplied credit.
-- name: ListHeldOfPayment :many
SELECT l.invoice_id, CAST(coalesce(i.number, '') AS TEXT) AS number, CAST(coalesce(i.due_date, '') AS TEXT) AS due, CAST(-sum(l.cents) AS INTEGER) AS held
FROM ledger l LEFT JOIN invoices i ON i.id = l.invoice_id
WHERE l.payment_id = ? GROUP BY l.invoice_id HAVING sum(l.cents) <> 0 ORDER BY min(l.id);

-- payment.apply: the dispute as the processor has it now.
-- name: GetDispute :one
SELECT * FROM disputes WHERE dispute_ref = ?;

-- payment.apply: a dispute heard of for the first time.
-- name: AddDispute :one
INSERT INTO disputes (dispute_ref, payment_id, state, cents, opened_at) VALUES (?, ?, 'open', ?, ?) RETURNING *;

-- payment.apply: a dispute moves on.
-- name: MoveDispute :exec
UPDATE disputes SET state = ?, cents = ?, code = ?, reason_code = ?, network_code = ?, reason = ?, answer_by_at = ?, ended_at = ? WHERE id = ?;

-- The office's list of disputes, the open ones first.
-- name: ListDisputes :many
SELECT d.id, d.dispute_ref, d.state, d.cents, d.reason, d.network_code, d.opened_at, d.answer_by_at, d.ended_at,
    p.reference, p.amount_cents, p.kind, p.brand, p.number_label, p.type_label, p.gateway, c.number AS customer_number, c.display_name
FROM disputes d JOIN payments p ON p.id = d.payment_id JOIN customers c ON c.id = p.customer_id
WHERE (d.state = 'open') = CAST(sqlc.arg(open) AS INTEGER)
ORDER BY d.opened_at DESC, d.id DESC LIMIT sqlc.arg(most);

-- A dispute's page in the office.
-- name: GetDisputeToShow :one
SELECT d.*, p.reference, p.amount_cents, p.kind, p.brand, p.number_label, p.type_label, p.payment_date, p.gateway, p.charge_ref, p.state AS payment_state,
    c.number AS customer_number, c.display_name
FROM disputes d JOIN payments p ON p.id = d.payment_id JOIN customers c ON c.id = p.customer_id
WHERE d.id = ?;

-- A payment's page in the office: its disputes.
-- name: ListDisputesOfPayment :many
SELECT id, dispute_ref, state, cents, code, reason, opened_at, answer_by_at, ended_at FROM disputes WHERE payment_id = ? ORDER BY id;

-- A dispute's page: what it and the payment did to invoices.
-- name: ListInvoicesOfPayment :many
SELECT i.number, i.due_date, i.total_cents, i.balance_cents, CAST(-sum(l.cents) AS INTEGER) AS held
FROM ledger l JOIN invoices i ON i.id = l.invoice_id
WHERE l.payment_id = ? GROUP BY i.id ORDER BY i.due_date, i.id;

-- The office's home: disputes that must be answered.
-- name: CountOpenDisputes :one
SELECT count(*) AS open, CAST(coalesce(min(nullif(answer_by_at, 0)), 0) AS INTEGER) AS answer_by FROM disputes WHERE state = 'open';

-- payment.chargeReturnFee: once for each payment that came back.
-- name: AddReturnFee :exec
INSERT INTO return_fees (payment_id, invoice_id, at) VALUES (?, ?, ?);

-- A payment's page in the office, payment.chargeReturnFee: the fee's invoice.
-- name: GetReturnFee :one
SELECT f.invoice_id, i.number, i.total_cents, i.state FROM return_fees f JOIN invoices i ON i.id = f.invoice_id WHERE f.payment_id = ?;

-- payment.ReturnPayment: a payment that no processor has is returned.
-- name: MoveEnteredPayment :execrows
UPDATE payments SET state = sqlc.arg(state), failure_code = sqlc.arg(failure_code), failure_message = sqlc.arg(failure_message)
WHERE id = sqlc.arg(id) AND gateway = '' AND state IN ('succeeded', 'partially_refunded');

-- payment.Sweep: events that were looked into long ago. The newest of each
-- processor stays, for the list of changes is read on from there.
-- name: ThinGatewayEvents :execrows
DELETE FROM gateway_events WHERE id IN (
    SELECT e.id FROM gateway_events e WHERE e.handled_at <> 0 AND e.handled_at < sqlc.arg(before)
      AND e.id <> (SELECT max(n.id) FROM gateway_events n WHERE n.gateway = e.gateway)
    ORDER BY e.handled_at LIMIT sqlc.arg(most));
