//! `sandglass:job/database`: collections of documents.
//!
//! Names, filters, updates and documents are parsed into types that cannot be wrong before the grant is
//! asked, and nothing reaches the database before both have passed. This is not a database: what is
//! behind it is whatever the service was given.

use sandglass_contract::{Limit, Operation};
use sandglass_query::{
    CollectionName, DatabaseError, DeleteBound, Document, Filter, Find, Limit as Bound, Pipeline,
    Projection, Sort, Update, UpdateOutcome, extended_json::parse_document,
};
use wasmtime::component::Resource;

use super::{Refusal, cursor::OpenCursor, unless_cancelled};
use crate::{
    bindings::sandglass::job::database::{FindOptions, Host, HostCursor, UpdateResult},
    bindings::sandglass::job::types::Error,
    journal::Function,
    outcome::Stop,
    state::RunState,
};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for RunState {
    async fn count(&mut self, collection: String, filter: String) -> Answer<u64> {
        self.begin(Function::Count, &collection, &[&collection, &filter])?;
        let result = self.count_documents(&collection, &filter).await;
        self.end(result, |count| Some(format!("{count} documents")))
    }

    async fn find(
        &mut self,
        collection: String,
        filter: String,
        options: FindOptions,
    ) -> Answer<Resource<OpenCursor>> {
        self.begin(
            Function::Find,
            &collection,
            &[&collection, &filter, &options],
        )?;
        let result = self.find_documents(&collection, &filter, options).await;
        self.end(result, |_| None)
    }

    async fn aggregate(
        &mut self,
        collection: String,
        pipeline: String,
    ) -> Answer<Resource<OpenCursor>> {
        self.begin(Function::Aggregate, &collection, &[&collection, &pipeline])?;
        let result = self.aggregate_documents(&collection, &pipeline).await;
        self.end(result, |_| None)
    }

    async fn insert_many(&mut self, collection: String, documents: Vec<String>) -> Answer<u64> {
        self.begin(
            Function::InsertMany,
            &collection,
            &[&collection, &documents],
        )?;
        let result = self.insert_documents(&collection, &documents).await;
        self.end(result, |count| Some(format!("{count} inserted")))
    }

    async fn update_many(
        &mut self,
        collection: String,
        filter: String,
        update: String,
    ) -> Answer<UpdateResult> {
        self.begin(
            Function::UpdateMany,
            &collection,
            &[&collection, &filter, &update],
        )?;
        let result = self.update_documents(&collection, &filter, &update).await;
        self.end(result, |updated| {
            Some(format!(
                "{} matched, {} modified",
                updated.matched, updated.modified
            ))
        })
    }

    async fn delete_many(
        &mut self,
        collection: String,
        filter: String,
        limit: Option<u64>,
    ) -> Answer<u64> {
        self.begin(
            Function::DeleteMany,
            &collection,
            &[&collection, &filter, &limit],
        )?;
        let result = self.delete_documents(&collection, &filter, limit).await;
        self.end(result, |count| Some(format!("{count} deleted")))
    }
}

impl HostCursor for RunState {
    async fn next(&mut self, cursor: Resource<OpenCursor>, max: u32) -> Answer<Vec<String>> {
        let target = self.table.get(&cursor)?.collection().to_owned();
        self.begin(
            Function::CursorNext,
            &target,
            &[&u64::from(cursor.rep()), &u64::from(max)],
        )?;
        let result = self.next_documents(&cursor, max).await;
        self.end(result, |documents| {
            Some(format!("{} documents", documents.len()))
        })
    }

    async fn drop(&mut self, cursor: Resource<OpenCursor>) -> wasmtime::Result<()> {
        self.take_back(cursor)?;
        Ok(())
    }
}

impl RunState {
    async fn count_documents(&mut self, collection: &str, filter: &str) -> Result<u64, Refusal> {
        let (name, filter) = (name(collection)?, Filter::parse_text(filter)?);
        self.require(Operation::Count, collection)?;
        let count = self.database.count(&name, &filter);
        let count = unless_cancelled(&self.cancel, async { Ok(count.await?) }).await?;
        Ok(count.saturating_sub(self.simulated.gone(&name, &filter)))
    }

    async fn find_documents(
        &mut self,
        collection: &str,
        filter: &str,
        options: FindOptions,
    ) -> Result<Resource<OpenCursor>, Refusal> {
        let name = name(collection)?;
        let sort = options.sort.as_deref().map(Sort::parse_text).transpose()?;
        let projection = options.projection.as_deref().map(Projection::parse_text);
        let find = Find {
            filter: Filter::parse_text(filter)?,
            sort: sort.unwrap_or_default(),
            projection: projection.transpose()?.unwrap_or_default(),
            skip: options.skip.unwrap_or_default(),
            limit: options.limit.map_or(Bound::All, Bound::AtMost),
        };
        self.require(Operation::Find, collection)?;
        let cursor = self.database.find(&name, find);
        let cursor = unless_cancelled(&self.cancel, async { Ok(cursor.await?) }).await?;
        self.hand_out(OpenCursor::new(name, cursor))
    }

    async fn aggregate_documents(
        &mut self,
        collection: &str,
        pipeline: &str,
    ) -> Result<Resource<OpenCursor>, Refusal> {
        let (name, pipeline) = (name(collection)?, Pipeline::parse_text(pipeline)?);
        self.require(Operation::Aggregate, collection)?;
        let cursor = self.database.aggregate(&name, pipeline);
        let cursor = unless_cancelled(&self.cancel, async { Ok(cursor.await?) }).await?;
        self.hand_out(OpenCursor::new(name, cursor))
    }

    async fn next_documents(
        &mut self,
        cursor: &Resource<OpenCursor>,
        max: u32,
    ) -> Result<Vec<String>, Refusal> {
        if max == 0 {
            return Err(Refusal::Invalid("`max` is at least 1".to_owned()));
        }
        let cursor = self
            .table
            .get_mut(cursor)
            .map_err(|_| Stop::Host("a cursor is missing"))?;
        let left = self.allowance.left(Limit::DocumentsRead);
        let next = cursor.next(max, left);
        let documents = unless_cancelled(&self.cancel, next).await?;
        let count = u64::try_from(documents.len()).unwrap_or(u64::MAX);
        self.allowance.take(Limit::DocumentsRead, count)?;
        Ok(documents)
    }

    async fn insert_documents(
        &mut self,
        collection: &str,
        documents: &[String],
    ) -> Result<u64, Refusal> {
        let name = name(collection)?;
        let parsed: Result<Vec<Document>, _> =
            documents.iter().map(|text| parse_document(text)).collect();
        let documents = parsed?;
        self.require(Operation::Insert, collection)?;
        let count = u64::try_from(documents.len()).unwrap_or(u64::MAX);
        self.allowance.check(Limit::DocumentsWritten, count)?;
        self.intend().await?;
        let inserted = if self.context.mode.is_dry() {
            count
        } else {
            let insert = self.database.insert_many(&name, documents);
            unless_cancelled(&self.cancel, async { Ok(insert.await?) }).await?
        };
        self.allowance.add(Limit::DocumentsWritten, inserted);
        Ok(inserted)
    }

    async fn update_documents(
        &mut self,
        collection: &str,
        filter: &str,
        update: &str,
    ) -> Result<UpdateResult, Refusal> {
        let (name, filter) = (name(collection)?, Filter::parse_text(filter)?);
        let update = Update::parse_text(update)?;
        self.require(Operation::Update, collection)?;
        let count = self.database.count(&name, &filter);
        let matching = unless_cancelled(&self.cancel, async { Ok(count.await?) }).await?;
        let matching = matching.saturating_sub(self.simulated.gone(&name, &filter));
        self.allowance.check(Limit::DocumentsWritten, matching)?;
        self.intend().await?;
        let updated = if self.context.mode.is_dry() {
            UpdateOutcome {
                matched: matching,
                modified: matching,
            }
        } else {
            let update = self.database.update_many(&name, &filter, &update);
            unless_cancelled(&self.cancel, async { Ok(update.await?) }).await?
        };
        self.allowance
            .add(Limit::DocumentsWritten, updated.modified);
        Ok(UpdateResult {
            matched: updated.matched,
            modified: updated.modified,
        })
    }

    async fn delete_documents(
        &mut self,
        collection: &str,
        filter: &str,
        limit: Option<u64>,
    ) -> Result<u64, Refusal> {
        let (name, filter) = (name(collection)?, Filter::parse_text(filter)?);
        self.require(Operation::Delete, collection)?;
        let left = self.allowance.left(Limit::DocumentsWritten);
        let most = limit.unwrap_or(u64::MAX);
        let dry = self.context.mode.is_dry();
        let there = if dry || most > left {
            let count = self.database.count(&name, &filter);
            let count = unless_cancelled(&self.cancel, async { Ok(count.await?) }).await?;
            count.saturating_sub(self.simulated.gone(&name, &filter))
        } else {
            most
        };
        let wanted = there.min(most);
        self.allowance.check(Limit::DocumentsWritten, wanted)?;
        self.intend().await?;
        let deleted = if dry {
            self.simulated.delete(&name, &filter, wanted);
            wanted
        } else {
            let bound = limit.map_or(DeleteBound::All, DeleteBound::AtMost);
            let delete = self.database.delete_many(&name, &filter, bound);
            unless_cancelled(&self.cancel, async { Ok(delete.await?) }).await?
        };
        self.allowance.add(Limit::DocumentsWritten, deleted);
        Ok(deleted)
    }
}

fn name(collection: &str) -> Result<CollectionName, Refusal> {
    collection
        .parse()
        .map_err(|error: sandglass_query::InvalidCollectionName| {
            Refusal::Invalid(error.to_string())
        })
}

impl From<sandglass_query::QueryError> for Refusal {
    fn from(error: sandglass_query::QueryError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Self {
        match &error {
            DatabaseError::DuplicateKey { .. } | DatabaseError::InvalidArgument(_) => {
                Self::Invalid(error.to_string())
            }
            DatabaseError::LimitExceeded(_) => Self::Limit(error.to_string()),
            DatabaseError::Unavailable { source } => {
                tracing::warn!(%source, "the application database is unavailable");
                Self::Unavailable(error.to_string())
            }
            DatabaseError::Corrupt { source, .. } => {
                tracing::error!(%source, %error, "the application database is corrupt");
                Self::Other(error.to_string())
            }
        }
    }
}
