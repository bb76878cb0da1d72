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
    error::{
        Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT,
        WriteFailure,
    },
    options::{ReadConcern, TransactionOptions},
};

use super::{
    MongoStore,
    batch::{Statement, changed, commands, matched},
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

/// An operation was ended by somebody else.
const INTERRUPTED: i32 = 11601;
/// How often work is tried of which one part may keep the others waiting.
const FEW_TRIES: u32 = 5;
/// After how many conflicts is looked whether somebody is gone and has left a transaction open.
const LOOK_AFTER: u32 = 3;

/// How long a transaction goes on trying that meets others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Until it succeeds, as long as somebody waits for it.
    Whole,
    /// A few times, since less can be tried next.
    Part,
}

/// A transaction that is open.
pub(super) struct Transaction {
    store: MongoStore,
    session: ClientSession,
    effort: Effort,
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
    ($store:expr, |$transaction:ident| $work:expr) => {
        $crate::mongo::transaction::in_transaction!(
            $store,
            $crate::mongo::transaction::Effort::Whole,
            |$transaction| $work
        )
    };
    ($store:expr, $effort:expr, |$transaction:ident| $work:expr) => {{
        let mut tries = 0;
        loop {
            let mut $transaction = $store.begin($effort, tries).await?;
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
    pub(super) async fn begin(
        &self,
        effort: Effort,
        tries: u32,
    ) -> Result<Transaction, StoreError> {
        if tries > 0 && tries.is_multiple_of(LOOK_AFTER) {
            self.look_after_sessions().await;
        }
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
        if let Err(error) = session.start_transaction().with_options(options).await {
            self.drop_session(session);
            return Err(error.into());
        }
        Ok(Transaction {
            store: self.clone(),
            session,
            effort,
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
            sum += matched(&self.send(command).await?)?;
        }
        Ok(sum)
    }

    /// Carries out one change. Returns whether a document is otherwise than before.
    pub(super) async fn change(
        &mut self,
        collection: &str,
        statement: Statement,
    ) -> Result<bool, StoreError> {
        let mut sum = 0;
        for command in commands(collection, vec![statement]) {
            sum += changed(&self.send(command).await?)?;
        }
        Ok(sum > 0)
    }

    async fn send(&mut self, command: Document) -> Result<Document, StoreError> {
        let database = self.store.database.clone();
        let sending = database.run_command(command).session(&mut self.session);
        in_time(sending.into_future()).await
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

    /// How many documents a collection has.
    pub(super) async fn count(&mut self, collection: &str) -> Result<u64, StoreError> {
        let collection = self.collection(collection);
        let counting = collection
            .count_documents(doc! {})
            .session(&mut self.session);
        in_time(counting.into_future()).await
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
        let answer = again_or(error, self.effort, self.tries);
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
fn again_or<T>(error: StoreError, effort: Effort, tries: u32) -> Done<T> {
    let most = match driver_error(&error) {
        Some(error) if !is_passing(error) => 0,
        Some(error) if is_answer(error) => match effort {
            Effort::Whole => MOST_TRIES,
            Effort::Part => FEW_TRIES,
        },
        // The server cannot be reached, and whoever asks has a deadline.
        Some(_) => MOST_TRIES_WITHOUT_SERVER,
        None => 0,
    };
    match tries < most {
        true => Done::Again(tries + 1),
        false => Done::Over(Err(error)),
    }
}

/// Whether a transaction failed because it met another, so that part of its work may succeed.
pub(super) fn met_another(error: &StoreError) -> bool {
    driver_error(error).is_some_and(|error| is_answer(error) && is_passing(error))
}

/// Whether the same transaction may succeed when it is done again. Others may have ended its session
/// (`Interrupted`; MongoDB manual, "Error Codes").
fn is_passing(error: &Error) -> bool {
    let is_interrupted =
        matches!(error.kind.as_ref(), ErrorKind::Command(error) if error.code == INTERRUPTED);
    is_interrupted || error.contains_label(TRANSIENT_TRANSACTION_ERROR)
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
    driver_error(error).is_some_and(|error| {
        let is_unconfirmed = matches!(
            error.kind.as_ref(),
            ErrorKind::Write(WriteFailure::WriteConcernError(_))
        );
        is_unconfirmed || error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
    })
}
