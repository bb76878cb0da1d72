//! Claims: taking executions, and taking those over whose worker was lost.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_contract::{JobId, OutcomeCode};

use crate::{
    embedded::stored::{corrupt, count, json_column, later, milliseconds, to_json},
    execution::{Execution, ExecutionStatus, Fence},
    job::{Job, Version},
    store::{ClaimAnswer, ClaimRequest, Claimed, StoreError},
    unclaimed::{End, lost_leases},
};

use super::{
    EXECUTION,
    candidates::{Candidate, Wanted, candidates},
    gates::{self, Places},
    unclaimed::{end_all, end_unclaimed, give_up},
};

/// The most executions that one claim takes.
const MOST_AT_ONCE: u32 = 1000;
/// The most executions that one claim passes over. The next one goes on where it stopped, so that a
/// long queue behind a limit does not keep other writes waiting.
const MOST_SHUT_OUT: u32 = 1000;
/// Every priority, the highest first.
pub(super) const PRIORITIES: [u32; 10] = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/// Claims for a worker.
pub(super) fn claim(
    connection: &Connection,
    request: &ClaimRequest,
    now: Timestamp,
) -> Result<ClaimAnswer, StoreError> {
    let mut claiming = Claiming {
        connection,
        request,
        now,
        places: Places::default(),
        shut_out: 0,
        jobs: Jobs::default(),
        answer: ClaimAnswer::default(),
    };
    claiming.end_cancelled()?;
    claiming.places = Places::read(connection)?;
    // One that finds another limit full leaves its turn to the next.
    while claiming.take_round()? {}
    let answer = claiming.answer;
    note_run(connection, &answer.claimed, now)?;
    Ok(answer)
}

/// One claim while it goes on.
struct Claiming<'a> {
    connection: &'a Connection,
    request: &'a ClaimRequest,
    now: Timestamp,
    places: Places,
    /// How many have been put behind a gate.
    shut_out: u32,
    jobs: Jobs,
    answer: ClaimAnswer,
}

impl Claiming<'_> {
    /// How many more it takes; none where it has passed over enough.
    fn room(&self) -> u32 {
        let claimed = u32::try_from(self.answer.claimed.len()).unwrap_or(u32::MAX);
        let limit = self.request.limit.min(MOST_AT_ONCE);
        match self.shut_out < MOST_SHUT_OUT {
            true => limit.saturating_sub(claimed),
            false => 0,
        }
    }

    /// Claims of every priority. Returns whether another round may find more.
    fn take_round(&mut self) -> Result<bool, StoreError> {
        let before = self.shut_out;
        self.places.open(self.connection, self.room())?;
        for priority in PRIORITIES {
            while self.room() > 0 && self.take_from(priority, self.room())? {}
        }
        Ok(self.shut_out > before && self.room() > 0)
    }

    /// Claims of one priority. Returns whether there may be more to look at.
    fn take_from(&mut self, priority: u32, limit: u32) -> Result<bool, StoreError> {
        let found = candidates(
            self.connection,
            Wanted::Waiting { priority },
            limit,
            self.now,
        )?;
        let any = !found.is_empty();
        for (number, candidate) in found {
            let judged = candidate.and_then(|candidate| self.judge(number, candidate));
            match judged {
                Ok(()) => {}
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => give_up(self.connection, number, &error, self.now)?,
            }
        }
        Ok(any)
    }

    fn judge(&mut self, number: i64, candidate: Candidate) -> Result<(), StoreError> {
        let lost = lost_leases(&candidate.execution, candidate.lost.as_ref());
        if lost > self.request.most_lost_leases {
            self.end(number, &candidate, End::LostTooOften(lost))?;
            self.places = Places::read(self.connection)?;
            return Ok(());
        }
        // One whose worker was lost has its places still.
        if candidate.lost.is_none()
            && let Some(gate) = self.places.take(self.connection, &candidate.execution)?
        {
            self.shut_out += 1;
            return gates::shut_out(self.connection, number, &gate);
        }
        let job = self.jobs.read(self.connection, &candidate.execution)?;
        let execution = take(self.connection, number, candidate, self.request, self.now)?;
        self.answer.claimed.push(Claimed { execution, job });
        Ok(())
    }

    /// Ends what was to be cancelled when its worker was lost.
    fn end_cancelled(&mut self) -> Result<(), StoreError> {
        let cancelled = end_all(self.connection, Wanted::Cancelled, MOST_AT_ONCE, self.now)?;
        self.answer.ended.extend(cancelled);
        Ok(())
    }

    fn end(&mut self, number: i64, candidate: &Candidate, end: End) -> Result<(), StoreError> {
        end_unclaimed(self.connection, number, candidate, end, self.now)?;
        self.answer.ended.push(candidate.execution.id.clone());
        Ok(())
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
        let attempt = lost.attempt(&execution);
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
                 attempts = ?8, outcome = ?9, error = ?10, queue_deadline = NULL
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

/// The jobs of claimed executions, each version read once.
#[derive(Default)]
struct Jobs(BTreeMap<(JobId, Version), Arc<Job>>);

impl Jobs {
    fn read(
        &mut self,
        connection: &Connection,
        execution: &Execution,
    ) -> Result<Arc<Job>, StoreError> {
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
                Ok(entry.insert(Arc::new(job)).clone())
            }
        }
    }
}

fn note_run(
    connection: &Connection,
    claimed: &[Claimed],
    now: Timestamp,
) -> Result<(), StoreError> {
    let jobs: BTreeSet<&JobId> = claimed.iter().map(|it| &it.job.id).collect();
    let mut statement =
        connection.prepare_cached("UPDATE jobs SET last_run_at = ?2 WHERE id = ?1")?;
    for job in jobs {
        statement.execute(params![job.as_str(), milliseconds(now)])?;
    }
    Ok(())
}
