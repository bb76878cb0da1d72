//! What the driver's errors mean for whoever asked the store.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::OpenError;
use crate::store::StoreError;

/// A document with that key is there already (MongoDB manual, "Error Codes").
const DUPLICATE_KEY: i32 = 11000;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Unavailable(Box::new(error))
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

/// Whether nobody answered, so that asking again may help.
pub(super) fn is_silence(error: &Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
    )
}

impl OpenError {
    /// Whether the same database may be opened later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { source, .. } => is_silence(source),
            Self::NotOurs { .. } | Self::Newer { .. } => false,
        }
    }
}
