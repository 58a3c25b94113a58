-- +goose Up
-- The day of the month that auto payments are taken on by arrangement with the
-- office. Each arrangement is a dated row; the consent stays as it was given.
-- Of those made after the consent was shown, the last that has begun counts.
CREATE TABLE auto_pay_days (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    day         INTEGER NOT NULL CHECK (day BETWEEN 1 AND 28),
    -- the first month it holds for
    from_period TEXT NOT NULL CHECK (from_period GLOB '[12][0-9][0-9][0-9]-[01][0-9]'),
    reason      TEXT NOT NULL DEFAULT '',
    staff_id    INTEGER REFERENCES staff (id),
    made_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX auto_pay_days_customer ON auto_pay_days (customer_id, id);
CREATE INDEX auto_pay_days_staff ON auto_pay_days (staff_id);
-- +goose StatementBegin
CREATE TRIGGER auto_pay_days_no_update BEFORE UPDATE ON auto_pay_days
BEGIN
    SELECT RAISE(ABORT, 'an arrangement is followed by another one, never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER auto_pay_days_no_delete BEFORE DELETE ON auto_pay_days
BEGIN
    SELECT RAISE(ABORT, 'an arrangement is never deleted');
END;
-- +goose StatementEnd

-- The days of every standing consent: its own, and each arrangement after it.
-- The day that holds in a period is that of the greatest arrangement whose
-- from_period is not after it.
CREATE VIEW mandate_days AS
SELECT m.id AS mandate_id, m.customer_id, 0 AS arrangement, '' AS from_period, m.day
FROM mandates m WHERE m.revoked_at = 0
UNION ALL
SELECT m.id, m.customer_id, d.id, d.from_period, d.day
FROM mandates m JOIN auto_pay_days d ON d.customer_id = m.customer_id AND d.made_at >= m.shown_at
WHERE m.revoked_at = 0;

-- The day a paper form was signed that the office entered the consent from; ''
-- for one that was given in the portal.
ALTER TABLE mandates ADD COLUMN signed_date TEXT NOT NULL DEFAULT '' CHECK (signed_date = '' OR signed_date GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]');

-- The papers of a consent: its record as the customer was mailed it, and the
-- signed form it was entered from.
CREATE TABLE mandate_papers (
    mandate_id  INTEGER NOT NULL REFERENCES mandates (id),
    kind        TEXT NOT NULL CHECK (kind IN ('record', 'form')),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    PRIMARY KEY (mandate_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX mandate_papers_document ON mandate_papers (document_id);
-- +goose StatementBegin
CREATE TRIGGER mandate_papers_no_update BEFORE UPDATE ON mandate_papers
BEGIN
    SELECT RAISE(ABORT, 'the papers of a consent are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER mandate_papers_no_delete BEFORE DELETE ON mandate_papers
BEGIN
    SELECT RAISE(ABORT, 'the papers of a consent are never taken away');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER mandates_signed_once BEFORE UPDATE ON mandates
WHEN NEW.signed_date <> OLD.signed_date
BEGIN
    SELECT RAISE(ABORT, 'a consent is only ever revoked');
END;
-- +goose StatementEnd
