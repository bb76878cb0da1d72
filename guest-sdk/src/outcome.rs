//! How a run ends.

use serde_json::Value;

use crate::bindings::sandglass::job::types::{PermanentError, RetryableError};
use crate::{CallError, HostError, JobError};

/// How a run ended well.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The result; counts are best given as numbers in an object.
    pub result: Value,
    /// One sentence for people.
    pub message: String,
}

impl Outcome {
    /// A result and a sentence about it.
    #[must_use]
    pub fn new(result: Value, message: impl Into<String>) -> Self {
        Self {
            result,
            message: message.into(),
        }
    }
}

impl JobError {
    /// A failure that another attempt would meet again.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent(PermanentError {
            message: message.into(),
        })
    }

    /// A failure that may pass; the job's retry policy says when to try again.
    #[must_use]
    pub fn retryable(message: impl Into<String>) -> Self {
        Self::Retryable(RetryableError {
            message: message.into(),
            delay_ms: None,
        })
    }

    /// A failure that may pass, and not before `delay_ms` milliseconds from now.
    #[must_use]
    pub fn retryable_after(message: impl Into<String>, delay_ms: u64) -> Self {
        Self::Retryable(RetryableError {
            message: message.into(),
            delay_ms: Some(delay_ms),
        })
    }

    /// What failed, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Permanent(error) => &error.message,
            Self::Retryable(error) => &error.message,
        }
    }

    /// The same failure, told as part of a longer story: `"{what}: {message}"`.
    #[must_use]
    pub fn while_doing(self, what: &str) -> Self {
        let longer = |message: String| format!("{what}: {message}");
        match self {
            Self::Permanent(error) => Self::permanent(longer(error.message)),
            Self::Retryable(error) => Self::Retryable(RetryableError {
                message: longer(error.message),
                delay_ms: error.delay_ms,
            }),
        }
    }
}

impl From<HostError> for JobError {
    fn from(error: HostError) -> Self {
        if error.may_pass() {
            Self::retryable(error.to_string())
        } else {
            Self::permanent(error.to_string())
        }
    }
}

impl From<CallError> for JobError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Host(error) => error.into(),
            CallError::Document(cause) => Self::permanent(format!(
                "a document does not have the expected form: {cause}"
            )),
        }
    }
}

impl From<std::io::Error> for JobError {
    /// Finds the host's error again in the errors of [`crate::ArtifactWriter`].
    fn from(error: std::io::Error) -> Self {
        match error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<HostError>())
        {
            Some(cause) => cause.clone().into(),
            None => Self::permanent(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_becomes_retryable() {
        let cases = [
            (HostError::AccessDenied, false),
            (HostError::InvalidArgument("x".into()), false),
            (HostError::LimitExceeded("x".into()), false),
            (HostError::Unavailable("x".into()), true),
            (HostError::Other("x".into()), false),
        ];
        for (error, retryable) in cases {
            let job_error = JobError::from(error.clone());
            assert_eq!(
                matches!(job_error, JobError::Retryable(_)),
                retryable,
                "{error:?}"
            );
            assert_eq!(job_error.message(), error.to_string());
        }
    }

    #[test]
    fn the_host_error_inside_an_io_error_decides() {
        let inner = HostError::Unavailable("disk".into());
        assert_eq!(
            JobError::from(std::io::Error::other(inner.clone())),
            JobError::from(inner)
        );
        assert_eq!(
            JobError::from(std::io::Error::other("plain")),
            JobError::permanent("plain")
        );
    }

    #[test]
    fn a_longer_story_keeps_the_delay() {
        assert_eq!(
            JobError::retryable_after("busy", 500).while_doing("sending"),
            JobError::retryable_after("sending: busy", 500)
        );
    }
}
