//! What a place to keep records must promise.
//!
//! Each part of the trait is a file of its own. Every promise here holds for every implementation: a
//! method that returns `Ok` has made its change durable, whatever happens to the process or the machine
//! afterwards.

mod accounts;
mod audit;
mod backfills;
mod blackouts;
mod capabilities;
mod ending;
mod executions;
mod hosts;
mod jobs;
mod limits;
mod policies;
mod rates;
mod secrets;
mod templates;

pub use accounts::AccountStore;
pub use audit::{AuditLog, AuditQuery, AuditStore, KeptLine};
pub use backfills::{BackfillStore, RunningBackfill};
pub use blackouts::BlackoutStore;
pub use capabilities::CapabilityStore;
pub use ending::{EndAnswer, Ending, FollowUp};
pub use executions::{
    Advance, CancelAnswer, Claim, ClaimAnswer, ClaimRequest, Claimed, Consequence, ExecutionQuery,
    ExecutionStore, Fired, Firing, Join, LeaseAnswer, Overdue, Records, Settlement,
};
pub use hosts::{Hint, Hints, HostAnswer, HostStore, Sharing};
pub use jobs::{JobQuery, JobStore, ScheduleChange};
pub use limits::LimitStore;
pub use policies::PolicyStore;
pub use rates::RateStore;
pub use secrets::SecretStore;
pub use templates::TemplateStore;

use sandglass_contract::JobId;

use crate::{job::Version, template::VersionStatus};

/// A place to keep everything the service knows.
pub trait Store:
    JobStore
    + ExecutionStore
    + BackfillStore
    + BlackoutStore
    + LimitStore
    + AuditStore
    + TemplateStore
    + AccountStore
    + HostStore
    + RateStore
    + SecretStore
    + PolicyStore
    + CapabilityStore
{
}

impl<T> Store for T where
    T: JobStore
        + ExecutionStore
        + BackfillStore
        + BlackoutStore
        + LimitStore
        + AuditStore
        + TemplateStore
        + AccountStore
        + HostStore
        + RateStore
        + SecretStore
        + PolicyStore
        + CapabilityStore
{
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The record is not there, or not in the caller's scope.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// A record of that id is there already.
    #[error("there is a {what} of that id already")]
    Exists {
        /// What was to be added.
        what: &'static str,
    },
    /// Somebody else has changed the record.
    #[error("it has been changed by somebody else and is at version {} now", current.0)]
    Changed {
        /// The version that is stored.
        current: Version,
    },
    /// There are as many as there may be.
    #[error("there are {most} {what} already, which is the most there may be")]
    Full {
        /// What was to be added, in the plural.
        what: &'static str,
        /// How many there may be.
        most: u64,
    },
    /// Jobs depend on it.
    #[error("jobs depend on it: {}", by.iter().map(JobId::as_str).collect::<Vec<_>>().join(", "))]
    Needed {
        /// Some of them.
        by: Vec<JobId>,
    },
    /// The status of the version of a template does not let this be decided.
    #[error("the version is {current}")]
    Decided {
        /// The status that it has.
        current: VersionStatus,
    },
    /// The claim that a write was made under is not the current one: the worker has lost its lease.
    #[error("another worker holds the execution now")]
    Fenced,
    /// The store does not answer; asking again may help.
    #[error("the store does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store refuses to keep what it was given, and will refuse it again.
    #[error("the store refuses what it was given")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// What it should have been.
        what: &'static str,
        /// Why it is not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
