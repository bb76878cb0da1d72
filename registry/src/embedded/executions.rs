//! Executions in SQLite: slots, claims, records and endings.

mod archived;
mod cancelling;
mod candidates;
mod claiming;
mod ending;
mod finish;
mod firing;
mod gates;
mod leases;
mod listing;
mod recording;
mod rows;
mod settling;
mod unclaimed;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{ExecutionId, JournalEntry, LogLine, UserId};

use super::{EmbeddedStore, stored::to_json};
use crate::{
    execution::Execution,
    host::Labels,
    page::Page,
    scope::Scope,
    store::{
        CancelAnswer, Claim, ClaimAnswer, ClaimRequest, EndAnswer, Ending, ExecutionQuery,
        ExecutionStore, Fired, Firing, LeaseAnswer, Overdue, Records, Settlement, StoreError,
    },
};

pub(super) use archived::{
    COLUMNS as ARCHIVED_COLUMNS, insert_archived, insert_records, read_archived,
};
pub(super) use cancelling::cancel_all_of;
use ending::SavedEnding;
pub(super) use gates::open_for_all;
pub(super) use leases::{begin_earlier, end_leases};
use recording::SavedRecords;
use rows::SavedExecution;
pub(super) use settling::forget_former_parents;

/// The condition that a host with the labels in `?`, a JSON array, may run an execution.
macro_rules! met_by {
    ($labels:literal) => {
        concat!(
            "(placement IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(placement) AS wanted
                 WHERE wanted.value NOT IN (SELECT value FROM json_each(",
            $labels,
            "))))"
        )
    };
}
use met_by;

/// What is looked for, in errors.
const EXECUTION: &str = "execution";

#[async_trait]
impl ExecutionStore for EmbeddedStore {
    async fn fire(&self, firings: Vec<Firing>) -> Result<Vec<Fired>, StoreError> {
        let now = self.now();
        let firings = firing::save(firings, now)?;
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

    async fn claim(&self, request: ClaimRequest) -> Result<ClaimAnswer, StoreError> {
        let now = self.now();
        let labels = to_json("labels", &request.labels.to_texts())?;
        self.file
            .write(move |connection| claiming::claim(connection, &request, &labels, now))
            .await
    }

    async fn next_claimable(&self, labels: &Labels) -> Result<Option<Timestamp>, StoreError> {
        let labels = to_json("labels", &labels.to_texts())?;
        self.file
            .read(move |connection| leases::next_claimable(connection, &labels))
            .await
    }

    async fn end_overdue(&self, limit: u32) -> Result<Overdue, StoreError> {
        let now = self.now();
        let next = self.file.read(leases::next_deadline).await?;
        if next.is_none_or(|next| next > now) {
            let ended = Vec::new();
            return Ok(Overdue { ended, next });
        }
        self.file
            .write(move |connection| {
                let wanted = candidates::Wanted::Overdue;
                let ended = unclaimed::end_all(connection, wanted, limit, now)?;
                let next = leases::next_deadline(connection)?;
                Ok(Overdue { ended, next })
            })
            .await
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
            .write(move |connection| leases::renew(connection, &claims, lease, now))
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

    async fn end_attempts(
        &self,
        endings: Vec<(Claim, Ending)>,
    ) -> Result<Vec<EndAnswer>, StoreError> {
        let save = |(claim, ending)| Ok::<_, StoreError>((claim, SavedEnding::of(ending)?));
        let endings: Vec<_> = endings.into_iter().map(save).collect::<Result<_, _>>()?;
        self.file
            .write(move |connection| {
                let store = |(claim, ending): &(Claim, SavedEnding)| {
                    let status = ending.store(connection, claim)?;
                    Ok(status.map_or(EndAnswer::Lost, EndAnswer::Ended))
                };
                endings.iter().map(store).collect()
            })
            .await
    }

    async fn unsettled(&self, limit: u32) -> Result<Vec<Execution>, StoreError> {
        self.file
            .read(move |connection| settling::unsettled(connection, limit))
            .await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<(), StoreError> {
        let now = self.now();
        self.file
            .write(move |connection| settling::settle(connection, &settlements, now))
            .await
    }

    async fn chain(
        &self,
        scope: &Scope,
        root: &ExecutionId,
        limit: u32,
    ) -> Result<Vec<Execution>, StoreError> {
        let (organisation, root) = (scope.organisation().clone(), root.clone());
        self.file
            .read(move |connection| {
                settling::chain(connection, organisation.as_str(), root.as_str(), limit)
            })
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
