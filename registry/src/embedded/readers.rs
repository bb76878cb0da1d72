//! A few connections that only read. They never wait for the thread that writes, nor it for them
//! (SQLite documentation, "Write-Ahead Logging": Concurrency).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{connection, writer::WriteFailure};

/// How many reads go on at once.
const READERS: usize = 4;

/// Connections that read one file.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Connections to the file at `path`; they are opened when they are needed first.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Does `work` on one state of the file, on a thread that may wait.
    pub(super) async fn read<T, E>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteFailure> + From<rusqlite::Error> + Send + 'static,
    {
        self.with_connection(move |connection| {
            let answer = match connection.unchecked_transaction() {
                Ok(transaction) => work(&transaction),
                Err(error) => Err(error.into()),
            };
            (Some(connection), answer)
        })
        .await
    }

    /// Lends a connection to `work`, which gives it back with its answer, on a thread that may wait. One
    /// that does not come back, or comes back inside a transaction, is closed, and another is opened
    /// when it is needed.
    pub(super) async fn with_connection<T, E>(
        self: &Arc<Self>,
        work: impl FnOnce(Connection) -> (Option<Connection>, Result<T, E>) + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteFailure> + From<rusqlite::Error> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await;
        let permit: OwnedSemaphorePermit = permit.map_err(|_| WriteFailure::Closed)?;
        let readers = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => connection::open_to_read(&readers.path)?,
            };
            let (connection, answer) = work(connection);
            readers
                .idle
                .lock()
                .extend(connection.filter(|it| it.is_autocommit()));
            drop(permit);
            answer
        });
        done.await.map_err(|_| WriteFailure::Closed)?
    }
}
