-- +goose Up
-- Proposals: what the dealer offers, how the customer decided, and the evidence.

-- One row is one version of a proposal. From the moment it is sent nothing of
-- it changes but where it stands; an edit is a new row with the next version.
CREATE TABLE proposals (
    id            INTEGER PRIMARY KEY,
    number        TEXT NOT NULL COLLATE NOCASE CHECK (number <> ''),
    version       INTEGER NOT NULL CHECK (version > 0),
    customer_id   INTEGER NOT NULL REFERENCES customers (id),
    site_id       INTEGER REFERENCES sites (id),
    system_id     INTEGER REFERENCES systems (id),
    title         TEXT NOT NULL CHECK (title <> ''),
    -- the words above the lines
    introduction  TEXT NOT NULL DEFAULT '',
    terms         TEXT NOT NULL DEFAULT '',
    -- a sale at home: the notice of the three days to cancel goes with it (16 CFR 429)
    residential   INTEGER NOT NULL CHECK (residential IN (0, 1)),
    proposal_date TEXT NOT NULL CHECK (proposal_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    -- the last day it can be accepted, '' = no end
    valid_until   TEXT NOT NULL DEFAULT '' CHECK (valid_until = '' OR valid_until GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    salesperson_id INTEGER REFERENCES staff (id),
    -- whom answers are mailed to; kept beside the log-in, as imports bring it
    salesperson_email TEXT NOT NULL DEFAULT '',
    -- asked for with the acceptance: an amount, or parts per million of what is
    -- paid once
    deposit_cents INTEGER NOT NULL DEFAULT 0 CHECK (deposit_cents >= 0),
    deposit_ppm   INTEGER NOT NULL DEFAULT 0 CHECK (deposit_ppm BETWEEN 0 AND 1000000),
    state         TEXT NOT NULL CHECK (state IN ('draft', 'sent', 'viewed', 'accepted', 'rejected', 'withdrawn', 'replaced')),
    -- for lists: with the options that are chosen beforehand; once, with tax,
    -- and what recurs in a month without tax
    total_cents   INTEGER NOT NULL,
    monthly_cents INTEGER NOT NULL,
    -- the PDF as it was sent, and as JSON what it was made from, so that the
    -- signed one says the same whatever changes since
    document_id   INTEGER REFERENCES documents (id),
    paper         TEXT NOT NULL DEFAULT '',
    -- the version this one was made from
    previous_id   INTEGER REFERENCES proposals (id),
    -- counts the saves of a draft, so that of two people the slower one is told
    saves         INTEGER NOT NULL DEFAULT 1,
    nonce         TEXT NOT NULL UNIQUE,
    staff_id      INTEGER REFERENCES staff (id),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL DEFAULT 0,
    viewed_at     INTEGER NOT NULL DEFAULT 0,
    decided_at    INTEGER NOT NULL DEFAULT 0,
    withdrawn_at  INTEGER NOT NULL DEFAULT 0,
    -- when the customer was reminded that it expires
    reminded_at   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (number, version),
    CHECK (deposit_cents = 0 OR deposit_ppm = 0),
    CHECK (state = 'draft' OR (document_id IS NOT NULL AND sent_at <> 0)),
    CHECK ((state IN ('accepted', 'rejected')) = (decided_at <> 0))
) STRICT;
CREATE INDEX proposals_customer ON proposals (customer_id, sent_at, id);
CREATE INDEX proposals_state ON proposals (state, updated_at, id);
CREATE INDEX proposals_open ON proposals (valid_until, id) WHERE state IN ('sent', 'viewed');
CREATE INDEX proposals_site ON proposals (site_id);
CREATE INDEX proposals_system ON proposals (system_id);
CREATE INDEX proposals_salesperson ON proposals (salesperson_id, state);
CREATE INDEX proposals_document ON proposals (document_id);
CREATE INDEX proposals_previous ON proposals (previous_id);
CREATE INDEX proposals_staff ON proposals (staff_id);
-- +goose StatementBegin
CREATE TRIGGER proposals_frozen BEFORE UPDATE ON proposals
WHEN OLD.state <> 'draft' AND (
    NEW.number <> OLD.number OR NEW.version <> OLD.version OR NEW.customer_id <> OLD.customer_id OR NEW.site_id IS NOT OLD.site_id
    OR NEW.system_id IS NOT OLD.system_id OR NEW.title <> OLD.title OR NEW.introduction <> OLD.introduction OR NEW.terms <> OLD.terms
    OR NEW.residential <> OLD.residential OR NEW.proposal_date <> OLD.proposal_date OR NEW.valid_until <> OLD.valid_until
    OR NEW.salesperson_id IS NOT OLD.salesperson_id OR NEW.salesperson_email <> OLD.salesperson_email
    OR NEW.deposit_cents <> OLD.deposit_cents OR NEW.deposit_ppm <> OLD.deposit_ppm
    OR NEW.total_cents <> OLD.total_cents OR NEW.monthly_cents <> OLD.monthly_cents OR NEW.document_id IS NOT OLD.document_id OR NEW.paper <> OLD.paper
    OR NEW.previous_id IS NOT OLD.previous_id OR NEW.sent_at <> OLD.sent_at OR NEW.state = 'draft'
    OR (OLD.state IN ('accepted', 'rejected') AND (NEW.state <> OLD.state OR NEW.decided_at <> OLD.decided_at))
    OR (OLD.state IN ('withdrawn', 'replaced') AND NEW.state <> OLD.state))
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposals_kept BEFORE DELETE ON proposals
WHEN OLD.state <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never deleted');
END;
-- +goose StatementEnd

CREATE TABLE proposal_lines (
    proposal_id      INTEGER NOT NULL REFERENCES proposals (id),
    position         INTEGER NOT NULL,
    description      TEXT NOT NULL,
    -- thousandths of a piece
    quantity         INTEGER NOT NULL,
    unit_price_cents INTEGER NOT NULL,
    taxable          INTEGER NOT NULL CHECK (taxable IN (0, 1)),
    -- 0 = paid once, else the months of its cycle
    cycle_months     INTEGER NOT NULL CHECK (cycle_months IN (0, 1, 2, 3, 6, 12)),
    -- the customer may leave it out, and whether it is chosen beforehand
    optional         INTEGER NOT NULL CHECK (optional IN (0, 1)),
    chosen           INTEGER NOT NULL CHECK (chosen IN (0, 1)),
    -- as they were when it was saved last
    amount_cents     INTEGER NOT NULL,
    tax_cents        INTEGER NOT NULL,
    PRIMARY KEY (proposal_id, position),
    CHECK (optional = 1 OR chosen = 1)
) STRICT, WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER proposal_lines_no_update BEFORE UPDATE ON proposal_lines
WHEN (SELECT state FROM proposals WHERE id = OLD.proposal_id) <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_lines_no_delete BEFORE DELETE ON proposal_lines
WHEN (SELECT state FROM proposals WHERE id = OLD.proposal_id) <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_lines_no_insert BEFORE INSERT ON proposal_lines
WHEN (SELECT state FROM proposals WHERE id = NEW.proposal_id) <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd

-- PDFs that go with it; the proposal's own PDF names each with its SHA-256
CREATE TABLE proposal_attachments (
    proposal_id INTEGER NOT NULL REFERENCES proposals (id),
    position    INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    name        TEXT NOT NULL CHECK (name <> ''),
    pages       INTEGER NOT NULL CHECK (pages >= 0),
    PRIMARY KEY (proposal_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_attachments_document ON proposal_attachments (document_id);
-- +goose StatementBegin
CREATE TRIGGER proposal_attachments_no_update BEFORE UPDATE ON proposal_attachments
WHEN (SELECT state FROM proposals WHERE id = OLD.proposal_id) <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_attachments_no_delete BEFORE DELETE ON proposal_attachments
WHEN (SELECT state FROM proposals WHERE id = OLD.proposal_id) <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_attachments_no_insert BEFORE INSERT ON proposal_attachments
WHEN (SELECT state FROM proposals WHERE id = NEW.proposal_id) <> 'draft'
BEGIN
    SELECT RAISE(ABORT, 'a proposal that was sent is never edited');
END;
-- +goose StatementEnd

-- The mailed way in for who has no login: the token comes from the key file and
-- is not in the books, like that of a pay link; the code is.
CREATE TABLE proposal_links (
    id          INTEGER PRIMARY KEY,
    proposal_id INTEGER NOT NULL REFERENCES proposals (id),
    email       TEXT NOT NULL COLLATE NOCASE CHECK (email <> ''),
    token_hash  TEXT NOT NULL UNIQUE CHECK (length(token_hash) = 64),
    -- of the code mailed last, '' = none is good
    code_hash   TEXT NOT NULL DEFAULT '',
    code_until  INTEGER NOT NULL DEFAULT 0,
    code_tries  INTEGER NOT NULL DEFAULT 0,
    -- how many were mailed on that day of the dealer's
    codes_sent  INTEGER NOT NULL DEFAULT 0,
    codes_day   TEXT NOT NULL DEFAULT '',
    -- who confirmed by the code: the hash of his browser's cookie
    session_hash TEXT NOT NULL DEFAULT '',
    session_until INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (proposal_id, email)
) STRICT;

-- The decision with its evidence. Written once, in one transaction with the
-- state, the trail and the mails.
CREATE TABLE proposal_decisions (
    proposal_id   INTEGER PRIMARY KEY REFERENCES proposals (id),
    decision      TEXT NOT NULL CHECK (decision IN ('accepted', 'rejected')),
    -- of the form: the same form sent again is answered as before
    nonce         TEXT NOT NULL UNIQUE,
    reason        TEXT NOT NULL DEFAULT '',
    -- of an acceptance
    typed_name    TEXT NOT NULL DEFAULT '',
    -- '' = signed by the typed name alone; else as package signature writes it
    strokes       TEXT NOT NULL DEFAULT '',
    consent_text  TEXT NOT NULL DEFAULT '',
    consent_version TEXT NOT NULL DEFAULT '',
    consent_sha256 TEXT NOT NULL DEFAULT '',
    -- the positions of the optional lines that were chosen, as JSON
    chosen        TEXT NOT NULL DEFAULT '[]',
    total_cents   INTEGER NOT NULL DEFAULT 0,
    tax_cents     INTEGER NOT NULL DEFAULT 0,
    monthly_cents INTEGER NOT NULL DEFAULT 0,
    deposit_cents INTEGER NOT NULL DEFAULT 0,
    -- the invoice over the deposit
    deposit_invoice_id INTEGER UNIQUE REFERENCES invoices (id),
    -- the document that was shown, and when
    shown_sha256  TEXT NOT NULL CHECK (length(shown_sha256) = 64),
    shown_at      INTEGER NOT NULL,
    -- UTC, and the dealer's local time as it is printed
    at            INTEGER NOT NULL,
    local_time    TEXT NOT NULL,
    ip            TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    -- how it was made sure who it was
    authenticated TEXT NOT NULL,
    user_id       INTEGER REFERENCES users (id),
    link_id       INTEGER REFERENCES proposal_links (id),
    -- the signed PDF, its SHA-256 is the document's
    signed_document_id INTEGER UNIQUE REFERENCES documents (id),
    CHECK (decision = 'rejected' OR (typed_name <> '' AND consent_text <> '' AND signed_document_id IS NOT NULL)),
    CHECK (decision = 'accepted' OR reason <> '')
) STRICT;
CREATE INDEX proposal_decisions_user ON proposal_decisions (user_id);
CREATE INDEX proposal_decisions_link ON proposal_decisions (link_id);
-- +goose StatementBegin
CREATE TRIGGER proposal_decisions_no_update BEFORE UPDATE ON proposal_decisions
BEGIN
    SELECT RAISE(ABORT, 'a decision is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_decisions_no_delete BEFORE DELETE ON proposal_decisions
BEGIN
    SELECT RAISE(ABORT, 'a decision is never taken away');
END;
-- +goose StatementEnd

-- The trail: each row holds the hash of the one before it, so that a row that
-- was changed or taken out is found.
CREATE TABLE proposal_events (
    id          INTEGER PRIMARY KEY,
    proposal_id INTEGER NOT NULL REFERENCES proposals (id),
    kind        TEXT NOT NULL CHECK (kind IN ('created', 'sent', 'mailed', 'link_opened', 'code_sent', 'code_confirmed', 'viewed', 'downloaded',
                    'accepted', 'rejected', 'withdrawn', 'replaced', 'reminded', 'deposit_invoiced', 'carried_out', 'imported')),
    details     TEXT NOT NULL DEFAULT '',
    user_id     INTEGER REFERENCES users (id),
    staff_id    INTEGER REFERENCES staff (id),
    ip          TEXT NOT NULL DEFAULT '',
    user_agent  TEXT NOT NULL DEFAULT '',
    at          INTEGER NOT NULL,
    previous_hash TEXT NOT NULL,
    hash        TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX proposal_events_proposal ON proposal_events (proposal_id, id);
CREATE INDEX proposal_events_user ON proposal_events (user_id);
CREATE INDEX proposal_events_staff ON proposal_events (staff_id);
-- +goose StatementBegin
CREATE TRIGGER proposal_events_no_update BEFORE UPDATE ON proposal_events
BEGIN
    SELECT RAISE(ABORT, 'the trail of a proposal is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_events_no_delete BEFORE DELETE ON proposal_events
BEGIN
    SELECT RAISE(ABORT, 'the trail of a proposal is append-only');
END;
-- +goose StatementEnd

-- Where the trail of the proposals ends, so that entries that are missing at its
-- end are found, too. It moves with every entry, and never back.
CREATE TABLE proposal_trail (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    entries INTEGER NOT NULL,
    -- the hash of the last one, '' = there is none
    sha256  TEXT NOT NULL
) STRICT;
INSERT INTO proposal_trail (id, entries, sha256) VALUES (1, 0, '');
-- +goose StatementBegin
CREATE TRIGGER proposal_events_counted AFTER INSERT ON proposal_events
BEGIN
    UPDATE proposal_trail SET entries = entries + 1, sha256 = NEW.hash WHERE id = 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_trail_goes_on BEFORE UPDATE ON proposal_trail
WHEN NEW.entries <> OLD.entries + 1 OR NEW.id <> OLD.id
BEGIN
    SELECT RAISE(ABORT, 'the trail of proposals never goes back');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_trail_kept BEFORE DELETE ON proposal_trail
BEGIN
    SELECT RAISE(ABORT, 'the trail of proposals never goes back');
END;
-- +goose StatementEnd

-- what an accepted proposal became
CREATE TABLE proposal_results (
    proposal_id   INTEGER PRIMARY KEY REFERENCES proposals (id),
    work_order_id INTEGER UNIQUE REFERENCES work_orders (id),
    invoice_id    INTEGER UNIQUE REFERENCES invoices (id),
    staff_id      INTEGER REFERENCES staff (id),
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX proposal_results_staff ON proposal_results (staff_id);
CREATE TABLE proposal_result_items (
    proposal_id INTEGER NOT NULL REFERENCES proposals (id),
    position    INTEGER NOT NULL,
    item_id     INTEGER NOT NULL UNIQUE REFERENCES recurring_items (id),
    PRIMARY KEY (proposal_id, position)
) STRICT, WITHOUT ROWID;
