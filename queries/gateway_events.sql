-- Webhooks and the processor's list of changes: stored as it came; no row = known.
-- name: AddGatewayEvent :execrows
INSERT INTO gateway_events (gateway, event_ref, type, object_ref, body, received_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (gateway, event_ref) DO NOTHING;

-- payment.Settle: events nobody has looked into yet, the oldest first.
-- name: ListOpenGatewayEvents :many
SELECT id, gateway, event_ref, type, object_ref, received_at FROM gateway_events
WHERE handled_at = 0 ORDER BY received_at, id LIMIT ?;

-- Webhooks: whether this one was looked into.
-- name: GetGatewayEvent :one
SELECT id, gateway, event_ref, type, object_ref, received_at, handled_at FROM gateway_events WHERE gateway = ? AND event_ref = ?;

-- payment: looked into, with what came of it.
-- name: FinishGatewayEvent :exec
UPDATE gateway_events SET handled_at = ?, note = ? WHERE id = ?;

-- payment.Settle: how far the processor's list of changes has been read.
-- name: GetGatewayCursor :one
SELECT cursor, read_at FROM gateway_cursors WHERE gateway = ?;

-- payment.Settle.
-- name: PutGatewayCursor :exec
INSERT INTO gateway_cursors (gateway, cursor, read_at) VALUES (?, ?, ?)
ON CONFLICT (gateway) DO UPDATE SET cursor = excluded.cursor, read_at = excluded.read_at;
