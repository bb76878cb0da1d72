//! How many jobs there may be.
//!
//! Whoever adds one counts them and writes the document of the quota, so that two who add at once meet
//! and the later one counts again.

use std::future::IntoFuture as _;

use mongodb::bson::doc;

use super::{
    MongoStore,
    collections::{JOBS, QUOTAS},
    failure::in_time,
    transaction::Transaction,
};
use crate::store::StoreError;

/// The quota of jobs.
const OF_JOBS: &str = "jobs";

impl MongoStore {
    /// Makes the document of the quota, where there is one.
    pub(super) async fn prepare_quota(&self) -> Result<(), StoreError> {
        if self.most_jobs.is_none() {
            return Ok(());
        }
        let quotas = self.collection(QUOTAS);
        let first = doc! {"$setOnInsert": {"touched": 0_i64}};
        let making = quotas.update_one(doc! {"_id": OF_JOBS}, first).upsert(true);
        in_time(making.into_future()).await?;
        Ok(())
    }

    /// Refuses a job where there are as many as there may be.
    pub(super) async fn refuse_more(
        &self,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        let Some(most) = self.most_jobs else {
            return Ok(());
        };
        transaction.touch(QUOTAS, doc! {"_id": OF_JOBS}).await?;
        match transaction.count(JOBS).await? >= most {
            true => Err(StoreError::Full { what: "jobs", most }),
            false => Ok(()),
        }
    }
}
