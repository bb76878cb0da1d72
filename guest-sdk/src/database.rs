//! Collections with documents as serde types, and results read in batches.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{CallError, DocumentSource, FindOptions, Host, UpdateResult};

/// How many documents [`Documents`] asks the host for at a time.
const BATCH: u32 = 500;

/// A collection of the application database. Filters, updates and pipelines are anything that
/// serialises to MongoDB's form of them, most often a [`serde_json::json!`] value.
#[derive(Debug)]
pub struct Collection<'host, H> {
    host: &'host H,
    name: String,
}

/// # Errors
/// Every method gives the host's error, or says that a document could not be converted.
#[allow(clippy::missing_errors_doc, reason = "said once, on the block")]
impl<'host, H: Host> Collection<'host, H> {
    pub(crate) fn new(host: &'host H, name: String) -> Self {
        Self { host, name }
    }

    /// How many documents match.
    pub fn count(&self, filter: &impl Serialize) -> Result<u64, CallError> {
        Ok(self
            .host
            .count(&self.name, &serde_json::to_string(filter)?)?)
    }

    /// The documents that match, as `T`: [`Value`] or a type of the template.
    pub fn find<T: DeserializeOwned>(
        &self,
        filter: &impl Serialize,
        options: &FindOptions,
    ) -> Result<Documents<H::Source, T>, CallError> {
        let filter = serde_json::to_string(filter)?;
        Ok(Documents::new(
            self.host.find(&self.name, &filter, options)?,
        ))
    }

    /// What a read-only aggregation pipeline gives, as `T`.
    pub fn aggregate<T: DeserializeOwned>(
        &self,
        pipeline: &impl Serialize,
    ) -> Result<Documents<H::Source, T>, CallError> {
        let pipeline = serde_json::to_string(pipeline)?;
        Ok(Documents::new(self.host.aggregate(&self.name, &pipeline)?))
    }

    /// Inserts documents, all or none; returns how many.
    pub fn insert_many<T: Serialize>(
        &self,
        documents: impl IntoIterator<Item = T>,
    ) -> Result<u64, CallError> {
        let texts = documents
            .into_iter()
            .map(|document| serde_json::to_string(&document))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.host.insert_many(&self.name, &texts)?)
    }

    /// Changes the documents that match.
    pub fn update_many(
        &self,
        filter: &impl Serialize,
        update: &impl Serialize,
    ) -> Result<UpdateResult, CallError> {
        let filter = serde_json::to_string(filter)?;
        let update = serde_json::to_string(update)?;
        Ok(self.host.update_many(&self.name, &filter, &update)?)
    }

    /// Deletes all documents that match; returns how many.
    pub fn delete_all(&self, filter: &impl Serialize) -> Result<u64, CallError> {
        let filter = serde_json::to_string(filter)?;
        Ok(self.host.delete_many(&self.name, &filter, None)?)
    }

    /// Deletes at most `limit` documents that match; returns how many.
    pub fn delete_some(&self, filter: &impl Serialize, limit: u64) -> Result<u64, CallError> {
        let filter = serde_json::to_string(filter)?;
        Ok(self.host.delete_many(&self.name, &filter, Some(limit))?)
    }
}

/// Documents that a query found, fetched in batches: an iterator whose memory is one batch. It ends
/// after the first error.
#[derive(Debug)]
pub struct Documents<S, T = Value> {
    source: S,
    batch: std::vec::IntoIter<String>,
    state: State,
    document: PhantomData<fn() -> T>,
}

#[derive(Debug, PartialEq)]
enum State {
    More,
    Ended,
}

impl<S: DocumentSource, T: DeserializeOwned> Documents<S, T> {
    fn new(source: S) -> Self {
        Self {
            source,
            batch: Vec::new().into_iter(),
            state: State::More,
            document: PhantomData,
        }
    }

    fn next_text(&mut self) -> Result<Option<String>, CallError> {
        if self.batch.as_slice().is_empty() && self.state == State::More {
            self.batch = self.source.next(BATCH)?.into_iter();
            if self.batch.as_slice().is_empty() {
                self.state = State::Ended;
            }
        }
        Ok(self.batch.next())
    }
}

impl<S: DocumentSource, T: DeserializeOwned> Iterator for Documents<S, T> {
    type Item = Result<T, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        let document = self
            .next_text()
            .and_then(|text| Ok(text.map(|text| serde_json::from_str(&text)).transpose()?))
            .transpose()?;
        if document.is_err() {
            self.batch = Vec::new().into_iter();
            self.state = State::Ended;
        }
        Some(document)
    }
}
