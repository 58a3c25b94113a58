-- +goose Up
-- A new version of a proposal that was accepted. The older acceptance stays as it
-- is; that a newer one took its place follows from the newer one being accepted.

-- What had been asked as a deposit with the accepted versions before this one: the
-- invoice over its deposit is only over what comes on top.
ALTER TABLE proposal_decisions ADD COLUMN deposit_asked_cents INTEGER NOT NULL DEFAULT 0 CHECK (deposit_asked_cents >= 0);

-- Of the versions of a proposal one at most is carried out, and no other is sent
-- or accepted from then on.
-- +goose StatementBegin
CREATE TRIGGER proposals_not_carried_out BEFORE UPDATE OF state ON proposals
WHEN NEW.state IN ('sent', 'accepted') AND OLD.state <> NEW.state
    AND EXISTS (SELECT 1 FROM proposals o JOIN proposal_results r ON r.proposal_id = o.id WHERE o.number = NEW.number AND o.id <> NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'another version of this proposal was carried out');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_results_of_one_version BEFORE INSERT ON proposal_results
WHEN EXISTS (SELECT 1 FROM proposals p JOIN proposals o ON o.number = p.number AND o.id <> p.id WHERE p.id = NEW.proposal_id
    AND ((o.state = 'accepted' AND o.version > p.version) OR EXISTS (SELECT 1 FROM proposal_results r WHERE r.proposal_id = o.id)))
BEGIN
    SELECT RAISE(ABORT, 'another version of this proposal was accepted in its place, or carried out');
END;
-- +goose StatementEnd
