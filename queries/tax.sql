-- The office's tax settings, import: all codes.
-- name: ListTaxCodes :many
SELECT id, code, name, taxes_recurring, taxes_other FROM tax_codes ORDER BY code;

-- The office's tax settings, billing, import: the rates of all codes, oldest first.
-- name: ListTaxRates :many
SELECT tax_code_id, from_date, ppm, created_at FROM tax_rates ORDER BY tax_code_id, from_date;

-- The office's tax settings, the office's invoices, import: one code.
-- name: GetTaxCode :one
SELECT id, code, name, taxes_recurring, taxes_other FROM tax_codes WHERE code = ?;

-- The office's tax settings: a code under its id.
-- name: GetTaxCodeByID :one
SELECT id, code, name, taxes_recurring, taxes_other FROM tax_codes WHERE id = ?;

-- The office's tax settings, import.
-- name: AddTaxCode :one
INSERT INTO tax_codes (code, name, taxes_recurring, taxes_other, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id;

-- The office's tax settings, import.
-- name: UpdateTaxCode :exec
UPDATE tax_codes SET name = ?, taxes_recurring = ?, taxes_other = ? WHERE id = ?;

-- The office's tax settings, import.
-- name: AddTaxRate :exec
INSERT INTO tax_rates (tax_code_id, from_date, ppm, created_at) VALUES (?, ?, ?, ?);

-- The office's tax settings: a rate that has not begun is taken back.
-- name: RemoveTaxRate :execrows
DELETE FROM tax_rates WHERE tax_code_id = ? AND from_date = ?;

-- Billing, the office's invoices: what a site is taxed by on a day. The rate is
-- -1 when the code has none yet on that day, the code's id 0 when there is no
-- such code.
-- name: GetSiteTax :one
SELECT s.name AS site_name, s.tax_code, s.tax_exempt, CAST(coalesce(e.expires_date, '') AS TEXT) AS exempt_until,
       CAST(coalesce(t.id, 0) AS INTEGER) AS code_id, CAST(coalesce(t.name, '') AS TEXT) AS tax_name,
       CAST(coalesce(t.taxes_recurring, 0) AS INTEGER) AS taxes_recurring, CAST(coalesce(t.taxes_other, 0) AS INTEGER) AS taxes_other,
       CAST(coalesce((SELECT r.ppm FROM tax_rates r WHERE r.tax_code_id = t.id AND r.from_date <= sqlc.arg(on_date) ORDER BY r.from_date DESC LIMIT 1), -1) AS INTEGER) AS ppm
FROM sites s LEFT JOIN tax_codes t ON t.code = s.tax_code LEFT JOIN tax_exemptions e ON e.site_id = s.id
WHERE s.id = sqlc.arg(site_id);

-- The office's tax settings: which codes sites name, and how often.
-- name: ListTaxCodeUse :many
SELECT tax_code, count(*) AS sites, CAST(sum(tax_exempt) AS INTEGER) AS exempt FROM sites GROUP BY tax_code ORDER BY tax_code;

-- The office's tax settings: the sites under a code, in pages.
-- name: ListSitesOfTaxCode :many
SELECT s.id, s.name, s.tax_exempt, c.number AS customer_number, c.display_name,
       CAST(coalesce(e.certificate, '') AS TEXT) AS certificate, CAST(coalesce(e.expires_date, '') AS TEXT) AS expires
FROM sites s JOIN customers c ON c.id = s.customer_id LEFT JOIN tax_exemptions e ON e.site_id = s.id
WHERE s.tax_code = sqlc.arg(tax_code) AND s.id > sqlc.arg(after_id) ORDER BY s.id LIMIT sqlc.arg(how_many);

-- The office's page of a customer's taxes: all sites with their exemptions.
-- name: ListSiteTaxesForCustomer :many
SELECT s.id, s.name, s.tax_code, s.tax_exempt, CAST(coalesce(e.certificate, '') AS TEXT) AS certificate, CAST(coalesce(e.expires_date, '') AS TEXT) AS expires
FROM sites s LEFT JOIN tax_exemptions e ON e.site_id = s.id
WHERE s.customer_id = ? ORDER BY s.name;

-- The office's page of a customer's taxes.
-- name: SetSiteTaxForCustomer :execrows
UPDATE sites SET tax_code = ?, tax_exempt = ? WHERE id = ? AND customer_id = ?;

-- The office's page of a customer's taxes, import.
-- name: PutTaxExemption :exec
INSERT INTO tax_exemptions (site_id, certificate, expires_date, updated_at) VALUES (?, ?, ?, ?)
ON CONFLICT (site_id) DO UPDATE SET certificate = excluded.certificate, expires_date = excluded.expires_date, updated_at = excluded.updated_at;

-- Import: the paper behind a site's exemption.
-- name: GetTaxExemption :one
SELECT certificate, expires_date FROM tax_exemptions WHERE site_id = ?;

-- Export: taxes.csv. A code without any rate has a row as well, with the rate -1.
-- name: ExportTaxRates :many
SELECT t.code, t.name, t.taxes_recurring, t.taxes_other, CAST(coalesce(r.from_date, '') AS TEXT) AS from_date, CAST(coalesce(r.ppm, -1) AS INTEGER) AS ppm
FROM tax_codes t LEFT JOIN tax_rates r ON r.tax_code_id = t.id ORDER BY t.id, r.from_date;
