-- +goose Up
-- Invoices that staff are still writing, and what becomes of issued ones on
-- paper.

-- A draft is no invoice: it has no number, no balance, no ledger row, and may be
-- thrown away. So it stands apart from the invoices, where no list, sum or page
-- of customers can meet it. Once issued it stays as the invoice's origin, so that
-- a second press of the button is shown the first one's invoice.
CREATE TABLE invoice_drafts (
    id           INTEGER PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customers (id),
    site_id      INTEGER REFERENCES sites (id),
    invoice_date TEXT NOT NULL CHECK (invoice_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    -- '' = by the customer's terms
    due_date     TEXT NOT NULL DEFAULT '' CHECK (due_date = '' OR due_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    po_number    TEXT NOT NULL DEFAULT '',
    -- what it came to when it was saved, for lists
    total_cents  INTEGER NOT NULL,
    -- of the form that made it: the form saved twice makes one draft
    nonce        TEXT NOT NULL UNIQUE,
    -- counts the saves, so that of two people the slower one is told
    version      INTEGER NOT NULL DEFAULT 1,
    invoice_id   INTEGER UNIQUE REFERENCES invoices (id),
    -- who saved it last
    staff_id     INTEGER REFERENCES staff (id),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX invoice_drafts_open ON invoice_drafts (updated_at, id) WHERE invoice_id IS NULL;
CREATE INDEX invoice_drafts_customer ON invoice_drafts (customer_id, invoice_id);
CREATE INDEX invoice_drafts_site ON invoice_drafts (site_id);
CREATE INDEX invoice_drafts_staff ON invoice_drafts (staff_id);

CREATE TABLE invoice_draft_lines (
    draft_id         INTEGER NOT NULL REFERENCES invoice_drafts (id),
    position         INTEGER NOT NULL,
    description      TEXT NOT NULL,
    -- thousandths of a piece
    quantity         INTEGER NOT NULL,
    unit_price_cents INTEGER NOT NULL,
    taxable          INTEGER NOT NULL CHECK (taxable IN (0, 1)),
    PRIMARY KEY (draft_id, position)
) STRICT, WITHOUT ROWID;

-- An issued invoice that has not gone out yet: neither mailed nor printed. Only
-- those that were numbered here get in, not a million that an import brings.
CREATE TABLE invoices_to_send (
    invoice_id INTEGER PRIMARY KEY REFERENCES invoices (id)
) STRICT;

-- Invoices that were printed together, by whom and when: what a printer ate can
-- be fetched again, and nothing is printed twice unasked.
CREATE TABLE print_batches (
    id       INTEGER PRIMARY KEY,
    nonce    TEXT NOT NULL UNIQUE,
    staff_id INTEGER REFERENCES staff (id),
    made_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX print_batches_staff ON print_batches (staff_id);
CREATE TABLE print_batch_invoices (
    batch_id   INTEGER NOT NULL REFERENCES print_batches (id),
    position   INTEGER NOT NULL,
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    PRIMARY KEY (batch_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX print_batch_invoices_invoice ON print_batch_invoices (invoice_id, batch_id);

-- What the office's list of all invoices reads in order, newest first, and for
-- each filter a list of its own, so that a page costs no more in a file of a
-- million.
CREATE INDEX invoices_newest ON invoices (invoice_date, id) WHERE state IN ('issued', 'void');
CREATE INDEX invoices_newest_open ON invoices (invoice_date, id) WHERE state = 'issued' AND balance_cents > 0;
CREATE INDEX invoices_overdue ON invoices (due_date, id) WHERE state = 'issued' AND balance_cents > 0;
CREATE INDEX invoices_newest_paid ON invoices (invoice_date, id) WHERE state = 'issued' AND balance_cents = 0;
CREATE INDEX invoices_newest_void ON invoices (invoice_date, id) WHERE state = 'void';

-- What staff wrote down about a customer; customers never see it.
CREATE TABLE customer_notes (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    note        TEXT NOT NULL CHECK (note <> ''),
    nonce       TEXT NOT NULL UNIQUE,
    staff_id    INTEGER REFERENCES staff (id),
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_notes_customer ON customer_notes (customer_id, id);
CREATE INDEX customer_notes_staff ON customer_notes (staff_id);
-- +goose StatementBegin
CREATE TRIGGER customer_notes_no_update BEFORE UPDATE ON customer_notes
BEGIN
    SELECT RAISE(ABORT, 'a note is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER customer_notes_no_delete BEFORE DELETE ON customer_notes
BEGIN
    SELECT RAISE(ABORT, 'a note is never deleted');
END;
-- +goose StatementEnd
