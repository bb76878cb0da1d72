//! Executions in SQLite: slots, claims, records and endings.

mod cancelling;
mod claiming;
mod ending;
mod firing;
mod listing;
mod recording;
mod rows;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{ExecutionId, JournalEntry, LogLine, UserId};

use super::EmbeddedStore;
use crate::{
    execution::Execution,
    page::Page,
    scope::Scope,
    store::{
        CancelAnswer, Claim, ClaimRequest, Claimed, Ending, ExecutionQuery, ExecutionStore, Fired,
        Firing, LeaseAnswer, Records, StoreError,
    },
};

pub(super) use cancelling::cancel_all_of;
pub(super) use claiming::end_leases;
use ending::SavedEnding;
use recording::SavedRecords;
use rows::SavedExecution;

/// What is looked for, in errors.
const EXECUTION: &str = "execution";

#[async_trait]
impl ExecutionStore for EmbeddedStore {
    async fn fire(&self, firings: Vec<Firing>) -> Result<Vec<Fired>, StoreError> {
        let now = self.now();
        let firings = firing::save(firings)?;
        self.file
            .write(move |connection| firing::fire(connection, &firings, now))
            .await
    }

    async fn enqueue(&self, scope: &Scope, execution: &Execution) -> Result<(), StoreError> {
        if execution.org != *scope.organisation() {
            return Err(StoreError::NotFound {
                what: "organisation",
            });
        }
        let saved = SavedExecution::of(execution.clone())?;
        self.file
            .write(move |connection| match saved.insert(connection)? {
                true => Ok(()),
                false => Err(StoreError::Exists { what: EXECUTION }),
            })
            .await
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let now = self.now();
        self.file
            .write(move |connection| claiming::claim(connection, &request, now))
            .await
    }

    async fn next_claimable(&self) -> Result<Option<Timestamp>, StoreError> {
        self.file.read(claiming::next_claimable).await
    }

    async fn renew(
        &self,
        claims: &[Claim],
        lease: Duration,
    ) -> Result<Vec<LeaseAnswer>, StoreError> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let (claims, now) = (claims.to_vec(), self.now());
        self.file
            .write(move |connection| claiming::renew(connection, &claims, lease, now))
            .await
    }

    async fn record(&self, claim: &Claim, records: Records) -> Result<(), StoreError> {
        let claim = claim.clone();
        let records = SavedRecords::of(&records)?;
        self.file
            .write(move |connection| {
                recording::touch(connection, &claim, &records)?;
                records.store(connection, &claim.execution)
            })
            .await
    }

    async fn end_attempt(&self, claim: &Claim, ending: Ending) -> Result<Execution, StoreError> {
        let claim = claim.clone();
        let ending = SavedEnding::of(ending)?;
        self.file
            .write(move |connection| ending.store(connection, &claim))
            .await
    }

    async fn cancel(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        by: &UserId,
    ) -> Result<CancelAnswer, StoreError> {
        let (scope, id, by, now) = (scope.clone(), id.clone(), by.clone(), self.now());
        self.file
            .write(move |connection| cancelling::cancel(connection, &scope, &id, &by, now))
            .await
    }

    async fn execution(
        &self,
        scope: &Scope,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .read(move |connection| listing::find(connection, &scope, &id))
            .await
    }

    async fn executions(
        &self,
        scope: &Scope,
        query: &ExecutionQuery,
    ) -> Result<Page<Execution>, StoreError> {
        let (scope, query) = (scope.clone(), query.clone());
        self.file
            .read(move |connection| listing::list(connection, &scope, &query))
            .await
    }

    async fn log(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LogLine>, StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .read(move |connection| listing::log(connection, &scope, &id, after, limit))
            .await
    }

    async fn journal(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<JournalEntry>, u64), StoreError> {
        let (scope, id) = (scope.clone(), id.clone());
        self.file
            .read(move |connection| listing::journal(connection, &scope, &id, skip, limit))
            .await
    }
}
