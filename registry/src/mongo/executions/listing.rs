//! Reading executions and their records.

use std::future::IntoFuture as _;

use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::{ExecutionId, JournalEntry, LogLine};

use crate::{
    execution::Execution,
    mongo::{
        MongoStore,
        collections::{EXECUTIONS, JOURNAL, LOGS},
        failure::in_time,
        reading::Read,
        stored::{count, from_bson},
    },
    page::Page,
    scope::Scope,
    store::{ExecutionQuery, StoreError},
};

use super::documents::read_execution;

impl MongoStore {
    /// An execution.
    pub(super) async fn find_execution(
        &self,
        scope: &Scope,
        id: &ExecutionId,
    ) -> Result<Option<Execution>, StoreError> {
        let found = self.find_one(EXECUTIONS, Read::of(one(scope, id))).await?;
        found.map(read_execution).transpose()
    }

    /// A page of executions.
    pub(super) async fn list_executions(
        &self,
        scope: &Scope,
        query: &ExecutionQuery,
    ) -> Result<Page<Execution>, StoreError> {
        let mut filter = doc! {"org": scope.organisation().as_str()};
        if let Some(job) = &query.job {
            filter.insert("job_id", job.as_str());
        }
        if let Some(backfill) = &query.backfill {
            filter.insert("backfill_id", backfill.as_str());
        }
        if !query.status.is_empty() {
            let words: Vec<&str> = query.status.iter().map(|it| it.as_str()).collect();
            filter.insert("status", doc! {"$in": words});
        }
        let order = doc! {"queued_at": -1, "_id": -1};
        self.page(EXECUTIONS, filter, order, query.page, read_execution)
            .await
    }

    /// Lines of a log.
    pub(super) async fn read_log(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LogLine>, StoreError> {
        if limit == 0 || !self.is_visible(scope, id).await? {
            return Ok(Vec::new());
        }
        let lines = Read::of(doc! {"execution": id.as_str(), "seq": {"$gt": count(after)}});
        let lines = lines.sorted(doc! {"seq": 1}).first(limit);
        let lines = self.find(LOGS, lines).await?;
        let read =
            |mut it: Document| from_bson("log line", it.remove("line").unwrap_or(Bson::Null));
        lines.into_iter().map(read).collect()
    }

    /// Entries of a journal and how many there are in all.
    pub(super) async fn read_journal(
        &self,
        scope: &Scope,
        id: &ExecutionId,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<JournalEntry>, u64), StoreError> {
        if !self.is_visible(scope, id).await? {
            return Ok((Vec::new(), 0));
        }
        let filter = doc! {"execution": id.as_str()};
        let journal = self.collection(JOURNAL);
        let counting = journal.count_documents(filter.clone());
        let total = in_time(counting.into_future()).await?;
        if limit == 0 {
            return Ok((Vec::new(), total));
        }
        let entries = Read::of(filter).sorted(doc! {"attempt": 1, "seq": 1});
        let entries = self.find(JOURNAL, entries.after(skip).first(limit)).await?;
        let read =
            |mut it: Document| from_bson("journal entry", it.remove("entry").unwrap_or(Bson::Null));
        let entries = entries.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok((entries, total))
    }

    async fn is_visible(&self, scope: &Scope, id: &ExecutionId) -> Result<bool, StoreError> {
        let read = Read::of(one(scope, id)).only(&[]);
        Ok(self.find_one(EXECUTIONS, read).await?.is_some())
    }
}

fn one(scope: &Scope, id: &ExecutionId) -> Document {
    doc! {"_id": id.as_str(), "org": scope.organisation().as_str()}
}
