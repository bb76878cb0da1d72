//! Bringing a database to the collections that this program expects.
//!
//! Any number of hosts may do it at once, and each does it whenever it starts. A database says whose
//! it is by one document, which is written before anything else is; there is no way back, so that an
//! older program refuses a newer database.

use std::{collections::BTreeMap, sync::Arc};

use futures::TryStreamExt as _;
use mongodb::{
    Database,
    bson::{Bson, Document, doc},
    error::{Error, ErrorKind},
};
use sandglass_contract::Clock;

use super::{
    MongoConnection, MongoStore, OpenError, capabilities,
    collections::{self, DATA_VERSION, Plan},
    failure::is_taken,
    sessions::Sessions,
    stored::date,
    time::StoreTime,
};
use crate::retention::Retention;

/// The document that marks a database as ours.
const MARK: &str = "sandglass";
/// The version of the data that this program keeps.
const VERSION: i64 = 1;
/// A collection of that name is there already (MongoDB manual, "Error Codes").
const NAMESPACE_EXISTS: i32 = 48;

impl MongoStore {
    /// The store, keeping records of executions for so long.
    #[must_use]
    pub fn keeping(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// The store, taking in no job where there are so many in all organisations.
    #[must_use]
    pub fn with_at_most(mut self, jobs: Option<u64>) -> Self {
        self.most_jobs = jobs;
        self
    }

    /// Whether the connection's database holds a store. Nothing is made.
    ///
    /// # Errors
    /// Where the server does not answer, or what it has cannot be read by this program.
    pub async fn is_in(connection: &MongoConnection) -> Result<bool, OpenError> {
        let database = connection.database(connection.database_name());
        let opening = Opening {
            database: &database,
        };
        opening.is_marked().await
    }

    /// Opens the store in the connection's database, and prepares that. The store goes by the server's
    /// time, `clock` only stamps records.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(
        connection: &MongoConnection,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::prepared(connection, clock, StoreTime::Server).await
    }

    /// Opens the store like [`MongoStore::open`], but lets `clock` decide in the server's place, for
    /// tests that move the time.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_with_time_of(
        connection: &MongoConnection,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let time = StoreTime::Given(Arc::clone(&clock));
        Self::prepared(connection, clock, time).await
    }

    async fn prepared(
        connection: &MongoConnection,
        clock: Arc<dyn Clock>,
        time: StoreTime,
    ) -> Result<Self, OpenError> {
        let database = connection.database(connection.database_name());
        let opening = Opening {
            database: &database,
        };
        opening.mark(clock.as_ref()).await?;
        opening
            .arrange()
            .await
            .map_err(|error| opening.failed(error))?;
        capabilities::fill(&database)
            .await
            .map_err(|error| opening.failed(error))?;
        Ok(Self {
            connection: connection.clone(),
            database,
            time,
            clock,
            retention: Retention::default(),
            most_jobs: None,
            revisions: Arc::default(),
            crowded: Arc::default(),
            sessions: Arc::new(Sessions::new()),
            blocked: Arc::default(),
        })
    }
}

/// A database on its way.
struct Opening<'a> {
    database: &'a Database,
}

impl Opening<'_> {
    /// Makes sure that the database is ours, and takes one that nobody uses.
    async fn mark(&self, clock: &dyn Clock) -> Result<(), OpenError> {
        if self.is_marked().await? {
            return Ok(());
        }
        if let Some(collection) = self.used().await.map_err(|error| self.failed(error))? {
            // Another host may have taken the database since, and written to it.
            return match self.is_marked().await? {
                true => Ok(()),
                false => Err(self.not_ours(collection)),
            };
        }
        let mark = doc! {"_id": MARK, "version": VERSION, "made_at": date(clock.now())};
        let marks = self.database.collection::<Document>(DATA_VERSION);
        match marks.insert_one(mark).await {
            Ok(_) => Ok(()),
            Err(error) if is_taken(&error) => match self.is_marked().await? {
                true => Ok(()),
                false => Err(self.not_ours(DATA_VERSION)),
            },
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Whether the database is ours, in a version that this program knows.
    async fn is_marked(&self) -> Result<bool, OpenError> {
        let marks = self.database.collection::<Document>(DATA_VERSION);
        let mark = marks.find_one(doc! {"_id": MARK}).await;
        let Some(mark) = mark.map_err(|error| self.failed(error))? else {
            return Ok(false);
        };
        let found = match mark.get("version") {
            Some(Bson::Int64(version)) => *version,
            Some(Bson::Int32(version)) => i64::from(*version),
            _ => return Err(self.not_ours(DATA_VERSION)),
        };
        match found <= VERSION {
            true => Ok(true),
            false => Err(OpenError::Newer {
                database: self.database.name().to_owned(),
                found,
                known: VERSION,
            }),
        }
    }

    /// A collection of a name of ours that holds documents.
    async fn used(&self) -> Result<Option<&'static str>, Error> {
        let names = collections::all().into_iter().map(|plan| plan.name);
        for name in names.chain([DATA_VERSION]) {
            let collection = self.database.collection::<Document>(name);
            if collection.find_one(doc! {}).await?.is_some() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Makes what is missing, and changes what is otherwise than it shall be.
    async fn arrange(&self) -> Result<(), Error> {
        let found = self.validators().await?;
        for plan in collections::all() {
            match found.get(plan.name) {
                // A change locks the collection, and needs more than the role readWrite.
                Some(validator) if *validator == plan.validator => {}
                Some(_) => self.change(&plan).await?,
                None => self.create(&plan).await?,
            }
            self.index(&plan).await?;
        }
        Ok(())
    }

    /// The collections that are there, with their validators.
    async fn validators(&self) -> Result<BTreeMap<String, Option<Document>>, Error> {
        let mut found = BTreeMap::new();
        let mut listed = self.database.list_collections().await?;
        while let Some(collection) = listed.try_next().await? {
            found.insert(collection.name, collection.options.validator);
        }
        Ok(found)
    }

    async fn create(&self, plan: &Plan) -> Result<(), Error> {
        let command = validated(doc! {"create": plan.name}, plan);
        match self.database.run_command(command).await {
            Ok(_) => Ok(()),
            // Another host made it, most likely the same.
            Err(error) if is_there(&error) => match self.validators().await?.get(plan.name) {
                Some(validator) if *validator == plan.validator => Ok(()),
                _ => self.change(plan).await,
            },
            Err(error) => Err(error),
        }
    }

    async fn change(&self, plan: &Plan) -> Result<(), Error> {
        let command = validated(doc! {"collMod": plan.name}, plan);
        self.database.run_command(command).await.map(|_| ())
    }

    async fn index(&self, plan: &Plan) -> Result<(), Error> {
        if plan.indexes.is_empty() {
            return Ok(());
        }
        let indexes = plan.indexes.iter().map(|index| index.specification());
        let indexes = indexes.cloned().collect::<Vec<_>>();
        let command = doc! {"createIndexes": plan.name, "indexes": indexes};
        self.database.run_command(command).await.map(|_| ())
    }

    fn failed(&self, source: Error) -> OpenError {
        OpenError::Failed {
            database: self.database.name().to_owned(),
            source: Box::new(source),
        }
    }

    fn not_ours(&self, collection: &str) -> OpenError {
        OpenError::NotOurs {
            database: self.database.name().to_owned(),
            collection: collection.to_owned(),
        }
    }
}

fn validated(mut command: Document, plan: &Plan) -> Document {
    if let Some(validator) = &plan.validator {
        command.insert("validator", validator.clone());
        command.insert("validationLevel", "moderate");
        command.insert("validationAction", "error");
    }
    command
}

fn is_there(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(error) if error.code == NAMESPACE_EXISTS)
}
