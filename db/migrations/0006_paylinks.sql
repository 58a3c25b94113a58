-- +goose Up
-- Pay links: an address that opens a customer's open invoices without a login.
-- The token in it is derived from the key file beside the books, the invoice and
-- the generation; here stands only its hash, so that a copied file opens
-- nothing. For the same reason the paper of an invoice with a link on it is kept
-- sealed in documents.body: it begins with 'SEALED1' then.
CREATE TABLE pay_links (
    invoice_id  INTEGER PRIMARY KEY REFERENCES invoices (id),
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    -- counts the tokens this invoice had; only the last one ever opens anything
    generation  INTEGER NOT NULL CHECK (generation > 0),
    hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    made_at     INTEGER NOT NULL,
    -- when it was mailed last; it runs out 90 days after this and after the
    -- invoice is paid, whichever is later
    renewed_at  INTEGER NOT NULL,
    revoked_at  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pay_links_customer ON pay_links (customer_id);

-- Which mails a person with a login wants. No row = all. Receipts and mails
-- about the account's safety are not a matter of choice.
CREATE TABLE mail_choices (
    user_id   INTEGER PRIMARY KEY REFERENCES users (id),
    invoices  INTEGER NOT NULL CHECK (invoices IN (0, 1)),
    reminders INTEGER NOT NULL CHECK (reminders IN (0, 1))
) STRICT;

-- Reminders and late fees: which steps the dealer's schedule has, and since when.
-- Only what reaches a step after that counts, so that switching a schedule on
-- sends nothing to old debts.
CREATE TABLE reminder_schedule (
    kind       TEXT NOT NULL CHECK (kind IN ('reminder', 'fee')),
    -- from the due date: -3 is three days before
    days       INTEGER NOT NULL,
    since_date TEXT NOT NULL CHECK (since_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    PRIMARY KEY (kind, days)
) STRICT, WITHOUT ROWID;

-- What became of each step of each invoice, once.
CREATE TABLE reminders (
    invoice_id  INTEGER NOT NULL REFERENCES invoices (id),
    days        INTEGER NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    sent_date   TEXT NOT NULL CHECK (sent_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    outcome     TEXT NOT NULL CHECK (outcome IN ('mailed', 'skipped')),
    -- why none was mailed, in words
    reason      TEXT NOT NULL DEFAULT '',
    at          INTEGER NOT NULL,
    PRIMARY KEY (invoice_id, days)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminders_customer ON reminders (customer_id, sent_date);
CREATE INDEX reminders_newest ON reminders (at);

-- Customers who are not reminded and charged no late fee until staff say so.
CREATE TABLE reminder_holds (
    customer_id INTEGER PRIMARY KEY REFERENCES customers (id),
    reason      TEXT NOT NULL CHECK (reason <> ''),
    staff_id    INTEGER REFERENCES staff (id),
    placed_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX reminder_holds_staff ON reminder_holds (staff_id);

-- A late fee is an invoice of its own, once for the invoice it is for, even when
-- it is voided.
CREATE TABLE late_fees (
    invoice_id     INTEGER PRIMARY KEY REFERENCES invoices (id),
    fee_invoice_id INTEGER NOT NULL UNIQUE REFERENCES invoices (id),
    cents          INTEGER NOT NULL CHECK (cents > 0),
    at             INTEGER NOT NULL
) STRICT;
CREATE INDEX late_fees_newest ON late_fees (at);
