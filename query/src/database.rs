//! The interface between the host and whatever keeps the documents that templates work on.
//!
//! The scheduler's own records are not kept behind it.

use async_trait::async_trait;

use crate::{CollectionName, Document, Documents, Filter, Find, Pipeline, QueryError, Update};

/// Collections of documents that templates work on.
#[async_trait]
pub trait ApplicationDatabase: Send + Sync + 'static {
    /// How many documents match. A collection that does not exist is empty.
    async fn count(
        &self,
        collection: &CollectionName,
        filter: &Filter,
    ) -> Result<u64, DatabaseError>;

    /// Reads the documents that match.
    async fn find(
        &self,
        collection: &CollectionName,
        find: Find,
    ) -> Result<Box<dyn Cursor>, DatabaseError>;

    /// Runs a read-only pipeline.
    async fn aggregate(
        &self,
        collection: &CollectionName,
        pipeline: Pipeline,
    ) -> Result<Box<dyn Cursor>, DatabaseError>;

    /// Inserts documents, all or none; returns how many. A document without `_id` gets one.
    async fn insert_many(
        &self,
        collection: &CollectionName,
        documents: Vec<Document>,
    ) -> Result<u64, DatabaseError>;

    /// Changes every document that matches.
    async fn update_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        update: &Update,
    ) -> Result<UpdateOutcome, DatabaseError>;

    /// Deletes documents that match, as far as `bound` allows; returns how many.
    async fn delete_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        bound: DeleteBound,
    ) -> Result<u64, DatabaseError>;

    /// The collections that exist, in the order of their names.
    async fn collections(&self) -> Result<Vec<CollectionName>, DatabaseError>;
}

/// Documents still to be read. Dropping it ends the query.
#[async_trait]
pub trait Cursor: Send {
    /// The next documents, at most `max` of them (a store may give fewer); an empty list means
    /// that there are no more. `max` is at least 1.
    async fn next(&mut self, max: usize) -> Result<Vec<Document>, DatabaseError>;
}

/// A cursor over documents that are pulled without waiting, such as those held in memory.
pub struct DocumentsCursor {
    documents: Documents<'static>,
}

impl DocumentsCursor {
    /// A cursor that pulls from `documents` as it is read.
    pub fn new(documents: Documents<'static>) -> Self {
        Self { documents }
    }
}

#[async_trait]
impl Cursor for DocumentsCursor {
    async fn next(&mut self, max: usize) -> Result<Vec<Document>, DatabaseError> {
        self.documents.by_ref().take(max).collect()
    }
}

/// How much a deletion may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteBound {
    /// Everything that matches.
    All,
    /// This many documents at the most.
    AtMost(u64),
}

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpdateOutcome {
    /// Documents that the filter matched.
    pub matched: u64,
    /// Documents that are different now.
    pub modified: u64,
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A document with this value of a unique field is there already.
    #[error("collection {collection} already has a document with {field} {value}")]
    DuplicateKey {
        /// Where it was to be inserted.
        collection: CollectionName,
        /// The unique field, such as `_id`.
        field: String,
        /// The value, as Extended JSON.
        value: String,
    },
    /// The request cannot be carried out however often it is made.
    #[error("{0}")]
    InvalidArgument(String),
    /// The request needs more than is allowed; a narrower one may pass.
    #[error("{0}")]
    LimitExceeded(String),
    /// The database cannot be reached or is too busy at the moment.
    #[error("the application database is unavailable")]
    Unavailable {
        /// What the store said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored cannot be read.
    #[error("stored data is corrupt: {what}")]
    Corrupt {
        /// Which data.
        what: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DatabaseError {
    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::DuplicateKey { .. }
            | Self::InvalidArgument(_)
            | Self::LimitExceeded(_)
            | Self::Corrupt { .. } => false,
        }
    }

    /// The database cannot be reached, because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable {
            source: source.into(),
        }
    }

    /// Stored data (`what`) cannot be read, because of `source`.
    pub fn corrupt(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt {
            what: what.into(),
            source: source.into(),
        }
    }
}

impl From<QueryError> for DatabaseError {
    fn from(error: QueryError) -> Self {
        Self::InvalidArgument(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn only_an_unavailable_database_is_worth_another_try() {
        let table = [
            (
                DatabaseError::DuplicateKey {
                    collection: "users".parse().unwrap(),
                    field: "_id".into(),
                    value: "1".into(),
                },
                false,
            ),
            (DatabaseError::InvalidArgument("no".into()), false),
            (DatabaseError::LimitExceeded("too much".into()), false),
            (DatabaseError::unavailable("connection refused"), true),
            (DatabaseError::corrupt("document 1", "bad bytes"), false),
        ];
        for (error, expected) in table {
            assert_eq!(error.retryable(), expected, "{error}");
        }
    }

    #[test]
    fn an_error_does_not_repeat_its_cause() {
        let error = DatabaseError::unavailable("connection refused");
        assert_eq!(error.to_string(), "the application database is unavailable");
        let source = std::error::Error::source(&error).expect("there is a cause");
        assert_eq!(source.to_string(), "connection refused");
    }
}
