//! The store as a whole.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
};

use mongodb::{Collection, Database, bson::Document, error::Error};
use sandglass_contract::Clock;

use super::{
    MongoConnection, blocked::Blocked, revisions::Revisions, sessions::Sessions, time::StoreTime,
};
use crate::retention::Retention;

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database belongs to something else.
    #[error(
        "the database {database} holds documents in {collection} that are not of sandglass; choose \
         another database in the URL"
    )]
    NotOurs {
        /// The database.
        database: String,
        /// The collection.
        collection: String,
    },
    /// The database was written by a newer version.
    #[error(
        "the database {database} has data version {found} and this sandglass knows up to {known}; run \
         the newer version that wrote it, or restore an older backup"
    )]
    Newer {
        /// The database.
        database: String,
        /// Its version.
        found: i64,
        /// The last version this program knows.
        known: i64,
    },
    /// The server did not do it.
    #[error("the database {database} could not be prepared")]
    Failed {
        /// The database.
        database: String,
        /// What the server says.
        #[source]
        source: Box<Error>,
    },
}

/// A [`Store`](crate::Store) in a database that any number of hosts share; cloning it is cheap.
#[derive(Clone)]
pub struct MongoStore {
    pub(super) connection: MongoConnection,
    pub(super) database: Database,
    pub(super) time: StoreTime,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) retention: Retention,
    /// How many jobs there may be in all organisations.
    pub(super) most_jobs: Option<u64>,
    pub(super) revisions: Arc<Revisions>,
    /// Whether the last claim met those of other hosts.
    pub(super) crowded: Arc<AtomicBool>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) blocked: Arc<Blocked>,
}

impl MongoStore {
    /// A collection of documents.
    pub(super) fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MongoStore")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
