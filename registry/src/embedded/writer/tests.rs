//! What the thread that writes promises.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::sync::{Arc, mpsc};

use jiff::Timestamp;
use rusqlite::Connection;
use sandglass_contract::clock::testing::ManualClock;
use tempfile::TempDir;

use crate::{
    embedded::{
        database_file::{DatabaseFile, Schema},
        writer::{Answer, WriteCounts, WriteFailure},
    },
    store::StoreError,
};

const SCHEMA: Schema = Schema {
    application_id: 7,
    migrations: &["CREATE TABLE notes (
             id     INTEGER PRIMARY KEY,
             parent INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED
         ) STRICT"],
    on_open: |_, _| Ok(()),
};

fn open() -> (DatabaseFile, TempDir) {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let file = DatabaseFile::open(&folder.path().join("notes.sqlite"), &SCHEMA, clock);
    (file.unwrap(), folder)
}

fn add(id: i64, parent: Option<i64>) -> impl FnOnce(&Connection) -> Result<i64, StoreError> + Send {
    move |connection| {
        connection.execute("INSERT INTO notes VALUES (?, ?)", (id, parent))?;
        Ok(id)
    }
}

async fn count(file: &DatabaseFile) -> i64 {
    let counted = file.read(|connection| -> Result<i64, StoreError> {
        Ok(connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?)
    });
    counted.await.unwrap()
}

/// Holds the thread in a transaction until it is let go, so that what comes meanwhile joins it.
async fn hold(file: &DatabaseFile) -> (mpsc::Sender<()>, Answer<(), StoreError>) {
    let (go, wait) = mpsc::channel();
    let held = file.writer().submit(move |_| {
        wait.recv().unwrap();
        Ok(())
    });
    (go, held.await.unwrap())
}

#[tokio::test]
async fn what_is_queued_shares_a_transaction_and_a_failure_stays_alone() {
    let (file, _folder) = open();
    let (go, held) = hold(&file).await;
    let mut answers = Vec::new();
    for number in 0..100 {
        // Every tenth has a key that is taken.
        let key = if number % 10 == 9 { number - 1 } else { number };
        let work = move |connection: &Connection| {
            // Of what fails, not even its first half remains.
            add(1000 + number, None)(connection)?;
            add(key, None)(connection)
        };
        answers.push(file.writer().submit(work).await.unwrap());
    }
    go.send(()).unwrap();
    held.wait().await.unwrap();
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.wait().await.is_err(), number % 10 == 9, "{number}");
    }
    let counts = WriteCounts {
        requests: 101,
        transactions: 1,
    };
    assert_eq!(file.write_counts(), counts);
    assert_eq!(count(&file).await, 180);
}

#[tokio::test]
async fn where_the_commit_fails_every_request_has_failed() {
    let (file, _folder) = open();
    let (go, held) = hold(&file).await;
    let sound = file.writer().submit(add(1, None)).await.unwrap();
    let dangling = file.writer().submit(add(2, Some(99))).await.unwrap();
    go.send(()).unwrap();
    assert!(held.wait().await.unwrap_err().is_retryable());
    for answer in [sound, dangling] {
        let error = answer.wait().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(count(&file).await, 0);
    file.write(add(1, None)).await.unwrap();
    assert_eq!(count(&file).await, 1);
}

#[tokio::test]
async fn a_panic_stays_alone() {
    let (file, _folder) = open();
    let (go, held) = hold(&file).await;
    let work = |connection: &Connection| -> Result<(), StoreError> {
        add(1, None)(connection)?;
        panic!("on purpose");
    };
    let panicking = file.writer().submit(work).await.unwrap();
    let sound = file.writer().submit(add(2, None)).await.unwrap();
    go.send(()).unwrap();
    held.wait().await.unwrap();
    match panicking.wait().await {
        Err(StoreError::Unavailable(source)) => {
            assert!(matches!(
                source.downcast_ref(),
                Some(WriteFailure::Panicked)
            ));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sound.wait().await.unwrap(), 2);
    assert_eq!(count(&file).await, 1);
}

#[tokio::test]
async fn closing_answers_everything_that_was_accepted() {
    let (file, folder) = open();
    let (go, held) = hold(&file).await;
    let mut answers = Vec::new();
    for number in 0..50 {
        answers.push(file.writer().submit(add(number, None)).await.unwrap());
    }
    let closing = tokio::task::spawn_blocking(move || drop(file));
    go.send(()).unwrap();
    held.wait().await.unwrap();
    closing.await.unwrap();
    for answer in answers {
        answer.wait().await.unwrap();
    }
    let reopened = Connection::open(folder.path().join("notes.sqlite")).unwrap();
    let stored: i64 = reopened
        .query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, 50);
}

#[tokio::test]
async fn a_write_goes_on_where_nobody_waits_for_it() {
    let (file, _folder) = open();
    drop(file.writer().submit(add(1, None)).await.unwrap());
    file.write(add(2, None)).await.unwrap();
    assert_eq!(count(&file).await, 2);
}
