-- The audit log as a chain for each organisation.

ALTER TABLE audit_log RENAME TO unchained_audit_log;
DROP INDEX audit_log_of_org;

CREATE TABLE audit_log (
    org      TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    previous TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    -- What the log is searched by; the entry says the same.
    at       INTEGER NOT NULL,
    by_user  TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    target   TEXT    NOT NULL,
    entry    TEXT    NOT NULL,
    PRIMARY KEY (org, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_by_target ON audit_log (org, target, number);
CREATE INDEX audit_log_by_user ON audit_log (org, by_user, number);

CREATE TABLE audit_heads (
    org    TEXT    PRIMARY KEY,
    number INTEGER NOT NULL,
    digest TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'lines of the audit log are not changed'); END;
CREATE TRIGGER audit_log_is_not_cut BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'lines of the audit log are not removed'); END;
