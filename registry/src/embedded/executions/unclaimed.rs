//! Executions that end instead of being claimed.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_contract::{ExecutionId, OutcomeCode};

use crate::{
    embedded::stored::{milliseconds, to_json},
    execution::ExecutionStatus,
    store::StoreError,
    unclaimed::End,
};

use super::{
    candidates::{Candidate, Wanted, candidates},
    finish,
};

/// Ends executions of one kind and says which.
pub(super) fn end_all(
    connection: &Connection,
    wanted: Wanted,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<ExecutionId>, StoreError> {
    let end = match wanted {
        Wanted::Overdue => End::Overdue,
        Wanted::Cancelled | Wanted::Waiting { .. } => End::Cancelled,
    };
    let mut ended = Vec::new();
    for (number, found) in candidates(connection, wanted, limit, now)? {
        match found {
            Ok(candidate) => {
                end_unclaimed(connection, number, &candidate, end, now)?;
                ended.push(candidate.execution.id);
            }
            Err(error) => give_up(connection, number, &error, now)?,
        }
    }
    Ok(ended)
}

/// Ends an execution that is not claimed any more.
pub(super) fn end_unclaimed(
    connection: &Connection,
    number: i64,
    candidate: &Candidate,
    end: End,
    now: Timestamp,
) -> Result<(), StoreError> {
    let execution = &candidate.execution;
    let end = end.of(execution, candidate.lost.as_ref(), now);
    let unsettled = match end.status {
        ExecutionStatus::Missed => false,
        status => finish::is_unsettled(connection, execution.job_id.as_str(), status)?,
    };
    connection
        .prepare_cached(
            "UPDATE executions SET status = ?2, outcome = ?3, claimable_at = NULL,
                 waits_for = NULL, queue_deadline = NULL, completed_at = ?4, attempts = ?5,
                 error = ?6, reason = ?7, unsettled = ?8
             WHERE number = ?1",
        )?
        .execute(params![
            number,
            end.status.as_str(),
            end.outcome.map(OutcomeCode::as_str),
            milliseconds(end.completed_at),
            to_json("attempts", &end.attempts)?,
            end.error,
            end.reason,
            unsettled,
        ])?;
    finish::make_way(connection, execution.id.as_str(), execution.job_id.as_str())
}

/// Ends an execution whose record cannot be read, so that it does not stand in the way of the others.
pub(super) fn give_up(
    connection: &Connection,
    number: i64,
    error: &StoreError,
    now: Timestamp,
) -> Result<(), StoreError> {
    tracing::error!(number, %error, "an execution cannot be read and is ended as failed");
    connection
        .prepare_cached(
            "UPDATE executions SET status = 'failed', outcome = 'host_fault', claimable_at = NULL,
                 waits_for = NULL, queue_deadline = NULL, completed_at = ?2,
                 error = 'the stored record cannot be read'
             WHERE number = ?1 RETURNING id, job_id",
        )?
        .query_and_then(params![number, milliseconds(now)], |row| {
            let (id, job): (String, String) = (row.get("id")?, row.get("job_id")?);
            finish::make_way(connection, &id, &job)
        })?
        .collect()
}
