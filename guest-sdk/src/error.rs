//! Why a call to the host did not work.

use crate::bindings::sandglass::job::types::Error;

/// Why the host refused or could not do what was asked. Nothing has happened when it is returned,
/// except with [`Other`](Self::Other), where the outcome may be unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The job's grant does not cover the call, or a rule of the service forbids it.
    #[error(
        "access denied: the job's grant or a rule of the service does not allow this call; the journal of the run says which"
    )]
    AccessDenied,
    /// An argument is not acceptable; says which and why.
    #[error("invalid argument: {0}")]
    InvalidArgument(String),
    /// A limit of the run is used up; says which.
    #[error("limit exceeded: {0}")]
    LimitExceeded(String),
    /// What is needed does not answer now.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl HostError {
    /// Whether another attempt may find the host able to answer.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<Error> for HostError {
    fn from(error: Error) -> Self {
        match error {
            Error::AccessDenied => Self::AccessDenied,
            Error::InvalidArgument(reason) => Self::InvalidArgument(reason),
            Error::LimitExceeded(reason) => Self::LimitExceeded(reason),
            Error::Unavailable(reason) => Self::Unavailable(reason),
            Error::Other(reason) => Self::Other(reason),
        }
    }
}

/// Why a call that carries documents did not work.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The host refused or failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A document could not be turned into, or made from, the type that was asked for.
    #[error("a document does not have the expected form")]
    Document(#[from] serde_json::Error),
}
