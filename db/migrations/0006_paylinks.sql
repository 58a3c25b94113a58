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
