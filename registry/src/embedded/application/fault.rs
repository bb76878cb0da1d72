//! What can go wrong on the way to a [`DatabaseError`].

use sandglass_query::DatabaseError;

use crate::embedded::{failure::is_damage, writer::WriteFailure};

/// A [`DatabaseError`] that SQLite's own errors turn into.
#[derive(Debug)]
pub(super) struct Fault(DatabaseError);

impl From<Fault> for DatabaseError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

impl From<DatabaseError> for Fault {
    fn from(error: DatabaseError) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(match is_damage(&error) {
            true => DatabaseError::corrupt("the application database", error),
            false => DatabaseError::unavailable(error),
        })
    }
}

impl From<WriteFailure> for Fault {
    fn from(failure: WriteFailure) -> Self {
        Self(DatabaseError::unavailable(failure))
    }
}
