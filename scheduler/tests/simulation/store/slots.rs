//! Slots: which are due, and what they become.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sandglass_registry::{
    BackfillStatus, Execution, ExecutionStatus, Job, OverlapPolicy,
    store::{Advance, Firing},
};

use super::{Change, Row, Store};

impl Store {
    /// The jobs that are due.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Arc<Job>> {
        let due = self
            .jobs
            .values()
            .filter(|job| due_at(job).is_some_and(|at| at <= now));
        due.cloned().collect()
    }

    /// When the next job is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.jobs.values().filter_map(|job| due_at(job)).min()
    }

    /// Stores slots and moves on what they are slots of.
    pub(crate) fn fire(&mut self, firings: Vec<Firing>, now: Timestamp) {
        for firing in firings {
            let moved = match &firing.advance {
                Advance::Job { .. } => self.move_job_on(&firing),
                Advance::Backfill { from, to, .. } => self.move_backfill_on(*from, *to),
            };
            if moved {
                self.place(firing.execution, firing.overlap, now);
            }
        }
    }

    fn move_job_on(&mut self, firing: &Firing) -> bool {
        let Advance::Job {
            version, from, to, ..
        } = &firing.advance
        else {
            return false;
        };
        let Some(job) = self.jobs.get_mut(&firing.execution.job_id) else {
            return false;
        };
        if !job.enabled || job.version != *version || job.next_run_at != Some(*from) {
            return false;
        }
        Arc::make_mut(job).next_run_at = *to;
        self.changes
            .push(Change::MovedOn(job.id.clone(), *from, *to));
        true
    }

    fn move_backfill_on(&mut self, from: Timestamp, to: Option<Timestamp>) -> bool {
        let running = |it: &&mut sandglass_registry::Backfill| it.status == BackfillStatus::Running;
        let Some(backfill) = self.backfill.as_mut().filter(running) else {
            return false;
        };
        if backfill.next_slot != Some(from) {
            return false;
        }
        backfill.next_slot = to;
        backfill.made += 1;
        if to.is_none() {
            backfill.status = BackfillStatus::Done;
        }
        true
    }

    /// Stores an execution as the overlap policy says.
    pub(super) fn place(
        &mut self,
        mut execution: Execution,
        overlap: OverlapPolicy,
        now: Timestamp,
    ) {
        execution.available_at = execution.available_at.min(now);
        let (job, id) = (execution.job_id.clone(), execution.id.clone());
        let others = |row: &&Row| row.execution.job_id == job && row.execution.id != id;
        let meets = self.unfinished().filter(others).count();
        let waiting = self
            .unfinished()
            .filter(others)
            .filter(|row| row.waits)
            .count();
        let finished = execution.status.is_finished();
        if finished || overlap == OverlapPolicy::AllowAll || meets == 0 {
            self.insert(execution, false, false);
            return;
        }
        if self.rows.contains_key(&id) {
            return;
        }
        match overlap {
            OverlapPolicy::BufferOne if waiting > 0 => self.insert_skipped(execution, now),
            OverlapPolicy::Skip => self.insert_skipped(execution, now),
            OverlapPolicy::CancelOther => {
                self.cancel_all_of(&job, now);
                let waits = self.unfinished().any(|row| row.execution.job_id == job);
                self.insert(execution, waits, false);
            }
            _ => {
                self.insert(execution, true, false);
            }
        }
    }

    fn insert_skipped(&mut self, execution: Execution, now: Timestamp) {
        let unsettled =
            execution.chain.is_some() && super::has_children(&self.jobs, &execution.job_id);
        let skipped = Execution {
            status: ExecutionStatus::Skipped,
            completed_at: Some(now),
            ..execution
        };
        self.insert(skipped, false, unsettled);
    }

    /// Stores an execution that somebody asked for. Returns whether its id was free.
    pub(crate) fn enqueue(&mut self, execution: Execution) -> bool {
        self.insert(execution, false, false)
    }

    /// Whether every slot that came before `now` was handled.
    pub(crate) fn overdue_job(&self, now: Timestamp, slack: SignedDuration) -> Option<&Arc<Job>> {
        let mut jobs = self.jobs.values();
        jobs.find(|job| due_at(job).is_some_and(|at| at + slack < now))
    }
}

fn due_at(job: &Job) -> Option<Timestamp> {
    job.next_run_at
        .filter(|_| job.enabled)
        .map(|slot| job.due_at(slot))
}
