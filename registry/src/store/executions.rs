//! Keeping executions: slots, claims under a fence, records of what a run says, and endings.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{BackfillId, ExecutionId, JobId, JournalEntry, LogLine, UserId};

use super::{EndAnswer, Ending, StoreError};
use crate::{
    execution::{Execution, ExecutionStatus, Fence, Progress},
    host::Labels,
    job::{Job, OverlapPolicy, Version},
    page::{Page, PageRequest},
    scope::Scope,
};

/// A slot that has come: the execution it becomes, and what moves on to the slot after it.
#[derive(Debug, Clone)]
pub struct Firing {
    /// The execution; its id is the slot's. It is queued, or finished already (skipped, missed).
    pub execution: Execution,
    /// What moves on.
    pub advance: Advance,
    /// What happens where an earlier execution of the job is not finished yet.
    pub overlap: OverlapPolicy,
}

/// What a firing moves on. It is a compare-and-set: where it does not stand at `from` any more, the
/// firing is outdated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advance {
    /// The job.
    Job {
        /// The version of the job that the execution was made of.
        version: Version,
        /// The `next_run_at` that the job had when the slot was found due.
        from: Timestamp,
        /// Its next slot.
        to: Option<Timestamp>,
        /// When that slot is fired, which jitter may put off.
        due_at: Option<Timestamp>,
    },
    /// A backfill of the job.
    Backfill {
        /// The backfill.
        id: BackfillId,
        /// The `next_slot` that it had.
        from: Timestamp,
        /// Its next slot; none where this was the last.
        to: Option<Timestamp>,
    },
}

/// What became of a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fired {
    /// The execution is stored, in this status.
    Stored(ExecutionStatus),
    /// Somebody stored the slot before; the job has been moved on.
    AlreadyStored,
    /// The job is gone, switched off, changed or at another slot now; nothing was stored.
    Outdated,
}

/// Somebody who can run executions.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// The name of the host.
    pub host: String,
    /// Its labels.
    pub labels: Labels,
    /// How many it has room for.
    pub limit: u32,
    /// How long the claims hold unless they are renewed.
    pub lease: Duration,
    /// How many workers one execution may lose. It ends as failed with the next, so that a template
    /// which kills its host does not go on doing so.
    pub most_lost_leases: u32,
}

/// What a claim gave.
#[derive(Debug, Clone, Default)]
pub struct ClaimAnswer {
    /// What the worker holds now.
    pub claimed: Vec<Claimed>,
    /// What was found to be over instead: cancelled, or lost too many workers.
    pub ended: Vec<ExecutionId>,
}

/// Executions that waited too long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overdue {
    /// What is missed now.
    pub ended: Vec<ExecutionId>,
    /// The earliest `queue_deadline` of those that still wait.
    pub next: Option<Timestamp>,
}

/// Proof of a claim: every write about a running execution carries it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The execution.
    pub execution: ExecutionId,
    /// The fence that the claim raised.
    pub fence: Fence,
}

/// A claimed execution: running, with its `attempt` and `fence` raised.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The execution.
    pub execution: Execution,
    /// The job as it was when the execution was made.
    pub job: Arc<Job>,
}

impl Claimed {
    /// The proof of the claim.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim {
            execution: self.execution.id.clone(),
            fence: self.execution.fence,
        }
    }
}

/// What became of a lease that was to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// It holds for another term.
    Renewed,
    /// It holds for another term, and somebody asked for the execution to end.
    CancelRequested,
    /// The store could not renew it in time, and it holds as long as it did.
    NotRenewed,
    /// It is lost; the worker drops the run at once.
    Lost,
}

/// What a run has said since the last time.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// Log lines, their `seq` rising.
    pub log: Vec<LogLine>,
    /// Journal entries. One with the attempt and `seq` of an entry that is stored replaces it.
    pub journal: Vec<JournalEntry>,
    /// The last progress.
    pub progress: Option<Progress>,
}

impl Records {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log.is_empty() && self.journal.is_empty() && self.progress.is_none()
    }
}

/// What became of a wish that an execution ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelAnswer {
    /// It waited and is cancelled now.
    Cancelled,
    /// Its worker will be told.
    Requested,
    /// It had ended already.
    AlreadyFinished(ExecutionStatus),
}

/// Which executions a list shows; every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionQuery {
    /// Of this job.
    pub job: Option<JobId>,
    /// Made by this backfill.
    pub backfill: Option<BackfillId>,
    /// In one of these states; empty means any.
    pub status: Vec<ExecutionStatus>,
    /// Which page; executions are listed newest first, by `queued_at`.
    pub page: PageRequest,
}

/// The end of an execution and what follows from it for others.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The execution.
    pub execution: ExecutionId,
    /// What follows.
    pub consequences: Vec<Consequence>,
}

/// What the end of an execution means for a job that depends on its job.
#[derive(Debug, Clone)]
pub enum Consequence {
    /// This parent has ended as it should. The child is stored once the parents that it needs have;
    /// its chain link names those of them that the store has noted before, and this one.
    Follow {
        /// The child; its chain link names this parent alone.
        child: Box<Execution>,
        /// Whom it waits for.
        join: Join,
        /// What happens where an earlier execution of the child's job is not finished.
        overlap: OverlapPolicy,
    },
    /// This parent has not, so that the child never runs. It is stored as skipped.
    Skip {
        /// The child, skipped.
        child: Box<Execution>,
        /// Whom it would have waited for.
        join: Join,
    },
}

/// Which ends of parents belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Join {
    /// Each parent's end stands alone.
    Each,
    /// The ends of so many parents within one chain, which is named by its root.
    WithinChain {
        /// The root.
        root: ExecutionId,
        /// How many parents.
        needed: u32,
    },
    /// The latest ends of so many parents since the child ran last, whatever chain they belong to.
    Latest {
        /// How many parents.
        needed: u32,
    },
}

/// The part of a store that keeps executions.
#[async_trait]
pub trait ExecutionStore: Send + Sync + 'static {
    /// Stores slots that have come and moves their jobs on: each slot together with its job, and many
    /// in one transaction. The answers are in the order of the firings. What is queued may begin at once by the store's clock, even
    /// where that of the host is ahead.
    async fn fire(&self, firings: Vec<Firing>) -> Result<Vec<Fired>, StoreError>;

    /// Stores an execution that somebody asked for.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the id is taken; [`StoreError::NotFound`] where it belongs to
    /// another organisation than `scope`, or its job has never had that version.
    async fn enqueue(&self, scope: &Scope, execution: &Execution) -> Result<(), StoreError>;

    /// Claims executions that wait and whose `available_at` has come, and running ones whose lease has
    /// run out: the highest priority first, and within it the longest waiting. Those whose template or
    /// tags have as many running as their concurrency limit are passed over; they wait for a
    /// [`Gate`](crate::Gate). Those whose placement the host does not meet are left alone, and keep
    /// nobody else waiting. A claim raises the fence and the attempt, sets `started_at` where it is
    /// the first, and the job's `last_run_at`. An execution whose lease ran out gets an [`Attempt`]
    /// with the outcome `lease_lost` for the worker that was lost.
    async fn claim(&self, request: ClaimRequest) -> Result<ClaimAnswer, StoreError>;

    /// The earliest moment at which [`ExecutionStore::claim`] will find something for a host with these
    /// labels, by the moments stored now: a waiting execution's `available_at`, or the end of a lease.
    async fn next_claimable(&self, labels: &Labels) -> Result<Option<Timestamp>, StoreError>;

    /// Makes executions missed whose `queue_deadline` has passed before their first attempt, at most
    /// `limit`. Returns them, and when the next one's will pass.
    async fn end_overdue(&self, limit: u32) -> Result<Overdue, StoreError>;

    /// Renews leases; the answers are in the order of the claims.
    async fn renew(
        &self,
        claims: &[Claim],
        lease: Duration,
    ) -> Result<Vec<LeaseAnswer>, StoreError>;

    /// Adds to the record of a running execution.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the claim is not the current one; nothing is stored then.
    async fn record(&self, claim: &Claim, records: Records) -> Result<(), StoreError>;

    /// Ends attempts: each whole with its records, and many in one transaction. Where the answer is an
    /// error, some may be stored. The answers are in the order of the endings.
    async fn end_attempts(
        &self,
        endings: Vec<(Claim, Ending)>,
    ) -> Result<Vec<EndAnswer>, StoreError>;

    /// Executions of any organisation that have ended, whose jobs others depend on or which a failure
    /// pauses, and that are not settled yet; the longest ended first, at most `limit`.
    async fn unsettled(&self, limit: u32) -> Result<Vec<Execution>, StoreError>;

    /// Stores what follows from the ends of executions, for each all of it or nothing. Doing so again
    /// changes nothing; after an error, some may be stored.
    async fn settle(&self, settlements: Vec<Settlement>) -> Result<(), StoreError>;

    /// The executions of a chain, the root first and then in the order in which they were queued, at
    /// most `limit`.
    async fn chain(
        &self,
        scope: &Scope,
        root: &ExecutionId,
        limit: u32,
    ) -> Result<Vec<Execution>, StoreError>;

    /// Asks for an execution to end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn cancel(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        by: &UserId,
    ) -> Result<CancelAnswer, StoreError>;

    /// An execution.
    async fn execution(
        &self,
        scope: &Scope,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError>;

    /// A page of executions.
    async fn executions(
        &self,
        scope: &Scope,
        query: &ExecutionQuery,
    ) -> Result<Page<Execution>, StoreError>;

    /// Log lines of an execution whose `seq` is greater than `after`, in order, at most `limit`.
    async fn log(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LogLine>, StoreError>;

    /// Journal entries of an execution in order of attempt and `seq`, passing over `skip`, at most
    /// `limit`, and how many there are in all.
    async fn journal(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<JournalEntry>, u64), StoreError>;
}
