//! Where the application database is, and opening it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use sandglass_contract::{Clock, SystemClock};
use sandglass_query::{ApplicationDatabase, CollectionName, DatabaseError, Documents};
use sandglass_registry::{
    embedded::{EmbeddedDatabase, TakenId},
    mongo::MongoDatabase,
};

use crate::{
    failure::{Exit, Failure, OrFail as _},
    service::storage::MongoPlace,
    settings::{DEFAULT_DATA_FOLDER, StoreArguments, StoreLocation},
};

/// Where the application database is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The data folder of the service.
    #[arg(long = "data-dir", value_name = "DIR", env = "SANDGLASS_DATA_DIR", default_value = DEFAULT_DATA_FOLDER)]
    folder: PathBuf,
    #[command(flatten)]
    store: StoreArguments,
}

/// The application database of a service.
pub(crate) enum OpenDatabase {
    Folder(EmbeddedDatabase),
    MongoDb(MongoDatabase),
}

impl Place {
    /// Opens the database; a folder is made where it does not exist.
    pub(super) async fn open(&self) -> Result<OpenDatabase, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        match StoreLocation::load(self.store.clone())? {
            StoreLocation::Folder => OpenDatabase::in_folder(&self.folder, clock),
            StoreLocation::MongoDb { url, app_database } => {
                let (url, app_database) = (&url, &app_database);
                let place = MongoPlace { url, app_database };
                let connection = place.connect().await?;
                Ok(OpenDatabase::MongoDb(place.database(&connection, clock)))
            }
        }
    }

    /// Opens the database; a folder must be there.
    pub(super) async fn open_existing(&self) -> Result<OpenDatabase, Failure> {
        let in_folder = StoreLocation::load(self.store.clone())? == StoreLocation::Folder;
        if in_folder && !self.folder.is_dir() {
            let text = format!("there is no data folder {}", self.folder.display());
            let failure = Failure::saying(Exit::NotFound, text);
            return Err(failure.advise(
                "name the data folder of the service with --data-dir, or its store with --store",
            ));
        }
        self.open().await
    }
}

impl OpenDatabase {
    /// Opens the database in a folder, which is made where it does not exist.
    pub(crate) fn in_folder(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let opened = EmbeddedDatabase::open(folder, clock);
        let opened = opened.or_fail("opening the application database")?;
        Ok(Self::Folder(opened))
    }

    /// The database, to read from.
    pub(crate) fn database(&self) -> &dyn ApplicationDatabase {
        match self {
            Self::Folder(database) => database,
            Self::MongoDb(database) => database,
        }
    }

    /// Takes in documents; see [`EmbeddedDatabase::import`].
    pub(crate) async fn import(
        &self,
        collection: &CollectionName,
        documents: Documents<'_>,
        progress: impl FnMut(u64) + Send,
    ) -> Result<u64, DatabaseError> {
        let taken_id = TakenId::Replace;
        match self {
            Self::Folder(database) => {
                database
                    .import(collection, documents, taken_id, progress)
                    .await
            }
            Self::MongoDb(database) => {
                database
                    .import(collection, documents, taken_id, progress)
                    .await
            }
        }
    }
}
