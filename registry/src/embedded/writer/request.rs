//! One write: what is to be done, what came of it, and who waits to hear.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::WriteFailure;

/// A write, whatever it answers with.
pub(super) trait Request: Send {
    /// Carries it out in a savepoint, which is rolled back where it fails.
    fn carry_out(&mut self, connection: &Connection);

    /// Tells whoever waits what came of it, now that the transaction has ended so.
    fn answer(self: Box<Self>, committed: Result<(), &WriteFailure>);
}

/// A write that answers with a `T` or an `E`.
pub(super) struct Pending<T, E, W> {
    work: Option<W>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, W> Pending<T, E, W> {
    pub(super) fn new(work: W, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            reply,
        }
    }
}

impl<T, E, W> Request for Pending<T, E, W>
where
    T: Send,
    E: From<WriteFailure> + From<rusqlite::Error> + Send,
    W: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn carry_out(&mut self, connection: &Connection) {
        if let Some(work) = self.work.take() {
            self.outcome = Some(in_savepoint(connection, work));
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), &WriteFailure>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(WriteFailure::GivenUp.into()),
            (Err(failure), _) => Err(failure.clone().into()),
        };
        // Nobody may be waiting any more; the write has happened all the same.
        let _unheard = self.reply.send(answer);
    }
}

fn in_savepoint<T, E>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<WriteFailure> + From<rusqlite::Error>,
{
    execute(connection, "SAVEPOINT request")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(WriteFailure::Panicked.into()));
    if outcome.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK TO request")?;
    }
    if !connection.is_autocommit() {
        execute(connection, "RELEASE request")?;
    }
    outcome
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
