//! The store as a whole: its collections, and opening it.

use std::{fmt, sync::Arc};

use mongodb::{
    ClientSession, Collection, Database,
    bson::Document,
    error::Error,
    options::{ReadConcern, TransactionOptions},
};
use sandglass_contract::Clock;

use super::{
    MongoConnection, connection::durable, failure::refusal, time::StoreTime,
};
use crate::store::StoreError;

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
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
}

impl MongoStore {
    /// A collection of documents.
    pub(super) fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Does `work` as one transaction: all of its writes happen or none, and as if nobody else wrote at
    /// the same time. It is done again where it met another's writes, so that it must have no effect
    /// but on the session.
    pub(super) async fn transaction<T>(
        &self,
        mut work: impl AsyncFnMut(&mut ClientSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut session = self.connection.client().start_session().await?;
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .write_concern(durable())
            .build();
        let done = session
            .start_transaction()
            .with_options(options)
            .and_run2(async |session| work(session).await.map_err(refusal))
            .await;
        done.map_err(StoreError::from)
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
