//! Claims: taking executions, holding them, and taking those over whose worker was lost.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sandglass_contract::{JobId, OutcomeCode};

use crate::{
    embedded::stored::{
        corrupt, count, json_column, later, milliseconds, moment, optional_moment, to_json,
    },
    execution::{Attempt, Execution, ExecutionStatus, Fence},
    job::{Job, Version},
    store::{Claim, ClaimRequest, Claimed, LeaseAnswer, StoreError},
};

use super::{
    EXECUTION,
    rows::{COLUMNS, read_execution},
};

/// The most executions that one claim takes.
const MOST_AT_ONCE: u32 = 1000;

/// Claims for a worker.
pub(super) fn claim(
    connection: &Connection,
    request: &ClaimRequest,
    now: Timestamp,
) -> Result<Vec<Claimed>, StoreError> {
    for (number, found) in candidates(connection, Wanted::Cancelled, MOST_AT_ONCE, now)? {
        match found {
            Ok(candidate) => finish_cancelled(connection, number, &candidate)?,
            Err(error) => give_up(connection, number, &error, now)?,
        }
    }
    let mut jobs = Jobs::default();
    let mut claimed = Vec::new();
    let limit = request.limit.min(MOST_AT_ONCE);
    for (number, found) in candidates(connection, Wanted::Waiting, limit, now)? {
        let with_job = found.and_then(|candidate| {
            let job = jobs.read(connection, &candidate.execution)?;
            Ok((candidate, job))
        });
        match with_job {
            Ok((candidate, job)) => {
                let execution = take(connection, number, candidate, request, now)?;
                claimed.push(Claimed { execution, job });
            }
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => give_up(connection, number, &error, now)?,
        }
    }
    jobs.note_run(connection, &claimed, now)?;
    Ok(claimed)
}

/// When [`claim`] will find something.
pub(super) fn next_claimable(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    connection
        .prepare_cached(
            "SELECT claimable_at FROM executions WHERE claimable_at IS NOT NULL
             ORDER BY claimable_at LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?
        .map(moment)
        .transpose()
}

/// Lengthens leases.
pub(super) fn renew(
    connection: &Connection,
    claims: &[Claim],
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<LeaseAnswer>, StoreError> {
    let until = milliseconds(later(now, lease));
    let mut statement = connection.prepare_cached(
        "UPDATE executions SET claimable_at = ?3
         WHERE id = ?1 AND fence = ?2 AND status = 'running'
         RETURNING cancel_at IS NOT NULL",
    )?;
    let mut renew_one = |claim: &Claim| {
        let key = params![claim.execution.as_str(), count(claim.fence.0), until];
        let found = statement.query_row(key, |row| row.get(0)).optional()?;
        Ok(match found {
            None => LeaseAnswer::Lost,
            Some(true) => LeaseAnswer::CancelRequested,
            Some(false) => LeaseAnswer::Renewed,
        })
    };
    claims.iter().map(&mut renew_one).collect()
}

/// Ends every lease, so that what ran when the file was closed can be claimed at once.
pub(in crate::embedded) fn end_leases(
    connection: &Connection,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE executions SET claimable_at = MIN(claimable_at, ?1)
         WHERE claimable_at IS NOT NULL AND status = 'running'",
        params![milliseconds(now)],
    )?;
    Ok(())
}

/// Which executions a claim looks at.
#[derive(Clone, Copy)]
enum Wanted {
    /// Those that may be claimed.
    Waiting,
    /// Those that were to be cancelled when their worker was lost.
    Cancelled,
}

struct Candidate {
    execution: Execution,
    /// For one that runs: when its lease ran out, and when the attempt began.
    lost: Option<Lost>,
}

struct Lost {
    at: Timestamp,
    attempt_started_at: Timestamp,
}

type Found = (i64, Result<Candidate, StoreError>);

fn candidates(
    connection: &Connection,
    wanted: Wanted,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Found>, StoreError> {
    let (index, condition) = match wanted {
        Wanted::Waiting => ("executions_claimable", "cancel_at IS NULL"),
        Wanted::Cancelled => ("executions_cancelling", "cancel_at IS NOT NULL"),
    };
    let sql = format!(
        "SELECT number, claimable_at, attempt_started_at, {COLUMNS}
         FROM executions INDEXED BY {index}
         WHERE claimable_at <= ? AND {condition} ORDER BY claimable_at, number LIMIT ?"
    );
    connection
        .prepare_cached(&sql)?
        .query_and_then(params![milliseconds(now), limit], |row| {
            Ok((row.get("number")?, read_candidate(row)))
        })?
        .collect()
}

fn read_candidate(row: &Row<'_>) -> Result<Candidate, StoreError> {
    let execution = read_execution(row)?;
    let lost = match execution.status {
        ExecutionStatus::Running => {
            let at = moment(row.get("claimable_at")?)?;
            Some(Lost {
                at,
                attempt_started_at: optional_moment(row, "attempt_started_at")?.unwrap_or(at),
            })
        }
        _ => None,
    };
    Ok(Candidate { execution, lost })
}

/// The attempt of a worker that was lost.
fn lost_attempt(execution: &Execution, lost: &Lost) -> Attempt {
    Attempt {
        attempt: execution.attempt,
        execution_host: execution.execution_host.clone().unwrap_or_default(),
        started_at: lost.attempt_started_at,
        completed_at: lost.at,
        outcome: OutcomeCode::LeaseLost,
        error: Some("the host that ran it did not renew its lease".to_owned()),
        fuel_used: 0,
        peak_memory_bytes: 0,
    }
}

fn take(
    connection: &Connection,
    number: i64,
    candidate: Candidate,
    request: &ClaimRequest,
    now: Timestamp,
) -> Result<Execution, StoreError> {
    let Candidate {
        mut execution,
        lost,
    } = candidate;
    if let Some(lost) = lost {
        let attempt = lost_attempt(&execution, &lost);
        execution.outcome = Some(attempt.outcome);
        execution.error = attempt.error.clone();
        execution.attempts.push(attempt);
    }
    execution.status = ExecutionStatus::Running;
    execution.attempt = execution.attempt.saturating_add(1);
    execution.fence = Fence(execution.fence.0 + 1);
    execution.started_at = execution.started_at.or(Some(now));
    execution.execution_host = Some(request.host.clone());
    execution.progress = None;
    connection
        .prepare_cached(
            "UPDATE executions SET status = 'running', claimable_at = ?2, fence = ?3, attempt = ?4,
                 started_at = ?5, attempt_started_at = ?6, execution_host = ?7, progress = NULL,
                 attempts = ?8, outcome = ?9, error = ?10
             WHERE number = ?1",
        )?
        .execute(params![
            number,
            milliseconds(later(now, request.lease)),
            count(execution.fence.0),
            execution.attempt,
            execution.started_at.map(milliseconds),
            milliseconds(now),
            request.host,
            to_json("attempts", &execution.attempts)?,
            execution.outcome.map(OutcomeCode::as_str),
            execution.error,
        ])?;
    Ok(execution)
}

/// Ends an execution that was to be cancelled when its worker was lost.
fn finish_cancelled(
    connection: &Connection,
    number: i64,
    candidate: &Candidate,
) -> Result<(), StoreError> {
    let mut attempts = candidate.execution.attempts.clone();
    let ended = candidate.lost.as_ref();
    attempts.extend(ended.map(|lost| lost_attempt(&candidate.execution, lost)));
    let at = ended.map_or(candidate.execution.available_at, |lost| lost.at);
    connection
        .prepare_cached(
            "UPDATE executions SET status = 'cancelled', outcome = 'cancelled', claimable_at = NULL,
                 completed_at = ?2, attempts = ?3
             WHERE number = ?1",
        )?
        .execute(params![
            number,
            milliseconds(at),
            to_json("attempts", &attempts)?
        ])?;
    Ok(())
}

/// Ends an execution whose record cannot be read, so that it does not stand in the way of the others.
fn give_up(
    connection: &Connection,
    number: i64,
    error: &StoreError,
    now: Timestamp,
) -> Result<(), StoreError> {
    tracing::error!(number, %error, "an execution cannot be read and is ended as failed");
    connection
        .prepare_cached(
            "UPDATE executions SET status = 'failed', outcome = 'host_fault', claimable_at = NULL,
                 completed_at = ?2, error = 'the stored record cannot be read'
             WHERE number = ?1",
        )?
        .execute(params![number, milliseconds(now)])?;
    Ok(())
}

/// The jobs of claimed executions, each version read once.
#[derive(Default)]
struct Jobs(BTreeMap<(JobId, Version), Job>);

impl Jobs {
    fn read(&mut self, connection: &Connection, execution: &Execution) -> Result<Job, StoreError> {
        let key = (execution.job_id.clone(), execution.job_version);
        match self.0.entry(key) {
            Entry::Occupied(entry) => Ok(entry.get().clone()),
            Entry::Vacant(entry) => {
                let job = connection
                    .prepare_cached("SELECT doc FROM job_revisions WHERE job = ? AND version = ?")?
                    .query_and_then(
                        params![execution.job_id.as_str(), count(execution.job_version.0)],
                        |row| json_column::<Job>(row, "doc", "job"),
                    )?
                    .next()
                    .unwrap_or_else(|| Err(corrupt(EXECUTION, "its job has no such version")))?;
                Ok(entry.insert(job).clone())
            }
        }
    }

    fn note_run(
        &self,
        connection: &Connection,
        claimed: &[Claimed],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if claimed.is_empty() {
            return Ok(());
        }
        let mut statement =
            connection.prepare_cached("UPDATE jobs SET last_run_at = ?2 WHERE id = ?1")?;
        for (job, _) in self.0.keys() {
            statement.execute(params![job.as_str(), milliseconds(now)])?;
        }
        Ok(())
    }
}
