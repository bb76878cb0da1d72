//! Which collections there are, and the table of each.

use rusqlite::{Connection, OptionalExtension};
use sandglass_query::{CollectionName, DatabaseError};

use super::Fault;

/// The table of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(i64);

impl Table {
    /// The table of a collection, if it exists.
    pub(super) fn find(
        connection: &Connection,
        collection: &CollectionName,
    ) -> Result<Option<Self>, Fault> {
        let number = connection
            .prepare_cached("SELECT number FROM collections WHERE name = ?")?
            .query_row([collection.as_str()], |row| row.get(0))
            .optional()?;
        Ok(number.map(Self))
    }

    /// The table of a collection, made where it does not exist.
    pub(super) fn find_or_make(
        connection: &Connection,
        collection: &CollectionName,
    ) -> Result<Self, Fault> {
        if let Some(table) = Self::find(connection, collection)? {
            return Ok(table);
        }
        connection
            .prepare_cached("INSERT INTO collections (name) VALUES (?)")?
            .execute([collection.as_str()])?;
        let table = Self(connection.last_insert_rowid());
        connection.execute_batch(&format!(
            "CREATE TABLE {} (
                 number   INTEGER PRIMARY KEY,
                 id       BLOB NOT NULL UNIQUE,
                 document BLOB NOT NULL
             ) STRICT",
            table.name()
        ))?;
        Ok(table)
    }

    /// Its name in SQL.
    pub(super) fn name(self) -> String {
        format!("documents_{}", self.0)
    }
}

/// The names of all collections.
pub(super) fn names(connection: &Connection) -> Result<Vec<CollectionName>, Fault> {
    connection
        .prepare_cached("SELECT name FROM collections ORDER BY name")?
        .query_and_then([], |row| {
            let name: String = row.get(0)?;
            let name = name.parse::<CollectionName>();
            name.map_err(|error| DatabaseError::corrupt("the name of a collection", error).into())
        })?
        .collect()
}
