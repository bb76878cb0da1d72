//! Many changes in one message to the server (MongoDB manual, "update" command).
//!
//! Each change is its own compare-and-set. The answer only says how many matched, so that whoever must
//! know which reads them back.

use std::future::IntoFuture as _;

use futures::{StreamExt as _, stream};
use mongodb::bson::{Bson, Document, doc};

use super::{
    MongoStore,
    failure::{driver_error, in_time, is_out_of_time, is_permanent_code},
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
/// keeps whoever changes it waiting (MongoDB manual, "Production Considerations"), and all that stands
/// behind it in the same message.
const LONGEST_WORK_MS: i64 = 1500;
/// How long it may take until the majority of the members have what was changed.
const LONGEST_CONFIRMATION_MS: i64 = 9000;
/// How many parts of a message are on their way at once.
const MOST_PARTS_AT_ONCE: usize = 8;

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

    /// A change of the document that matches, where a condition, which is an expression, holds at that
    /// moment: members that get the values of expressions, and members that go. A document for which
    /// it does not hold matches and stays as it is.
    ///
    /// An expression in the filter would say the same, but an index serves no filter that has one on
    /// every server.
    pub(super) fn change_where(
        filter: Document,
        condition: &Document,
        set: Document,
        unset: &[&str],
    ) -> Self {
        let set = set.into_iter().chain(
            unset
                .iter()
                .map(|it| ((*it).to_owned(), Bson::from("$$REMOVE"))),
        );
        let members = set.map(|(member, value)| {
            let now = format!("${member}");
            (member, doc! {"$cond": [condition, value, now]}.into())
        });
        Self::change(filter, vec![doc! {"$set": members.collect::<Document>()}])
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

    /// A change of the document with this `_id`, or of a new one.
    pub(super) fn change_or_add(id: impl Into<Bson>, update: Document) -> Self {
        Self {
            filter: doc! {"_id": id.into()},
            update: update.into(),
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
    let messages = messages(statements).into_iter();
    messages.map(|it| command(collection, it)).collect()
}

fn command(collection: &str, updates: Vec<Document>) -> Document {
    doc! {"update": collection, "updates": updates, "ordered": false}
}

/// The changes, as many together as fit into one message.
fn messages(statements: Vec<Statement>) -> Vec<Vec<Document>> {
    let mut messages = Vec::new();
    let mut updates = Vec::new();
    let mut bytes = 0;
    for statement in statements {
        let statement = statement.into_bson();
        bytes += sandglass_query::document_size(&statement);
        updates.push(statement);
        if bytes >= MOST_BYTES || updates.len() >= MOST_STATEMENTS {
            messages.push(std::mem::take(&mut updates));
            bytes = 0;
        }
    }
    if !updates.is_empty() {
        messages.push(updates);
    }
    messages
}

/// How many documents matched.
///
/// # Errors
/// Where one of the changes was refused.
pub(super) fn matched(answer: &Document) -> Result<u64, StoreError> {
    good(answer)?;
    number(answer, "n")
}

/// How many documents are otherwise than before.
///
/// # Errors
/// Where one of the changes was refused.
pub(super) fn changed(answer: &Document) -> Result<u64, StoreError> {
    good(answer)?;
    number(answer, "nModified")
}

fn good(answer: &Document) -> Result<(), StoreError> {
    let errors = answer.get_array("writeErrors").ok();
    let errors = errors.into_iter().flatten();
    let mut errors = errors.filter_map(Bson::as_document).peekable();
    if let Some(first) = errors.peek() {
        let text = format!("a change was refused: {first}").into();
        return Err(match errors.any(|it| is_permanent_code(code(it))) {
            true => StoreError::Refused(text),
            false => StoreError::Unavailable(text),
        });
    }
    match answer.get_document("writeConcernError") {
        Ok(error) => Err(StoreError::Unavailable(Box::new(NotConfirmed(
            error.clone(),
        )))),
        Err(_) => Ok(()),
    }
}

fn code(error: &Document) -> i64 {
    number(error, "code").map_or(0, u64::cast_signed)
}

/// What was changed has not reached the majority yet.
#[derive(Debug, thiserror::Error)]
#[error("a change may not stay: {0}")]
struct NotConfirmed(Document);

/// Whether the changes are made, and only their confirmation took too long.
fn is_unconfirmed(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else {
        return false;
    };
    source.downcast_ref::<NotConfirmed>().is_some()
}

fn number(answer: &Document, member: &str) -> Result<u64, StoreError> {
    let number = match answer.get(member) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => return Err(corrupt("answer", format!("it has no {member}"))),
    };
    Ok(number.unsigned_abs())
}

/// Whether the server gave up because it took too long.
pub(super) fn ran_out(error: &StoreError) -> bool {
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
        for updates in messages(statements) {
            sum += match self.send(collection, updates.clone()).await {
                Err(error) if ran_out(&error) && updates.len() > 1 => {
                    self.send_apart(collection, updates).await?
                }
                sent => sent?,
            };
        }
        Ok(sum)
    }

    /// Sends changes in ever smaller parts, so that one that has to wait keeps none of the others.
    ///
    /// # Errors
    /// Where one of them still has to wait; the others are made all the same.
    async fn send_apart(
        &self,
        collection: &str,
        updates: Vec<Document>,
    ) -> Result<u64, StoreError> {
        let mut parts = vec![updates];
        let mut sum = 0;
        let mut failed = None;
        while !parts.is_empty() {
            let smaller = parts.iter().flat_map(|part| {
                let size = part.len().isqrt().max(1);
                part.chunks(size).map(<[Document]>::to_vec)
            });
            let sending = smaller.collect::<Vec<_>>().into_iter().map(|part| async {
                let sent = self.send(collection, part.clone()).await;
                (part, sent)
            });
            let answers = stream::iter(sending).buffer_unordered(MOST_PARTS_AT_ONCE);
            let answers: Vec<_> = answers.collect().await;
            parts = Vec::new();
            for (part, sent) in answers {
                match sent {
                    Ok(matched) => sum += matched,
                    Err(error) if ran_out(&error) && part.len() > 1 => parts.push(part),
                    Err(error) => failed = Some(error),
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(sum),
        }
    }

    async fn send(&self, collection: &str, updates: Vec<Document>) -> Result<u64, StoreError> {
        let mut command = command(collection, updates);
        command.insert("writeConcern", doc! {"w": "majority", "j": true});
        command.insert("maxTimeMS", LONGEST_WORK_MS);
        let mut tries = 1;
        loop {
            let sending = self.database.run_command(command.clone());
            let answer = in_time(sending.into_future()).await;
            let sent = answer.and_then(|answer| matched(&answer));
            match sent {
                Err(error) if error.is_retryable() && !ran_out(&error) && tries < MOST_TRIES => {
                    tracing::debug!(%error, "store.update.again");
                    if is_unconfirmed(&error) {
                        // There is nothing left to do but to wait for the other members.
                        command.insert("maxTimeMS", LONGEST_CONFIRMATION_MS);
                    }
                    tries += 1;
                }
                sent => return sent,
            }
        }
    }
}
