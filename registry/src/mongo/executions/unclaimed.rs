//! Executions that end instead of being claimed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::{ExecutionId, OutcomeCode};

use crate::{
    execution::{Execution, ExecutionStatus},
    mongo::{
        MongoStore,
        batch::Statement,
        collections::{EPOCH, EXECUTIONS},
        reading::Read,
        stored::{count, date, to_bson},
        transaction::{Effort, Transaction, in_transaction, met_another},
    },
    store::{Overdue, StoreError},
    unclaimed::{End, Lost},
};

use super::{
    documents::{FINISHED, Settling, finished, lost_worker, optional_moment, read_execution, text},
    finish::{Following, Gone, make_way},
};

/// An execution that may be claimed, or end.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) execution: Execution,
    pub(super) lost: Option<Lost>,
    /// When it could be claimed; every renewal of a lease changes it.
    claimable_at: Option<Timestamp>,
}

impl Candidate {
    /// Reads one.
    pub(super) fn read(document: Document) -> Result<Self, StoreError> {
        let lost = lost_worker(&document)?;
        let claimable_at = optional_moment(&document, "claimable_at")?;
        Ok(Self {
            claimable_at,
            execution: read_execution(document)?,
            lost,
        })
    }

    /// The condition that nobody has changed it.
    pub(super) fn as_it_was(&self) -> Document {
        let mut filter = self.with_fence();
        filter.insert("claimable_at", self.claimable_at.map(date));
        filter
    }

    /// The condition that nobody has claimed it.
    fn with_fence(&self) -> Document {
        doc! {
            "_id": self.execution.id.as_str(),
            "fence": count(self.execution.fence.0),
            "status": self.execution.status.as_str(),
        }
    }
}

impl MongoStore {
    /// Ends what was to be cancelled when its worker was lost, and says which.
    pub(super) async fn end_cancelled(&self, limit: u32) -> Result<Vec<ExecutionId>, StoreError> {
        let now = date(self.clock.now());
        let mut cancelled = doc! {
            "claimable_at": {"$lte": now}, "unfinished": true, "cancel_requested.by": {"$gt": ""},
        };
        cancelled.extend(self.blocked.condition(self.clock.monotonic()));
        let cancelled = Read::of(cancelled);
        let cancelled = cancelled.sorted(doc! {"claimable_at": 1});
        self.end_all(cancelled.first(limit), End::Cancelled).await
    }

    /// Makes executions missed that have waited too long, and says when the next one's time will be up.
    pub(super) async fn end_waiting(&self, limit: u32) -> Result<Overdue, StoreError> {
        let now = date(self.clock.now());
        let mut overdue = doc! {"waits_until": {"$lte": now, "$gt": EPOCH}, "status": "queued"};
        overdue.extend(self.blocked.condition(self.clock.monotonic()));
        let overdue = Read::of(overdue)
            .sorted(doc! {"waits_until": 1, "_id": 1})
            .first(limit);
        let ended = self.end_all(overdue, End::Overdue).await?;
        let mut next = doc! {"waits_until": {"$gt": EPOCH}};
        next.extend(self.blocked.condition(self.clock.monotonic()));
        let next = Read::of(next);
        let next = next.sorted(doc! {"waits_until": 1}).only(&["waits_until"]);
        let next = self.find_one(EXECUTIONS, next).await?;
        let next = next.map(|it| optional_moment(&it, "waits_until"));
        Ok(Overdue {
            ended,
            next: next.transpose()?.flatten(),
        })
    }

    async fn end_all(&self, which: Read, end: End) -> Result<Vec<ExecutionId>, StoreError> {
        let mut ended = Vec::new();
        let now = self.clock.monotonic();
        for document in self.find(EXECUTIONS, which).await? {
            let id = text(&document, "_id").to_owned();
            match Candidate::read(document) {
                Ok(candidate) => match self.end_unclaimed(&candidate, end).await {
                    Ok(true) => ended.push(candidate.execution.id),
                    Ok(false) => {}
                    // One that an open transaction keeps is ended the next time.
                    Err(error) if met_another(&error) => {
                        tracing::warn!(id, %error, "execution.end.later");
                        self.blocked.pass_over(&[&id], now);
                    }
                    Err(error) => return Err(error),
                },
                Err(error) => self.give_up(&id, &error).await?,
            }
        }
        Ok(ended)
    }

    /// Ends an execution that is not claimed any more. Returns whether it was still as it was read.
    pub(super) async fn end_unclaimed(
        &self,
        candidate: &Candidate,
        end: End,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, Effort::Part, |transaction| self.end_one(
            &mut transaction,
            candidate,
            end
        ))
    }

    async fn end_one(
        &self,
        transaction: &mut Transaction,
        candidate: &Candidate,
        end: End,
    ) -> Result<bool, StoreError> {
        let execution = &candidate.execution;
        let job = execution.job_id.as_str().to_owned();
        let record = end.of(execution, candidate.lost.as_ref(), self.clock.now());
        let settling = match record.status {
            ExecutionStatus::Missed => Settling::Done,
            status => {
                let jobs = BTreeSet::from([job.clone()]);
                let following = Following::read(transaction, &jobs).await?;
                following.settling(&job, status)
            }
        };
        let (filter, date_of) = match end {
            End::Overdue => (candidate.with_fence(), "waits_until"),
            End::Cancelled | End::LostTooOften(_) => (candidate.as_it_was(), "claimable_at"),
        };
        let mut set = doc! {
            "status": record.status.as_str(),
            "outcome": record.outcome.map(OutcomeCode::as_str),
            "error": record.error,
            "reason": record.reason,
            "completed_at": date(record.completed_at),
            "attempts": to_bson("attempts", &record.attempts)?,
            "waits_for": Bson::Null,
        };
        set.extend(self.leaving(record.status, record.completed_at, settling));
        let literal = |(member, value)| (member, doc! {"$literal": value}.into());
        let set = set.into_iter().map(literal).collect();
        let has_come = self.time.has_come(date_of);
        let change = Statement::change_where(filter, &has_come, set, &FINISHED);
        if !transaction.change(EXECUTIONS, change).await? {
            return Ok(false);
        }
        let gone = Gone::of(&job, execution.id.as_str());
        make_way(transaction, &[gone]).await?;
        Ok(true)
    }

    /// Ends an execution whose record cannot be read, so that it does not stand in the way of the
    /// others.
    pub(super) async fn give_up(&self, id: &str, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(id, %error, "an execution cannot be read and is ended as failed");
        in_transaction!(self, |transaction| self.give_one_up(&mut transaction, id))
    }

    async fn give_one_up(&self, transaction: &mut Transaction, id: &str) -> Result<(), StoreError> {
        let unfinished = doc! {"_id": id, "unfinished": true};
        let read = Read::of(unfinished.clone()).only(&["job_id"]);
        let Some(found) = transaction.find_one(EXECUTIONS, read).await? else {
            return Ok(());
        };
        let (status, now) = (ExecutionStatus::Failed, self.clock.now());
        let mut set = doc! {
            "status": status.as_str(),
            "outcome": OutcomeCode::HostFault.as_str(),
            "error": "the stored record cannot be read",
            "completed_at": date(now),
            "waits_for": Bson::Null,
        };
        set.extend(self.leaving(status, now, Settling::Done));
        let change = doc! {"$set": set, "$unset": finished()};
        transaction.update(EXECUTIONS, unfinished, change).await?;
        let gone = Gone::of(text(&found, "job_id"), id);
        make_way(transaction, &[gone]).await
    }
}
