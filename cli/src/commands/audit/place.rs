//! Where the audit log is, and opening it to read.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use sandglass_contract::{Clock, SystemClock};
use sandglass_registry::{
    embedded::{EmbeddedAudit, STORE_FILE},
    mongo::MongoStore,
    store::AuditLog,
};

use crate::{
    failure::{Exit, Failure, OrFail as _},
    service::storage::MongoPlace,
    settings::{DEFAULT_DATA_FOLDER, StoreArguments, StoreLocation},
};

/// Where the audit log is.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The data folder of the service.
    #[arg(long = "data-dir", value_name = "DIR", env = "SANDGLASS_DATA_DIR", default_value = DEFAULT_DATA_FOLDER)]
    folder: PathBuf,
    #[command(flatten)]
    store: StoreArguments,
}

impl Place {
    /// Opens the log of a store that must be there.
    pub(super) async fn open(&self) -> Result<Arc<dyn AuditLog>, Failure> {
        match StoreLocation::load(self.store.clone())? {
            StoreLocation::Folder => {
                if !self.folder.join(STORE_FILE).is_file() {
                    let text = format!("there is no store in the folder {}", self.folder.display());
                    return Err(Failure::saying(Exit::NotFound, text).advise(
                        "name the data folder of the service with --data-dir, or its store with --store",
                    ));
                }
                let log = EmbeddedAudit::open(&self.folder).or_fail("opening the audit log")?;
                Ok(Arc::new(log))
            }
            StoreLocation::MongoDb { url, app_database } => {
                let (url, app_database) = (&url, &app_database);
                let place = MongoPlace { url, app_database };
                let connection = place.connect().await?;
                let is_there = MongoStore::is_in(&connection).await;
                if !is_there.or_fail("looking for the store")? {
                    let name = connection.database_name();
                    let text = format!("there is no store in the database {name}");
                    return Err(Failure::saying(Exit::NotFound, text)
                        .advise("name the database of the store in the path of the URL"));
                }
                let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
                Ok(Arc::new(place.store(&connection, clock).await?))
            }
        }
    }
}
