-- A site's form in the office.
-- name: GetSiteByIDForCustomer :one
SELECT id, customer_id, name, address1, address2, city, state, zip, tax_code, tax_exempt
FROM sites WHERE id = ? AND customer_id = ?;

-- A site's form in the office: everything, its name too.
-- name: UpdateSiteForCustomer :execrows
UPDATE sites SET name = ?, address1 = ?, address2 = ?, city = ?, state = ?, zip = ?, tax_code = ?, tax_exempt = ?
WHERE id = ? AND customer_id = ?;

-- A system's form in the office.
-- name: GetSystemToEditForCustomer :one
SELECT y.id, y.site_id, y.name, y.system_type, y.account_number, s.name AS site
FROM systems y JOIN sites s ON s.id = y.site_id WHERE y.id = ? AND s.customer_id = ?;

-- A system's form in the office: everything, its name too.
-- name: RenameSystem :execrows
UPDATE systems SET name = ?, system_type = ?, account_number = ? WHERE id = ?;

-- A site's page in the office.
-- name: ListSystemsOfSite :many
SELECT id, name, system_type, account_number FROM systems WHERE site_id = ? ORDER BY name;

-- The form of a new customer in the office: a number that is free. Only numbers
-- of digits are counted on.
-- name: GetHighestCustomerNumber :one
SELECT CAST(coalesce(max(CAST(number AS INTEGER)), 0) AS INTEGER) FROM customers
WHERE number NOT GLOB '*[^0-9]*' AND length(number) BETWEEN 1 AND 9;

-- Staff's notes on a customer; no row = the same form was sent before.
-- name: AddNote :many
INSERT INTO customer_notes (customer_id, note, nonce, staff_id, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (nonce) DO NOTHING RETURNING id;

-- Staff's notes on a customer, newest first, that come after a certain one.
-- name: ListNotesForCustomer :many
SELECT n.id, n.note, n.at, CAST(coalesce(f.name, '') AS TEXT) AS staff
FROM customer_notes n LEFT JOIN staff f ON f.id = n.staff_id
WHERE n.customer_id = sqlc.arg(customer_id) AND n.id < sqlc.arg(before) ORDER BY n.id DESC LIMIT sqlc.arg(most);
