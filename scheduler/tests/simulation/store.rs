//! A small store in memory that keeps the promises of the real one, and tells the ledger of every
//! change.

mod chains;
mod claims;
mod slots;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use sandglass_contract::{ExecutionId, JobId};
use sandglass_registry::{
    Backfill, Execution, ExecutionStatus, Job, ParentExecution, Version, store::Claim,
};

/// Something that has changed.
#[derive(Debug)]
pub(crate) enum Change {
    /// An execution was stored.
    Stored(ExecutionId),
    /// An execution was claimed, until then.
    Claimed(Claim, Timestamp),
    /// A lease was lengthened, until then.
    Renewed(Claim, Timestamp),
    /// A write of a run was accepted.
    Recorded(Claim),
    /// The end of an attempt was accepted.
    AttemptEnded(Claim),
    /// An execution is finished.
    Finished(ExecutionId),
    /// A job was moved on from one slot to another.
    MovedOn(JobId, Timestamp, Option<Timestamp>),
}

/// An execution as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) execution: Execution,
    /// The order in which rows were stored.
    pub(crate) number: u64,
    /// When it may be claimed; none once it is finished.
    pub(crate) claimable_at: Option<Timestamp>,
    /// Whether it waits behind earlier executions of its job.
    pub(crate) waits: bool,
    /// Whether it has ended and others have not heard of it.
    pub(crate) unsettled: bool,
}

/// The store.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) jobs: BTreeMap<JobId, Arc<Job>>,
    pub(crate) rows: BTreeMap<ExecutionId, Row>,
    pub(crate) backfill: Option<Backfill>,
    revisions: BTreeMap<(JobId, Version), Arc<Job>>,
    unfinished: BTreeSet<ExecutionId>,
    unsettled: BTreeSet<ExecutionId>,
    arrivals: BTreeMap<(JobId, String), BTreeMap<JobId, ParentExecution>>,
    changes: Vec<Change>,
}

impl Store {
    /// What has changed since this was asked last.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Puts a job in the place of what is stored.
    pub(crate) fn save(&mut self, job: Job) {
        let job = Arc::new(job);
        self.revisions
            .insert((job.id.clone(), job.version), job.clone());
        self.jobs.insert(job.id.clone(), job);
    }

    /// The executions that are not finished.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Row> {
        self.unfinished.iter().map(|id| &self.rows[id])
    }

    /// Executions that have ended and are not settled, the longest ended first.
    pub(crate) fn unsettled(&self) -> Vec<Execution> {
        let rows = self.unsettled.iter().map(|id| &self.rows[id]);
        let mut all: Vec<Execution> = rows.map(|row| row.execution.clone()).collect();
        all.sort_by_key(|it| it.completed_at);
        all.truncate(20);
        all
    }

    /// Stores an execution unless its id is taken.
    fn insert(&mut self, execution: Execution, waits: bool, unsettled: bool) -> bool {
        if self.rows.contains_key(&execution.id) {
            return false;
        }
        let (id, finished) = (execution.id.clone(), execution.status.is_finished());
        let row = Row {
            number: self.rows.len() as u64,
            claimable_at: (!finished).then_some(execution.available_at),
            waits,
            unsettled,
            execution,
        };
        self.rows.insert(id.clone(), row);
        self.changes.push(Change::Stored(id.clone()));
        if unsettled {
            self.unsettled.insert(id.clone());
        }
        match finished {
            true => self.changes.push(Change::Finished(id)),
            false => {
                self.unfinished.insert(id);
            }
        }
        true
    }

    /// Ends an execution and lets those go on that waited for it.
    fn finish(&mut self, id: &ExecutionId, status: ExecutionStatus, at: Timestamp) {
        let row = self.rows.get_mut(id).unwrap();
        let job = row.execution.job_id.clone();
        row.execution.status = status;
        row.execution.completed_at = Some(at);
        row.claimable_at = None;
        row.waits = false;
        row.unsettled = status != ExecutionStatus::Missed && has_children(&self.jobs, &job);
        if row.unsettled {
            self.unsettled.insert(id.clone());
        }
        self.unfinished.remove(id);
        self.changes.push(Change::Finished(id.clone()));
        let of_job = |row: &&Row| row.execution.job_id == job;
        if self.unfinished().filter(of_job).any(|row| !row.waits) {
            return;
        }
        let waiting = self.unfinished().filter(of_job);
        let next = waiting.min_by_key(|row| {
            let first = std::cmp::Reverse(row.execution.priority);
            (first, row.execution.available_at, row.number)
        });
        if let Some(next) = next.map(|row| row.execution.id.clone()) {
            self.rows.get_mut(&next).unwrap().waits = false;
        }
    }
}

fn has_children(jobs: &BTreeMap<JobId, Arc<Job>>, parent: &JobId) -> bool {
    let mut all = jobs.values().flat_map(|job| &job.depends_on.parents);
    all.any(|it| it.job_id == *parent)
}
