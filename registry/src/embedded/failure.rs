//! What SQLite's errors mean to a caller of the store.

use rusqlite::{Error, ErrorCode, ffi};

use super::writer::WriteFailure;
use crate::store::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match is_damage(&error) {
            true => Self::Corrupt {
                what: "record",
                source: Box::new(error),
            },
            false => Self::Unavailable(Box::new(error)),
        }
    }
}

impl From<WriteFailure> for StoreError {
    fn from(failure: WriteFailure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

/// Whether the file, or a value in it, is not what it should be: asking again will not help.
pub(super) fn is_damage(error: &Error) -> bool {
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => true,
        other => matches!(
            other.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        ),
    }
}

/// Whether a row with the same key is there already.
pub(super) fn is_taken(error: &Error) -> bool {
    has_code(
        error,
        &[
            ffi::SQLITE_CONSTRAINT_UNIQUE,
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ],
    )
}

/// Whether a row that the new one refers to is not there.
pub(super) fn is_dangling(error: &Error) -> bool {
    has_code(error, &[ffi::SQLITE_CONSTRAINT_FOREIGNKEY])
}

fn has_code(error: &Error, codes: &[i32]) -> bool {
    matches!(error, Error::SqliteFailure(failure, _) if codes.contains(&failure.extended_code))
}
