//! One SQLite file: a thread that writes and connections that read.

use std::{path::Path, sync::Arc};

use rusqlite::Connection;
use sandglass_contract::Clock;

pub(super) use super::migration::Schema;
use super::{
    OpenError, connection, migration,
    readers::Readers,
    writer::{WriteCounts, WriteFailure, Writer},
};

/// A file that is open.
pub(super) struct DatabaseFile {
    readers: Arc<Readers>,
    writer: Writer,
}

impl DatabaseFile {
    /// Opens a file, makes it where it does not exist, and brings it up to date.
    pub(super) fn open(
        path: &Path,
        schema: &Schema,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let refused = |source| OpenError::refused(path, source);
        let mut writing = connection::open(path).map_err(refused)?;
        migration::identify(&writing, schema, path)?;
        connection::prepare_to_write(&writing).map_err(refused)?;
        migration::migrate(&mut writing, schema).map_err(refused)?;
        (schema.on_open)(&writing, clock.now()).map_err(refused)?;
        let writer = Writer::start(writing, clock).map_err(|source| OpenError::Refused {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        Ok(Self {
            readers: Arc::new(Readers::of(path)),
            writer,
        })
    }

    /// Writes; see [`Writer::write`].
    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteFailure> + From<rusqlite::Error> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Reads; see [`Readers::read`].
    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteFailure> + From<rusqlite::Error> + Send + 'static,
    {
        self.readers.read(work).await
    }

    /// The thread that writes.
    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The connections that read.
    pub(super) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// How much has been written.
    pub(super) fn write_counts(&self) -> WriteCounts {
        self.writer.counts()
    }
}
