//! Where everything is kept: opened in one place, so that nothing else knows which store it is.

mod mongo;

use std::{path::Path, sync::Arc};

use jiff::SignedDuration;
use object_store::{ObjectStore, local::LocalFileSystem};
use sandglass_contract::{Clock, SystemClock};
use sandglass_query::ApplicationDatabase;
use sandglass_registry::{
    Store,
    embedded::{EmbeddedDatabase, EmbeddedStore},
};

use crate::{
    failure::{Failure, OrFail as _},
    settings::{Settings, StoreLocation},
};
pub(crate) use mongo::MongoPlace;

/// What keeps everything, and the time by which it decides.
pub(crate) struct Storage {
    /// The service's own records.
    pub(crate) store: Arc<dyn Store>,
    /// The documents that templates work on.
    pub(crate) database: Arc<dyn ApplicationDatabase>,
    /// The files that runs leave behind.
    pub(crate) artifacts: Arc<dyn ObjectStore>,
    /// The clock of everything.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Storage {
    /// Opens the place that the settings name, and waits for as long as nobody answers there.
    ///
    /// # Errors
    /// Where the place cannot be used; each says what to do.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let own = own_clock(settings.clock_offset);
        match &settings.store {
            StoreLocation::Folder => Self::in_folder(settings, own),
            StoreLocation::MongoDb { url, app_database } => {
                let place = MongoPlace { url, app_database };
                place.wait_for(own, settings).await
            }
        }
    }

    /// Opens a data folder, which is made where it does not exist.
    ///
    /// # Errors
    /// Where it cannot be used.
    fn in_folder(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let folder = settings.data_folder.as_path();
        let store = EmbeddedStore::open(folder, clock.clone()).or_fail("opening the store")?;
        let store = store.with_at_most(settings.limits.jobs);
        let database = EmbeddedDatabase::open(folder, clock.clone());
        let database = database.or_fail("opening the application database")?;
        Ok(Self {
            store: Arc::new(store),
            database: Arc::new(database),
            artifacts: Arc::new(artifact_folder(folder)?),
            clock,
        })
    }
}

/// The clock of this machine.
pub(crate) fn own_clock(offset: SignedDuration) -> Arc<dyn Clock> {
    Arc::new(SystemClock::with_offset(offset))
}

/// The artifacts in a data folder.
///
/// # Errors
/// Where the folder cannot be made.
pub(crate) fn artifact_folder(folder: &Path) -> Result<LocalFileSystem, Failure> {
    let folder = folder.join("artifacts");
    let doing = || format!("opening the folder of artifacts {}", folder.display());
    std::fs::create_dir_all(&folder).or_fail(doing())?;
    LocalFileSystem::new_with_prefix(&folder).or_fail(doing())
}
