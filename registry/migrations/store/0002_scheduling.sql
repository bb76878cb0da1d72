-- Terms of schedules, gates, chains, backfills, concurrency limits and the audit log.

ALTER TABLE jobs ADD COLUMN due_at INTEGER;
ALTER TABLE jobs ADD COLUMN interval_ms INTEGER;
ALTER TABLE jobs ADD COLUMN pauses_on_failure INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET
    due_at = next_run_at,
    interval_ms = CASE json_extract(doc, '$.schedule.type')
        WHEN 'interval' THEN json_extract(doc, '$.schedule.interval_seconds') * 1000 END;
DROP INDEX jobs_due;
-- `next_run_at` is the slot; `due_at` is when it is fired, which jitter may put off.
CREATE INDEX jobs_due ON jobs (due_at) WHERE enabled = 1 AND due_at IS NOT NULL;

CREATE TABLE job_parents (
    job    INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    parent TEXT    NOT NULL,
    PRIMARY KEY (job, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_parents_by_parent ON job_parents (parent);

ALTER TABLE executions ADD COLUMN priority INTEGER NOT NULL DEFAULT 5;
-- What it waits for beside a worker; it is not claimed before that is nothing.
ALTER TABLE executions ADD COLUMN waits_for TEXT;
-- Nothing once its first attempt has begun.
ALTER TABLE executions ADD COLUMN queue_deadline INTEGER;
ALTER TABLE executions ADD COLUMN chain_root TEXT;
ALTER TABLE executions ADD COLUMN backfill TEXT;
-- 1 while what follows from its end for other jobs is not stored yet.
ALTER TABLE executions ADD COLUMN unsettled INTEGER NOT NULL DEFAULT 0;

DROP INDEX executions_claimable;
DROP INDEX executions_unfinished;
DROP INDEX executions_of_org;
DROP INDEX executions_by_status;
DROP INDEX executions_of_job;
CREATE INDEX executions_claimable ON executions (priority, claimable_at)
    WHERE claimable_at IS NOT NULL AND waits_for IS NULL;
CREATE INDEX executions_waiting ON executions (waits_for, priority DESC, available_at)
    WHERE waits_for IS NOT NULL;
CREATE INDEX executions_expiring ON executions (queue_deadline) WHERE queue_deadline IS NOT NULL;
CREATE INDEX executions_unfinished ON executions (job_id, queued_at) WHERE claimable_at IS NOT NULL;
CREATE INDEX executions_unsettled ON executions (completed_at) WHERE unsettled = 1;
CREATE INDEX executions_of_org ON executions (org, queued_at);
CREATE INDEX executions_of_job ON executions (org, job_id, queued_at);
CREATE INDEX executions_ended ON executions (org, status, queued_at) WHERE claimable_at IS NULL;
CREATE INDEX executions_of_chain ON executions (chain_root) WHERE chain_root IS NOT NULL;
CREATE INDEX executions_of_backfill ON executions (backfill) WHERE backfill IS NOT NULL;

-- The ends of parents that a job waits to see together.
CREATE TABLE chain_arrivals (
    child   TEXT    NOT NULL,
    -- The root of the chain that they belong to; empty where they are joined across chains.
    chain   TEXT    NOT NULL,
    parent  TEXT    NOT NULL,
    doc     TEXT    NOT NULL,
    PRIMARY KEY (child, chain, parent)
) STRICT, WITHOUT ROWID;

CREATE TABLE concurrency_limits (
    org  TEXT    NOT NULL,
    kind TEXT    NOT NULL,
    name TEXT    NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (org, kind, name)
) STRICT, WITHOUT ROWID;

-- The running executions that each limit counts.
CREATE TABLE limit_places (
    execution TEXT NOT NULL,
    org       TEXT NOT NULL,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    PRIMARY KEY (execution, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_places_by_limit ON limit_places (org, kind, name);

CREATE TABLE backfills (
    number     INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    org        TEXT    NOT NULL,
    job_id     TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    made       INTEGER NOT NULL,
    next_slot  INTEGER,
    created_at INTEGER NOT NULL,
    doc        TEXT    NOT NULL
) STRICT;
CREATE INDEX backfills_running ON backfills (number) WHERE status = 'running';
CREATE INDEX backfills_of_job ON backfills (org, job_id, created_at, number);

CREATE TABLE audit_log (
    number INTEGER PRIMARY KEY,
    org    TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    doc    TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_log_of_org ON audit_log (org, number);
