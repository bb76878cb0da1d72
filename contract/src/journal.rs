//! The journal: every host call of a run, so that a reviewer can read what it touched.
//!
//! A call with an effect is written twice: once as intent before the effect, once with its outcome.
//! Where the second is missing, the service stopped in between and nobody can say whether the effect
//! happened. Arguments and answers stand as digests: the record proves what was said without keeping
//! personal data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;

/// Whether a call can change something outside the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It only looks.
    Read,
    /// It changes or sends something.
    Write,
}

/// How a host call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The intent is written and the outcome is not: unknown where the run has ended.
    Pending,
    /// It did what was asked.
    Ok,
    /// The grant does not cover it; nothing happened.
    Denied,
    /// An argument was not acceptable; nothing happened.
    InvalidArgument,
    /// A limit of the run was used up; nothing happened.
    LimitExceeded,
    /// What it needs did not answer.
    Unavailable,
    /// It failed otherwise.
    Failed,
}

/// One host call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalEntry {
    /// The attempt that made the call; the first is 1.
    pub attempt: u32,
    /// The place of the call among the attempt's calls; the first is 1.
    pub seq: u64,
    /// The interface, such as `database`.
    pub interface: String,
    /// The function, such as `delete-many`.
    pub function: String,
    /// What it touched, such as the collection; empty where there is nothing to name.
    pub target: String,
    /// SHA-256 of the arguments.
    pub request_digest: Digest,
    /// SHA-256 of the answer; absent while pending.
    pub response_digest: Option<Digest>,
    /// Whether it can change something.
    pub effect: Effect,
    /// Whether the host answered it without carrying it out, because the run is dry.
    pub simulated: bool,
    /// How it ended.
    pub outcome: CallOutcome,
    /// What the host has to add, such as how many documents were deleted or why it was refused.
    pub detail: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, in microseconds; absent while pending.
    pub duration_us: Option<u64>,
}
