-- +goose Up
-- Sales tax, recurring items, what was billed of them, and the runs that did it.

-- ------------------------------------------------------------- sales tax

-- a tax by the code that sites name it by (sites.tax_code)
CREATE TABLE tax_codes (
    id              INTEGER PRIMARY KEY,
    code            TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (code <> ''),
    -- as it is called on screens and reports
    name            TEXT NOT NULL CHECK (name <> ''),
    taxes_recurring INTEGER NOT NULL CHECK (taxes_recurring IN (0, 1)),
    taxes_other     INTEGER NOT NULL CHECK (taxes_other IN (0, 1)),
    created_at      INTEGER NOT NULL
) STRICT;

-- what it comes to from a day on, in parts per million
CREATE TABLE tax_rates (
    tax_code_id INTEGER NOT NULL REFERENCES tax_codes (id),
    from_date   TEXT NOT NULL CHECK (from_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    ppm         INTEGER NOT NULL CHECK (ppm BETWEEN 0 AND 500000),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tax_code_id, from_date)
) STRICT, WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER tax_rates_frozen BEFORE UPDATE ON tax_rates
BEGIN
    SELECT RAISE(ABORT, 'a tax rate is never edited; a new one is added');
END;
-- +goose StatementEnd

-- the paper behind sites.tax_exempt
CREATE TABLE tax_exemptions (
    site_id      INTEGER PRIMARY KEY REFERENCES sites (id),
    certificate  TEXT NOT NULL DEFAULT '',
    -- the last day it holds, '' = for ever
    expires_date TEXT NOT NULL DEFAULT '' CHECK (expires_date = '' OR expires_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sites_tax_code ON sites (tax_code);

-- ------------------------------------------------------- recurring items

CREATE TABLE recurring_items (
    id           INTEGER PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customers (id),
    site_id      INTEGER REFERENCES sites (id),
    system_id    INTEGER REFERENCES systems (id),
    description  TEXT NOT NULL CHECK (description <> ''),
    -- thousandths of a piece
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    cycle_months INTEGER NOT NULL CHECK (cycle_months IN (1, 2, 3, 6, 12)),
    start_date   TEXT NOT NULL CHECK (start_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    -- the last day that is charged for, '' = it goes on
    end_date     TEXT NOT NULL DEFAULT '' CHECK (end_date = '' OR end_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    prorate      INTEGER NOT NULL CHECK (prorate IN (0, 1)),
    arrears      INTEGER NOT NULL CHECK (arrears IN (0, 1)),
    taxable      INTEGER NOT NULL CHECK (taxable IN (0, 1)),
    reason       TEXT NOT NULL DEFAULT '',
    end_reason   TEXT NOT NULL DEFAULT '',
    -- the first day of the next period to be billed, '' = none is left
    next_date    TEXT NOT NULL DEFAULT '' CHECK (next_date = '' OR next_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    -- the 1st of the month with which that period is billed, '' = none is left
    bill_date    TEXT NOT NULL DEFAULT '' CHECK (bill_date = '' OR bill_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-01'),
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL DEFAULT 0,
    CHECK ((next_date = '') = (bill_date = ''))
) STRICT;
CREATE INDEX recurring_items_customer ON recurring_items (customer_id, site_id, start_date);
-- what names an item in recurring.csv
CREATE UNIQUE INDEX recurring_items_once ON recurring_items (customer_id, coalesce(site_id, 0), coalesce(system_id, 0), description COLLATE NOCASE, start_date);
CREATE INDEX recurring_items_due ON recurring_items (customer_id, bill_date) WHERE bill_date <> '';
CREATE INDEX recurring_items_site ON recurring_items (site_id);
CREATE INDEX recurring_items_system ON recurring_items (system_id);

-- the price of one piece for one cycle, from a day on: a period that is billed
-- late is billed at its own price
CREATE TABLE recurring_amounts (
    item_id      INTEGER NOT NULL REFERENCES recurring_items (id),
    from_date    TEXT NOT NULL CHECK (from_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0),
    reason       TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (item_id, from_date)
) STRICT, WITHOUT ROWID;
CREATE INDEX recurring_amounts_from ON recurring_amounts (from_date);

-- one run makes the invoices of one month
CREATE TABLE billing_runs (
    id            INTEGER PRIMARY KEY,
    -- the 1st of the month that is billed
    month_date    TEXT NOT NULL CHECK (month_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-01'),
    invoice_date  TEXT NOT NULL CHECK (invoice_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    due_date      TEXT NOT NULL CHECK (due_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    per_site      INTEGER NOT NULL CHECK (per_site IN (0, 1)),
    mail          INTEGER NOT NULL CHECK (mail IN (0, 1)),
    automatic     INTEGER NOT NULL CHECK (automatic IN (0, 1)),
    staff_id      INTEGER REFERENCES staff (id),
    state         TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'done')),
    -- why it stopped, in words
    trouble       TEXT NOT NULL DEFAULT '',
    -- customers up to this id are done
    after_id      INTEGER NOT NULL DEFAULT 0,
    to_do         INTEGER NOT NULL,
    customers     INTEGER NOT NULL DEFAULT 0,
    invoices      INTEGER NOT NULL DEFAULT 0,
    periods       INTEGER NOT NULL DEFAULT 0,
    mailed        INTEGER NOT NULL DEFAULT 0,
    problems      INTEGER NOT NULL DEFAULT 0,
    tax_cents     INTEGER NOT NULL DEFAULT 0,
    total_cents   INTEGER NOT NULL DEFAULT 0,
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
-- there is one run at a time
CREATE UNIQUE INDEX billing_runs_open ON billing_runs ((1)) WHERE state <> 'done';
CREATE INDEX billing_runs_month ON billing_runs (month_date);
CREATE INDEX billing_runs_staff ON billing_runs (staff_id);

CREATE TABLE billing_run_invoices (
    run_id     INTEGER NOT NULL REFERENCES billing_runs (id),
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    mailed     INTEGER NOT NULL CHECK (mailed IN (0, 1)),
    PRIMARY KEY (run_id, invoice_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX billing_run_invoices_invoice ON billing_run_invoices (invoice_id);

-- what a run could not bill, or billed with a word to the dealer
CREATE TABLE billing_run_problems (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES billing_runs (id),
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    words       TEXT NOT NULL,
    -- nothing was billed because of it
    held        INTEGER NOT NULL CHECK (held IN (0, 1))
) STRICT;
CREATE INDEX billing_run_problems_run ON billing_run_problems (run_id, id);
CREATE INDEX billing_run_problems_customer ON billing_run_problems (customer_id);

-- what was billed of an item: no period twice
CREATE TABLE recurring_periods (
    item_id      INTEGER NOT NULL REFERENCES recurring_items (id),
    -- the first and the last day that were charged for
    from_date    TEXT NOT NULL CHECK (from_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'),
    until_date   TEXT NOT NULL CHECK (until_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' AND until_date >= from_date),
    run_id       INTEGER REFERENCES billing_runs (id),
    -- none for a period that was free of charge
    invoice_id   INTEGER REFERENCES invoices (id),
    -- its lines there: the first one's position, and how many
    position     INTEGER NOT NULL,
    lines        INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    tax_cents    INTEGER NOT NULL,
    PRIMARY KEY (item_id, from_date)
) STRICT, WITHOUT ROWID;
CREATE INDEX recurring_periods_run ON recurring_periods (run_id);
CREATE INDEX recurring_periods_invoice ON recurring_periods (invoice_id);
