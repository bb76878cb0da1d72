//! The register of capabilities in MongoDB.
//!
//! A row is a document of its own and a day of a row another, each with an `_id` made of what it is
//! about, so that whoever comes first makes it. A moment that never was is the first one there is.

mod filling;
mod listing;
mod writing;

use std::collections::BTreeSet;

use async_trait::async_trait;
use mongodb::bson::doc;
use sandglass_contract::JobId;

use super::{MongoStore, collections::JOBS, jobs::read_job, reading::Read};
use crate::{
    capability::{Day, RegisterQuery, RegisterRow, UseState, parts},
    job::Job,
    page::Page,
    scope::Scope,
    store::{CapabilityStore, StoreError},
};

pub(super) use filling::fill;
pub(super) use writing::{add, follow, forget, put_days};

#[async_trait]
impl CapabilityStore for MongoStore {
    async fn capability_register(
        &self,
        scope: &Scope,
        query: &RegisterQuery,
    ) -> Result<Page<RegisterRow>, StoreError> {
        let mut counts = [0; 3];
        for (count, state) in counts.iter_mut().zip(UseState::ALL) {
            *count = self.count_rows(scope, query, state).await?;
        }
        let mut rows = Vec::new();
        let listed = UseState::ALL.into_iter().zip(parts(counts, query.page));
        for (state, (skip, take)) in listed {
            if take > 0 {
                rows.extend(self.read_rows(scope, query, state, (skip, take)).await?);
            }
        }
        let jobs: BTreeSet<&str> = rows.iter().map(|row| row.job.as_str()).collect();
        let sums = self.sums(jobs, Day::first(query.now)).await?;
        for row in &mut rows {
            (row.uses, row.denials) = sums.get(&listing::key(row)).copied().unwrap_or_default();
        }
        Ok(Page::new(query.page, rows, counts.iter().sum()))
    }

    async fn jobs_by_id(&self, scope: &Scope, ids: &[JobId]) -> Result<Vec<Job>, StoreError> {
        let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        let organisation = scope.organisation().as_str();
        let jobs = Read::of(doc! {"_id": {"$in": ids}, "org": organisation});
        let jobs = self.find(JOBS, jobs).await?;
        jobs.into_iter().map(read_job).collect()
    }
}
