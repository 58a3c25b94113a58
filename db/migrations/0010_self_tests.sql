-- +goose Up
-- A trial of the dealer's account at the processor, step by step, as the office
-- shows it.

CREATE TABLE self_tests (
    id          INTEGER PRIMARY KEY,
    gateway     TEXT NOT NULL CHECK (gateway <> ''),
    -- test keys: no money moves; live keys: only what can be read is looked at
    test        INTEGER NOT NULL CHECK (test IN (0, 1)),
    staff_id    INTEGER REFERENCES staff (id),
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX self_tests_staff ON self_tests (staff_id);
-- one at a time
CREATE UNIQUE INDEX self_tests_running ON self_tests (gateway) WHERE finished_at = 0;

CREATE TABLE self_test_steps (
    self_test_id INTEGER NOT NULL REFERENCES self_tests (id),
    position     INTEGER NOT NULL,
    title        TEXT NOT NULL,
    result       TEXT NOT NULL CHECK (result IN ('ok', 'failed', 'warning', 'skipped')),
    -- what was seen, and what to do when it is not well
    words        TEXT NOT NULL,
    PRIMARY KEY (self_test_id, position)
) STRICT, WITHOUT ROWID;
