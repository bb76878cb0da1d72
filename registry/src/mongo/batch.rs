//! Many changes in one message to the server (MongoDB manual, "update" command).
//!
//! Each change is its own compare-and-set. The answer only says how many matched, so that whoever must
//! know which reads them back.

use std::future::IntoFuture as _;

use mongodb::bson::{Bson, Document, doc};

use super::{
    MongoStore,
    failure::{driver_error, in_time, is_out_of_time},
    stored::corrupt,
};
use crate::store::StoreError;

/// The most changes in a message; the server takes 100,000.
const MOST_STATEMENTS: usize = 1000;
/// The bytes after which a message is closed. The server takes 16 MiB, and one change more may be added.
const MOST_BYTES: usize = 8 << 20;
/// How often a message is sent whose answer was lost. Doing it again changes nothing that it has changed.
const MOST_TRIES: u32 = 3;

/// How long the server may work on a message. A document in an open transaction, whose host may be gone,
/// keeps whoever changes it waiting (MongoDB manual, "Production Considerations": for up to a minute).
const LONGEST_WORK_MS: i64 = 3000;

/// One change.
pub(super) struct Statement {
    filter: Document,
    update: Bson,
    kind: Kind,
}

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One document that matches.
    One,
    /// Every document that matches.
    All,
    /// The one that matches, or a new one.
    OneOrNew,
}

impl Statement {
    /// A change of the document that matches, with update operators or as a pipeline.
    pub(super) fn change(filter: Document, update: impl Into<Bson>) -> Self {
        Self {
            filter,
            update: update.into(),
            kind: Kind::One,
        }
    }

    /// As [`Statement::change`], of every document that matches.
    pub(super) fn change_all(filter: Document, update: impl Into<Bson>) -> Self {
        Self {
            kind: Kind::All,
            ..Self::change(filter, update)
        }
    }

    /// A document that takes the place of the one with the same `_id`, or is added.
    pub(super) fn put(document: Document) -> Self {
        let id = document.get("_id").cloned().unwrap_or(Bson::Null);
        Self {
            filter: doc! {"_id": id},
            update: document.into(),
            kind: Kind::OneOrNew,
        }
    }

    fn into_bson(self) -> Document {
        let mut statement = doc! {"q": self.filter, "u": self.update};
        match self.kind {
            Kind::One => None,
            Kind::All => statement.insert("multi", true),
            Kind::OneOrNew => statement.insert("upsert", true),
        };
        statement
    }
}

/// The messages that carry changes.
pub(super) fn commands(collection: &str, statements: Vec<Statement>) -> Vec<Document> {
    let mut commands = Vec::new();
    let mut updates: Vec<Bson> = Vec::new();
    let mut bytes = 0;
    let close = |updates: &mut Vec<Bson>| {
        let updates = std::mem::take(updates);
        doc! {"update": collection, "updates": updates, "ordered": false}
    };
    for statement in statements {
        let statement = statement.into_bson();
        bytes += sandglass_query::document_size(&statement);
        updates.push(statement.into());
        if bytes >= MOST_BYTES || updates.len() >= MOST_STATEMENTS {
            commands.push(close(&mut updates));
            bytes = 0;
        }
    }
    if !updates.is_empty() {
        commands.push(close(&mut updates));
    }
    commands
}

/// How many documents matched.
///
/// # Errors
/// Where one of the changes was refused.
pub(super) fn matched(answer: &Document) -> Result<u64, StoreError> {
    if let Ok(errors) = answer.get_array("writeErrors")
        && let Some(error) = errors.first()
    {
        return Err(StoreError::Unavailable(
            format!("a change was refused: {error}").into(),
        ));
    }
    if let Ok(error) = answer.get_document("writeConcernError") {
        let text = format!("a change may not stay: {error}");
        return Err(StoreError::Unavailable(text.into()));
    }
    let matched = match answer.get("n") {
        Some(Bson::Int32(matched)) => i64::from(*matched),
        Some(Bson::Int64(matched)) => *matched,
        Some(Bson::Double(matched)) => *matched as i64,
        _ => return Err(corrupt("answer", "it does not say how many matched")),
    };
    Ok(matched.unsigned_abs())
}

/// Whether the server gave up because it took too long.
fn ran_out(error: &StoreError) -> bool {
    driver_error(error).is_some_and(is_out_of_time)
}

impl MongoStore {
    /// Carries out many changes outside a transaction, each for itself. Returns how many documents
    /// matched the last time they were sent, which is fewer than were changed where an answer was lost.
    pub(super) async fn update_all(
        &self,
        collection: &str,
        statements: Vec<Statement>,
    ) -> Result<u64, StoreError> {
        let mut sum = 0;
        for mut command in commands(collection, statements) {
            command.insert("writeConcern", doc! {"w": "majority", "j": true});
            command.insert("maxTimeMS", LONGEST_WORK_MS);
            sum += self.send(command).await?;
        }
        Ok(sum)
    }

    async fn send(&self, command: Document) -> Result<u64, StoreError> {
        let mut tries = 1;
        loop {
            let sending = self.database.run_command(command.clone());
            let answer = in_time(sending.into_future()).await;
            let sent = answer.and_then(|answer| matched(&answer));
            match sent {
                Err(error) if error.is_retryable() && !ran_out(&error) && tries < MOST_TRIES => {
                    tracing::debug!(%error, "store.update.again");
                    tries += 1;
                }
                sent => return sent,
            }
        }
    }
}
