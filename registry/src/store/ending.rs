//! The ends of attempts.

use jiff::Timestamp;
use sandglass_contract::{CapabilityUse, OutcomeCode};
use serde_json::Value;

use super::{Records, StoreError};
use crate::execution::{ArtifactRecord, Attempt, ExecutionStatus};

/// How an attempt ended and what follows.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The attempt.
    pub attempt: Attempt,
    /// Log lines and journal entries that are not stored yet.
    pub records: Records,
    /// What the run made of its grant.
    pub uses: Vec<CapabilityUse>,
    /// Whether there is another attempt.
    pub follow_up: FollowUp,
}

impl Ending {
    /// The same end without what the template brought, which the store refuses: the execution has
    /// failed.
    #[must_use]
    pub(crate) fn without_contents(&self, refused: &StoreError) -> Self {
        let why = std::error::Error::source(refused).map_or_else(String::new, ToString::to_string);
        Self {
            attempt: Attempt {
                outcome: OutcomeCode::HostFault,
                error: Some(format!(
                    "what the run left behind could not be stored: {why}"
                )),
                ..self.attempt.clone()
            },
            records: Records::default(),
            uses: self.uses.clone(),
            follow_up: FollowUp::Finished {
                result: None,
                message: None,
                artifacts: Vec::new(),
            },
        }
    }
}

/// What follows an attempt.
#[derive(Debug, Clone)]
pub enum FollowUp {
    /// The execution is finished.
    Finished {
        /// What the template returned.
        result: Option<Value>,
        /// The template's sentence.
        message: Option<String>,
        /// Files left behind.
        artifacts: Vec<ArtifactRecord>,
    },
    /// It is queued again.
    Retry {
        /// The earliest moment for the next attempt.
        available_at: Timestamp,
    },
}

/// What became of an attempt that was to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum EndAnswer {
    /// Its end is stored, and this is the status that the execution has since then. Where the caller may
    /// not have heard of it, since the store is across a network, it may have been stored by an earlier
    /// call under the same claim.
    Ended(ExecutionStatus),
    /// The store could not store its end in time; it is asked again.
    NotEnded,
    /// The claim is not the current one, and nothing is stored.
    Lost,
}

impl EndAnswer {
    /// The status that the execution has now, where the end is stored.
    #[must_use]
    pub const fn status(self) -> Option<ExecutionStatus> {
        match self {
            Self::Ended(status) => Some(status),
            Self::NotEnded | Self::Lost => None,
        }
    }
}
