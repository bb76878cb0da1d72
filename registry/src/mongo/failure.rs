//! What the driver's errors mean for whoever asked the store.

use std::{future::Future, time::Duration};

use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::OpenError;
use crate::store::StoreError;

/// A document with that key is there already (MongoDB manual, "Error Codes").
const DUPLICATE_KEY: i32 = 11000;

/// What a server answers to what it will never take: it cannot be read, is too large or too deep, breaks
/// a validator or a rule about names, or changes what does not change (MongoDB manual, "Error Codes").
const PERMANENT: [i32; 14] = [
    2, 9, 14, 22, 40, 52, 55, 57, 66, 72, 121, 10334, 17280, 17419,
];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match is_permanent(&error) {
            true => Self::Refused(Box::new(error)),
            false => Self::Unavailable(Box::new(error)),
        }
    }
}

/// Whether a change with this error code is refused again.
pub(super) fn is_permanent_code(code: i64) -> bool {
    PERMANENT.iter().any(|it| i64::from(*it) == code)
}

/// Whether the same will be refused again. What nobody knows is taken to pass.
fn is_permanent(error: &Error) -> bool {
    let is_code = |code: i32| is_permanent_code(code.into());
    match error.kind.as_ref() {
        ErrorKind::Bson(_)
        | ErrorKind::BsonSerialization(_)
        | ErrorKind::InvalidArgument { .. } => true,
        ErrorKind::Command(error) => is_code(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => is_code(error.code),
        ErrorKind::InsertMany(error) => {
            let mut errors = error.write_errors.iter().flatten();
            errors.any(|error| is_code(error.code))
        }
        _ => false,
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

/// What a server answers that cannot serve for the moment: it does not reach others, shuts down, has
/// stopped being the primary, or gave up because it took too long (MongoDB manual, "Error Codes";
/// retryable writes specification of the drivers).
const PASSING: [i32; 15] = [
    6, 7, 50, 64, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
];

/// Whether nobody answered who could have served, so that asking again may help.
pub(super) fn is_silence(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Io(_)
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::ConnectionPoolCleared { .. } => true,
        ErrorKind::Command(error) => PASSING.contains(&error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => PASSING.contains(&error.code),
        ErrorKind::InsertMany(error) => {
            let concern = error.write_concern_error.as_ref();
            concern.is_some_and(|error| PASSING.contains(&error.code))
        }
        _ => false,
    }
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

/// Whether the server gave up because it took longer than it may (`MaxTimeMSExpired`; MongoDB manual,
/// "Error Codes").
pub(super) fn is_out_of_time(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(error) if error.code == 50)
}

/// What the driver said, where it said something.
pub(super) fn driver_error(error: &StoreError) -> Option<&Error> {
    match error {
        StoreError::Unavailable(source) | StoreError::Refused(source) => {
            source.downcast_ref::<Error>()
        }
        _ => None,
    }
}

/// How long one message to the server may take. The driver itself waits for as long as the connection
/// stands, and a connection may stand though nobody is there.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// An answer that did not come.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {} s", LONGEST_ANSWER.as_secs())]
struct NoAnswer;

/// Waits for an answer, and no longer than it may take. Whether the server did what it was asked is not
/// known where none has come.
pub(super) async fn in_time<T>(
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(LONGEST_ANSWER, answer).await {
        Ok(answer) => answer.map_err(StoreError::from),
        Err(_) => Err(StoreError::Unavailable(Box::new(NoAnswer))),
    }
}
