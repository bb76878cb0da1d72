-- What the service knows. Moments are integers: milliseconds since 1970-01-01T00:00:00Z.
-- `doc` is the record as JSON, as it was saved; where a column says the same, the column holds now.

CREATE TABLE jobs (
    number        INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    org           TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    enabled       INTEGER NOT NULL,
    next_run_at   INTEGER,
    last_run_at   INTEGER,
    template_type TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    doc           TEXT    NOT NULL
) STRICT;
CREATE INDEX jobs_due ON jobs (next_run_at) WHERE enabled = 1 AND next_run_at IS NOT NULL;
CREATE INDEX jobs_of_org ON jobs (org, created_at, number);
CREATE INDEX jobs_of_template ON jobs (org, template_type, created_at, number);

CREATE TABLE job_tags (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    tag TEXT    NOT NULL,
    PRIMARY KEY (job, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_revisions (
    number  INTEGER PRIMARY KEY,
    job     TEXT    NOT NULL,
    version INTEGER NOT NULL,
    org     TEXT    NOT NULL,
    doc     TEXT    NOT NULL,
    UNIQUE (job, version)
) STRICT;

CREATE TABLE executions (
    number             INTEGER PRIMARY KEY,
    id                 TEXT    NOT NULL UNIQUE,
    org                TEXT    NOT NULL,
    job_id             TEXT    NOT NULL,
    job_version        INTEGER NOT NULL,
    status             TEXT    NOT NULL,
    queued_at          INTEGER NOT NULL,
    -- When a worker may claim it: `available_at` while it waits, the end of the lease while it runs,
    -- nothing once it is finished.
    claimable_at       INTEGER,
    fence              INTEGER NOT NULL,
    attempt            INTEGER NOT NULL,
    available_at       INTEGER NOT NULL,
    started_at         INTEGER,
    attempt_started_at INTEGER,
    completed_at       INTEGER,
    execution_host     TEXT,
    cancel_by          TEXT,
    cancel_at          INTEGER,
    reason             TEXT,
    result             TEXT,
    message            TEXT,
    error              TEXT,
    outcome            TEXT,
    progress           TEXT,
    attempts           TEXT    NOT NULL,
    artifacts          TEXT    NOT NULL,
    fuel_used          INTEGER NOT NULL,
    peak_memory_bytes  INTEGER NOT NULL,
    doc                TEXT    NOT NULL,
    FOREIGN KEY (job_id, job_version) REFERENCES job_revisions (job, version)
) STRICT;
CREATE INDEX executions_claimable ON executions (claimable_at) WHERE claimable_at IS NOT NULL;
CREATE INDEX executions_cancelling ON executions (claimable_at)
    WHERE cancel_at IS NOT NULL AND claimable_at IS NOT NULL;
CREATE INDEX executions_unfinished ON executions (job_id) WHERE claimable_at IS NOT NULL;
CREATE INDEX executions_of_org ON executions (org, queued_at, status);
CREATE INDEX executions_by_status ON executions (org, status, queued_at);
CREATE INDEX executions_of_job ON executions (org, job_id, queued_at, status);

CREATE TABLE execution_logs (
    execution TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    doc       TEXT    NOT NULL,
    UNIQUE (execution, seq)
) STRICT;

CREATE TABLE effect_journal (
    execution TEXT    NOT NULL,
    attempt   INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    doc       TEXT    NOT NULL,
    UNIQUE (execution, attempt, seq)
) STRICT;

CREATE TABLE components (
    digest TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE template_versions (
    number   INTEGER PRIMARY KEY,
    org      TEXT NOT NULL,
    template TEXT NOT NULL,
    version  TEXT NOT NULL,
    digest   TEXT NOT NULL REFERENCES components (digest),
    doc      TEXT NOT NULL,
    UNIQUE (org, template, version),
    UNIQUE (org, template, digest)
) STRICT;

CREATE TABLE users (
    id  TEXT PRIMARY KEY,
    org TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;

CREATE TABLE api_tokens (
    id      TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    doc     TEXT NOT NULL
) STRICT;
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);
