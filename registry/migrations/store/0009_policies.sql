-- What may be granted at all, for each organisation that has set it.

CREATE TABLE policies (
    org     TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    doc     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
