-- Collections of documents. Each has a table of its own, `documents_<number>`, made with it:
-- `number` in the order of insertion, `id` the key of `_id`, `document` the BSON bytes.

CREATE TABLE collections (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;
