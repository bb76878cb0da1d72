//! Keeping backfills.

use async_trait::async_trait;
use sandglass_contract::{BackfillId, JobId};

use super::StoreError;
use crate::{
    backfill::{Backfill, BackfillStatus},
    page::{Page, PageRequest},
    scope::Scope,
};

/// A backfill that is running, and how many of its executions have not ended.
#[derive(Debug, Clone)]
pub struct RunningBackfill {
    /// The backfill.
    pub backfill: Backfill,
    /// How many of its executions have not ended.
    pub unfinished: u32,
}

/// The part of a store that keeps backfills. Their slots are fired like those of a schedule, with
/// [`Advance::Backfill`](super::Advance::Backfill).
#[async_trait]
pub trait BackfillStore: Send + Sync + 'static {
    /// Adds a backfill.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where the id is taken; [`StoreError::NotFound`] where it belongs to
    /// another organisation than `scope`.
    async fn insert_backfill(&self, scope: &Scope, backfill: &Backfill) -> Result<(), StoreError>;

    /// A backfill.
    async fn backfill(
        &self,
        scope: &Scope,
        id: &BackfillId,
    ) -> Result<Option<Backfill>, StoreError>;

    /// A page of the backfills of a job, newest first.
    async fn backfills(
        &self,
        scope: &Scope,
        job: &JobId,
        page: PageRequest,
    ) -> Result<Page<Backfill>, StoreError>;

    /// The running backfills of every organisation, oldest first, at most `limit`.
    async fn running_backfills(&self, limit: u32) -> Result<Vec<RunningBackfill>, StoreError>;

    /// Moves a backfill to another status, unless it is finished. Returns it as it is then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn change_backfill(
        &self,
        scope: &Scope,
        id: &BackfillId,
        status: BackfillStatus,
    ) -> Result<Backfill, StoreError>;
}
