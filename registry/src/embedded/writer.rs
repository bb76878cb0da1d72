//! The one thread that writes to a file, many requests in a transaction.
//!
//! It takes everything that is queued, carries each request out in a savepoint of its own, commits
//! once, and only then answers: who has an answer knows that the disk has the change. A request that
//! fails is rolled back alone. Where the commit fails, every request of the batch has failed.

mod request;

#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;
use sandglass_contract::Clock;
use tokio::sync::{mpsc, oneshot};

use request::{Pending, Request};

/// How many requests may wait; whoever brings another waits for a place.
const QUEUE: usize = 4096;
/// The most requests in a transaction.
const MOST_IN_A_BATCH: usize = 4096;
/// A batch is closed once its work has taken as long as the last commit did, so that at least half of
/// the time goes into work however slow the disk is; but within these bounds.
const SHORTEST_BATCH: Duration = Duration::from_millis(5);
const LONGEST_BATCH: Duration = Duration::from_millis(100);

/// Why a write did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum WriteFailure {
    /// The transaction could not be begun or committed.
    #[error("the transaction did not reach the disk")]
    NotCommitted(#[source] Arc<rusqlite::Error>),
    /// Another request of the same transaction made SQLite give it up.
    #[error("the transaction was given up because of another write")]
    GivenUp,
    /// The request itself has a fault.
    #[error("the write panicked")]
    Panicked,
    /// The file is closed.
    #[error("the file is closed")]
    Closed,
}

/// How much has been written to a file since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// Requests that have been carried out.
    pub requests: u64,
    /// Transactions that they shared.
    pub transactions: u64,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    transactions: AtomicU64,
}

/// The thread that writes, and the way to it. Dropping it waits until all that was accepted is
/// answered and the file is closed.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

/// An answer that is still to come.
pub(super) struct Answer<T, E>(oneshot::Receiver<Result<T, E>>);

impl<T, E: From<WriteFailure>> Answer<T, E> {
    /// Waits for it.
    pub(super) async fn wait(self) -> Result<T, E> {
        self.0.await.map_err(|_| WriteFailure::Closed)?
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let write_loop = WriteLoop {
            connection,
            clock,
            queue: receiver,
            counters: counters.clone(),
            last_commit: Duration::ZERO,
        };
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_loop.run())?;
        Ok(Self {
            queue: Some(sender),
            thread: Some(thread),
            counters,
        })
    }

    /// Has `work` done in a transaction and waits until that is on the disk. After an error nothing of
    /// it is.
    ///
    /// Once accepted, it is carried out even where nobody waits for the answer any more.
    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteFailure> + From<rusqlite::Error> + Send + 'static,
    {
        self.submit(work).await?.wait().await
    }

    /// As [`Writer::write`], without waiting for more than a place in the queue.
    pub(super) async fn submit<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<Answer<T, E>, E>
    where
        T: Send + 'static,
        E: From<WriteFailure> + From<rusqlite::Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let request: Box<dyn Request> = Box::new(Pending::new(work, reply));
        let queue = self.queue.as_ref().ok_or(WriteFailure::Closed)?;
        queue
            .send(request)
            .await
            .map_err(|_| WriteFailure::Closed)?;
        Ok(Answer(answer))
    }

    /// How much has been written.
    pub(super) fn counts(&self) -> WriteCounts {
        WriteCounts {
            requests: self.counters.requests.load(Ordering::Relaxed),
            transactions: self.counters.transactions.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to SQLite panicked");
        }
    }
}

struct WriteLoop {
    connection: Connection,
    clock: Arc<dyn Clock>,
    queue: mpsc::Receiver<Box<dyn Request>>,
    counters: Arc<Counters>,
    last_commit: Duration,
}

impl WriteLoop {
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            self.batch(first);
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "a SQLite file was not closed cleanly; it is recovered when opened");
        }
    }

    fn batch(&mut self, first: Box<dyn Request>) {
        if let Err(error) = self.execute("BEGIN IMMEDIATE") {
            tracing::warn!(%error, "a transaction could not be begun");
            first.answer(Err(&WriteFailure::NotCommitted(Arc::new(error))));
            return;
        }
        let mut carried_out = Vec::new();
        let all_ran = self.carry_out(first, &mut carried_out);
        let committed = match all_ran {
            true => self.commit(),
            false => Err(WriteFailure::GivenUp),
        };
        let count = carried_out.len() as u64;
        self.counters.requests.fetch_add(count, Ordering::Relaxed);
        self.counters.transactions.fetch_add(1, Ordering::Relaxed);
        for request in carried_out {
            request.answer(committed.as_ref().copied());
        }
    }

    /// Carries out requests until there are enough of them. Returns false where SQLite has given up
    /// the whole transaction.
    fn carry_out(&mut self, first: Box<dyn Request>, done: &mut Vec<Box<dyn Request>>) -> bool {
        let enough = self.last_commit.clamp(SHORTEST_BATCH, LONGEST_BATCH);
        let began = self.clock.monotonic();
        let mut next = Some(first);
        while let Some(mut request) = next {
            request.carry_out(&self.connection);
            done.push(request);
            // Where the disk is full or fails, SQLite may roll back more than it was asked to
            // (SQLite documentation, "Transaction", 2.3).
            if self.connection.is_autocommit() {
                tracing::error!("SQLite gave up a transaction; the disk may be full or failing");
                return false;
            }
            let spent = self.clock.monotonic().saturating_sub(began);
            next = match done.len() < MOST_IN_A_BATCH && spent < enough {
                true => self.queue.try_recv().ok(),
                false => None,
            };
        }
        true
    }

    fn commit(&mut self) -> Result<(), WriteFailure> {
        let began = self.clock.monotonic();
        let committed = self.execute("COMMIT");
        self.last_commit = self.clock.monotonic().saturating_sub(began);
        committed.map_err(|error| {
            tracing::error!(%error, "a transaction could not be committed");
            if !self.connection.is_autocommit()
                && let Err(error) = self.execute("ROLLBACK")
            {
                tracing::error!(%error, "a transaction could not be rolled back");
            }
            WriteFailure::NotCommitted(Arc::new(error))
        })
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}
