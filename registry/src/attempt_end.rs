//! What the end of an attempt makes of its execution. Every store goes by this.

use jiff::Timestamp;
use sandglass_contract::OutcomeCode;

use crate::execution::{Attempt, ExecutionStatus};

/// What stands in the record after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AfterAttempt {
    pub(crate) status: ExecutionStatus,
    pub(crate) outcome: OutcomeCode,
    /// The earliest moment for the next attempt, where there is one.
    pub(crate) queued_for: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
}

/// Whether somebody has asked for the execution to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nobody has.
    On,
    /// Somebody has, so that there is no other attempt.
    Ended,
}

impl AfterAttempt {
    /// What an attempt makes of its execution that is followed by another at `retry_at`, or by none.
    pub(crate) fn of(attempt: &Attempt, retry_at: Option<Timestamp>, wanted: Wanted) -> Self {
        let finished = Self {
            status: ExecutionStatus::after(attempt.outcome),
            outcome: attempt.outcome,
            queued_for: None,
            completed_at: Some(attempt.completed_at),
        };
        match (retry_at, wanted) {
            (None, _) => finished,
            (Some(_), Wanted::Ended) => Self {
                status: ExecutionStatus::Cancelled,
                outcome: OutcomeCode::Cancelled,
                ..finished
            },
            (Some(_), Wanted::On) => Self {
                status: ExecutionStatus::Queued,
                queued_for: retry_at,
                completed_at: None,
                ..finished
            },
        }
    }
}
