//! Executions in MongoDB: slots, claims, records and endings.

mod archived;
mod cancelling;
mod claiming;
mod documents;
mod ending;
mod finish;
mod firing;
mod leases;
mod letting_go;
mod listing;
mod placing;
mod recording;
mod settling;
mod unclaimed;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::Document;
use sandglass_contract::{ExecutionId, JournalEntry, LogLine, UserId};

use super::{
    MongoStore, collections::EXECUTIONS, revisions::revision_id, stored::corrupt,
    transaction::in_transaction,
};
use crate::{
    execution::{Execution, ExecutionStatus},
    host::Labels,
    page::Page,
    scope::Scope,
    store::{
        CancelAnswer, Claim, ClaimAnswer, ClaimRequest, EndAnswer, Ending, ExecutionQuery,
        ExecutionStore, Fired, Firing, LeaseAnswer, Overdue, Records, Settlement, StoreError,
    },
};

pub(super) use archived::read_archived;
pub(super) use cancelling::{Others, cancel_others};
use documents::{As, new_document};
pub(super) use documents::{met_by, text};
pub(super) use recording::SavedRecords;
pub(super) use settling::forget_former_parents;

/// What is looked for, in errors.
const EXECUTION: &str = "execution";

#[async_trait]
impl ExecutionStore for MongoStore {
    async fn fire(&self, firings: Vec<Firing>) -> Result<Vec<Fired>, StoreError> {
        self.fire_slots(firings).await
    }

    async fn enqueue(&self, scope: &Scope, execution: &Execution) -> Result<(), StoreError> {
        if execution.org != *scope.organisation() {
            return Err(StoreError::NotFound {
                what: "organisation",
            });
        }
        let revision = revision_id(&execution.job_id, execution.job_version);
        if self.revisions(vec![revision]).await?.is_empty() {
            return Err(StoreError::NotFound {
                what: "version of the job",
            });
        }
        let document = new_document(execution, As::ItIs)?;
        self.insert_one(EXECUTIONS, &document, EXECUTION).await
    }

    async fn claim(&self, request: ClaimRequest) -> Result<ClaimAnswer, StoreError> {
        self.claim_for(&request).await
    }

    async fn next_claimable(&self, labels: &Labels) -> Result<Option<Timestamp>, StoreError> {
        self.next_moment(labels).await
    }

    async fn end_overdue(&self, limit: u32) -> Result<Overdue, StoreError> {
        self.end_waiting(limit).await
    }

    async fn renew(
        &self,
        claims: &[Claim],
        lease: Duration,
    ) -> Result<Vec<LeaseAnswer>, StoreError> {
        self.renew_leases(claims, lease).await
    }

    async fn record(&self, claim: &Claim, records: Records) -> Result<(), StoreError> {
        in_transaction!(self, |transaction| self.record_under(
            &mut transaction,
            claim,
            &records
        ))
    }

    async fn end_attempts(
        &self,
        endings: Vec<(Claim, Ending)>,
    ) -> Result<Vec<EndAnswer>, StoreError> {
        self.end_all_attempts(&endings).await
    }

    async fn unsettled(&self, limit: u32) -> Result<Vec<Execution>, StoreError> {
        self.read_unsettled(limit).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<(), StoreError> {
        self.settle_all(&settlements).await
    }

    async fn chain(
        &self,
        scope: &Scope,
        root: &ExecutionId,
        limit: u32,
    ) -> Result<Vec<Execution>, StoreError> {
        self.read_chain(scope, root.as_str(), limit).await
    }

    async fn cancel(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        by: &UserId,
    ) -> Result<CancelAnswer, StoreError> {
        in_transaction!(self, |transaction| self.cancel_one(
            &mut transaction,
            scope,
            id,
            by
        ))
    }

    async fn execution(
        &self,
        scope: &Scope,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        self.find_execution(scope, id).await
    }

    async fn executions(
        &self,
        scope: &Scope,
        query: &ExecutionQuery,
    ) -> Result<Page<Execution>, StoreError> {
        self.list_executions(scope, query).await
    }

    async fn log(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LogLine>, StoreError> {
        self.read_log(scope, id, after, limit).await
    }

    async fn journal(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<JournalEntry>, u64), StoreError> {
        self.read_journal(scope, id, skip, limit).await
    }
}

/// The status in a document.
fn status(document: &Document) -> Result<ExecutionStatus, StoreError> {
    let word = text(document, "status");
    ExecutionStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == word)
        .ok_or_else(|| corrupt(EXECUTION, format!("there is no status {word:?}")))
}
