-- +goose Up
-- Work orders: what customers ask for, who comes when, and what was done.

CREATE TABLE work_orders (
    id            INTEGER PRIMARY KEY,
    -- what people see and quote; random, so that it tells no volume
    number        TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (number <> ''),
    customer_id   INTEGER NOT NULL REFERENCES customers (id),
    site_id       INTEGER NOT NULL REFERENCES sites (id),
    -- none for a site that has no system yet
    system_id     INTEGER REFERENCES systems (id),
    state         TEXT NOT NULL CHECK (state IN ('requested', 'scheduled', 'dispatched', 'arrived', 'completed', 'cancelled')),
    source        TEXT NOT NULL CHECK (source IN ('portal', 'office', 'proposal')),
    -- what it is about in a few words, for lists: the beginning of the first note
    title         TEXT NOT NULL CHECK (title <> ''),
    -- when it suits the customer, in words
    preferred     TEXT NOT NULL DEFAULT '',
    technician_id INTEGER REFERENCES staff (id),
    -- the appointment: a local day, and minutes after its midnight
    window_date   TEXT NOT NULL DEFAULT '' CHECK (window_date = '' OR window_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    window_from   INTEGER NOT NULL DEFAULT 0 CHECK (window_from BETWEEN 0 AND 1439),
    window_until  INTEGER NOT NULL DEFAULT 0 CHECK (window_until BETWEEN 0 AND 1440),
    cancel_reason TEXT NOT NULL DEFAULT '',
    -- a duplicate is cancelled in favour of this one
    merged_into_id INTEGER REFERENCES work_orders (id),
    invoice_id    INTEGER UNIQUE REFERENCES invoices (id),
    -- counts the changes, so that of two people the slower one is told
    version       INTEGER NOT NULL DEFAULT 1,
    -- of the form that made it: the form sent twice makes one work order
    nonce         TEXT NOT NULL UNIQUE,
    user_id       INTEGER REFERENCES users (id),
    staff_id      INTEGER REFERENCES staff (id),
    requested_at  INTEGER NOT NULL,
    -- when it got into each state last, 0 = not (any more)
    scheduled_at  INTEGER NOT NULL DEFAULT 0,
    dispatched_at INTEGER NOT NULL DEFAULT 0,
    arrived_at    INTEGER NOT NULL DEFAULT 0,
    completed_at  INTEGER NOT NULL DEFAULT 0,
    cancelled_at  INTEGER NOT NULL DEFAULT 0,
    changed_at    INTEGER NOT NULL,
    CHECK (window_date = '' OR window_until > window_from),
    CHECK (state <> 'scheduled' OR window_date <> ''),
    CHECK (state NOT IN ('dispatched', 'arrived', 'completed') OR technician_id IS NOT NULL),
    CHECK ((state = 'cancelled') = (cancelled_at <> 0)),
    CHECK (merged_into_id IS NULL OR (state = 'cancelled' AND merged_into_id <> id))
) STRICT;
CREATE INDEX work_orders_customer ON work_orders (customer_id, requested_at, id);
CREATE INDEX work_orders_site ON work_orders (site_id);
CREATE INDEX work_orders_system ON work_orders (system_id);
-- the board, and a technician's day
CREATE INDEX work_orders_open ON work_orders (state, window_date, window_from, id) WHERE state NOT IN ('completed', 'cancelled');
CREATE INDEX work_orders_closed ON work_orders (state, changed_at, id) WHERE state IN ('completed', 'cancelled');
-- the lists, read in order and no further than a page
CREATE INDEX work_orders_changed ON work_orders (changed_at, id);
CREATE INDEX work_orders_window ON work_orders (window_date, window_from, id) WHERE window_date <> '';
CREATE INDEX work_orders_unassigned ON work_orders (id) WHERE technician_id IS NULL AND state NOT IN ('completed', 'cancelled');
CREATE INDEX work_orders_technician ON work_orders (technician_id, window_date, window_from);
CREATE INDEX work_orders_merged ON work_orders (merged_into_id);
CREATE INDEX work_orders_user ON work_orders (user_id);
CREATE INDEX work_orders_staff ON work_orders (staff_id);
-- +goose StatementBegin
CREATE TRIGGER work_orders_kept BEFORE DELETE ON work_orders
BEGIN
    SELECT RAISE(ABORT, 'a work order is cancelled, never deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER work_orders_invoiced_once BEFORE UPDATE ON work_orders
WHEN NEW.customer_id <> OLD.customer_id OR NEW.number <> OLD.number
    OR (OLD.invoice_id IS NOT NULL AND NEW.invoice_id IS NOT OLD.invoice_id)
BEGIN
    SELECT RAISE(ABORT, 'a work order keeps its number, its customer and its invoice');
END;
-- +goose StatementEnd

-- every change, one row each
CREATE TABLE work_order_events (
    id            INTEGER PRIMARY KEY,
    work_order_id INTEGER NOT NULL REFERENCES work_orders (id),
    kind          TEXT NOT NULL CHECK (kind IN ('created', 'scheduled', 'rescheduled', 'assigned', 'unscheduled', 'dispatched', 'arrived', 'completed',
                      'cancelled', 'reopened', 'undone', 'note', 'photo', 'work', 'signed', 'merged', 'invoiced', 'edited')),
    from_state    TEXT NOT NULL DEFAULT '',
    to_state      TEXT NOT NULL DEFAULT '',
    -- in words, for the office
    details       TEXT NOT NULL DEFAULT '',
    -- customers see the row in their timeline
    shown         INTEGER NOT NULL CHECK (shown IN (0, 1)),
    user_id       INTEGER REFERENCES users (id),
    staff_id      INTEGER REFERENCES staff (id),
    -- when it happened, by the phone of who was out of reach, and when it was booked
    happened_at   INTEGER NOT NULL,
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX work_order_events_order ON work_order_events (work_order_id, id);
CREATE INDEX work_order_events_user ON work_order_events (user_id);
CREATE INDEX work_order_events_staff ON work_order_events (staff_id);
-- +goose StatementBegin
CREATE TRIGGER work_order_events_no_update BEFORE UPDATE ON work_order_events
BEGIN
    SELECT RAISE(ABORT, 'the history of a work order is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER work_order_events_no_delete BEFORE DELETE ON work_order_events
BEGIN
    SELECT RAISE(ABORT, 'the history of a work order is append-only');
END;
-- +goose StatementEnd

-- what both sides wrote; customers never see an internal note
CREATE TABLE work_order_notes (
    id            INTEGER PRIMARY KEY,
    work_order_id INTEGER NOT NULL REFERENCES work_orders (id),
    internal      INTEGER NOT NULL CHECK (internal IN (0, 1)),
    note          TEXT NOT NULL CHECK (note <> ''),
    nonce         TEXT NOT NULL UNIQUE,
    user_id       INTEGER REFERENCES users (id),
    staff_id      INTEGER REFERENCES staff (id),
    at            INTEGER NOT NULL,
    CHECK (internal = 0 OR user_id IS NULL)
) STRICT;
CREATE INDEX work_order_notes_order ON work_order_notes (work_order_id, id);
CREATE INDEX work_order_notes_user ON work_order_notes (user_id);
CREATE INDEX work_order_notes_staff ON work_order_notes (staff_id);
-- +goose StatementBegin
CREATE TRIGGER work_order_notes_no_update BEFORE UPDATE ON work_order_notes
BEGIN
    SELECT RAISE(ABORT, 'a note is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER work_order_notes_no_delete BEFORE DELETE ON work_order_notes
BEGIN
    SELECT RAISE(ABORT, 'a note is never deleted');
END;
-- +goose StatementEnd

-- pictures, scaled down and without what the camera wrote into them
CREATE TABLE work_order_photos (
    id            INTEGER PRIMARY KEY,
    work_order_id INTEGER NOT NULL REFERENCES work_orders (id),
    document_id   INTEGER NOT NULL UNIQUE REFERENCES documents (id),
    thumb_id      INTEGER NOT NULL UNIQUE REFERENCES documents (id),
    width         INTEGER NOT NULL CHECK (width > 0),
    height        INTEGER NOT NULL CHECK (height > 0),
    -- staff's pictures may be for staff only
    internal      INTEGER NOT NULL CHECK (internal IN (0, 1)),
    nonce         TEXT NOT NULL UNIQUE,
    user_id       INTEGER REFERENCES users (id),
    staff_id      INTEGER REFERENCES staff (id),
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX work_order_photos_order ON work_order_photos (work_order_id, id);
CREATE INDEX work_order_photos_user ON work_order_photos (user_id);
CREATE INDEX work_order_photos_staff ON work_order_photos (staff_id);

-- pictures of a form that is not saved yet, so that they need not be chosen
-- again when something else in it was refused; swept after a day
CREATE TABLE work_order_uploads (
    id          INTEGER PRIMARY KEY,
    -- of the form
    nonce       TEXT NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    -- as the file was called
    name        TEXT NOT NULL,
    sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
    body        BLOB NOT NULL,
    thumb       BLOB NOT NULL,
    width       INTEGER NOT NULL CHECK (width > 0),
    height      INTEGER NOT NULL CHECK (height > 0),
    user_id     INTEGER REFERENCES users (id),
    staff_id    INTEGER REFERENCES staff (id),
    at          INTEGER NOT NULL,
    UNIQUE (nonce, sha256)
) STRICT;
CREATE INDEX work_order_uploads_customer ON work_order_uploads (customer_id);
CREATE INDEX work_order_uploads_user ON work_order_uploads (user_id);
CREATE INDEX work_order_uploads_staff ON work_order_uploads (staff_id);
CREATE INDEX work_order_uploads_at ON work_order_uploads (at);

-- parts and labour
CREATE TABLE work_order_lines (
    work_order_id    INTEGER NOT NULL REFERENCES work_orders (id),
    position         INTEGER NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('part', 'labour')),
    description      TEXT NOT NULL CHECK (description <> ''),
    -- thousandths of a piece or an hour
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0),
    taxable          INTEGER NOT NULL CHECK (taxable IN (0, 1)),
    PRIMARY KEY (work_order_id, position)
) STRICT, WITHOUT ROWID;

-- the customer's word on site that it was done; what is completed, opened again
-- and completed once more is signed once more, and every signature stays
CREATE TABLE work_order_signatures (
    id            INTEGER PRIMARY KEY,
    work_order_id INTEGER NOT NULL REFERENCES work_orders (id),
    name          TEXT NOT NULL CHECK (name <> ''),
    -- '' = signed by the typed name alone; else as package signature writes it
    strokes       TEXT NOT NULL DEFAULT '',
    -- what was signed for: parts and labour as they were shown
    work          TEXT NOT NULL,
    staff_id      INTEGER NOT NULL REFERENCES staff (id),
    ip            TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    happened_at   INTEGER NOT NULL,
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX work_order_signatures_order ON work_order_signatures (work_order_id, id);
CREATE INDEX work_order_signatures_staff ON work_order_signatures (staff_id);
-- +goose StatementBegin
CREATE TRIGGER work_order_signatures_no_update BEFORE UPDATE ON work_order_signatures
BEGIN
    SELECT RAISE(ABORT, 'a signature is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER work_order_signatures_no_delete BEFORE DELETE ON work_order_signatures
BEGIN
    SELECT RAISE(ABORT, 'a signature is never taken away');
END;
-- +goose StatementEnd

-- what was pressed on a technician's phone, each with a key the phone made: the
-- same one sent again changes nothing
CREATE TABLE work_order_taps (
    key           TEXT PRIMARY KEY CHECK (length(key) BETWEEN 16 AND 64),
    work_order_id INTEGER NOT NULL REFERENCES work_orders (id),
    staff_id      INTEGER NOT NULL REFERENCES staff (id),
    action        TEXT NOT NULL CHECK (action <> ''),
    -- '' = done; else why not, in words
    refused       TEXT NOT NULL DEFAULT '',
    happened_at   INTEGER NOT NULL,
    at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX work_order_taps_order ON work_order_taps (work_order_id);
CREATE INDEX work_order_taps_staff ON work_order_taps (staff_id);
