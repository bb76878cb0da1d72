//! Transactions: several documents changed together, or none of them.
//!
//! Snapshot isolation keeps two transactions apart only where both write the same document (MongoDB
//! manual, "Transactions": write conflicts). Whatever decides by documents that it does not change
//! therefore writes one that the other side writes too; each place says which.

use std::{future::IntoFuture as _, time::Duration};

use futures::TryStreamExt as _;
use mongodb::{
    ClientSession, Collection,
    bson::{Document, doc},
    error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT},
    options::{ReadConcern, TransactionOptions},
};

use super::{
    MongoStore,
    batch::{Statement, commands, matched},
    connection::durable,
    failure::{driver_error, in_time, is_silence, is_taken},
    reading::Read,
};
use crate::store::StoreError;

/// How often a transaction is tried that meets the writes of others.
const MOST_TRIES: u32 = 40;
/// How often one is tried whose message does not reach the server.
const MOST_TRIES_WITHOUT_SERVER: u32 = 1;
/// How often the end of a transaction is asked for whose answer was lost.
const MOST_COMMITS: u32 = 5;
/// The longest wait before another try, in milliseconds.
const LONGEST_WAIT: u64 = 200;

/// A transaction that is open.
pub(super) struct Transaction {
    store: MongoStore,
    session: ClientSession,
    /// How often it was tried before.
    tries: u32,
}

/// What became of a transaction.
pub(super) enum Done<T> {
    /// It is over.
    Over(Result<T, StoreError>),
    /// It met the writes of others and is tried again.
    Again(u32),
}

/// Does `$work`, a future that writes through `$transaction`, as one transaction. It is done again where
/// it met another's writes, so that it must have no effect but on the transaction.
macro_rules! in_transaction {
    ($store:expr, |$transaction:ident| $work:expr) => {{
        let mut tries = 0;
        loop {
            let mut $transaction = $store.begin(tries).await?;
            let done = $work.await;
            match $transaction.end(done).await {
                $crate::mongo::transaction::Done::Over(result) => break result,
                $crate::mongo::transaction::Done::Again(times) => tries = times,
            }
        }
    }};
}
pub(super) use in_transaction;

impl MongoStore {
    /// Opens a transaction that was tried so often before.
    pub(super) async fn begin(&self, tries: u32) -> Result<Transaction, StoreError> {
        if tries > 0 {
            let longest = LONGEST_WAIT.min(2 << tries.min(16));
            let wait = rand::random_range(0..=longest);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        let mut session = self.take_session().await?;
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .write_concern(durable())
            .build();
        session.start_transaction().with_options(options).await?;
        Ok(Transaction {
            store: self.clone(),
            session,
            tries,
        })
    }
}

impl Transaction {
    /// Reads documents.
    pub(super) async fn find(
        &mut self,
        collection: &str,
        read: Read,
    ) -> Result<Vec<Document>, StoreError> {
        let options = read.options();
        let collection = self.collection(collection);
        let find = collection.find(read.filter).with_options(options);
        in_time(async {
            let mut found = find.session(&mut self.session).await?;
            found.stream(&mut self.session).try_collect().await
        })
        .await
    }

    /// Reads the first document.
    pub(super) async fn find_one(
        &mut self,
        collection: &str,
        read: Read,
    ) -> Result<Option<Document>, StoreError> {
        Ok(self.find(collection, read.first(1)).await?.pop())
    }

    /// Adds documents.
    ///
    /// # Errors
    /// [`StoreError::Exists`] of `what` where a unique key is taken; the transaction is lost then.
    pub(super) async fn insert(
        &mut self,
        collection: &str,
        documents: &[Document],
        what: &'static str,
    ) -> Result<(), StoreError> {
        if documents.is_empty() {
            return Ok(());
        }
        let collection = self.collection(collection);
        let inserting = collection.insert_many(documents).session(&mut self.session);
        in_time(async {
            match inserting.await {
                Ok(_) => Ok(Ok(())),
                Err(error) if is_taken(&error) => Ok(Err(StoreError::Exists { what })),
                Err(error) => Err(error),
            }
        })
        .await?
    }

    /// Changes every document that matches. Returns how many matched.
    pub(super) async fn update(
        &mut self,
        collection: &str,
        filter: Document,
        update: Document,
    ) -> Result<u64, StoreError> {
        let collection = self.collection(collection);
        let updating = collection.update_many(filter, update);
        let updating = updating.session(&mut self.session);
        Ok(in_time(updating.into_future()).await?.matched_count)
    }

    /// Carries out many changes. Returns how many documents matched.
    pub(super) async fn update_all(
        &mut self,
        collection: &str,
        statements: Vec<Statement>,
    ) -> Result<u64, StoreError> {
        let mut sum = 0;
        for command in commands(collection, statements) {
            let database = self.store.database.clone();
            let sending = database.run_command(command).session(&mut self.session);
            sum += matched(&in_time(sending.into_future()).await?)?;
        }
        Ok(sum)
    }

    /// Removes every document that matches. Returns how many there were.
    pub(super) async fn delete(
        &mut self,
        collection: &str,
        filter: Document,
    ) -> Result<u64, StoreError> {
        let collection = self.collection(collection);
        let deleting = collection.delete_many(filter).session(&mut self.session);
        Ok(in_time(deleting.into_future()).await?.deleted_count)
    }

    /// Makes any other transaction that touches the same documents of `collection` meet this one.
    pub(super) async fn touch(
        &mut self,
        collection: &str,
        filter: Document,
    ) -> Result<u64, StoreError> {
        self.update(collection, filter, doc! {"$inc": {"touched": 1_i64}})
            .await
    }

    /// Ends it: what was done stays where `done` is a value, and never was where it is an error.
    pub(super) async fn end<T>(mut self, done: Result<T, StoreError>) -> Done<T> {
        let (error, over) = match done {
            Ok(value) => match self.commit().await {
                Ok(()) => {
                    self.store.give_session_back(self.session);
                    return Done::Over(Ok(value));
                }
                Err(error) => {
                    let over = is_refused(&error);
                    (error, over)
                }
            },
            Err(error) => {
                // The driver does not say whether the server heard it.
                let aborting = self.session.abort_transaction();
                in_time(aborting.into_future()).await.ok();
                let over = is_refused(&error);
                (error, over)
            }
        };
        let answer = again_or(error, self.tries);
        match over {
            true => self.store.give_session_back(self.session),
            false => self.store.drop_session(self.session),
        }
        answer
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            match in_time(self.session.commit_transaction().into_future()).await {
                Err(error) if tries < MOST_COMMITS && is_unknown(&error) => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(LONGEST_WAIT)).await;
                }
                ended => return ended,
            }
        }
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.store.collection(name)
    }
}

/// What becomes of a transaction that failed after so many tries.
fn again_or<T>(error: StoreError, tries: u32) -> Done<T> {
    let most = match driver_error(&error) {
        Some(error) if !error.contains_label(TRANSIENT_TRANSACTION_ERROR) => 0,
        Some(error) if is_answer(error) => MOST_TRIES,
        // The server cannot be reached, and whoever asks has a deadline.
        Some(_) => MOST_TRIES_WITHOUT_SERVER,
        None => 0,
    };
    match tries < most {
        true => Done::Again(tries + 1),
        false => Done::Over(Err(error)),
    }
}

/// Whether the server refused a statement, and has thereby ended the transaction itself.
fn is_refused(error: &StoreError) -> bool {
    match driver_error(error) {
        Some(error) => is_answer(error) && !is_silence(error),
        None => matches!(error, StoreError::Exists { .. }),
    }
}

/// Whether the server said so.
fn is_answer(error: &Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Command(_) | ErrorKind::Write(_) | ErrorKind::InsertMany(_)
    )
}

/// Whether nobody knows what became of a commit.
fn is_unknown(error: &StoreError) -> bool {
    driver_error(error).is_some_and(|error| error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT))
}
