//! The register of capabilities in SQLite.

mod listing;
mod writing;

use async_trait::async_trait;
use sandglass_contract::JobId;

use super::{EmbeddedStore, jobs};
use crate::{
    capability::{RegisterQuery, RegisterRow},
    job::Job,
    page::Page,
    scope::Scope,
    store::{CapabilityStore, StoreError},
};

pub(super) use listing::{COLUMNS, read_day};
pub(super) use writing::{add, follow, forget, put_day};

#[async_trait]
impl CapabilityStore for EmbeddedStore {
    async fn capability_register(
        &self,
        scope: &Scope,
        query: &RegisterQuery,
    ) -> Result<Page<RegisterRow>, StoreError> {
        let (scope, query) = (scope.clone(), query.clone());
        self.file
            .read(move |connection| listing::page(connection, &scope, &query))
            .await
    }

    async fn jobs_by_id(&self, scope: &Scope, ids: &[JobId]) -> Result<Vec<Job>, StoreError> {
        let (scope, ids) = (scope.clone(), ids.to_vec());
        self.file
            .read(move |connection| {
                let find = |id| jobs::find(connection, &scope, id).transpose();
                ids.iter().filter_map(find).collect()
            })
            .await
    }
}
