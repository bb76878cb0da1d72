//! Wishes that executions end.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_contract::{ExecutionId, JobId, UserId};

use crate::{
    embedded::stored::milliseconds,
    execution::ExecutionStatus,
    scope::Scope,
    store::{CancelAnswer, StoreError},
};

use super::{EXECUTION, rows::status};

/// Who asks where the service itself does.
const SERVICE: &str = "system";

/// Ends an execution that waits, and asks for the end of one that runs.
pub(super) fn cancel(
    connection: &Connection,
    scope: &Scope,
    id: &ExecutionId,
    by: &UserId,
    now: Timestamp,
) -> Result<CancelAnswer, StoreError> {
    let (number, status) = connection
        .prepare_cached("SELECT number, status FROM executions WHERE id = ? AND org = ?")?
        .query_and_then([id.as_str(), scope.organisation().as_str()], |row| {
            Ok::<(i64, _), StoreError>((row.get("number")?, status(row)?))
        })?
        .next()
        .unwrap_or(Err(StoreError::NotFound { what: EXECUTION }))?;
    match status {
        ExecutionStatus::Queued => {
            connection
                .prepare_cached(
                    "UPDATE executions SET status = 'cancelled', outcome = 'cancelled',
                         claimable_at = NULL, completed_at = ?2, cancel_by = ?3, cancel_at = ?2
                     WHERE number = ?1",
                )?
                .execute(params![number, milliseconds(now), by.as_str()])?;
            Ok(CancelAnswer::Cancelled)
        }
        ExecutionStatus::Running => {
            connection
                .prepare_cached(
                    "UPDATE executions SET cancel_by = ?3, cancel_at = ?2
                     WHERE number = ?1 AND cancel_at IS NULL",
                )?
                .execute(params![number, milliseconds(now), by.as_str()])?;
            Ok(CancelAnswer::Requested)
        }
        finished => Ok(CancelAnswer::AlreadyFinished(finished)),
    }
}

/// Does the same to every execution of a job that is deleted.
pub(in crate::embedded) fn cancel_all_of(
    connection: &Connection,
    job: &JobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let values = params![job.as_str(), milliseconds(now), SERVICE];
    connection
        .prepare_cached(
            "UPDATE executions INDEXED BY executions_unfinished
             SET cancel_by = ?3, cancel_at = ?2
             WHERE job_id = ?1 AND claimable_at IS NOT NULL AND status = 'running'
                 AND cancel_at IS NULL",
        )?
        .execute(values)?;
    connection
        .prepare_cached(
            "UPDATE executions INDEXED BY executions_unfinished
             SET status = 'cancelled', outcome = 'cancelled', claimable_at = NULL,
                 completed_at = ?2, cancel_by = ?3, cancel_at = ?2,
                 error = 'the job was deleted'
             WHERE job_id = ?1 AND claimable_at IS NOT NULL AND status = 'queued'",
        )?
        .execute(values)?;
    Ok(())
}
