-- ledger.IssueInvoice: what the dealer set for the numbers, and where they stand.
-- name: GetInvoiceNumbering :one
SELECT CAST(coalesce((SELECT p.value FROM settings p WHERE p.key = 'invoices.prefix'), '') AS TEXT) AS prefix,
    CAST(coalesce((SELECT n.value FROM settings n WHERE n.key = 'invoices.next_number'), '') AS TEXT) AS next;

-- ledger.IssueInvoice: where the numbers go on when nobody said where to begin.
-- It reads every number of the books, once.
-- name: GetHighestInvoiceNumber :one
SELECT CAST(coalesce(max(CAST(substr(number, length(CAST(sqlc.arg(prefix) AS TEXT)) + 1) AS INTEGER)), 0) AS INTEGER) AS highest
FROM invoices
WHERE length(number) BETWEEN length(sqlc.arg(prefix)) + 1 AND length(sqlc.arg(prefix)) + 12
  AND substr(number, 1, length(sqlc.arg(prefix))) = sqlc.arg(prefix) COLLATE NOCASE
  AND substr(number, length(sqlc.arg(prefix)) + 1) NOT GLOB '*[^0-9]*';

-- ledger.IssueInvoice: whether a number is taken.
-- name: CountInvoiceNumber :one
SELECT count(*) FROM invoices WHERE number = ?;
