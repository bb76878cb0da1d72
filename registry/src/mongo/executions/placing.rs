//! Storing executions as the overlap policy of their job says.
//!
//! Placements of one job write its document, so that two of them never miss each other; one that waits
//! writes those that it waits for, so that their ends see it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use sandglass_contract::UserId;

use crate::{
    execution::{Execution, ExecutionStatus},
    gate::Gate,
    job::OverlapPolicy,
    mongo::{MongoStore, collections::EXECUTIONS, reading::Read, transaction::Transaction},
    overlap::{Meeting, PLACE_TAKEN, meet},
    store::{Fired, StoreError},
};

use super::{
    EXECUTION,
    cancelling::{Others, cancel_others},
    documents::{As, Settling, new_document, text},
    finish::Following,
};

/// An execution of a job that is not finished.
#[derive(Debug, Clone)]
struct Earlier {
    id: String,
    waits: bool,
}

/// Executions on their way into the store, and what they find there.
pub(super) struct Placing {
    store: MongoStore,
    now: Timestamp,
    following: Following,
    /// The unfinished executions of each job whose executions meet earlier ones, the longest waiting
    /// first.
    earlier: BTreeMap<String, Vec<Earlier>>,
    stored: BTreeSet<String>,
    new: Vec<Document>,
    /// Those that somebody waits for.
    awaited: BTreeSet<String>,
}

impl Placing {
    /// Reads what `executions` will find.
    pub(super) async fn of(
        store: &MongoStore,
        transaction: &mut Transaction,
        executions: &[(&Execution, OverlapPolicy)],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let ids: Vec<&str> = executions.iter().map(|(it, _)| it.id.as_str()).collect();
        let stored = Read::of(doc! {"_id": {"$in": ids}}).only(&[]);
        let stored = transaction.find(EXECUTIONS, stored).await?;
        let in_chains = executions.iter().filter(|(it, _)| it.chain.is_some());
        let in_chains = in_chains.map(|(it, _)| it.job_id.as_str().to_owned());
        let following = Following::read(transaction, &in_chains.collect()).await?;
        let meeting = executions.iter().filter(|(it, overlap)| {
            !it.status.is_finished() && *overlap != OverlapPolicy::AllowAll
        });
        let jobs: BTreeSet<&str> = meeting.map(|(it, _)| it.job_id.as_str()).collect();
        let mut placing = Self {
            store: store.clone(),
            now,
            following,
            earlier: BTreeMap::new(),
            stored: stored.iter().map(|it| text(it, "_id").to_owned()).collect(),
            new: Vec::new(),
            awaited: BTreeSet::new(),
        };
        placing
            .look(transaction, jobs.into_iter().collect())
            .await?;
        Ok(placing)
    }

    async fn look(
        &mut self,
        transaction: &mut Transaction,
        jobs: Vec<&str>,
    ) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        for job in &jobs {
            self.earlier.remove(*job);
        }
        let unfinished = Read::of(doc! {"job_id": {"$in": jobs}, "unfinished": true})
            .sorted(doc! {"queued_at": 1, "_id": 1})
            .only(&["job_id", "waits_for"]);
        for found in transaction.find(EXECUTIONS, unfinished).await? {
            let job = text(&found, "job_id");
            let earlier = Earlier {
                id: text(&found, "_id").to_owned(),
                waits: text(&found, "waits_for") == Gate::job_text(job),
            };
            self.earlier
                .entry(job.to_owned())
                .or_default()
                .push(earlier);
        }
        Ok(())
    }

    /// Places an execution.
    pub(super) async fn place(
        &mut self,
        transaction: &mut Transaction,
        execution: &Execution,
        overlap: OverlapPolicy,
    ) -> Result<Fired, StoreError> {
        if self.stored.contains(execution.id.as_str()) {
            return Ok(Fired::AlreadyStored);
        }
        if execution.status.is_finished() {
            self.add(execution, As::ItIs, Settling::Done)?;
            return Ok(Fired::Stored(execution.status));
        }
        let (how, settling) = match self.meet(transaction, execution, overlap).await? {
            Meeting::Free => (As::ItIs, Settling::Done),
            Meeting::Wait | Meeting::CancelOthers => {
                let job = execution.job_id.clone();
                let earlier = self.earlier.get(job.as_str()).into_iter().flatten();
                let awaited = earlier.filter(|it| !it.waits).map(|it| it.id.clone());
                self.awaited.extend(awaited);
                (As::Behind(Gate::Job(job)), Settling::Done)
            }
            Meeting::Skip(reason) => {
                let settling = match execution.chain {
                    Some(_) => self.following.has_children(execution.job_id.as_str()),
                    None => Settling::Done,
                };
                let at = self.now;
                (As::Skipped { reason, at }, settling)
            }
        };
        let status = match how {
            As::Skipped { .. } => ExecutionStatus::Skipped,
            _ => execution.status,
        };
        self.add(execution, how, settling)?;
        Ok(Fired::Stored(status))
    }

    /// Places an execution that never runs because of its chain, whose own children are to hear of it.
    /// Returns whether it was not there.
    pub(super) fn place_skipped(&mut self, execution: &Execution) -> Result<Fired, StoreError> {
        if self.stored.contains(execution.id.as_str()) {
            return Ok(Fired::AlreadyStored);
        }
        let settling = self.following.has_children(execution.job_id.as_str());
        self.add(execution, As::ItIs, settling)?;
        Ok(Fired::Stored(execution.status))
    }

    async fn meet(
        &mut self,
        transaction: &mut Transaction,
        execution: &Execution,
        overlap: OverlapPolicy,
    ) -> Result<Meeting, StoreError> {
        let job = execution.job_id.as_str();
        let earlier = self.earlier.get(job).map(Vec::as_slice).unwrap_or_default();
        let Some(longest) = earlier.first() else {
            return Ok(Meeting::Free);
        };
        let waiting = earlier.iter().filter(|it| it.waits).count();
        let meeting = meet(overlap, &longest.id, waiting);
        if meeting != Meeting::CancelOthers {
            return Ok(meeting);
        }
        // Those that this batch has placed have to be there to be cancelled.
        self.write(transaction).await?;
        let others = Others {
            job: &execution.job_id,
            because: PLACE_TAKEN,
        };
        cancel_others(
            &self.store,
            transaction,
            &others,
            &UserId::system(),
            self.now,
        )
        .await?;
        self.look(transaction, vec![job]).await?;
        Ok(match self.earlier.get(job) {
            Some(_) => Meeting::Wait,
            None => Meeting::Free,
        })
    }

    fn add(
        &mut self,
        execution: &Execution,
        how: As,
        settling: Settling,
    ) -> Result<(), StoreError> {
        let id = execution.id.as_str().to_owned();
        let waits = matches!(how, As::Behind(_));
        let status = match how {
            As::Skipped { .. } => ExecutionStatus::Skipped,
            _ => execution.status,
        };
        let mut document = new_document(execution, how)?;
        if status.is_finished() {
            let at = execution.completed_at.unwrap_or(self.now);
            document.extend(self.store.leaving(status, at, settling));
        }
        self.new.push(document);
        self.stored.insert(id.clone());
        if !status.is_finished() {
            let job = execution.job_id.as_str().to_owned();
            let earlier = Earlier { id, waits };
            self.earlier.entry(job).or_default().push(earlier);
        }
        Ok(())
    }

    /// Whether an execution was there before.
    pub(super) fn is_stored(&self, execution: &Execution) -> bool {
        self.stored.contains(execution.id.as_str())
    }

    /// Writes what was placed.
    pub(super) async fn write(&mut self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let new = std::mem::take(&mut self.new);
        transaction.insert(EXECUTIONS, &new, EXECUTION).await?;
        let awaited = std::mem::take(&mut self.awaited);
        if !awaited.is_empty() {
            let awaited: Vec<String> = awaited.into_iter().collect();
            let awaited = doc! {"_id": {"$in": awaited}, "unfinished": true};
            transaction.touch(EXECUTIONS, awaited).await?;
        }
        Ok(())
    }
}
