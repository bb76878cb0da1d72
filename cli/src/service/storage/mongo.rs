//! Everything in MongoDB, opened as soon as it answers.

use std::{sync::Arc, time::Duration};

use sandglass_contract::Clock;
use sandglass_registry::mongo::{
    ConnectError, MongoArtifacts, MongoConnection, MongoDatabase, MongoStore, OpenError,
    ServerClock,
};

use super::Storage;
use crate::{
    failure::{Exit, Failure},
    settings::{AppDatabase, Settings, StoreUrl},
};

/// How long after an attempt the next is made; each attempt itself takes up to five seconds.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// A place in MongoDB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MongoPlace<'a> {
    /// The server.
    pub(crate) url: &'a StoreUrl,
    /// The database of the documents that templates work on.
    pub(crate) app_database: &'a AppDatabase,
}

/// Why it was not opened.
pub(crate) enum OpenFailure {
    /// Nobody answers; asking again may help. Whom was asked, and why there is no answer.
    NoAnswer(String, anyhow::Error),
    /// It cannot be used.
    Final(Failure),
}

impl MongoPlace<'_> {
    /// Opens it, and waits for as long as nobody answers.
    ///
    /// # Errors
    /// Where it cannot be used; each says what to do.
    pub(super) async fn wait_for(
        self,
        own: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Result<Storage, Failure> {
        loop {
            match self.open(own.clone(), settings).await {
                Ok(storage) => return Ok(storage),
                Err(OpenFailure::Final(failure)) => return Err(failure),
                Err(OpenFailure::NoAnswer(address, error)) => {
                    let why = format!("{error:#}");
                    tracing::warn!(address, why, "store.waiting");
                    own.sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// Where nobody answers, or it cannot be used.
    async fn open(self, own: Arc<dyn Clock>, settings: &Settings) -> Result<Storage, OpenFailure> {
        let connection = self.connect().await?;
        let server = ServerClock::set(&connection, own).await;
        let server = server.map_err(|error| no_answer(&connection, error.into()))?;
        let clock: Arc<dyn Clock> = Arc::new(server.clone());
        let store = self.store(&connection, clock.clone()).await?;
        let store = store
            .keeping(settings.retention.clone())
            .with_at_most(settings.limits.jobs);
        let database = self.database(&connection, clock.clone());
        tokio::spawn(server.follow(connection.clone()));
        tracing::info!(
            address = connection.address(),
            database = connection.database_name(),
            app_database = self.app_database.as_str(),
            "store.opened"
        );
        Ok(Storage {
            store: Arc::new(store),
            database: Arc::new(database),
            artifacts: Arc::new(MongoArtifacts::new(&connection, clock.clone())),
            clock,
        })
    }

    /// Connects to the server.
    ///
    /// # Errors
    /// Where nobody answers, or it cannot be used.
    pub(crate) async fn connect(self) -> Result<MongoConnection, OpenFailure> {
        let connected = MongoConnection::open(self.url.reveal()).await;
        let connection = connected.map_err(not_connected)?;
        if connection.database_name() == self.app_database.as_str() {
            let text = format!(
                "the database {} of the store holds the service's own records, and --app-database names \
                 it too",
                self.app_database.as_str()
            );
            let failure = Failure::saying(Exit::Usage, text);
            let advice = "name another database for the documents that templates work on";
            return Err(OpenFailure::Final(failure.advise(advice)));
        }
        Ok(connection)
    }

    /// The documents that templates work on.
    pub(crate) fn database(
        self,
        connection: &MongoConnection,
        clock: Arc<dyn Clock>,
    ) -> MongoDatabase {
        MongoDatabase::open(connection, self.app_database.as_str(), clock)
    }

    /// Opens the service's own records.
    ///
    /// # Errors
    /// Where nobody answers, or the database cannot be used.
    pub(crate) async fn store(
        self,
        connection: &MongoConnection,
        clock: Arc<dyn Clock>,
    ) -> Result<MongoStore, OpenFailure> {
        let store = MongoStore::open(connection, clock).await;
        store.map_err(|error| not_opened(connection, error))
    }
}

impl From<OpenFailure> for Failure {
    fn from(failure: OpenFailure) -> Self {
        match failure {
            OpenFailure::Final(failure) => failure,
            OpenFailure::NoAnswer(_, error) => Self::new(Exit::Failed, error),
        }
    }
}

fn no_answer(connection: &MongoConnection, error: anyhow::Error) -> OpenFailure {
    OpenFailure::NoAnswer(connection.address().to_owned(), error)
}

fn not_connected(error: ConnectError) -> OpenFailure {
    match error {
        ConnectError::Unavailable { ref address, .. } => {
            OpenFailure::NoAnswer(address.clone(), error.into())
        }
        error @ ConnectError::Url { .. } => {
            let error = anyhow::Error::new(error).context("the URL of the store is not valid");
            OpenFailure::Final(Failure::new(Exit::Usage, error))
        }
        error => OpenFailure::Final(Failure::new(Exit::Failed, error)),
    }
}

fn not_opened(connection: &MongoConnection, error: OpenError) -> OpenFailure {
    match error.is_retryable() {
        true => no_answer(connection, error.into()),
        false => OpenFailure::Final(Failure::new(Exit::Failed, error)),
    }
}
