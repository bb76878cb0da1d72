//! Collections in memory, behind the contract's text interface.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, DeleteBound, Filter, Find, Limit,
    MemoryDatabase, Pipeline, Projection, QueryError, Sort, Update, extended_json,
};
use serde_json::Value;

use crate::{DocumentSource, FindOptions, HostError, UpdateResult};

/// Documents that a query in memory found.
pub struct MemorySource {
    cursor: Box<dyn Cursor>,
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemorySource")
    }
}

impl DocumentSource for MemorySource {
    fn next(&mut self, maximum: u32) -> Result<Vec<String>, HostError> {
        let documents = answer(self.cursor.next(maximum as usize))?;
        Ok(documents
            .iter()
            .map(extended_json::print_document)
            .collect())
    }
}

/// The application database of a host in memory.
pub(super) struct Database(MemoryDatabase);

impl Default for Database {
    fn default() -> Self {
        // The clock for `$currentDate`.
        Self(MemoryDatabase::new(|| {
            let moment = super::context().scheduled_at;
            jiff::Timestamp::from_millisecond(moment).unwrap_or_default()
        }))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Database")
    }
}

impl Database {
    pub(super) fn count(&self, collection: &str, filter: &str) -> Result<u64, HostError> {
        answer(
            self.0
                .count(&name(collection)?, &Filter::parse_text(filter)?),
        )
    }

    pub(super) fn find(
        &self,
        collection: &str,
        filter: &str,
        options: &FindOptions,
    ) -> Result<MemorySource, HostError> {
        let find = Find {
            filter: Filter::parse_text(filter)?,
            sort: options
                .sort
                .as_deref()
                .map_or_else(|| Ok(Sort::unsorted()), Sort::parse_text)?,
            projection: options
                .projection
                .as_deref()
                .map_or_else(|| Ok(Projection::everything()), Projection::parse_text)?,
            skip: options.skip.unwrap_or_default(),
            limit: options.limit.map_or(Limit::All, Limit::AtMost),
        };
        let cursor = answer(self.0.find(&name(collection)?, find))?;
        Ok(MemorySource { cursor })
    }

    pub(super) fn aggregate(
        &self,
        collection: &str,
        pipeline: &str,
    ) -> Result<MemorySource, HostError> {
        let pipeline = Pipeline::parse_text(pipeline)?;
        let cursor = answer(self.0.aggregate(&name(collection)?, pipeline))?;
        Ok(MemorySource { cursor })
    }

    pub(super) fn insert_many(
        &self,
        collection: &str,
        documents: &[String],
    ) -> Result<u64, HostError> {
        let documents = documents
            .iter()
            .map(|document| extended_json::parse_document(document))
            .collect::<Result<_, _>>()?;
        answer(self.0.insert_many(&name(collection)?, documents))
    }

    pub(super) fn update_many(
        &self,
        collection: &str,
        filter: &str,
        update: &str,
    ) -> Result<UpdateResult, HostError> {
        let (filter, update) = (Filter::parse_text(filter)?, Update::parse_text(update)?);
        let outcome = answer(self.0.update_many(&name(collection)?, &filter, &update))?;
        Ok(UpdateResult {
            matched: outcome.matched,
            modified: outcome.modified,
        })
    }

    pub(super) fn delete_many(
        &self,
        collection: &str,
        filter: &str,
        limit: Option<u64>,
    ) -> Result<u64, HostError> {
        let bound = limit.map_or(DeleteBound::All, DeleteBound::AtMost);
        answer(
            self.0
                .delete_many(&name(collection)?, &Filter::parse_text(filter)?, bound),
        )
    }

    /// All documents of a collection.
    pub(super) fn documents(&self, collection: &str) -> Result<Vec<Value>, HostError> {
        let mut cursor = answer(self.0.find(&name(collection)?, Find::default()))?;
        let mut all = Vec::new();
        loop {
            let batch = answer(cursor.next(1000))?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch.iter().map(extended_json::document_to_json));
        }
    }
}

fn name(collection: &str) -> Result<CollectionName, HostError> {
    collection
        .parse()
        .map_err(|error: sandglass_query::InvalidCollectionName| {
            HostError::InvalidArgument(error.to_string())
        })
}

/// The answer of a database that never waits.
fn answer<T>(call: impl Future<Output = Result<T, DatabaseError>>) -> Result<T, HostError> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Ok(answer?),
        Poll::Pending => Err(HostError::Unavailable(
            "the database in memory is in use elsewhere".into(),
        )),
    }
}

impl From<QueryError> for HostError {
    fn from(error: QueryError) -> Self {
        Self::InvalidArgument(error.to_string())
    }
}

impl From<DatabaseError> for HostError {
    fn from(error: DatabaseError) -> Self {
        let reason = error.to_string();
        match error {
            DatabaseError::InvalidArgument(_) | DatabaseError::DuplicateKey { .. } => {
                Self::InvalidArgument(reason)
            }
            DatabaseError::LimitExceeded(_) => Self::LimitExceeded(reason),
            DatabaseError::Unavailable { .. } => Self::Unavailable(reason),
            DatabaseError::Corrupt { .. } => Self::Other(reason),
        }
    }
}
