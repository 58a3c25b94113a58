-- +goose Up
-- Money that goes back, and what two people decide together.

-- What staff asked for that needs a second person: a refund, a voided invoice or
-- a credit above the dealer's limit. Nothing has happened yet while it waits.
CREATE TABLE approvals (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('refund', 'void', 'credit')),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'declined', 'expired', 'withdrawn')),
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    payment_id  INTEGER REFERENCES payments (id),
    invoice_id  INTEGER REFERENCES invoices (id),
    cents       INTEGER NOT NULL CHECK (cents > 0),
    reason      TEXT NOT NULL CHECK (reason <> ''),
    -- the whole order, as it is carried out once it is approved
    order_json  TEXT NOT NULL,
    -- of the form it was asked with; what comes of it carries the same
    nonce       TEXT NOT NULL UNIQUE,
    asked_id    INTEGER NOT NULL REFERENCES staff (id),
    asked_at    INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    decided_id  INTEGER REFERENCES staff (id),
    decided_at  INTEGER NOT NULL DEFAULT 0,
    decision    TEXT NOT NULL DEFAULT '',
    -- the refund or credit that came of it
    result      TEXT NOT NULL DEFAULT '',
    CHECK ((state IN ('waiting', 'expired')) = (decided_id IS NULL)),
    CHECK (state <> 'approved' OR decided_id <> asked_id)
) STRICT;
CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE state = 'waiting';
CREATE INDEX approvals_customer ON approvals (customer_id);
CREATE INDEX approvals_payment ON approvals (payment_id);
CREATE INDEX approvals_invoice ON approvals (invoice_id);
CREATE INDEX approvals_asked ON approvals (asked_id);
CREATE INDEX approvals_decided ON approvals (decided_id);

-- Money of a payment that is given back: ordered here, or found at the processor.
CREATE TABLE refunds (
    id          INTEGER PRIMARY KEY,
    reference   TEXT NOT NULL UNIQUE,
    payment_id  INTEGER NOT NULL REFERENCES payments (id),
    -- 'earlier': given back before refunds had rows of their own
    source      TEXT NOT NULL CHECK (source IN ('office', 'processor', 'earlier')),
    way         TEXT NOT NULL CHECK (way IN ('gateway', 'check', 'cash', 'other')),
    -- of the check it was paid out with
    number_label TEXT NOT NULL DEFAULT '',
    cents       INTEGER NOT NULL CHECK (cents > 0),
    reason      TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL CHECK (state IN ('planned', 'submitted', 'pending', 'succeeded', 'failed', 'canceled')),
    -- whether it counts in the books, and how often it has moved money there
    booked      INTEGER NOT NULL DEFAULT 0 CHECK (booked IN (0, 1)),
    turns       INTEGER NOT NULL DEFAULT 0,
    -- what of it was booked before refunds had rows of their own
    carried_cents INTEGER NOT NULL DEFAULT 0 CHECK (carried_cents BETWEEN 0 AND cents),
    -- the processor's own id of it
    refund_ref  TEXT NOT NULL DEFAULT '',
    idempotency_key TEXT NOT NULL UNIQUE,
    nonce       TEXT NOT NULL UNIQUE,
    failure_message TEXT NOT NULL DEFAULT '',
    approval_id INTEGER REFERENCES approvals (id),
    staff_id    INTEGER REFERENCES staff (id),
    refund_date TEXT NOT NULL CHECK (refund_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    created_at  INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL DEFAULT 0,
    checked_at  INTEGER NOT NULL DEFAULT 0,
    settled_at  INTEGER NOT NULL DEFAULT 0,
    CHECK (booked = 0 OR state IN ('pending', 'succeeded'))
) STRICT;
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE UNIQUE INDEX refunds_ref ON refunds (refund_ref) WHERE refund_ref <> '';
CREATE INDEX refunds_open ON refunds (checked_at) WHERE state IN ('planned', 'submitted', 'pending');
CREATE INDEX refunds_approval ON refunds (approval_id);
CREATE INDEX refunds_staff ON refunds (staff_id);

-- Where a refund comes off, frozen when it is planned; no invoice is the
-- payment's unapplied credit.
CREATE TABLE refund_parts (
    refund_id  INTEGER NOT NULL REFERENCES refunds (id),
    position   INTEGER NOT NULL,
    invoice_id INTEGER REFERENCES invoices (id),
    cents      INTEGER NOT NULL CHECK (cents > 0),
    PRIMARY KEY (refund_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX refund_parts_invoice ON refund_parts (invoice_id);

-- What was given back so far stands in the books by its sum alone.
INSERT INTO refunds (reference, payment_id, source, way, cents, state, booked, carried_cents, idempotency_key, nonce, refund_date, created_at, settled_at)
SELECT 'R' || reference, id, 'earlier', CASE WHEN gateway = '' THEN 'other' ELSE 'gateway' END, refunded_cents, 'succeeded', 1, refunded_cents,
    'earlier ' || reference, 'earlier ' || reference, payment_date, created_at, coalesce(nullif(settled_at, 0), created_at)
FROM payments WHERE refunded_cents > 0;

-- Card holders' disputes and banks' returns, as the processor has them.
CREATE TABLE disputes (
    id          INTEGER PRIMARY KEY,
    dispute_ref TEXT NOT NULL UNIQUE,
    payment_id  INTEGER NOT NULL REFERENCES payments (id),
    state       TEXT NOT NULL CHECK (state IN ('open', 'won', 'lost', 'returned')),
    cents       INTEGER NOT NULL,
    -- our word for the reason, the processor's, and the network's or bank's own code
    code        TEXT NOT NULL DEFAULT '',
    reason_code TEXT NOT NULL DEFAULT '',
    network_code TEXT NOT NULL DEFAULT '',
    -- in words for people
    reason      TEXT NOT NULL DEFAULT '',
    opened_at   INTEGER NOT NULL,
    -- until when it must be answered, 0 = not known
    answer_by_at INTEGER NOT NULL DEFAULT 0,
    ended_at    INTEGER NOT NULL DEFAULT 0,
    -- how often it has moved money in the books, there or back
    turns       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX disputes_payment ON disputes (payment_id);
CREATE INDEX disputes_state ON disputes (state, opened_at);

-- The fee for a payment that came back: once for each.
CREATE TABLE return_fees (
    payment_id INTEGER PRIMARY KEY REFERENCES payments (id),
    invoice_id INTEGER NOT NULL UNIQUE REFERENCES invoices (id),
    at         INTEGER NOT NULL
) STRICT;

-- events are cleared away once they are old and looked into
CREATE INDEX gateway_events_handled ON gateway_events (handled_at) WHERE handled_at <> 0;
