-- +goose Up
-- The accountant's side of the books, and the import of files in the office.

-- What a processor kept of a payment, as rows of what became known when: the
-- sum is the fee. Each row counts on the day it became known, so that a fee that
-- is told late moves no period that is closed.
CREATE TABLE payment_fees (
    id         INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    cents      INTEGER NOT NULL CHECK (cents <> 0),
    entry_date TEXT NOT NULL CHECK (entry_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_fees_payment ON payment_fees (payment_id, cents);
CREATE INDEX payment_fees_day ON payment_fees (entry_date, id, payment_id, cents);

-- A period is read day by day, the rows of a day in the order they were booked,
-- and its sums without touching the tables.
CREATE INDEX ledger_days ON ledger (entry_date, id, reason, invoice_id, cents);
CREATE INDEX invoices_days ON invoices (invoice_date, id, state, total_cents, tax_cents, site_id);

-- Files that staff brought to be imported. One is open at a time; its files lie
-- in the folder of that name beside the books and are thrown away when it ends.
CREATE TABLE imports (
    id          INTEGER PRIMARY KEY,
    folder      TEXT NOT NULL UNIQUE,
    state       TEXT NOT NULL CHECK (state IN ('checking', 'checked', 'importing', 'done', 'failed', 'canceled')),
    -- 1 until it has ended; there is one such row at most
    open        INTEGER CHECK (open = 1) UNIQUE,
    files_json  TEXT NOT NULL,
    overwrite   INTEGER NOT NULL DEFAULT 0 CHECK (overwrite IN (0, 1)),
    report_json TEXT NOT NULL DEFAULT '',
    problem     TEXT NOT NULL DEFAULT '',
    staff_id    INTEGER REFERENCES staff (id),
    created_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX imports_staff ON imports (staff_id);
