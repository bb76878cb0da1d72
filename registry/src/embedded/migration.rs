//! Bringing a file to the tables that this program expects.
//!
//! A file says whose it is by `application_id` and how far it has been brought by `user_version`, the
//! number of migrations that it has seen. All that are missing happen in one transaction. There is no
//! way back: an older program refuses a newer file.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;

/// The tables of one kind of file.
#[derive(Debug)]
pub(super) struct Schema {
    /// The number that marks files of this kind.
    pub(super) application_id: i32,
    /// SQL that brings a file from one version to the next; the first makes version 1.
    pub(super) migrations: &'static [&'static str],
    /// What is put right each time a file is opened to write, by the time that it is.
    pub(super) on_open: fn(&Connection, Timestamp) -> rusqlite::Result<()>,
}

/// Refuses a file that is not of this kind or too new. It changes nothing.
pub(super) fn identify(
    connection: &Connection,
    schema: &Schema,
    path: &Path,
) -> Result<(), OpenError> {
    let refused = |source| OpenError::refused(path, source);
    let found = number(connection, "application_id").map_err(refused)?;
    if found == i64::from(schema.application_id) {
        let version = number(connection, "user_version").map_err(refused)?;
        let known = schema.migrations.len();
        return match usize::try_from(version) {
            Ok(version) if version <= known => Ok(()),
            _ => Err(OpenError::Newer {
                path: path.to_owned(),
                found: u32::try_from(version).unwrap_or(u32::MAX),
                known: u32::try_from(known).unwrap_or(u32::MAX),
            }),
        };
    }
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(refused)?;
    if found == 0 && tables == 0 {
        return Ok(());
    }
    Err(OpenError::NotOurs {
        path: path.to_owned(),
    })
}

/// Runs the migrations that a file has not seen.
pub(super) fn migrate(connection: &mut Connection, schema: &Schema) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = number(&transaction, "user_version")?;
    let seen = usize::try_from(version).unwrap_or(0);
    for migration in schema.migrations.iter().skip(seen) {
        transaction.execute_batch(migration)?;
    }
    let known = i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX);
    if version < known {
        transaction.pragma_update(None, "application_id", schema.application_id)?;
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}
