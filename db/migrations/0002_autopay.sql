-- +goose Up
-- Auto pay: the runs, what became of each customer's month, and the attempts.

-- One run: what was planned together and is summed up in one mail.
CREATE TABLE auto_pay_runs (
    id          INTEGER PRIMARY KEY,
    -- 'daily' at six in the morning, 'hand' when the office began it, 'late' for
    -- what the portal was off for too long to take by itself
    kind        TEXT NOT NULL CHECK (kind IN ('daily', 'hand', 'late')),
    -- 'asks': waits for the office to decide; 'stopped': the processor refuses
    -- what the portal sends
    state       TEXT NOT NULL CHECK (state IN ('asks', 'planning', 'charging', 'stopped', 'finished', 'skipped')),
    run_date    TEXT NOT NULL CHECK (run_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    -- why it stopped or waits, in words; '' when it goes on
    trouble     TEXT NOT NULL DEFAULT '',
    staff_id    INTEGER REFERENCES staff (id),
    started_at  INTEGER NOT NULL,
    -- when it last stopped: it is tried again a day later
    stopped_at  INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX auto_pay_runs_staff ON auto_pay_runs (staff_id);
-- one run is at work, and one late run asks, at any time
CREATE UNIQUE INDEX auto_pay_runs_open ON auto_pay_runs (kind = 'late')
    WHERE state IN ('asks', 'planning', 'charging', 'stopped');

-- One customer's month. The key is the guard: whatever runs how often, a month
-- is decided once.
CREATE TABLE auto_pay_periods (
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    period      TEXT NOT NULL CHECK (period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'),
    due_date    TEXT NOT NULL CHECK (due_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    run_id      INTEGER NOT NULL REFERENCES auto_pay_runs (id),
    state       TEXT NOT NULL CHECK (state IN ('planned', 'processing', 'paid', 'retry', 'failed', 'trouble',
                    'nothing', 'held', 'asks', 'skipped', 'off')),
    -- why nothing was taken, or not again, in words
    reason      TEXT NOT NULL DEFAULT '',
    -- what was asked for at first; no later attempt asks for more
    amount_cents INTEGER NOT NULL DEFAULT 0 CHECK (amount_cents >= 0),
    credit_cents INTEGER NOT NULL DEFAULT 0 CHECK (credit_cents >= 0),
    attempts    INTEGER NOT NULL DEFAULT 0,
    -- tries that a bank refused, and requests that did not reach the processor
    declines    INTEGER NOT NULL DEFAULT 0,
    unsent      INTEGER NOT NULL DEFAULT 0,
    -- the day of the first refusal, from which the days of the others are counted
    failed_date TEXT NOT NULL DEFAULT '' CHECK (failed_date = '' OR failed_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    -- the day of the next attempt, '' = none
    retry_date  TEXT NOT NULL DEFAULT '' CHECK (retry_date = '' OR retry_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    told_at     INTEGER NOT NULL DEFAULT 0,
    decided_at  INTEGER NOT NULL,
    PRIMARY KEY (customer_id, period)
) STRICT, WITHOUT ROWID;
CREATE INDEX auto_pay_periods_run ON auto_pay_periods (run_id, state);
CREATE INDEX auto_pay_periods_retry ON auto_pay_periods (retry_date) WHERE retry_date <> '';
CREATE INDEX auto_pay_periods_planned ON auto_pay_periods (state) WHERE state IN ('planned', 'asks');

-- One attempt to take a month's money: one payment.
CREATE TABLE auto_pay_attempts (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    period      TEXT NOT NULL CHECK (period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'),
    number      INTEGER NOT NULL CHECK (number > 0),
    payment_id  INTEGER NOT NULL UNIQUE REFERENCES payments (id),
    run_id      INTEGER NOT NULL REFERENCES auto_pay_runs (id),
    -- the payment's state as auto pay last acted on it; '' = not yet
    outcome     TEXT NOT NULL DEFAULT '',
    -- set by the payment engine in the transaction that moves the payment
    moved       INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1)),
    -- a failure that no summary has told of yet
    unreported  INTEGER NOT NULL DEFAULT 0 CHECK (unreported IN (0, 1)),
    created_at  INTEGER NOT NULL,
    UNIQUE (customer_id, period, number)
) STRICT;
CREATE INDEX auto_pay_attempts_run ON auto_pay_attempts (run_id, outcome);
CREATE INDEX auto_pay_attempts_moved ON auto_pay_attempts (id) WHERE moved = 1;
CREATE INDEX auto_pay_attempts_unreported ON auto_pay_attempts (id) WHERE unreported = 1;

-- Holds by the office: of one customer, or of all (no customer).
CREATE TABLE auto_pay_holds (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customers (id),
    reason      TEXT NOT NULL CHECK (reason <> ''),
    staff_id    INTEGER REFERENCES staff (id),
    placed_at   INTEGER NOT NULL,
    released_at INTEGER NOT NULL DEFAULT 0,
    released_staff_id INTEGER REFERENCES staff (id),
    release_reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX auto_pay_holds_standing ON auto_pay_holds (coalesce(customer_id, 0)) WHERE released_at = 0;
CREATE INDEX auto_pay_holds_customer ON auto_pay_holds (customer_id, placed_at);
CREATE INDEX auto_pay_holds_staff ON auto_pay_holds (staff_id);
CREATE INDEX auto_pay_holds_released_staff ON auto_pay_holds (released_staff_id);

-- Advance notices: each kind once for each customer's month.
CREATE TABLE auto_pay_notices (
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    period      TEXT NOT NULL CHECK (period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'),
    kind        TEXT NOT NULL CHECK (kind IN ('amount', 'dormant')),
    expected_cents INTEGER NOT NULL,
    -- 0 when there was no address to mail it to
    mailed      INTEGER NOT NULL CHECK (mailed IN (0, 1)),
    made_at     INTEGER NOT NULL,
    PRIMARY KEY (customer_id, period, kind)
) STRICT, WITHOUT ROWID;

-- the payments of auto pay of one customer, the latest first
CREATE INDEX payments_autopay ON payments (customer_id, id) WHERE source = 'autopay';
