//! How an attempt ends.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::OutcomeCode;

use crate::{
    embedded::stored::{count, milliseconds, to_json},
    execution::{Attempt, Execution, ExecutionStatus},
    store::{Claim, Ending, FollowUp, StoreError},
};

use super::{
    recording::SavedRecords,
    rows::{COLUMNS, read_execution},
};

/// The end of an attempt, about to be stored.
pub(super) struct SavedEnding {
    attempt: Attempt,
    attempt_doc: String,
    records: SavedRecords,
    follow_up: SavedFollowUp,
}

enum SavedFollowUp {
    Finished {
        result: Option<String>,
        message: Option<String>,
        artifacts: String,
    },
    Retry {
        available_at: Timestamp,
    },
}

impl SavedEnding {
    pub(super) fn of(ending: Ending) -> Result<Self, StoreError> {
        Ok(Self {
            attempt_doc: to_json("attempt", &ending.attempt)?,
            attempt: ending.attempt,
            records: SavedRecords::of(&ending.records)?,
            follow_up: match ending.follow_up {
                FollowUp::Finished {
                    result,
                    message,
                    artifacts,
                } => SavedFollowUp::Finished {
                    result: result.map(|it| to_json("result", &it)).transpose()?,
                    message,
                    artifacts: to_json("artifacts", &artifacts)?,
                },
                FollowUp::Retry { available_at } => SavedFollowUp::Retry { available_at },
            },
        })
    }

    /// Stores it, if the claim is the current one.
    pub(super) fn store(
        &self,
        connection: &Connection,
        claim: &Claim,
    ) -> Result<Execution, StoreError> {
        let cancel_requested = connection
            .prepare_cached(
                "SELECT cancel_at IS NOT NULL FROM executions
                 WHERE id = ? AND fence = ? AND status = 'running'",
            )?
            .query_row(
                params![claim.execution.as_str(), count(claim.fence.0)],
                |row| row.get(0),
            )
            .optional()?
            .ok_or(StoreError::Fenced)?;
        self.records.store(connection, &claim.execution)?;
        self.update(connection, claim, &self.change(cancel_requested))
    }

    fn change(&self, cancel_requested: bool) -> Change<'_> {
        let outcome = self.attempt.outcome;
        let change = Change {
            status: ExecutionStatus::after(outcome),
            outcome,
            queued_for: None,
            completed_at: Some(self.attempt.completed_at),
            result: None,
            message: None,
            artifacts: None,
        };
        match &self.follow_up {
            SavedFollowUp::Finished {
                result,
                message,
                artifacts,
            } => Change {
                result: result.as_deref(),
                message: message.as_deref(),
                artifacts: Some(artifacts),
                ..change
            },
            SavedFollowUp::Retry { .. } if cancel_requested => Change {
                status: ExecutionStatus::Cancelled,
                outcome: OutcomeCode::Cancelled,
                ..change
            },
            SavedFollowUp::Retry { available_at } => Change {
                status: ExecutionStatus::Queued,
                queued_for: Some(*available_at),
                completed_at: None,
                ..change
            },
        }
    }

    fn update(
        &self,
        connection: &Connection,
        claim: &Claim,
        change: &Change<'_>,
    ) -> Result<Execution, StoreError> {
        let sql = format!(
            "UPDATE executions SET status = ?3, outcome = ?4, claimable_at = ?5,
                 available_at = coalesce(?5, available_at), completed_at = ?6, result = ?7,
                 message = ?8, error = ?9, artifacts = coalesce(?10, artifacts),
                 attempts = json_insert(attempts, '$[#]', json(?11)), fuel_used = fuel_used + ?12,
                 peak_memory_bytes = max(peak_memory_bytes, ?13),
                 progress = coalesce(?14, progress)
             WHERE id = ?1 AND fence = ?2 RETURNING {COLUMNS}"
        );
        let values = params![
            claim.execution.as_str(),
            count(claim.fence.0),
            change.status.as_str(),
            change.outcome.as_str(),
            change.queued_for.map(milliseconds),
            change.completed_at.map(milliseconds),
            change.result,
            change.message,
            self.attempt.error,
            change.artifacts,
            self.attempt_doc,
            count(self.attempt.fuel_used),
            count(self.attempt.peak_memory_bytes),
            self.records.progress(),
        ];
        connection
            .prepare_cached(&sql)?
            .query_and_then(values, read_execution)?
            .next()
            .unwrap_or(Err(StoreError::Fenced))
    }
}

struct Change<'a> {
    status: ExecutionStatus,
    outcome: OutcomeCode,
    queued_for: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    result: Option<&'a str>,
    message: Option<&'a str>,
    artifacts: Option<&'a str>,
}
