//! The interfaces that a run may use, one file each, and what they have in common.
//!
//! Every call goes the same way: it is journaled, its arguments are parsed, the grant is asked, the
//! limits are asked, the intent is written, and only then something happens.

pub(crate) mod artifact_folder;
mod artifact_id;
pub(crate) mod artifacts;
mod clock;
pub(crate) mod control;
pub(crate) mod cursor;
pub(crate) mod database;
pub(crate) mod email;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod progress;
mod random;
pub(crate) mod secrets;

#[cfg(test)]
mod artifacts_tests;
#[cfg(test)]
mod database_tests;
#[cfg(test)]
mod email_tests;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod secrets_tests;

use std::future::Future;

use sandglass_contract::{CallOutcome, Operation};
use tokio_util::sync::CancellationToken;

use crate::{
    bindings::sandglass::job::types::{self, Error},
    limits::UsedUp,
    outcome::Stop,
    state::RunState,
};

/// Why a call was not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The grant does not cover it.
    Denied,
    /// The grant covers it and the rules of the service do not; why, for the record and not for the
    /// guest.
    Forbidden(String),
    /// An argument is not acceptable.
    Invalid(String),
    /// A limit is used up.
    Limit(String),
    /// What is needed does not answer.
    Unavailable(String),
    /// Anything else; the effect may have happened.
    Other(String),
    /// The run ends here.
    Stop(Stop),
}

impl Refusal {
    /// How the journal calls it. Not asked of [`Refusal::Stop`], which ends the run.
    pub(crate) const fn call_outcome(&self) -> CallOutcome {
        match self {
            Self::Denied | Self::Forbidden(_) => CallOutcome::Denied,
            Self::Invalid(_) => CallOutcome::InvalidArgument,
            Self::Limit(_) => CallOutcome::LimitExceeded,
            Self::Unavailable(_) => CallOutcome::Unavailable,
            Self::Other(_) | Self::Stop(_) => CallOutcome::Failed,
        }
    }

    /// The reason in words.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Denied => Some("the job's grant does not cover it".to_owned()),
            Self::Forbidden(text)
            | Self::Invalid(text)
            | Self::Limit(text)
            | Self::Unavailable(text)
            | Self::Other(text) => Some(text.clone()),
            Self::Stop(_) => None,
        }
    }

    /// What the guest sees, or what ends it.
    pub(crate) fn into_error(self) -> Result<Error, Stop> {
        match self {
            Self::Denied | Self::Forbidden(_) => Ok(Error::AccessDenied),
            Self::Invalid(text) => Ok(Error::InvalidArgument(text)),
            Self::Limit(text) => Ok(Error::LimitExceeded(text)),
            Self::Unavailable(text) => Ok(Error::Unavailable(text)),
            Self::Other(text) => Ok(Error::Other(text)),
            Self::Stop(stop) => Err(stop),
        }
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<UsedUp> for Refusal {
    fn from(used_up: UsedUp) -> Self {
        Self::Limit(used_up.to_string())
    }
}

impl types::Host for RunState {}

impl RunState {
    /// Refuses what the grant does not cover. Both are counted.
    pub(crate) fn require(&mut self, operation: Operation, target: &str) -> Result<(), Refusal> {
        if let Some(entry) = self.grant.covering(operation, target) {
            if !self.context.mode.is_dry() {
                self.uses.used(operation, entry);
            }
            return Ok(());
        }
        self.uses.denied(operation, target);
        tracing::warn!(
            job = %self.context.job,
            execution = %self.context.execution,
            operation = operation.as_str(),
            target,
            "a call was denied: the job's grant does not cover it"
        );
        Err(Refusal::Denied)
    }
}

/// Waits for `work`, or until somebody asks for the run to stop. A run that was told to stop begins
/// nothing new.
pub(crate) async fn unless_cancelled<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Stop::Cancelled.into()),
        result = work => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_told_the_guest_and_the_journal() {
        let check = |refusal: Refusal, outcome: CallOutcome, word: &str| {
            assert_eq!(refusal.call_outcome(), outcome);
            let error = format!("{:?}", refusal.into_error());
            assert!(error.contains(word), "{error}");
        };
        let text = || "why".to_owned();
        check(Refusal::Denied, CallOutcome::Denied, "AccessDenied");
        check(
            Refusal::Forbidden(text()),
            CallOutcome::Denied,
            "AccessDenied",
        );
        check(
            Refusal::Invalid(text()),
            CallOutcome::InvalidArgument,
            "InvalidArgument",
        );
        check(
            Refusal::Limit(text()),
            CallOutcome::LimitExceeded,
            "LimitExceeded",
        );
        check(
            Refusal::Unavailable(text()),
            CallOutcome::Unavailable,
            "Unavailable",
        );
        check(Refusal::Other(text()), CallOutcome::Failed, "Other");
        check(
            Refusal::Stop(Stop::Cancelled),
            CallOutcome::Failed,
            "Cancelled",
        );
    }
}
