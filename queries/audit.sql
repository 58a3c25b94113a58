-- Every write that leaves a trace.
-- name: AddAudit :exec
INSERT INTO audit (at, actor, user_id, staff_id, role, action, customer_id, object, before_json, after_json, ip)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- The customer's page in the office and the page of all: history of changes,
-- newest first, a page before a position.
-- name: ListAuditForCustomer :many
SELECT audit.id, audit.at, audit.actor, audit.action, audit.object, audit.before_json, audit.after_json, audit.ip,
       CAST(coalesce(staff.name, users.email, '') AS TEXT) AS who
FROM audit
LEFT JOIN staff ON staff.id = audit.staff_id
LEFT JOIN users ON users.id = audit.user_id
WHERE audit.customer_id = sqlc.arg(customer_id) AND audit.at <= sqlc.arg(before_at) AND (audit.at < sqlc.arg(before_at) OR audit.id < sqlc.arg(before_id))
ORDER BY audit.at DESC, audit.id DESC
LIMIT sqlc.arg(most);
