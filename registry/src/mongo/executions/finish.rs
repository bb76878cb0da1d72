//! What every end of an execution brings with it, however it ends: whether others are to hear of it,
//! whom it no longer stands in the way of, and whether its record goes one day.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use crate::{
    execution::ExecutionStatus,
    gate::Gate,
    mongo::{
        MongoStore,
        collections::{EXECUTIONS, JOBS, LIMITS},
        reading::Read,
        stored::date,
        transaction::Transaction,
    },
    store::StoreError,
};

use super::{
    documents::{Settling, text},
    letting_go::MARK,
};

/// Which of some jobs have others that depend on them, and which a failure pauses.
#[derive(Debug, Default)]
pub(super) struct Following {
    parents: BTreeSet<String>,
    pausing: BTreeSet<String>,
}

impl Following {
    /// Reads it for these jobs.
    pub(super) async fn read(
        transaction: &mut Transaction,
        jobs: &BTreeSet<String>,
    ) -> Result<Self, StoreError> {
        let mut following = Self::default();
        if jobs.is_empty() {
            return Ok(following);
        }
        let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
        let children = Read::of(doc! {"depends_on.parents.job_id": {"$in": &jobs}});
        let children = children.only(&["depends_on.parents.job_id"]);
        for child in transaction.find(JOBS, children).await? {
            following.parents.extend(parents(&child));
        }
        let pausing = Read::of(doc! {"_id": {"$in": &jobs}, "pause_on_failure": true});
        for job in transaction.find(JOBS, pausing.only(&[])).await? {
            following.pausing.insert(text(&job, "_id").to_owned());
        }
        Ok(following)
    }

    /// Whether other jobs depend on a job.
    pub(super) fn has_children(&self, job: &str) -> Settling {
        match self.parents.contains(job) {
            true => Settling::Open,
            false => Settling::Done,
        }
    }

    /// Whether the end of an execution of `job` in this status has consequences beyond itself.
    pub(super) fn settling(&self, job: &str, status: ExecutionStatus) -> Settling {
        let failed = matches!(status, ExecutionStatus::Failed | ExecutionStatus::TimedOut);
        match failed && self.pausing.contains(job) {
            true => Settling::Open,
            false => self.has_children(job),
        }
    }
}

fn parents(child: &Document) -> Vec<String> {
    let dependencies = child.get_document("depends_on").ok();
    let parents = dependencies.and_then(|it| it.get_array("parents").ok());
    let ids = parents.into_iter().flatten();
    ids.filter_map(|it| it.as_document())
        .map(|it| text(it, "job_id").to_owned())
        .collect()
}

/// An execution that has ended, and its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) execution: String,
    pub(super) job: String,
}

impl Gone {
    /// An execution of that job.
    pub(super) fn of(job: &str, execution: &str) -> Self {
        Self {
            execution: execution.to_owned(),
            job: job.to_owned(),
        }
    }
}

impl MongoStore {
    /// What an execution that ends in this status at this moment is given on its way.
    pub(super) fn leaving(
        &self,
        status: ExecutionStatus,
        at: Timestamp,
        settling: Settling,
    ) -> Document {
        let mut members = Document::new();
        if settling == Settling::Open {
            members.insert("unsettled", true);
        }
        if let Some(at) = self.retention.expires_at(status, at) {
            members.insert(MARK, date(at));
        }
        members
    }
}

/// Gives back the places of executions that do not run any more.
pub(super) async fn leave_places(
    transaction: &mut Transaction,
    executions: &[&str],
) -> Result<(), StoreError> {
    let held = Read::of(doc! {"taken.execution": {"$in": executions}});
    if transaction
        .find_one(LIMITS, held.only(&[]))
        .await?
        .is_none()
    {
        return Ok(());
    }
    let held = doc! {"taken.execution": {"$in": executions}};
    let left = doc! {"$pull": {"taken": {"execution": {"$in": executions}}}};
    transaction.update(LIMITS, held, left).await?;
    Ok(())
}

/// Lets those go on that waited for executions which have ended.
///
/// Two ends of one job that both leave the other in the way would let nobody go. Both write the job, so
/// that one of them sees the other.
pub(super) async fn make_way(
    transaction: &mut Transaction,
    gone: &[Gone],
) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    let executions: Vec<&str> = gone.iter().map(|it| it.execution.as_str()).collect();
    leave_places(transaction, &executions).await?;
    let jobs: BTreeSet<&str> = gone.iter().map(|it| it.job.as_str()).collect();
    for job in jobs {
        let first = Read::of(doc! {"waits_for": Gate::job_text(job)});
        let first = first.sorted(doc! {"queued_at": 1, "_id": 1}).only(&[]);
        if let Some(mut first) = transaction.find_one(EXECUTIONS, first).await? {
            let id = first.remove("_id").unwrap_or(Bson::Null);
            open_for(transaction, job, id).await?;
        }
    }
    Ok(())
}

/// Lets the execution `first` of `job` go that has waited longest, unless one is left that does not wait.
async fn open_for(transaction: &mut Transaction, job: &str, first: Bson) -> Result<(), StoreError> {
    transaction.touch(JOBS, doc! {"_id": job}).await?;
    let gate = Gate::job_text(job);
    let in_the_way =
        Read::of(doc! {"job_id": job, "unfinished": true, "waits_for": {"$ne": &gate}});
    if transaction
        .find_one(EXECUTIONS, in_the_way.only(&[]))
        .await?
        .is_none()
    {
        let waiting = doc! {"_id": first, "waits_for": gate};
        let open = doc! {"$set": {"waits_for": Bson::Null}};
        transaction.update(EXECUTIONS, waiting, open).await?;
    }
    Ok(())
}
