//! What the driver's errors mean for whoever asked the store.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::store::StoreError;

/// A document with that key is there already (MongoDB manual, "Error Codes").
const DUPLICATE_KEY: i32 = 11000;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error.get_custom::<Self>() {
            // A transaction's own refusal comes back as it went in.
            Some(_) => take_custom(&error),
            None => Self::Unavailable(Box::new(error)),
        }
    }
}

/// The refusal that a transaction carried out through the driver.
fn take_custom(error: &Error) -> StoreError {
    match error.get_custom::<StoreError>() {
        Some(StoreError::NotFound { what }) => StoreError::NotFound { what },
        Some(StoreError::Exists { what }) => StoreError::Exists { what },
        Some(StoreError::Changed { current }) => StoreError::Changed { current: *current },
        Some(StoreError::Needed { by }) => StoreError::Needed { by: by.clone() },
        Some(StoreError::Fenced) => StoreError::Fenced,
        Some(StoreError::Corrupt { what, source }) => StoreError::Corrupt {
            what,
            source: source.to_string().into(),
        },
        Some(StoreError::Unavailable(source)) => StoreError::Unavailable(source.to_string().into()),
        None => StoreError::Unavailable(error.to_string().into()),
    }
}

/// Whether a write was refused because a unique key is taken, `_id` or another.
pub(super) fn is_taken(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        ErrorKind::InsertMany(error) => error
            .write_errors
            .iter()
            .flatten()
            .any(|error| error.code == DUPLICATE_KEY),
        _ => false,
    }
}

/// A refusal on its way through a transaction. The driver's own errors stay what they are, since their
/// labels say whether the transaction is tried again.
pub(super) fn refusal(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::custom(StoreError::Unavailable(source)),
        },
        error => Error::custom(error),
    }
}
