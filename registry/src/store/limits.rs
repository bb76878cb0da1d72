//! Keeping concurrency limits.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    concurrency::{ConcurrencyLimit, LimitedBy},
    scope::Scope,
};

/// The part of a store that keeps concurrency limits. Claims keep to them.
#[async_trait]
pub trait LimitStore: Send + Sync + 'static {
    /// Every limit of the organisation, templates first.
    async fn concurrency_limits(&self, scope: &Scope) -> Result<Vec<ConcurrencyLimit>, StoreError>;

    /// Sets a limit. Executions that run go on; those that waited for it are judged anew.
    async fn set_concurrency_limit(
        &self,
        scope: &Scope,
        limit: &ConcurrencyLimit,
    ) -> Result<(), StoreError>;

    /// Removes a limit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn remove_concurrency_limit(
        &self,
        scope: &Scope,
        of: &LimitedBy,
    ) -> Result<(), StoreError>;
}
