-- Import, demo: the customer a row belongs to.
-- name: GetCustomerByNumber :one
SELECT id, number, business_name, first_name, last_name, display_name, address1, address2, city, state, zip,
       registration_key, status, terms, salesperson_email, auto_pay_day, contact_edited_at, created_at, updated_at
FROM customers WHERE number = ?;

-- The contact block of the home screen; the office's customer page.
-- name: GetCustomer :one
SELECT id, number, business_name, first_name, last_name, display_name, address1, address2, city, state, zip,
       registration_key, status, terms, salesperson_email, auto_pay_day, contact_edited_at, created_at, updated_at
FROM customers WHERE id = ?;

-- Import, demo, a new customer in the office.
-- name: AddCustomer :one
INSERT INTO customers (number, business_name, first_name, last_name, display_name, address1, address2, city, state, zip,
                       registration_key, status, terms, salesperson_email, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id;

-- Import; "Edit" on the home screen and in the office.
-- name: UpdateCustomer :exec
UPDATE customers
SET business_name = ?, first_name = ?, last_name = ?, display_name = ?, address1 = ?, address2 = ?, city = ?, state = ?, zip = ?,
    registration_key = ?, status = ?, terms = ?, salesperson_email = ?, contact_edited_at = ?, updated_at = ?
WHERE id = ?;

-- "New key" on the customer's page; a key that is void after use.
-- name: SetRegistrationKey :exec
UPDATE customers SET registration_key = ?, updated_at = ? WHERE id = ?;

-- The contact block, registration, import: phones in the dealer's order.
-- name: ListPhonesForCustomer :many
SELECT phone, digits FROM customer_phones WHERE customer_id = ? ORDER BY position;

-- The contact block, registration, import: addresses in the dealer's order.
-- name: ListEmailsForCustomer :many
SELECT email FROM customer_emails WHERE customer_id = ? ORDER BY position;

-- Import, "Edit": the phones are written anew.
-- name: DeletePhonesForCustomer :exec
DELETE FROM customer_phones WHERE customer_id = ?;

-- Import, "Edit".
-- name: AddPhone :exec
INSERT INTO customer_phones (customer_id, position, phone, digits) VALUES (?, ?, ?, ?);

-- Import, a confirmed change of address: the addresses are written anew.
-- name: DeleteEmailsForCustomer :exec
DELETE FROM customer_emails WHERE customer_id = ?;

-- Import, a confirmed change of address, an approved request for one.
-- name: AddEmail :exec
INSERT INTO customer_emails (customer_id, position, email) VALUES (?, ?, ?);

-- Every change of a customer: the search index follows.
-- name: PutCustomerWords :exec
INSERT INTO customer_words (customer_id, number, name, address, phones, emails) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (customer_id) DO UPDATE SET number = excluded.number, name = excluded.name, address = excluded.address,
    phones = excluded.phones, emails = excluded.emails;

-- The office's search box: an exact customer number.
-- name: SearchCustomerNumber :many
SELECT id, number, display_name, address1, city, state, zip, status FROM customers WHERE number = ?;

-- The office's search box: the last ten digits of a phone.
-- name: SearchCustomerPhone :many
SELECT DISTINCT c.id, c.number, c.display_name, c.address1, c.city, c.state, c.zip, c.status
FROM customer_phones p JOIN customers c ON c.id = p.customer_id
WHERE p.digits = ? ORDER BY c.number LIMIT 20;

-- The office's search box: an e-mail address on file or of a log-in.
-- name: SearchCustomerEmail :many
SELECT c.id, c.number, c.display_name, c.address1, c.city, c.state, c.zip, c.status
FROM customers c
WHERE c.id IN (
    SELECT e.customer_id FROM customer_emails e WHERE e.email = sqlc.arg(email)
    UNION
    SELECT cu.customer_id FROM users u JOIN customer_users cu ON cu.user_id = u.id WHERE u.email = sqlc.arg(email))
ORDER BY c.number LIMIT 20;

-- The office's search box: an exact invoice number.
-- name: SearchCustomerInvoice :many
SELECT c.id, c.number, c.display_name, c.address1, c.city, c.state, c.zip, c.status
FROM invoices i JOIN customers c ON c.id = i.customer_id
WHERE i.number = ?;

-- The office's search box: beginnings of words, all of them.
-- name: SearchCustomerText :many
SELECT c.id, c.number, c.display_name, c.address1, c.city, c.state, c.zip, c.status
FROM customer_search(sqlc.arg(q)) f JOIN customers c ON c.id = f.rowid
LIMIT 20;

-- The office's list of customers before anything is searched.
-- name: ListCustomers :many
SELECT id, number, display_name, address1, city, state, zip, status
FROM customers WHERE number > sqlc.arg(after_number)
ORDER BY number LIMIT sqlc.arg(how_many);

-- Import, demo: the site a row belongs to.
-- name: GetSiteForCustomer :one
SELECT id, customer_id, name, address1, address2, city, state, zip, tax_code, tax_exempt
FROM sites WHERE customer_id = ? AND name = ?;

-- Import, demo.
-- name: AddSite :one
INSERT INTO sites (customer_id, name, address1, address2, city, state, zip, tax_code, tax_exempt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- Import.
-- name: UpdateSite :exec
UPDATE sites SET address1 = ?, address2 = ?, city = ?, state = ?, zip = ?, tax_code = ?, tax_exempt = ? WHERE id = ?;

-- The office's customer page: sites.
-- name: ListSitesForCustomer :many
SELECT id, customer_id, name, address1, address2, city, state, zip, tax_code, tax_exempt
FROM sites WHERE customer_id = ? ORDER BY name;

-- Import, demo: the system a row belongs to.
-- name: GetSystemOfSite :one
SELECT id, site_id, name, system_type, account_number FROM systems WHERE site_id = ? AND name = ?;

-- Import, demo.
-- name: AddSystem :one
INSERT INTO systems (site_id, name, system_type, account_number) VALUES (?, ?, ?, ?) RETURNING id;

-- Import.
-- name: UpdateSystem :exec
UPDATE systems SET system_type = ?, account_number = ? WHERE id = ?;

-- The office's customer page: systems of all sites.
-- name: ListSystemsForCustomer :many
SELECT y.id, y.site_id, y.name, y.system_type, y.account_number, s.name AS site_name
FROM systems y JOIN sites s ON s.id = y.site_id
WHERE s.customer_id = ? ORDER BY s.name, y.name;
