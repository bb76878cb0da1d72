//! Keeping the register of capabilities.

use async_trait::async_trait;
use sandglass_contract::JobId;

use super::StoreError;
use crate::{
    capability::{RegisterQuery, RegisterRow},
    job::Job,
    page::Page,
    scope::Scope,
};

/// The part of a store that keeps the register of capabilities. It follows the grants of jobs, in the
/// same transaction in which those are saved or removed, and the ends of attempts: what a run made of its
/// grant counts once, with the end that was accepted. An attempt whose host was lost counts for nothing.
#[async_trait]
pub trait CapabilityStore: Send + Sync + 'static {
    /// A page of the register.
    async fn capability_register(
        &self,
        scope: &Scope,
        query: &RegisterQuery,
    ) -> Result<Page<RegisterRow>, StoreError>;

    /// Those of these jobs that there are, in any order.
    async fn jobs_by_id(&self, scope: &Scope, ids: &[JobId]) -> Result<Vec<Job>, StoreError>;
}
