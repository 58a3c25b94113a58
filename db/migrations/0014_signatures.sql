-- +goose Up
-- A work order that is completed, opened again and completed once more is signed
-- once more: every signature stays. Nobody has signed one before this file.
DROP TABLE work_order_signatures;
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
