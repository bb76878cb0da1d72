//! A store that a command works on while nobody else uses it.

use std::{fmt, path::PathBuf, sync::Arc};

use object_store::ObjectStore;
use sandglass_contract::{Clock, SystemClock};
use sandglass_registry::{
    archive::Archive,
    embedded::{EmbeddedStore, STORE_FILE},
};

use crate::{
    commands::collection::OpenDatabase,
    failure::{Exit, Failure, OrFail as _},
    service::storage::artifact_folder,
    settings::{AppDatabase, StoreUrl},
};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In a data folder.
    Folder(PathBuf),
    /// In MongoDB.
    MongoDb(StoreUrl),
}

impl Place {
    /// Reads an argument: whatever is no URL of MongoDB is a folder.
    #[expect(clippy::unnecessary_wraps, reason = "the parser of arguments calls it")]
    pub(super) fn parse(text: &str) -> Result<Self, std::convert::Infallible> {
        Ok(match text.parse() {
            Ok(url) => Self::MongoDb(url),
            Err(_) => Self::Folder(text.into()),
        })
    }

    /// Opens a store that must be there.
    pub(super) async fn open_existing(
        &self,
        app_database: &AppDatabase,
    ) -> Result<OpenPlace, Failure> {
        match self {
            Self::Folder(folder) if !folder.join(STORE_FILE).is_file() => {
                let text = format!("there is no store in the folder {}", folder.display());
                Err(Failure::saying(Exit::NotFound, text))
            }
            _ => self.open(app_database).await,
        }
    }

    /// Opens a store; it is made where there is none.
    pub(super) async fn open(&self, _app_database: &AppDatabase) -> Result<OpenPlace, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        match self {
            Self::Folder(folder) => {
                let store =
                    EmbeddedStore::open(folder, clock.clone()).or_fail("opening the store")?;
                Ok(OpenPlace {
                    archive: Arc::new(store),
                    database: OpenDatabase::in_folder(folder, clock)?,
                    artifacts: Arc::new(artifact_folder(folder)?),
                })
            }
            Self::MongoDb(_) => Err(Failure::saying(Exit::Usage, "not yet")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(formatter, "{}", folder.display()),
            Self::MongoDb(_) => formatter.write_str("MongoDB"),
        }
    }
}

/// A store that is open.
pub(super) struct OpenPlace {
    /// The service's own records.
    pub(super) archive: Arc<dyn Archive>,
    /// The documents that templates work on.
    pub(super) database: OpenDatabase,
    /// The files that runs left behind.
    pub(super) artifacts: Arc<dyn ObjectStore>,
}
