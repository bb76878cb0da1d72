//! The application database on MongoDB: the documents that templates work on, in a database of their
//! own.
//!
//! What a guest asks reaches the server only as the parsed filter, update or pipeline rendered anew, so
//! that nothing else can be smuggled in. Every operation has a time limit on the server, every batch
//! is bounded in documents and bytes, and no stage may use the disk, so that what it holds is bounded
//! (MongoDB manual, "Aggregation Pipeline Limits"). Others may store documents here, too. Types that
//! are never stored through Sandglass (regular expressions, code, timestamps, `MinKey` and the like)
//! are read and shown as Extended JSON and otherwise left alone: filters reach them by `$type` and
//! `$exists`, updates of other fields keep them. Bytes that are no BSON end the query that meets them.

mod changing;
mod cursor;
mod fault;
mod importing;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use mongodb::{
    Collection, Database,
    bson::{RawDocumentBuf, doc},
    error::Error,
};
use sandglass_contract::Clock;
use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, DeleteBound, Document,
    DocumentsCursor, Filter, Find, Limit, Pipeline, Update, UpdateOutcome,
};

use super::MongoConnection;
use crate::application::{ObjectIds, identified};
use cursor::BoundedCursor;
use fault::fault;

/// More documents than there are anywhere; passing over so many leaves none.
const PASSED_OVER_AT_MOST: u64 = 1 << 53;

/// Bounds on what one operation may take.
#[derive(Debug, Clone, Copy)]
pub struct MongoDatabaseSettings {
    /// How long the server works on one operation at the most; a cursor counts as one.
    pub max_time: Duration,
    /// How many documents the server sends at once at the most.
    pub batch_documents: u32,
}

impl Default for MongoDatabaseSettings {
    fn default() -> Self {
        Self {
            max_time: Duration::from_secs(60),
            batch_documents: 1000,
        }
    }
}

/// An [`ApplicationDatabase`] in a database of a MongoDB server; cloning it is cheap.
///
/// An insertion and an update are transactions: all or none. A deletion is not; done again it goes on
/// where it ended. Cursors see what others write meanwhile.
#[derive(Clone)]
pub struct MongoDatabase {
    connection: MongoConnection,
    database: Database,
    clock: Arc<dyn Clock>,
    object_ids: Arc<ObjectIds>,
    settings: MongoDatabaseSettings,
}

impl MongoDatabase {
    /// The database with this name. `clock` gives the time of new ids; `$currentDate` is the server's.
    #[must_use]
    pub fn open(connection: &MongoConnection, database: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            connection: connection.clone(),
            database: connection.database(database),
            clock,
            object_ids: Arc::default(),
            settings: MongoDatabaseSettings::default(),
        }
    }

    /// With other bounds than the default ones.
    #[must_use]
    pub fn with_settings(mut self, settings: MongoDatabaseSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Removes the whole database with everything in it.
    ///
    /// # Errors
    /// Where the server cannot be reached or refuses.
    pub async fn drop_everything(&self) -> Result<(), DatabaseError> {
        self.database.drop().await.map_err(fault)
    }

    fn collection(&self, name: &CollectionName) -> Collection<RawDocumentBuf> {
        self.database.collection(name.as_str())
    }

    fn max_time_milliseconds(&self) -> i64 {
        i64::try_from(self.settings.max_time.as_millis()).unwrap_or(i64::MAX)
    }

    fn cursor(&self, cursor: mongodb::Cursor<RawDocumentBuf>) -> Box<dyn Cursor> {
        Box::new(BoundedCursor::new(cursor))
    }
}

#[async_trait]
impl ApplicationDatabase for MongoDatabase {
    async fn count(
        &self,
        collection: &CollectionName,
        filter: &Filter,
    ) -> Result<u64, DatabaseError> {
        let collection = self.collection(collection);
        let count = collection
            .count_documents(filter.to_bson())
            .max_time(self.settings.max_time);
        count.await.map_err(fault)
    }

    async fn find(
        &self,
        collection: &CollectionName,
        find: Find,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        let nothing = find.limit == Limit::AtMost(0) || find.skip > PASSED_OVER_AT_MOST;
        if nothing {
            let none = Box::new(std::iter::empty());
            return Ok(Box::new(DocumentsCursor::new(none)));
        }
        let collection = self.collection(collection);
        let mut query = collection
            .find(find.filter.to_bson())
            .skip(find.skip)
            .max_time(self.settings.max_time)
            .batch_size(self.settings.batch_documents)
            .allow_disk_use(false);
        if let Limit::AtMost(limit) = find.limit {
            let limit = limit.min(PASSED_OVER_AT_MOST);
            query = query.limit(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        if !find.sort.is_unsorted() {
            query = query.sort(find.sort.to_bson());
        }
        if !find.projection.is_everything() {
            query = query.projection(find.projection.to_bson());
        }
        Ok(self.cursor(query.await.map_err(fault)?))
    }

    async fn aggregate(
        &self,
        collection: &CollectionName,
        pipeline: Pipeline,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        let collection = self.collection(collection);
        let query = collection
            .aggregate(pipeline.to_bson())
            .max_time(self.settings.max_time)
            .batch_size(self.settings.batch_documents)
            .allow_disk_use(false)
            .with_type::<RawDocumentBuf>();
        Ok(self.cursor(query.await.map_err(fault)?))
    }

    async fn insert_many(
        &self,
        collection: &CollectionName,
        documents: Vec<Document>,
    ) -> Result<u64, DatabaseError> {
        let now = self.clock.now();
        let documents = documents
            .into_iter()
            .map(|document| identified(document, &self.object_ids, now))
            .collect::<Result<Vec<_>, _>>()?;
        self.insert(collection, &documents).await
    }

    async fn update_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        update: &Update,
    ) -> Result<UpdateOutcome, DatabaseError> {
        self.update(collection, filter, update).await
    }

    async fn delete_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        bound: DeleteBound,
    ) -> Result<u64, DatabaseError> {
        match bound {
            DeleteBound::All => self.delete_all(collection, filter.to_bson()).await,
            DeleteBound::AtMost(most) => self.delete_some(collection, filter, most).await,
        }
    }

    async fn collections(&self) -> Result<Vec<CollectionName>, DatabaseError> {
        let listing = doc! {
            "listCollections": 1,
            "nameOnly": true,
            "authorizedCollections": true,
            "maxTimeMS": self.max_time_milliseconds(),
        };
        let listed = self.database.run_cursor_command(listing).await;
        let mut listed = listed.map_err(fault)?;
        let mut names = Vec::new();
        while listed.advance().await.map_err(fault)? {
            let name = listed.current().get_str("name");
            let name = name.map_err(|error| fault(Error::custom(error)))?;
            // Others may have made collections whose names nobody can ask for.
            names.extend(name.parse::<CollectionName>());
        }
        names.sort();
        Ok(names)
    }
}

impl fmt::Debug for MongoDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MongoDatabase")
            .field("connection", &self.connection)
            .field("database", &self.database.name())
            .finish_non_exhaustive()
    }
}
