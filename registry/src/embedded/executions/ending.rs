//! How an attempt ends.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::OutcomeCode;

use crate::{
    embedded::stored::{count, milliseconds, to_json},
    execution::{Attempt, ExecutionStatus},
    store::{Claim, Ending, FollowUp, StoreError},
};

use super::{finish, gates, recording::SavedRecords};

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

    /// Stores it, if the claim is the current one. Returns the status that the execution has then.
    pub(super) fn store(
        &self,
        connection: &Connection,
        claim: &Claim,
    ) -> Result<Option<ExecutionStatus>, StoreError> {
        let held = connection
            .prepare_cached(
                "SELECT number, job_id, cancel_at IS NOT NULL FROM executions
                 WHERE id = ? AND fence = ? AND status = 'running'",
            )?
            .query_row(
                params![claim.execution.as_str(), count(claim.fence.0)],
                |row| {
                    Ok(Held {
                        number: row.get(0)?,
                        job: row.get(1)?,
                        cancel_requested: row.get(2)?,
                    })
                },
            )
            .optional()?;
        let Some(held) = held else { return Ok(None) };
        let execution = claim.execution.as_str();
        self.records.store(connection, &claim.execution)?;
        let change = self.change(held.cancel_requested);
        self.update(connection, &held, &change)?;
        match change.status.is_finished() {
            true => finish::make_way(connection, execution, &held.job)?,
            false => gates::leave_places(connection, execution)?,
        }
        Ok(Some(change.status))
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
        held: &Held,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let unsettled = change.status.is_finished()
            && finish::is_unsettled(connection, &held.job, change.status)?;
        connection
            .prepare_cached(
                "UPDATE executions SET status = ?2, outcome = ?3, claimable_at = ?4,
                     available_at = coalesce(?4, available_at), completed_at = ?5, result = ?6,
                     message = ?7, error = ?8, artifacts = coalesce(?9, artifacts),
                     attempts = json_insert(attempts, '$[#]', json(?10)),
                     fuel_used = fuel_used + ?11, peak_memory_bytes = max(peak_memory_bytes, ?12),
                     progress = coalesce(?13, progress), unsettled = ?14
                 WHERE number = ?1",
            )?
            .execute(params![
                held.number,
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
                unsettled,
            ])?;
        Ok(())
    }
}

/// The row of an execution whose claim is the current one.
struct Held {
    number: i64,
    job: String,
    cancel_requested: bool,
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
