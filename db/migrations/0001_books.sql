-- +goose Up
-- The dealer's books. Conventions: amounts are cents (…_cents), moments are
-- milliseconds UTC (…_at, 0 = not yet), days are the dealer's local dates as
-- text (…_date, '' = none). Absent text is '', never NULL; only references are
-- NULL when absent.

-- ---------------------------------------------------------------- the dealer

CREATE TABLE settings (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    sealed     INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Pictures and papers: the logo, and PDFs that are made once and then only sent.
CREATE TABLE documents (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL CHECK (kind IN ('logo', 'invoice', 'receipt', 'consent', 'attachment')),
    name     TEXT NOT NULL,
    mime     TEXT NOT NULL,
    sha256   TEXT NOT NULL CHECK (length(sha256) = 64),
    body     BLOB NOT NULL,
    made_at  INTEGER NOT NULL
) STRICT;
-- the logo is looked up among a million papers
CREATE INDEX documents_logo ON documents (id) WHERE kind = 'logo';

CREATE TABLE staff (
    id              INTEGER PRIMARY KEY,
    email           TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name            TEXT NOT NULL DEFAULT '',
    role            TEXT NOT NULL CHECK (role IN ('owner', 'billing', 'service', 'sales', 'technician')),
    password_hash   TEXT NOT NULL DEFAULT '',
    totp_secret     TEXT NOT NULL DEFAULT '',
    totp_confirmed_at INTEGER NOT NULL DEFAULT 0,
    totp_last_step  INTEGER NOT NULL DEFAULT 0,
    last_login_at   INTEGER NOT NULL DEFAULT 0,
    disabled_at     INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_recovery_codes (
    staff_id  INTEGER NOT NULL REFERENCES staff (id),
    code_hash TEXT NOT NULL,
    used_at   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (staff_id, code_hash)
) STRICT, WITHOUT ROWID;

-- ------------------------------------------------------------- customers

CREATE TABLE customers (
    id                INTEGER PRIMARY KEY,
    number            TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (number <> ''),
    business_name     TEXT NOT NULL DEFAULT '',
    first_name        TEXT NOT NULL DEFAULT '',
    last_name         TEXT NOT NULL DEFAULT '',
    -- what lists show; kept by the account noun with the names it is made of
    display_name      TEXT NOT NULL CHECK (display_name <> ''),
    address1          TEXT NOT NULL DEFAULT '',
    address2          TEXT NOT NULL DEFAULT '',
    city              TEXT NOT NULL DEFAULT '',
    state             TEXT NOT NULL DEFAULT '',
    zip               TEXT NOT NULL DEFAULT '',
    registration_key  TEXT NOT NULL UNIQUE CHECK (length(registration_key) = 16),
    status            TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    terms             TEXT NOT NULL DEFAULT '',
    salesperson_email TEXT NOT NULL DEFAULT '',
    auto_pay_day      INTEGER NOT NULL DEFAULT 1 CHECK (auto_pay_day BETWEEN 1 AND 28),
    -- when the customer last changed the contact block in the portal; an import
    -- does not overwrite such a change without saying so
    contact_edited_at INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    CHECK (business_name <> '' OR (first_name <> '' AND last_name <> ''))
) STRICT;

CREATE TABLE customer_phones (
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    position    INTEGER NOT NULL,
    phone       TEXT NOT NULL,
    -- the last ten digits, by which phones are compared and searched
    digits      TEXT NOT NULL,
    PRIMARY KEY (customer_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_phones_digits ON customer_phones (digits, customer_id);

CREATE TABLE customer_emails (
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    position    INTEGER NOT NULL,
    email       TEXT NOT NULL COLLATE NOCASE CHECK (email <> ''),
    PRIMARY KEY (customer_id, position),
    UNIQUE (customer_id, email)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_emails_email ON customer_emails (email, customer_id);

-- what the office's search box looks through, kept by the account noun; the
-- index over it follows by triggers
CREATE TABLE customer_words (
    customer_id INTEGER PRIMARY KEY REFERENCES customers (id),
    number      TEXT NOT NULL,
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,
    phones      TEXT NOT NULL,
    emails      TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE customer_search USING fts5 (
    number, name, address, phones, emails,
    content = 'customer_words', content_rowid = 'customer_id',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
-- +goose StatementBegin
CREATE TRIGGER customer_words_added AFTER INSERT ON customer_words
BEGIN
    INSERT INTO customer_search (rowid, number, name, address, phones, emails)
    VALUES (NEW.customer_id, NEW.number, NEW.name, NEW.address, NEW.phones, NEW.emails);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER customer_words_changed AFTER UPDATE ON customer_words
BEGIN
    INSERT INTO customer_search (customer_search, rowid, number, name, address, phones, emails)
    VALUES ('delete', OLD.customer_id, OLD.number, OLD.name, OLD.address, OLD.phones, OLD.emails);
    INSERT INTO customer_search (rowid, number, name, address, phones, emails)
    VALUES (NEW.customer_id, NEW.number, NEW.name, NEW.address, NEW.phones, NEW.emails);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER customer_words_removed AFTER DELETE ON customer_words
BEGIN
    INSERT INTO customer_search (customer_search, rowid, number, name, address, phones, emails)
    VALUES ('delete', OLD.customer_id, OLD.number, OLD.name, OLD.address, OLD.phones, OLD.emails);
END;
-- +goose StatementEnd

CREATE TABLE sites (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    name        TEXT NOT NULL COLLATE NOCASE CHECK (name <> ''),
    address1    TEXT NOT NULL DEFAULT '',
    address2    TEXT NOT NULL DEFAULT '',
    city        TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL DEFAULT '',
    zip         TEXT NOT NULL DEFAULT '',
    tax_code    TEXT NOT NULL DEFAULT '',
    tax_exempt  INTEGER NOT NULL DEFAULT 0 CHECK (tax_exempt IN (0, 1)),
    UNIQUE (customer_id, name)
) STRICT;

CREATE TABLE systems (
    id             INTEGER PRIMARY KEY,
    site_id        INTEGER NOT NULL REFERENCES sites (id),
    name           TEXT NOT NULL COLLATE NOCASE CHECK (name <> ''),
    system_type    TEXT NOT NULL DEFAULT '',
    -- the account number at the central station
    account_number TEXT NOT NULL DEFAULT '',
    UNIQUE (site_id, name)
) STRICT;

-- ------------------------------------------------- log-ins of customers

CREATE TABLE users (
    id              INTEGER PRIMARY KEY,
    email           TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (email <> ''),
    password_hash   TEXT NOT NULL DEFAULT '',
    -- the temporary password of the registration mail; opens the reset page only
    temporary_hash       TEXT NOT NULL DEFAULT '',
    temporary_expires_at INTEGER NOT NULL DEFAULT 0,
    last_login_at   INTEGER NOT NULL DEFAULT 0,
    locked_at       INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL
) STRICT;

-- who may see which customer's papers
CREATE TABLE customer_users (
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    user_id     INTEGER NOT NULL REFERENCES users (id),
    granted_at  INTEGER NOT NULL,
    PRIMARY KEY (customer_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_users_user ON customer_users (user_id, customer_id);

-- one-time links that are mailed: forgotten password, first log-in, change of
-- address, joining a second customer, the first owner's set-up page
CREATE TABLE tokens (
    hash        BLOB PRIMARY KEY CHECK (length(hash) = 32),
    purpose     TEXT NOT NULL CHECK (purpose IN ('recover', 'first_login', 'change_email', 'join', 'staff_invite', 'setup')),
    user_id     INTEGER REFERENCES users (id),
    staff_id    INTEGER REFERENCES staff (id),
    customer_id INTEGER REFERENCES customers (id),
    payload     TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id, purpose);
CREATE INDEX tokens_staff ON tokens (staff_id, purpose);
CREATE INDEX tokens_customer ON tokens (customer_id);
CREATE INDEX tokens_expires ON tokens (expires_at);

-- hash is the SHA-256 of the cookie's value; the value itself is stored nowhere
CREATE TABLE sessions (
    hash         BLOB PRIMARY KEY CHECK (length(hash) = 32),
    user_id      INTEGER REFERENCES users (id),
    staff_id     INTEGER REFERENCES staff (id),
    -- the customer this session looks at, of those the user may see
    customer_id  INTEGER REFERENCES customers (id),
    -- a session that has not finished logging in: 'reset' or 'totp'; '' = full
    stage        TEXT NOT NULL DEFAULT '' CHECK (stage IN ('', 'reset', 'totp', 'enrol')),
    data         BLOB NOT NULL DEFAULT x'',
    ip           TEXT NOT NULL DEFAULT '',
    user_agent   TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_staff ON sessions (staff_id);
CREATE INDEX sessions_customer ON sessions (customer_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- tries that are limited: (kind, subject) is what is counted
CREATE TABLE attempts (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_count ON attempts (kind, subject, at);
CREATE INDEX attempts_at ON attempts (at);

-- registrations that did not go through, or ask for an e-mail to be added
CREATE TABLE registrations (
    id              INTEGER PRIMARY KEY,
    customer_id     INTEGER REFERENCES customers (id),
    state           TEXT NOT NULL CHECK (state IN ('failed', 'asked', 'approved', 'dismissed')),
    -- the field that did not match: 'proof' when key, number and zip did not belong together
    failed_field    TEXT NOT NULL DEFAULT '',
    customer_number TEXT NOT NULL,
    first_name      TEXT NOT NULL,
    last_name       TEXT NOT NULL,
    zip             TEXT NOT NULL,
    phone           TEXT NOT NULL,
    email           TEXT NOT NULL,
    ip              TEXT NOT NULL,
    at              INTEGER NOT NULL,
    decided_at      INTEGER NOT NULL DEFAULT 0,
    staff_id        INTEGER REFERENCES staff (id)
) STRICT;
CREATE INDEX registrations_state ON registrations (state, at DESC);
CREATE INDEX registrations_customer ON registrations (customer_id, at DESC);
CREATE INDEX registrations_staff ON registrations (staff_id);

-- ------------------------------------------------------------- invoices

CREATE TABLE invoices (
    id            INTEGER PRIMARY KEY,
    number        TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (number <> ''),
    customer_id   INTEGER NOT NULL REFERENCES customers (id),
    site_id       INTEGER REFERENCES sites (id),
    state         TEXT NOT NULL CHECK (state IN ('draft', 'issued', 'void')),
    invoice_date  TEXT NOT NULL CHECK (invoice_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    due_date      TEXT NOT NULL CHECK (due_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    po_number     TEXT NOT NULL DEFAULT '',
    tax_cents     INTEGER NOT NULL,
    total_cents   INTEGER NOT NULL CHECK (total_cents >= 0),
    -- total + its ledger rows, moved in the same transaction as they are;
    -- portal doctor proves them equal
    balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0 AND balance_cents <= total_cents),
    document_id   INTEGER REFERENCES documents (id),
    issued_at     INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX invoices_open ON invoices (customer_id, due_date, id, number, invoice_date, site_id, total_cents, balance_cents)
    WHERE state = 'issued' AND balance_cents > 0;
CREATE INDEX invoices_paid ON invoices (customer_id, invoice_date, id, number, due_date, site_id, total_cents)
    WHERE state = 'issued' AND balance_cents = 0;
CREATE INDEX invoices_customer ON invoices (customer_id, state, invoice_date);
CREATE INDEX invoices_site ON invoices (site_id);
CREATE INDEX invoices_document ON invoices (document_id);

CREATE TABLE invoice_lines (
    invoice_id       INTEGER NOT NULL REFERENCES invoices (id),
    position         INTEGER NOT NULL,
    description      TEXT NOT NULL,
    -- thousandths of a piece
    quantity         INTEGER NOT NULL,
    unit_price_cents INTEGER NOT NULL,
    amount_cents     INTEGER NOT NULL,
    tax_cents        INTEGER NOT NULL,
    PRIMARY KEY (invoice_id, position)
) STRICT, WITHOUT ROWID;

-- an issued invoice is never edited: only what is owed on it moves, its frozen
-- PDF is attached once, and it can be voided
-- +goose StatementBegin
CREATE TRIGGER invoices_frozen BEFORE UPDATE ON invoices
WHEN OLD.state <> 'draft' AND (
    NEW.number <> OLD.number OR NEW.customer_id <> OLD.customer_id OR NEW.site_id IS NOT OLD.site_id
    OR NEW.invoice_date <> OLD.invoice_date OR NEW.due_date <> OLD.due_date OR NEW.po_number <> OLD.po_number
    OR NEW.tax_cents <> OLD.tax_cents OR NEW.total_cents <> OLD.total_cents OR NEW.state = 'draft'
    OR (OLD.document_id IS NOT NULL AND NEW.document_id IS NOT OLD.document_id))
BEGIN
    SELECT RAISE(ABORT, 'an issued invoice is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER invoices_kept BEFORE DELETE ON invoices
WHEN OLD.state <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'an issued invoice is never deleted');
END;
-- +goose StatementEnd

-- ------------------------------------------------- methods and mandates

CREATE TABLE gateway_customers (
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    gateway     TEXT NOT NULL,
    ref         TEXT NOT NULL,
    PRIMARY KEY (customer_id, gateway),
    UNIQUE (gateway, ref)
) STRICT, WITHOUT ROWID;

-- a card or bank account on file: the processor's token and what may be shown of it
CREATE TABLE methods (
    id           INTEGER PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customers (id),
    gateway      TEXT NOT NULL,
    ref          TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('card', 'echeck')),
    brand        TEXT NOT NULL,
    last4        TEXT NOT NULL CHECK (length(last4) <= 4),
    exp_year     INTEGER NOT NULL DEFAULT 0,
    exp_month    INTEGER NOT NULL DEFAULT 0 CHECK (exp_month BETWEEN 0 AND 12),
    billing_name TEXT NOT NULL DEFAULT '',
    user_id      INTEGER REFERENCES users (id),
    created_at   INTEGER NOT NULL,
    -- removed by the dealer or ended by the bank; never offered again
    ended_at     INTEGER NOT NULL DEFAULT 0,
    ended_reason TEXT NOT NULL DEFAULT '',
    UNIQUE (gateway, ref)
) STRICT;
CREATE INDEX methods_customer ON methods (customer_id, ended_at);
CREATE INDEX methods_user ON methods (user_id);

-- a visit to the processor's set-up page, with what was chosen before it
CREATE TABLE method_setups (
    id              INTEGER PRIMARY KEY,
    reference       TEXT NOT NULL UNIQUE,
    customer_id     INTEGER NOT NULL REFERENCES customers (id),
    user_id         INTEGER REFERENCES users (id),
    nonce           TEXT NOT NULL UNIQUE,
    gateway         TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('card', 'echeck')),
    -- the page at the processor; its address is emptied once it cannot be used
    session_ref     TEXT NOT NULL DEFAULT '',
    session_url     TEXT NOT NULL DEFAULT '',
    billing_json    TEXT NOT NULL DEFAULT '{}',
    -- the consent as it was shown, kept here until the method exists
    consent_json    TEXT NOT NULL DEFAULT '',
    -- the method that this one is to take the place of
    replaces_id     INTEGER REFERENCES methods (id),
    -- 'verifying': the bank account waits for its micro-deposits to be confirmed
    state           TEXT NOT NULL CHECK (state IN ('open', 'verifying', 'done', 'failed', 'canceled', 'expired')),
    failure_message TEXT NOT NULL DEFAULT '',
    method_id       INTEGER REFERENCES methods (id),
    created_at      INTEGER NOT NULL,
    checked_at      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX method_setups_customer ON method_setups (customer_id, state);
CREATE INDEX method_setups_open ON method_setups (created_at) WHERE state IN ('open', 'verifying');
CREATE UNIQUE INDEX method_setups_session ON method_setups (gateway, session_ref) WHERE session_ref <> '';
CREATE INDEX method_setups_replaces ON method_setups (replaces_id);
CREATE INDEX method_setups_user ON method_setups (user_id);
CREATE INDEX method_setups_method ON method_setups (method_id);

-- the customer's consent to auto pay: never updated but to be revoked
CREATE TABLE mandates (
    id            INTEGER PRIMARY KEY,
    customer_id   INTEGER NOT NULL REFERENCES customers (id),
    method_id     INTEGER NOT NULL REFERENCES methods (id),
    consent_text  TEXT NOT NULL,
    consent_sha256 TEXT NOT NULL CHECK (length(consent_sha256) = 64),
    consent_version TEXT NOT NULL,
    -- 0 = no cap
    cap_cents     INTEGER NOT NULL DEFAULT 0 CHECK (cap_cents >= 0),
    day           INTEGER NOT NULL CHECK (day BETWEEN 1 AND 28),
    shown_at      INTEGER NOT NULL,
    accepted_at   INTEGER NOT NULL,
    ip            TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    authenticated TEXT NOT NULL,
    user_id       INTEGER REFERENCES users (id),
    staff_id      INTEGER REFERENCES staff (id),
    revoked_at    INTEGER NOT NULL DEFAULT 0,
    revoked_by    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX mandates_active ON mandates (customer_id) WHERE revoked_at = 0;
CREATE INDEX mandates_customer ON mandates (customer_id, accepted_at);
CREATE INDEX mandates_method ON mandates (method_id);
CREATE INDEX mandates_user ON mandates (user_id);
CREATE INDEX mandates_staff ON mandates (staff_id);
-- +goose StatementBegin
CREATE TRIGGER mandates_frozen BEFORE UPDATE ON mandates
WHEN OLD.revoked_at <> 0 OR NEW.revoked_at = 0
    OR NEW.customer_id <> OLD.customer_id OR NEW.method_id <> OLD.method_id
    OR NEW.consent_text <> OLD.consent_text OR NEW.consent_sha256 <> OLD.consent_sha256
    OR NEW.consent_version <> OLD.consent_version OR NEW.cap_cents <> OLD.cap_cents OR NEW.day <> OLD.day
    OR NEW.shown_at <> OLD.shown_at OR NEW.accepted_at <> OLD.accepted_at OR NEW.ip <> OLD.ip
    OR NEW.user_agent <> OLD.user_agent OR NEW.authenticated <> OLD.authenticated
    OR NEW.user_id IS NOT OLD.user_id OR NEW.staff_id IS NOT OLD.staff_id
BEGIN
    SELECT RAISE(ABORT, 'a consent is only ever revoked');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER mandates_kept BEFORE DELETE ON mandates
BEGIN
    SELECT RAISE(ABORT, 'a consent is never deleted');
END;
-- +goose StatementEnd

-- ------------------------------------------------------------- payments

CREATE TABLE payments (
    id            INTEGER PRIMARY KEY,
    -- what people see and quote; random, so that it tells no volume
    reference     TEXT NOT NULL UNIQUE,
    customer_id   INTEGER NOT NULL REFERENCES customers (id),
    state         TEXT NOT NULL CHECK (state IN ('draft', 'planned', 'submitted', 'action', 'processing', 'succeeded',
                      'failed', 'canceled', 'expired', 'returned', 'disputed', 'won', 'lost', 'partially_refunded', 'refunded')),
    source        TEXT NOT NULL CHECK (source IN ('portal', 'office', 'autopay', 'import', 'paylink')),
    kind          TEXT NOT NULL CHECK (kind IN ('card', 'echeck', 'check', 'cash', 'credit', 'other')),
    -- the "Payment Type" shown: "Check", "Credit Card", or an imported word
    type_label    TEXT NOT NULL,
    -- check number, or the last four of card or account
    number_label  TEXT NOT NULL DEFAULT '',
    brand         TEXT NOT NULL DEFAULT '',
    amount_cents  INTEGER NOT NULL CHECK (amount_cents > 0),
    payment_date  TEXT NOT NULL CHECK (payment_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    gateway       TEXT NOT NULL DEFAULT '',
    method_id     INTEGER REFERENCES methods (id),
    -- paid on the processor's page: 1, and whether the method is kept on file
    hosted        INTEGER NOT NULL DEFAULT 0 CHECK (hosted IN (0, 1)),
    keep_method   INTEGER NOT NULL DEFAULT 0 CHECK (keep_method IN (0, 1)),
    idempotency_key TEXT NOT NULL UNIQUE,
    -- one rendered form pays once
    nonce         TEXT NOT NULL UNIQUE,
    -- who was charged at the processor, fixed when the payment is claimed
    customer_ref  TEXT NOT NULL DEFAULT '',
    -- the page at the processor; its address is emptied once it cannot be used
    session_ref   TEXT NOT NULL DEFAULT '',
    session_url   TEXT NOT NULL DEFAULT '',
    -- the processor's own id of the payment
    charge_ref    TEXT NOT NULL DEFAULT '',
    failure_code  TEXT NOT NULL DEFAULT '',
    failure_message TEXT NOT NULL DEFAULT '',
    refunded_cents INTEGER NOT NULL DEFAULT 0 CHECK (refunded_cents >= 0 AND refunded_cents <= amount_cents),
    memo          TEXT NOT NULL DEFAULT '',
    previous_id   INTEGER REFERENCES payments (id),
    user_id       INTEGER REFERENCES users (id),
    staff_id      INTEGER REFERENCES staff (id),
    created_at    INTEGER NOT NULL,
    submitted_at  INTEGER NOT NULL DEFAULT 0,
    checked_at    INTEGER NOT NULL DEFAULT 0,
    settled_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX payments_charge ON payments (gateway, charge_ref) WHERE charge_ref <> '';
CREATE UNIQUE INDEX payments_session ON payments (gateway, session_ref) WHERE session_ref <> '';
CREATE INDEX payments_customer ON payments (customer_id, payment_date, id);
CREATE INDEX payments_in_flight ON payments (state, checked_at)
    WHERE state IN ('planned', 'submitted', 'action', 'processing');
CREATE INDEX payments_method ON payments (method_id);
CREATE INDEX payments_previous ON payments (previous_id);
CREATE INDEX payments_user ON payments (user_id);
CREATE INDEX payments_staff ON payments (staff_id);

-- what a payment is meant for, frozen when it is planned
CREATE TABLE allocations (
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    cents      INTEGER NOT NULL CHECK (cents > 0),
    PRIMARY KEY (payment_id, invoice_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX allocations_invoice ON allocations (invoice_id, payment_id, cents);

-- what actually moved: append-only signed rows. A row of an invoice moves its
-- balance (a payment is negative); a row with no invoice is unapplied credit
-- (negative = the dealer holds money for the customer).
CREATE TABLE ledger (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    payment_id  INTEGER REFERENCES payments (id),
    invoice_id  INTEGER REFERENCES invoices (id),
    cents       INTEGER NOT NULL CHECK (cents <> 0),
    reason      TEXT NOT NULL CHECK (reason IN ('payment', 'apply', 'unapply', 'refund', 'return', 'dispute', 'dispute_won', 'credit', 'void')),
    -- the same fact is never booked twice
    fact        TEXT NOT NULL UNIQUE,
    entry_date  TEXT NOT NULL CHECK (entry_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_invoice ON ledger (invoice_id, cents);
CREATE INDEX ledger_payment ON ledger (payment_id);
CREATE INDEX ledger_unapplied ON ledger (customer_id, payment_id, invoice_id, cents) WHERE invoice_id IS NULL;
CREATE INDEX ledger_customer ON ledger (customer_id, entry_date);
-- +goose StatementBegin
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- money under way: it reserves its part of each invoice. A hosted page that
-- nobody has paid on reserves nothing.
CREATE VIEW reservations AS
SELECT a.invoice_id, a.payment_id, p.customer_id, a.cents
FROM allocations a
JOIN payments p ON p.id = a.payment_id
WHERE p.state IN ('planned', 'submitted', 'processing') OR (p.state = 'action' AND p.hosted = 0);

-- what the processor told us, as it came, before anything is done about it
CREATE TABLE gateway_events (
    id          INTEGER PRIMARY KEY,
    gateway     TEXT NOT NULL,
    event_ref   TEXT NOT NULL,
    type        TEXT NOT NULL,
    object_ref  TEXT NOT NULL,
    body        BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    handled_at  INTEGER NOT NULL DEFAULT 0,
    note        TEXT NOT NULL DEFAULT '',
    UNIQUE (gateway, event_ref)
) STRICT;
CREATE INDEX gateway_events_open ON gateway_events (received_at) WHERE handled_at = 0;

-- how far each processor's own list of changes has been read
CREATE TABLE gateway_cursors (
    gateway TEXT PRIMARY KEY,
    cursor  TEXT NOT NULL,
    read_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ------------------------------------------------------- mail, audit, jobs

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    -- one fact is mailed once
    fact        TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    customer_id INTEGER REFERENCES customers (id),
    to_name     TEXT NOT NULL DEFAULT '',
    to_email    TEXT NOT NULL,
    reply_to    TEXT NOT NULL DEFAULT '',
    subject     TEXT NOT NULL,
    text_body   TEXT NOT NULL,
    html_body   TEXT NOT NULL,
    -- a body with a temporary password or a one-time link is emptied once sent
    secret      INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)),
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'failed')),
    message_id  TEXT NOT NULL UNIQUE,
    tries       INTEGER NOT NULL DEFAULT 0,
    first_try_at INTEGER NOT NULL DEFAULT 0,
    -- while 'sending': when another worker may take it up again
    next_try_at INTEGER NOT NULL,
    last_error  TEXT NOT NULL DEFAULT '',
    -- the mail server's own word on taking it, with its queue id
    receipt     TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    sent_at     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_failed ON outbox (created_at) WHERE state = 'failed';
CREATE INDEX outbox_customer ON outbox (customer_id, created_at);
CREATE INDEX outbox_created ON outbox (created_at, id);

CREATE TABLE outbox_attachments (
    outbox_id   INTEGER NOT NULL REFERENCES outbox (id),
    position    INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    PRIMARY KEY (outbox_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_attachments_document ON outbox_attachments (document_id);

CREATE TABLE audit (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL CHECK (actor IN ('customer', 'staff', 'system', 'visitor')),
    user_id     INTEGER REFERENCES users (id),
    staff_id    INTEGER REFERENCES staff (id),
    role        TEXT NOT NULL DEFAULT '',
    action      TEXT NOT NULL,
    customer_id INTEGER REFERENCES customers (id),
    object      TEXT NOT NULL DEFAULT '',
    before_json TEXT NOT NULL DEFAULT '',
    after_json  TEXT NOT NULL DEFAULT '',
    ip          TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX audit_customer ON audit (customer_id, at);
CREATE INDEX audit_user ON audit (user_id);
CREATE INDEX audit_staff ON audit (staff_id);
CREATE INDEX audit_at ON audit (at);
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
-- +goose StatementEnd

CREATE TABLE jobs (
    name        TEXT PRIMARY KEY,
    started_at  INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER NOT NULL DEFAULT 0,
    error       TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- What the office's home counts: only the rows it adds up, all it needs of each,
-- so that it costs no more in a file of a million invoices.
CREATE INDEX invoices_aging ON invoices (due_date, balance_cents)
    WHERE state = 'issued' AND balance_cents > 0;
CREATE INDEX ledger_taken ON ledger (entry_date, reason, cents)
    WHERE reason IN ('payment', 'refund', 'return', 'dispute', 'dispute_won');
CREATE INDEX payments_trouble ON payments (created_at)
    WHERE state IN ('failed', 'returned', 'disputed', 'lost');

-- What this file knows of itself: which running copy it belongs to and which
-- snapshots were made of it. One row.
CREATE TABLE file (
    id                INTEGER PRIMARY KEY CHECK (id = 1),
    -- must match the instance file beside the books; a copied or restored file
    -- does not, and then takes no money until the owner confirms it
    instance          TEXT NOT NULL DEFAULT '',
    -- '' or why no money is taken: 'copied', 'restored'
    hold              TEXT NOT NULL DEFAULT '' CHECK (hold IN ('', 'copied', 'restored')),
    -- the snapshot that lies under the .db name, and the one being made
    snapshot          TEXT NOT NULL DEFAULT '',
    snapshot_pending  TEXT NOT NULL DEFAULT '',
    snapshot_made_at  INTEGER NOT NULL DEFAULT 0,
    -- SQLite's change counter of the snapshot: another value means it was edited
    snapshot_counter  INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO file (id) VALUES (1);
