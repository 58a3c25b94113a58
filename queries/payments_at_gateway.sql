-- portal doctor --processor: the payments a processor knows, page by page.
-- name: ListPaymentsAtGateway :many
SELECT id, reference, state, amount_cents, refunded_cents, charge_ref FROM payments
WHERE gateway = sqlc.arg(gateway) AND charge_ref <> '' AND created_at >= sqlc.arg(since) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(most);
