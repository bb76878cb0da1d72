-- Whom users are at a sign-in service.

ALTER TABLE users ADD COLUMN identity TEXT;
CREATE UNIQUE INDEX users_by_identity ON users (identity) WHERE identity IS NOT NULL;
CREATE INDEX users_of_org ON users (org, id);
