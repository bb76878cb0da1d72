-- How often things were done lately.

CREATE TABLE rate_uses (
    key        TEXT    PRIMARY KEY,
    -- Milliseconds since 1970, as a JSON array.
    uses       TEXT    NOT NULL,
    -- When none of them counts any more.
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rate_uses_by_end ON rate_uses (expires_at);
