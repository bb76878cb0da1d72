//! A store that a command works on while nobody else uses it.

use std::{path::PathBuf, sync::Arc};

use object_store::ObjectStore;
use sandglass_contract::{Clock, SystemClock};
use sandglass_registry::{
    HostState,
    archive::Archive,
    embedded::{EmbeddedStore, STORE_FILE},
    mongo::{MongoArtifacts, MongoConnection, MongoStore, ServerClock},
    store::HostStore as _,
};

use crate::{
    commands::collection::OpenDatabase,
    failure::{Exit, Failure, OrFail as _},
    service::storage::{MongoPlace, artifact_folder},
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
            Self::Folder(_) => self.open(app_database).await,
            Self::MongoDb(url) => {
                let place = MongoPlace { url, app_database };
                let connection = place.connect().await?;
                let is_there = MongoStore::is_in(&connection).await;
                if is_there.or_fail("looking for the store")? {
                    return open_mongo(place, &connection).await;
                }
                let name = connection.database_name();
                let text = format!("there is no store in the database {name}");
                Err(Failure::saying(Exit::NotFound, text)
                    .advise("name the database of the store in the path of the URL"))
            }
        }
    }

    /// Opens a store; it is made where there is none.
    pub(super) async fn open(&self, app_database: &AppDatabase) -> Result<OpenPlace, Failure> {
        match self {
            Self::Folder(folder) => {
                let clock = own_clock();
                let store =
                    EmbeddedStore::open(folder, clock.clone()).or_fail("opening the store")?;
                Ok(OpenPlace {
                    archive: Arc::new(store),
                    database: OpenDatabase::in_folder(folder, clock)?,
                    artifacts: Arc::new(artifact_folder(folder)?),
                })
            }
            Self::MongoDb(url) => {
                let place = MongoPlace { url, app_database };
                let connection = place.connect().await?;
                open_mongo(place, &connection).await
            }
        }
    }
}

fn own_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::default())
}

/// Opens a store in MongoDB that no host uses.
async fn open_mongo(
    place: MongoPlace<'_>,
    connection: &MongoConnection,
) -> Result<OpenPlace, Failure> {
    let clock = ServerClock::set(connection, own_clock()).await;
    let clock: Arc<dyn Clock> = Arc::new(clock.or_fail("asking the server for the time")?);
    let store = place.store(connection, clock.clone()).await?;
    let hosts = store.hosts().await.or_fail("looking for hosts")?;
    let live = hosts.iter().find(|host| host.state != HostState::Lost);
    if let Some(host) = live {
        let text = format!("the host {} uses the store in MongoDB", host.report.name);
        return Err(Failure::saying(Exit::Failed, text).advise(
            "stop every host first; one that was killed is taken for lost after half a minute",
        ));
    }
    Ok(OpenPlace {
        archive: Arc::new(store),
        database: OpenDatabase::MongoDb(place.database(connection, clock.clone())),
        artifacts: Arc::new(MongoArtifacts::new(connection, clock)),
    })
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
