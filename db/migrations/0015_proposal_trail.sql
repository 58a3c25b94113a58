-- +goose Up
-- Where the trail of the proposals ends, so that entries that are missing at its
-- end are found, too. It moves with every entry, and never back.
CREATE TABLE proposal_trail (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    entries INTEGER NOT NULL,
    -- the hash of the last one, '' = there is none
    sha256  TEXT NOT NULL
) STRICT;
INSERT INTO proposal_trail (id, entries, sha256)
SELECT 1, count(*), coalesce((SELECT e.hash FROM proposal_events e ORDER BY e.id DESC LIMIT 1), '') FROM proposal_events;
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
