-- Calendars of times at which scheduled jobs shall not run.

CREATE TABLE blackout_calendars (
    number  INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    org     TEXT    NOT NULL,
    version INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    doc     TEXT    NOT NULL
) STRICT;
CREATE INDEX blackout_calendars_by_name ON blackout_calendars (org, name, number);

-- The calendars that jobs name.
CREATE TABLE job_blackout_calendars (
    job      INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    calendar TEXT    NOT NULL,
    PRIMARY KEY (job, calendar)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_blackout_calendars_by_calendar ON job_blackout_calendars (calendar);
