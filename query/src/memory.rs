//! An [`ApplicationDatabase`] in memory: for tests and for trying a template out, not for keeping
//! anything. It follows the same rules as every other store because it only calls this crate's.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bson::oid::ObjectId;

use crate::{
    ApplicationDatabase, Change, CollectionName, Cursor, DatabaseError, DeleteBound, Document,
    DocumentsCursor, Filter, Find, OrderedValue, Pipeline, Update, UpdateOutcome, Value,
    check_storable, extended_json,
};

/// Collections held in memory, in the order of their `_id`s.
#[derive(Debug)]
pub struct MemoryDatabase {
    content: Mutex<Content>,
    now: fn() -> jiff::Timestamp,
}

#[derive(Debug, Default)]
struct Content {
    collections: BTreeMap<CollectionName, BTreeMap<OrderedValue, Document>>,
    ids: u64,
}

impl MemoryDatabase {
    /// An empty database; `now` is the clock for `$currentDate`.
    pub fn new(now: fn() -> jiff::Timestamp) -> Self {
        Self {
            content: Mutex::default(),
            now,
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn documents(&self, collection: &CollectionName) -> Vec<Document> {
        self.content()
            .collections
            .get(collection)
            .map(|documents| documents.values().cloned().collect())
            .unwrap_or_default()
    }
}

#[async_trait]
impl ApplicationDatabase for MemoryDatabase {
    async fn count(
        &self,
        collection: &CollectionName,
        filter: &Filter,
    ) -> Result<u64, DatabaseError> {
        let documents = self.documents(collection);
        Ok(documents
            .iter()
            .filter(|document| filter.matches(document))
            .count() as u64)
    }

    async fn find(
        &self,
        collection: &CollectionName,
        find: Find,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        let documents = self.documents(collection).into_iter().map(Ok);
        Ok(Box::new(DocumentsCursor::new(find.run(documents))))
    }

    async fn aggregate(
        &self,
        collection: &CollectionName,
        pipeline: Pipeline,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        let documents = self.documents(collection).into_iter().map(Ok);
        Ok(Box::new(DocumentsCursor::new(pipeline.run(documents))))
    }

    async fn insert_many(
        &self,
        collection: &CollectionName,
        documents: Vec<Document>,
    ) -> Result<u64, DatabaseError> {
        let mut content = self.content();
        let mut added = content
            .collections
            .get(collection)
            .cloned()
            .unwrap_or_default();
        let count = documents.len() as u64;
        for document in documents {
            check_storable(&document)?;
            content.ids += 1;
            let (id, document) = identified(document, content.ids);
            if added.contains_key(&id) {
                return Err(DatabaseError::DuplicateKey {
                    collection: collection.clone(),
                    field: "_id".to_owned(),
                    value: extended_json::value_to_json(&id.0).to_string(),
                });
            }
            added.insert(id, document);
        }
        content.collections.insert(collection.clone(), added);
        Ok(count)
    }

    async fn update_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        update: &Update,
    ) -> Result<UpdateOutcome, DatabaseError> {
        let now = (self.now)();
        let mut outcome = UpdateOutcome::default();
        let mut content = self.content();
        let Some(documents) = content.collections.get_mut(collection) else {
            return Ok(outcome);
        };
        for document in documents
            .values_mut()
            .filter(|document| filter.matches(document))
        {
            outcome.matched += 1;
            if update.apply(document, now)? == Change::Changed {
                outcome.modified += 1;
            }
        }
        Ok(outcome)
    }

    async fn delete_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        bound: DeleteBound,
    ) -> Result<u64, DatabaseError> {
        let mut deleted = 0;
        let mut content = self.content();
        if let Some(documents) = content.collections.get_mut(collection) {
            documents.retain(|_, document| {
                let within = match bound {
                    DeleteBound::All => true,
                    DeleteBound::AtMost(most) => deleted < most,
                };
                let goes = within && filter.matches(document);
                deleted += u64::from(goes);
                !goes
            });
        }
        Ok(deleted)
    }

    async fn collections(&self) -> Result<Vec<CollectionName>, DatabaseError> {
        Ok(self.content().collections.keys().cloned().collect())
    }
}

/// The document with its `_id` in front, made from a counter where it has none.
fn identified(mut document: Document, number: u64) -> (OrderedValue, Document) {
    let mut bytes = [0; 12];
    for (byte, digit) in bytes.iter_mut().skip(4).zip(number.to_be_bytes()) {
        *byte = digit;
    }
    let id = document
        .remove("_id")
        .unwrap_or_else(|| Value::ObjectId(ObjectId::from_bytes(bytes)));
    let mut with_id = Document::new();
    with_id.insert("_id", id.clone());
    with_id.extend(document);
    (OrderedValue(id), with_id)
}
