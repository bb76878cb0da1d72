-- Secrets, each sealed under a key that is kept elsewhere.

CREATE TABLE secrets (
    org  TEXT NOT NULL,
    name TEXT NOT NULL,
    doc  TEXT NOT NULL,
    PRIMARY KEY (org, name)
) STRICT, WITHOUT ROWID;
