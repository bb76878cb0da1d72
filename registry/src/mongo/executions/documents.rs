//! Documents of the collection `job_executions`.
//!
//! Beside the members of an execution a document has some of the store's own, each there only while it
//! means something: `unfinished`, `claimable_at` (when a worker may claim it: `available_at` while it
//! waits, the end of the lease while it runs), `waits_until` (the queue deadline before the first
//! attempt), `unsettled`, `attempt_started_at`, `claim_token`, `renewal_token`, `ended_fence`, `lets_go`,
//! `expire_at`, `shifted_at` (when a clock that jumped has last moved it), and `touched`, which makes
//! transactions meet. `placement` is a list of texts.

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use crate::{
    execution::{Execution, ExecutionStatus, Gate},
    host::Labels,
    mongo::stored::{date, from_document, moment, to_document},
    store::StoreError,
    unclaimed::Lost,
};

use super::EXECUTION;

/// What is stored in the place of an execution's own members when it is stored first.
#[derive(Debug, Clone)]
pub(super) enum As {
    /// Nothing.
    ItIs,
    /// It waits behind a gate.
    Behind(Gate),
    /// It never runs.
    Skipped { reason: String, at: Timestamp },
}

/// Whether the end of an execution has consequences beyond itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settling {
    /// It has none.
    Done,
    /// They are not stored yet.
    Open,
}

/// A new document.
pub(super) fn new_document(execution: &Execution, how: As) -> Result<Document, StoreError> {
    let mut document = to_document(EXECUTION, execution)?;
    if !execution.placement.is_empty() {
        document.insert("placement", execution.placement.to_texts());
    }
    let mut status = execution.status;
    match how {
        As::ItIs => {}
        As::Behind(gate) => {
            document.insert("waits_for", gate.to_string());
        }
        As::Skipped { reason, at } => {
            status = ExecutionStatus::Skipped;
            document.insert("status", status.as_str());
            document.insert("reason", reason);
            document.insert("completed_at", date(at));
        }
    }
    if !status.is_finished() {
        document.insert("unfinished", true);
        document.insert("claimable_at", date(execution.available_at));
        if let Some(deadline) = execution.queue_deadline {
            document.insert("waits_until", date(deadline));
        }
    }
    Ok(document)
}

/// Reads an execution.
pub(super) fn read_execution(document: Document) -> Result<Execution, StoreError> {
    let execution: Execution = from_document(EXECUTION, document)?;
    let (from, to) = (execution.started_at, execution.completed_at);
    Ok(Execution {
        duration_seconds: from
            .zip(to)
            .map(|(from, to)| to.duration_since(from).as_secs_f64()),
        ..execution
    })
}

/// The worker that ran it, where its lease is what ends next.
pub(super) fn lost_worker(document: &Document) -> Result<Option<Lost>, StoreError> {
    if document.get_str("status").ok() != Some(ExecutionStatus::Running.as_str()) {
        return Ok(None);
    }
    let Some(at) = optional_moment(document, "claimable_at")? else {
        return Ok(None);
    };
    Ok(Some(Lost {
        at,
        attempt_started_at: optional_moment(document, "attempt_started_at")?.unwrap_or(at),
    }))
}

/// The moment in a member that may be missing.
pub(super) fn optional_moment(
    document: &Document,
    member: &str,
) -> Result<Option<Timestamp>, StoreError> {
    match document.get(member) {
        Some(Bson::DateTime(at)) => moment(*at).map(Some),
        _ => Ok(None),
    }
}

/// The text in a member; empty where there is none.
pub(in crate::mongo) fn text<'a>(document: &'a Document, member: &str) -> &'a str {
    document.get_str(member).unwrap_or_default()
}

/// The condition that a host with these labels may run an execution.
pub(in crate::mongo) fn met_by(labels: &Labels) -> Document {
    doc! {"placement": {"$not": {"$elemMatch": {"$nin": labels.to_texts()}}}}
}

/// The members that go when nothing more will happen to an execution.
pub(super) const FINISHED: [&str; 3] = ["unfinished", "claimable_at", "waits_until"];

/// Those members, to be unset.
pub(super) fn finished() -> Document {
    FINISHED
        .map(|it| (it.to_owned(), "".into()))
        .into_iter()
        .collect()
}
