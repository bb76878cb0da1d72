//! Backfills in MongoDB.

use std::collections::HashMap;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::{BackfillId, JobId};

use super::{
    MongoStore,
    batch::Statement,
    collections::{BACKFILLS, EXECUTIONS},
    listing::{one, within},
    reading::Read,
    stored::{corrupt, from_document, to_document, whole},
    transaction::Transaction,
};
use crate::{
    backfill::{Backfill, BackfillStatus},
    page::{Page, PageRequest},
    scope::Scope,
    store::{BackfillStore, RunningBackfill, StoreError},
};

const BACKFILL: &str = "backfill";

#[async_trait]
impl BackfillStore for MongoStore {
    async fn insert_backfill(&self, scope: &Scope, backfill: &Backfill) -> Result<(), StoreError> {
        if backfill.org != *scope.organisation() {
            return Err(StoreError::NotFound {
                what: "organisation",
            });
        }
        let document = to_document(BACKFILL, backfill)?;
        self.insert_one(BACKFILLS, &document, BACKFILL).await
    }

    async fn backfill(
        &self,
        scope: &Scope,
        id: &BackfillId,
    ) -> Result<Option<Backfill>, StoreError> {
        let filter = within(scope, id.as_str());
        one(BACKFILL, &self.collection(BACKFILLS), filter).await
    }

    async fn backfills(
        &self,
        scope: &Scope,
        job: &JobId,
        request: PageRequest,
    ) -> Result<Page<Backfill>, StoreError> {
        let filter = doc! {"org": scope.organisation().as_str(), "job_id": job.as_str()};
        let newest_first = doc! {"created_at": -1, "_id": -1};
        self.page(BACKFILLS, filter, newest_first, request, |document| {
            from_document(BACKFILL, document)
        })
        .await
    }

    async fn running_backfills(&self, limit: u32) -> Result<Vec<RunningBackfill>, StoreError> {
        let running = Read::of(doc! {"status": BackfillStatus::Running.as_str()});
        let running = running
            .sorted(doc! {"created_at": 1, "_id": 1})
            .first(limit);
        let running = self.find(BACKFILLS, running).await?;
        let running = running.into_iter().filter_map(readable);
        let running: Vec<Backfill> = running.collect();
        let unfinished = self.unfinished_of(&running).await?;
        let running = running.into_iter().map(|backfill| RunningBackfill {
            unfinished: unfinished.get(backfill.id.as_str()).copied().unwrap_or(0),
            backfill,
        });
        Ok(running.collect())
    }

    async fn change_backfill(
        &self,
        scope: &Scope,
        id: &BackfillId,
        status: BackfillStatus,
    ) -> Result<Backfill, StoreError> {
        let mut unfinished = within(scope, id.as_str());
        unfinished.insert("status", words_of_unfinished());
        let change = Statement::change(unfinished, doc! {"$set": {"status": status.as_str()}});
        self.update_all(BACKFILLS, vec![change]).await?;
        let found = self.backfill(scope, id).await?;
        found.ok_or(StoreError::NotFound { what: BACKFILL })
    }
}

impl MongoStore {
    /// Ends the backfills of a job that is deleted, within the transaction that deletes it.
    pub(super) async fn cancel_backfills_of(
        &self,
        transaction: &mut Transaction,
        job: &JobId,
    ) -> Result<(), StoreError> {
        let unfinished = doc! {"job_id": job.as_str(), "status": words_of_unfinished()};
        let cancelled = doc! {"$set": {"status": BackfillStatus::Cancelled.as_str()}};
        transaction.update(BACKFILLS, unfinished, cancelled).await?;
        Ok(())
    }

    /// How many executions of each backfill have not ended.
    async fn unfinished_of(
        &self,
        backfills: &[Backfill],
    ) -> Result<HashMap<String, u32>, StoreError> {
        if backfills.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<&str> = backfills.iter().map(|it| it.id.as_str()).collect();
        let of_these = doc! {"backfill_id": {"$in": ids}, "unfinished": true};
        let stages = vec![
            doc! {"$match": of_these},
            doc! {"$group": {"_id": "$backfill_id", "count": {"$sum": 1_i64}}},
        ];
        let counted = self.aggregate(EXECUTIONS, stages).await?;
        counted
            .into_iter()
            .map(|group| {
                let id = group.get_str("_id").map_err(|it| corrupt(BACKFILL, it))?;
                let count = whole(&group, "count").unwrap_or_default();
                Ok((id.to_owned(), u32::try_from(count).unwrap_or(u32::MAX)))
            })
            .collect()
    }
}

fn words_of_unfinished() -> Document {
    let unfinished = BackfillStatus::ALL
        .into_iter()
        .filter(|it| !it.is_finished());
    let words: Vec<&str> = unfinished.map(BackfillStatus::as_str).collect();
    doc! {"$in": words}
}

/// The backfill of a document. One that cannot be read must not hold up the others.
fn readable(document: Document) -> Option<Backfill> {
    let id = document.get_str("_id").unwrap_or_default().to_owned();
    from_document(BACKFILL, document)
        .inspect_err(|error| tracing::error!(%error, id, "backfill.corrupt"))
        .ok()
}
