//! Claims, leases and ends, each a compare-and-set on the fence.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{ExecutionId, JobId, OutcomeCode, UserId};
use sandglass_registry::{
    Attempt, CancelRequest, ExecutionStatus, Fence,
    store::{
        CancelAnswer, Claim, ClaimAnswer, ClaimRequest, Claimed, Ending, FollowUp, LeaseAnswer,
        Overdue,
    },
};

use super::{Change, Row, Store};

impl Store {
    /// What a claim may take, as read before it takes any: the ids with their fences.
    pub(crate) fn candidates(&self, limit: u32, now: Timestamp) -> Vec<Claim> {
        let may = |row: &&Row| !row.waits && row.claimable_at.is_some_and(|at| at <= now);
        let mut rows: Vec<&Row> = self.unfinished().filter(may).collect();
        rows.sort_by_key(|row| {
            let first = std::cmp::Reverse(row.execution.priority);
            (first, row.claimable_at, row.number)
        });
        rows.truncate(limit as usize);
        rows.into_iter().map(claim_of).collect()
    }

    /// Takes candidates that are as they were read, and ends what is over.
    pub(crate) fn claim(
        &mut self,
        request: &ClaimRequest,
        candidates: &[Claim],
        now: Timestamp,
    ) -> ClaimAnswer {
        let mut answer = ClaimAnswer::default();
        for candidate in candidates {
            let Some(row) = self.rows.get(&candidate.execution) else {
                continue;
            };
            let overdue = row.execution.queue_deadline.is_some_and(|at| at <= now);
            let free = row.claimable_at.is_some_and(|at| at <= now) && !row.waits && !overdue;
            if !free || row.execution.fence != candidate.fence {
                continue;
            }
            let lost = row.execution.status == ExecutionStatus::Running;
            let outcomes = row.execution.attempts.iter().map(|it| it.outcome);
            let lost_before = outcomes.filter(|it| *it == OutcomeCode::LeaseLost).count();
            let lost_too_often = lost && lost_before >= request.most_lost_leases as usize;
            if row.execution.cancel_requested.is_some() || lost_too_often {
                let status = match lost_too_often {
                    true => ExecutionStatus::Failed,
                    false => ExecutionStatus::Cancelled,
                };
                self.finish(&candidate.execution, status, now);
                answer.ended.push(candidate.execution.clone());
            } else {
                answer
                    .claimed
                    .push(self.take(&candidate.execution, request, now));
            }
        }
        answer
    }

    /// Ends what has waited too long for its first attempt.
    pub(crate) fn end_overdue(&mut self, now: Timestamp) -> Overdue {
        let overdue = |row: &&Row| row.execution.queue_deadline.is_some_and(|at| at <= now);
        let rows = self.unfinished().filter(overdue);
        let ids: Vec<ExecutionId> = rows.map(|row| row.execution.id.clone()).collect();
        for id in &ids {
            self.rows.get_mut(id).unwrap().execution.queue_deadline = None;
            self.finish(id, ExecutionStatus::Missed, now);
        }
        let rows = self.unfinished();
        let next = rows.filter_map(|row| row.execution.queue_deadline).min();
        Overdue { ended: ids, next }
    }

    fn take(&mut self, id: &ExecutionId, request: &ClaimRequest, now: Timestamp) -> Claimed {
        let until = now + signed(request.lease);
        let row = self.rows.get_mut(id).unwrap();
        let execution = &mut row.execution;
        if execution.status == ExecutionStatus::Running {
            execution.attempts.push(Attempt {
                attempt: execution.attempt,
                execution_host: execution.execution_host.clone().unwrap_or_default(),
                started_at: now,
                completed_at: now,
                outcome: OutcomeCode::LeaseLost,
                error: None,
                fuel_used: 0,
                peak_memory_bytes: 0,
                start_delay_us: None,
            });
        }
        execution.status = ExecutionStatus::Running;
        execution.attempt += 1;
        execution.fence = Fence(execution.fence.0 + 1);
        execution.started_at = execution.started_at.or(Some(now));
        execution.execution_host = Some(request.host.clone());
        execution.queue_deadline = None;
        row.claimable_at = Some(until);
        self.changes.push(Change::Claimed(claim_of(row), until));
        let key = (row.execution.job_id.clone(), row.execution.job_version);
        Claimed {
            execution: row.execution.clone(),
            job: self.revisions[&key].clone(),
        }
    }

    /// When there will be something to claim.
    pub(crate) fn next_claimable(&self) -> Option<Timestamp> {
        let waiting = self.unfinished().filter(|row| !row.waits);
        waiting.filter_map(|row| row.claimable_at).min()
    }

    /// Lengthens leases.
    pub(crate) fn renew(
        &mut self,
        claims: &[Claim],
        lease: Duration,
        now: Timestamp,
    ) -> Vec<LeaseAnswer> {
        let until = now + signed(lease);
        let renew_one = |claim: &Claim| {
            let Some(row) = self.held(claim) else {
                return LeaseAnswer::Lost;
            };
            row.claimable_at = Some(until);
            let cancel = row.execution.cancel_requested.is_some();
            self.changes.push(Change::Renewed(claim.clone(), until));
            match cancel {
                true => LeaseAnswer::CancelRequested,
                false => LeaseAnswer::Renewed,
            }
        };
        claims.iter().map(renew_one).collect()
    }

    /// Takes in what a run says. Returns whether it was accepted.
    pub(crate) fn record(&mut self, claim: &Claim) -> bool {
        let held = self.held(claim).is_some();
        if held {
            self.changes.push(Change::Recorded(claim.clone()));
        }
        held
    }

    /// Ends an attempt.
    pub(crate) fn end_attempt(
        &mut self,
        claim: &Claim,
        ending: &Ending,
        now: Timestamp,
    ) -> Option<ExecutionStatus> {
        let row = self.held(claim)?;
        let execution = &mut row.execution;
        execution.attempts.push(ending.attempt.clone());
        let cancelled = execution.cancel_requested.is_some();
        let status = match &ending.follow_up {
            FollowUp::Finished { result, .. } => {
                execution.result = result.clone();
                ExecutionStatus::after(ending.attempt.outcome)
            }
            FollowUp::Retry { .. } if cancelled => ExecutionStatus::Cancelled,
            FollowUp::Retry { available_at } => {
                execution.status = ExecutionStatus::Queued;
                row.claimable_at = Some(*available_at);
                ExecutionStatus::Queued
            }
        };
        self.changes.push(Change::AttemptEnded(claim.clone()));
        if status.is_finished() {
            self.finish(&claim.execution, status, now);
        }
        Some(status)
    }

    /// Asks for an execution to end.
    pub(crate) fn cancel(&mut self, id: &ExecutionId, now: Timestamp) -> CancelAnswer {
        let execution = &mut self.rows.get_mut(id).unwrap().execution;
        match execution.status {
            ExecutionStatus::Queued => {
                self.finish(id, ExecutionStatus::Cancelled, now);
                CancelAnswer::Cancelled
            }
            ExecutionStatus::Running => {
                let by = UserId::system();
                execution
                    .cancel_requested
                    .get_or_insert(CancelRequest { by, at: now });
                CancelAnswer::Requested
            }
            finished => CancelAnswer::AlreadyFinished(finished),
        }
    }

    /// Asks for all executions of a job to end, those that wait first.
    pub(super) fn cancel_all_of(&mut self, job: &JobId, now: Timestamp) {
        let rows = self.unfinished().filter(|row| row.execution.job_id == *job);
        let mut all: Vec<(bool, ExecutionId)> = rows
            .map(|row| {
                let runs = row.execution.status == ExecutionStatus::Running;
                (runs, row.execution.id.clone())
            })
            .collect();
        all.sort();
        for (_, id) in all {
            self.cancel(&id, now);
        }
    }

    /// The row of a claim, where it is the current one.
    fn held(&mut self, claim: &Claim) -> Option<&mut Row> {
        let row = self.rows.get_mut(&claim.execution)?;
        let execution = &row.execution;
        let current = execution.fence == claim.fence;
        (current && execution.status == ExecutionStatus::Running).then_some(row)
    }
}

fn claim_of(row: &Row) -> Claim {
    Claim {
        execution: row.execution.id.clone(),
        fence: row.execution.fence,
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap()
}
