//! How an attempt ends.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sandglass_contract::CapabilityUse;

use crate::{
    attempt_end::{AfterAttempt, Wanted},
    embedded::{
        capabilities,
        stored::{count, milliseconds, to_json},
    },
    execution::{Attempt, ExecutionStatus},
    store::{Claim, Ending, FollowUp, StoreError},
};

use super::{finish, gates, recording::SavedRecords};

/// The end of an attempt, about to be stored.
pub(super) struct SavedEnding {
    attempt: Attempt,
    attempt_doc: String,
    records: SavedRecords,
    uses: Vec<CapabilityUse>,
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
            uses: ending.uses,
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
                        wanted: match row.get(2)? {
                            true => Wanted::Ended,
                            false => Wanted::On,
                        },
                    })
                },
            )
            .optional()?;
        let Some(held) = held else { return Ok(None) };
        let execution = claim.execution.as_str();
        self.records.store(connection, &claim.execution)?;
        let at = self.attempt.completed_at;
        capabilities::add(connection, &held.job, &self.uses, at)?;
        let change = self.change(held.wanted);
        self.update(connection, &held, &change)?;
        match change.after.status.is_finished() {
            true => finish::make_way(connection, execution, &held.job)?,
            false => gates::leave_places(connection, execution)?,
        }
        Ok(Some(change.after.status))
    }

    fn change(&self, wanted: Wanted) -> Change<'_> {
        let (finished, retry_at) = match &self.follow_up {
            SavedFollowUp::Retry { available_at } => (None, Some(*available_at)),
            SavedFollowUp::Finished {
                result,
                message,
                artifacts,
            } => (Some((result, message, artifacts)), None),
        };
        Change {
            after: AfterAttempt::of(&self.attempt, retry_at, wanted),
            result: finished.and_then(|(result, ..)| result.as_deref()),
            message: finished.and_then(|(_, message, _)| message.as_deref()),
            artifacts: finished.map(|(.., artifacts)| artifacts.as_str()),
        }
    }

    fn update(
        &self,
        connection: &Connection,
        held: &Held,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let unsettled = change.after.status.is_finished()
            && finish::is_unsettled(connection, &held.job, change.after.status)?;
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
                change.after.status.as_str(),
                change.after.outcome.as_str(),
                change.after.queued_for.map(milliseconds),
                change.after.completed_at.map(milliseconds),
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
    wanted: Wanted,
}

struct Change<'a> {
    after: AfterAttempt,
    result: Option<&'a str>,
    message: Option<&'a str>,
    artifacts: Option<&'a str>,
}
