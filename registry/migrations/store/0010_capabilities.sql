-- Which job may do what, and what it made of that.

CREATE TABLE capability_register (
    job       TEXT    NOT NULL,
    org       TEXT    NOT NULL,
    interface TEXT    NOT NULL,
    operation TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    template  TEXT    NOT NULL,
    granted   INTEGER NOT NULL,
    -- When an attempt ended last that used it, or to which it was denied; 0 for never.
    used_at   INTEGER NOT NULL DEFAULT 0,
    denied_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, interface, operation, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX capability_register_by_resource
    ON capability_register (org, interface, operation, target, job, granted, used_at, denied_at);
CREATE INDEX capability_register_denied ON capability_register (org, denied_at) WHERE denied_at > 0;

CREATE TABLE capability_uses (
    job       TEXT    NOT NULL,
    org       TEXT    NOT NULL,
    interface TEXT    NOT NULL,
    operation TEXT    NOT NULL,
    target    TEXT    NOT NULL,
    -- In UTC, counted from 1970-01-01.
    day       INTEGER NOT NULL,
    uses      INTEGER NOT NULL,
    denials   INTEGER NOT NULL,
    used_at   INTEGER,
    denied_at INTEGER,
    PRIMARY KEY (job, interface, operation, target, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX capability_uses_by_day ON capability_uses (day);

INSERT OR IGNORE INTO capability_register
    (job, org, interface, operation, target, template, granted)
SELECT jobs.id, jobs.org, json_extract(entry.value, '$.interface'), operation.value,
       json_extract(entry.value, '$.target'), jobs.template_type, 1
FROM jobs, json_each(jobs.doc, '$.grant') AS entry,
     json_each(entry.value, '$.operations') AS operation;
