//! Hints from a change stream (MongoDB manual, "Change Streams").
//!
//! They save a host the wait until it looks by itself. A stream that breaks is opened again from that
//! moment on, since what it would have told is found by looking anyway.

use std::{collections::VecDeque, time::Duration};

use futures::{StreamExt as _, stream};
use mongodb::{
    Database,
    bson::{Document, doc},
    change_stream::ChangeStream,
    error::{Error, ErrorKind},
};

use super::collections::{EXECUTIONS, JOBS};
use crate::store::{Hint, Hints};

/// How long after the end of a stream the next is opened.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// The shortest time between two hints. What comes meanwhile is told by the next.
const APART: Duration = Duration::from_millis(200);
/// A server without change streams says so with one of these (MongoDB manual, "Error Codes":
/// InvalidOptions, CommandNotFound, CommandNotSupported, Location40324, Location40573).
const UNSUPPORTED: [i32; 5] = [72, 59, 115, 40_324, 40_573];

/// A stream of hints that is opened when it is first asked.
pub(super) fn hints(database: Database) -> Hints {
    let listener = Listener {
        database,
        stream: None,
        waiting: VecDeque::new(),
    };
    stream::unfold(listener, |mut listener| async {
        let hint = listener.next().await?;
        Some((hint, listener))
    })
    .chain(stream::pending())
    .boxed()
}

type Changes = ChangeStream<Document>;

struct Listener {
    database: Database,
    stream: Option<Changes>,
    waiting: VecDeque<Hint>,
}

impl Listener {
    /// The next hint; none where the server has no change streams.
    async fn next(&mut self) -> Option<Hint> {
        loop {
            if let Some(hint) = self.waiting.pop_front() {
                return Some(hint);
            }
            let stream = match self.stream.take() {
                Some(stream) => Ok(stream),
                None => open(&self.database).await,
            };
            match stream {
                Ok(stream) => self.listen(stream).await,
                Err(error) if is_unsupported(&error) => {
                    tracing::info!(%error, "store.hints.unsupported");
                    return None;
                }
                Err(error) => {
                    tracing::debug!(%error, "store.hints.lost");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Waits for something to happen, and for what comes shortly after.
    async fn listen(&mut self, mut stream: Changes) {
        let Some(Ok(first)) = stream.next().await else {
            tokio::time::sleep(AGAIN_AFTER).await;
            return;
        };
        self.note(&first);
        let more = async {
            while let Some(Ok(change)) = stream.next().await {
                self.note(&change);
            }
        };
        // It ends early only where the stream has broken, which the next look at it tells.
        tokio::time::timeout(APART, more).await.ok();
        self.stream = Some(stream);
    }

    fn note(&mut self, change: &Document) {
        let hint = match change.get_document("ns").and_then(|ns| ns.get_str("coll")) {
            Ok(JOBS) => Hint::JobsChanged,
            _ => Hint::WorkArrived,
        };
        if !self.waiting.contains(&hint) {
            self.waiting.push_back(hint);
        }
    }
}

/// Executions that are stored, and jobs that are saved. What a host changes in passing is left out.
async fn open(database: &Database) -> Result<Changes, Error> {
    let wanted = doc! {"$or": [
        {"ns.coll": EXECUTIONS, "operationType": "insert"},
        {"ns.coll": JOBS, "operationType": {"$in": ["insert", "replace"]}},
    ]};
    let stages = [doc! {"$match": wanted}, doc! {"$project": {"ns": 1}}];
    let stream = database.watch().pipeline(stages).await?;
    Ok(stream.with_type::<Document>())
}

fn is_unsupported(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => UNSUPPORTED.contains(&error.code),
        _ => false,
    }
}
