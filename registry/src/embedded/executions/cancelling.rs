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

use super::{EXECUTION, finish, rows::status};

/// Ends an execution that waits, and asks for the end of one that runs.
pub(super) fn cancel(
    connection: &Connection,
    scope: &Scope,
    id: &ExecutionId,
    by: &UserId,
    now: Timestamp,
) -> Result<CancelAnswer, StoreError> {
    let (number, job, status) = connection
        .prepare_cached("SELECT number, job_id, status FROM executions WHERE id = ? AND org = ?")?
        .query_and_then([id.as_str(), scope.organisation().as_str()], |row| {
            let job: String = row.get("job_id")?;
            Ok::<(i64, _, _), StoreError>((row.get("number")?, job, status(row)?))
        })?
        .next()
        .unwrap_or(Err(StoreError::NotFound { what: EXECUTION }))?;
    let waiting = Waiting {
        number,
        execution: id.as_str(),
        job: &job,
        because: None,
    };
    match status {
        ExecutionStatus::Queued => {
            waiting.end(connection, by, now)?;
            Ok(CancelAnswer::Cancelled)
        }
        ExecutionStatus::Running => {
            ask(connection, number, by, now)?;
            Ok(CancelAnswer::Requested)
        }
        finished => Ok(CancelAnswer::AlreadyFinished(finished)),
    }
}

/// The unfinished executions of a job.
pub(super) struct Others<'a> {
    pub(super) job: &'a JobId,
    /// Why those that wait end.
    pub(super) because: &'a str,
}

/// Does the same to every one of them.
pub(super) fn cancel_all(
    connection: &Connection,
    others: &Others<'_>,
    by: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let unfinished: Vec<(i64, String, bool)> = connection
        .prepare_cached(
            "SELECT number, id, status = 'running'
             FROM executions INDEXED BY executions_unfinished
             WHERE job_id = ? AND claimable_at IS NOT NULL",
        )?
        .query_map([others.job.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    // Those that wait go first, so that none of them is let go on by the end of another.
    for (number, execution, runs) in &unfinished {
        if !runs {
            let waiting = Waiting {
                number: *number,
                execution,
                job: others.job.as_str(),
                because: Some(others.because),
            };
            waiting.end(connection, by, now)?;
        }
    }
    for (number, _, runs) in &unfinished {
        if *runs {
            ask(connection, *number, by, now)?;
        }
    }
    Ok(())
}

/// Does the same to every execution of a job that is deleted.
pub(in crate::embedded) fn cancel_all_of(
    connection: &Connection,
    job: &JobId,
    by: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let others = Others {
        job,
        because: "the job was deleted",
    };
    cancel_all(connection, &others, by, now)
}

/// An execution that waits for a worker or a gate.
struct Waiting<'a> {
    number: i64,
    execution: &'a str,
    job: &'a str,
    because: Option<&'a str>,
}

impl Waiting<'_> {
    fn end(&self, connection: &Connection, by: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let unsettled = finish::is_unsettled(connection, self.job, ExecutionStatus::Cancelled)?;
        connection
            .prepare_cached(
                "UPDATE executions SET status = 'cancelled', outcome = 'cancelled',
                     claimable_at = NULL, waits_for = NULL, queue_deadline = NULL,
                     completed_at = ?2, cancel_by = ?3, cancel_at = ?2,
                     error = coalesce(?4, error), unsettled = ?5
                 WHERE number = ?1",
            )?
            .execute(params![
                self.number,
                milliseconds(now),
                by.as_str(),
                self.because,
                unsettled,
            ])?;
        finish::make_way(connection, self.execution, self.job)
    }
}

fn ask(
    connection: &Connection,
    number: i64,
    by: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE executions SET cancel_by = ?3, cancel_at = ?2
             WHERE number = ?1 AND cancel_at IS NULL",
        )?
        .execute(params![number, milliseconds(now), by.as_str()])?;
    Ok(())
}
