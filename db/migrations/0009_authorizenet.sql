-- +goose Up
-- Pages of a processor that are opened by a form which posts a token to them.
-- The customer is sent to an address of ours that holds the key and shows that
-- form. A token is good for a quarter of an hour; its row is removed a day later.
CREATE TABLE page_forms (
    key     TEXT PRIMARY KEY CHECK (length(key) = 32),
    url     TEXT NOT NULL,
    -- what is posted, as in a query
    fields  TEXT NOT NULL,
    -- where the customer goes back to without having paid
    back    TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX page_forms_end ON page_forms (ends_at);
