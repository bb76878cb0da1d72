//! `sandglass collection`: the application database from the command line, beside a running service or
//! without one.

pub(crate) mod count;
pub(crate) mod export;
pub(crate) mod import;

use std::{future::Future, path::PathBuf, sync::Arc};

use clap::Args;
use sandglass_contract::{Clock, SystemClock};
use sandglass_query::Filter;
use sandglass_registry::embedded::EmbeddedDatabase;

use crate::{
    failure::{Exit, Failure, OrFail as _},
    settings::DEFAULT_DATA_FOLDER,
};

/// Where the application database is.
#[derive(Debug, Args)]
pub(crate) struct DataFolder {
    /// The data folder of the service.
    #[arg(long = "data-dir", value_name = "DIR", env = "SANDGLASS_DATA_DIR", default_value = DEFAULT_DATA_FOLDER)]
    folder: PathBuf,
}

impl DataFolder {
    /// Opens the database; the folder is made where it does not exist.
    fn open(&self) -> Result<EmbeddedDatabase, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        EmbeddedDatabase::open(&self.folder, clock).or_fail("opening the application database")
    }

    /// Opens the database in a folder that must be there.
    fn open_existing(&self) -> Result<EmbeddedDatabase, Failure> {
        if self.folder.is_dir() {
            return self.open();
        }
        let text = format!("there is no data folder {}", self.folder.display());
        let failure = Failure::saying(Exit::NotFound, text);
        Err(failure.advise("name the data folder of the service with --data-dir"))
    }
}

/// Reads a filter as an argument.
fn parse_filter(text: &str) -> Result<Filter, String> {
    Filter::parse_text(text).map_err(|error| error.to_string())
}

/// Runs a command that waits for the database.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail("starting the runtime")?
        .block_on(work)
}
