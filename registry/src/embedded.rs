//! Everything in SQLite files inside one data folder, with no server beside: the default store.
//!
//! [`EmbeddedStore`] keeps the service's own records in `sandglass.sqlite`, [`EmbeddedDatabase`] the
//! documents that templates work on in `app.sqlite`. Both write through one thread that gathers what
//! is queued into one transaction, because a disk flushes a few hundred times a second while SQLite
//! takes tens of thousands of rows. The folder belongs on a local disk: the locks and the shared
//! memory of SQLite's write-ahead log do not work on network file systems (SQLite documentation,
//! "Write-Ahead Logging").

mod accounts;
mod application;
mod archive;
mod audit;
mod backfills;
mod blackouts;
mod capabilities;
mod connection;
mod database_file;
mod executions;
mod failure;
mod folder_lock;
mod hosts;
mod jobs;
mod limits;
mod migration;
mod policies;
mod rates;
mod readers;
mod secrets;
mod selection;
mod stored;
mod templates;
mod writer;

#[cfg(test)]
mod tests;

use std::{fmt, path::Path, sync::Arc};

use jiff::Timestamp;
use sandglass_contract::Clock;

pub use crate::application::TakenId;
pub use application::{APPLICATION_FILE, EmbeddedDatabase};
pub use audit::EmbeddedAudit;
pub use connection::OpenError;
pub use writer::WriteCounts;

use database_file::{DatabaseFile, Schema};
use folder_lock::FolderLock;

/// The name of the file with the service's records.
pub const STORE_FILE: &str = "sandglass.sqlite";

const SCHEMA: Schema = Schema {
    application_id: 0x5347_5354,
    migrations: &[
        include_str!("../migrations/store/0001_records.sql"),
        include_str!("../migrations/store/0002_scheduling.sql"),
        include_str!("../migrations/store/0003_blackout_calendars.sql"),
        include_str!("../migrations/store/0004_hosts.sql"),
        include_str!("../migrations/store/0005_audit_chain.sql"),
        include_str!("../migrations/store/0006_accounts.sql"),
        include_str!("../migrations/store/0007_rates.sql"),
        include_str!("../migrations/store/0008_secrets.sql"),
        include_str!("../migrations/store/0009_policies.sql"),
        include_str!("../migrations/store/0010_capabilities.sql"),
    ],
    on_open: |connection, now| {
        audit::chain_up(connection)?;
        executions::end_leases(connection, now)?;
        hosts::free_names(connection)
    },
};

/// A [`Store`](crate::Store) in a file of its own. One process at a time uses it.
///
/// Dropping it answers every write that was accepted before, closes the file and gives the folder
/// free.
pub struct EmbeddedStore {
    file: DatabaseFile,
    clock: Arc<dyn Clock>,
    most_jobs: Option<u64>,
    _lock: FolderLock,
}

impl EmbeddedStore {
    /// Opens the store in `folder`, which is made (for its owner alone) where it does not exist.
    /// Leases are counted by `clock`; those of the process that had it open before end now, since
    /// no other can hold one. It waits for the disk.
    ///
    /// # Errors
    /// Where another process uses the folder, the file is not Sandglass's or from a newer version,
    /// or the disk refuses.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let lock = FolderLock::take(folder)?;
        let file = DatabaseFile::open(&folder.join(STORE_FILE), &SCHEMA, clock.clone())?;
        Ok(Self {
            file,
            clock,
            most_jobs: None,
            _lock: lock,
        })
    }

    /// The store, taking in no job where there are so many in all organisations.
    #[must_use]
    pub fn with_at_most(mut self, jobs: Option<u64>) -> Self {
        self.most_jobs = jobs;
        self
    }

    /// How much has been written since it was opened.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        self.file.write_counts()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EmbeddedStore")
            .finish_non_exhaustive()
    }
}
