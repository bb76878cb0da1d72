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
