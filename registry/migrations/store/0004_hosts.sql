-- Hosts, and which of them may run an execution.

-- A JSON array of `key=value`, all of which a host must have; nothing where any host may run it.
ALTER TABLE executions ADD COLUMN placement TEXT;
CREATE INDEX executions_on_host ON executions (execution_host) WHERE status = 'running';

CREATE TABLE hosts (
    name         TEXT    PRIMARY KEY,
    -- The process that goes by the name; nothing where it can no longer be there.
    instance     TEXT,
    last_seen_at INTEGER NOT NULL,
    ordered      TEXT    NOT NULL DEFAULT 'work',
    ordered_by   TEXT,
    ordered_at   INTEGER,
    doc          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
