//! Inserting, changing and deleting documents.
//!
//! Writes are commands of our own, because the driver's give them no time limit and do not show which
//! key is taken.

use futures::FutureExt as _;
use mongodb::{
    ClientSession,
    bson::{Bson, RawDocumentBuf, doc},
    error::Error,
    options::{ReadConcern, TransactionOptions},
};
use sandglass_query::{
    CollectionName, DatabaseError, Document, Filter, Update, UpdateOutcome, document_size,
};

use super::{
    MongoDatabase,
    fault::{fault, refusal, write_error},
};
use crate::mongo::connection::durable;

/// The bytes of documents after which one command is closed; a command has at most 48 MB.
const COMMAND_BYTES: usize = 16 << 20;
/// The most documents in one command.
const COMMAND_DOCUMENTS: usize = 10_000;
/// How many documents are deleted between two looks at the collection.
const DELETED_AT_ONCE: u64 = 1000;
/// The bytes of ids after which one deletion is closed.
const ID_BYTES: usize = 4 << 20;

impl MongoDatabase {
    /// Inserts documents that have ids, all or none; returns how many.
    pub(super) async fn insert(
        &self,
        collection: &CollectionName,
        documents: &[Document],
    ) -> Result<u64, DatabaseError> {
        let commands = in_commands(documents)
            .map(|part| doc! {"insert": collection.as_str(), "documents": part.to_vec()})
            .collect();
        let inserted = self.write_together(collection, commands).await?;
        Ok(count(&inserted, "n"))
    }

    /// Puts documents in the place of those with the same ids, or beside the others; all or none.
    pub(super) async fn replace(
        &self,
        collection: &CollectionName,
        documents: &[Document],
    ) -> Result<u64, DatabaseError> {
        let commands = in_commands(documents)
            .map(|part| {
                let updates: Vec<Document> = part
                    .iter()
                    .map(|document| {
                        let id = document.get("_id").cloned().unwrap_or(Bson::Null);
                        doc! {"q": {"_id": {"$eq": id}}, "u": document.clone(), "upsert": true}
                    })
                    .collect();
                doc! {"update": collection.as_str(), "updates": updates}
            })
            .collect();
        let replaced = self.write_together(collection, commands).await?;
        Ok(count(&replaced, "n"))
    }

    /// Changes every document that matches, all or none.
    pub(super) async fn update(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        update: &Update,
    ) -> Result<UpdateOutcome, DatabaseError> {
        let change = doc! {"q": filter.to_bson(), "u": update.to_bson(), "multi": true};
        let command = doc! {"update": collection.as_str(), "updates": [change]};
        let answers = self.write_together(collection, vec![command]).await?;
        Ok(UpdateOutcome {
            matched: count(&answers, "n"),
            modified: count(&answers, "nModified"),
        })
    }

    /// Deletes every document that matches; returns how many.
    pub(super) async fn delete_all(
        &self,
        collection: &CollectionName,
        filter: Document,
    ) -> Result<u64, DatabaseError> {
        let command = doc! {
            "delete": collection.as_str(),
            "deletes": [{"q": filter, "limit": 0}],
            "writeConcern": {"w": "majority", "j": true},
            "maxTimeMS": self.max_time_milliseconds(),
        };
        let answer = self.database.run_command(command).await.map_err(fault)?;
        match write_error(collection, &answer) {
            Some(error) => Err(error),
            None => Ok(count(&[answer], "n")),
        }
    }

    /// Deletes documents that match, at most so many; returns how many.
    pub(super) async fn delete_some(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        most: u64,
    ) -> Result<u64, DatabaseError> {
        let mut deleted = 0;
        while deleted < most {
            let wanted = DELETED_AT_ONCE.min(most - deleted);
            let ids = self.ids(collection, filter, wanted).await?;
            if ids.is_empty() {
                break;
            }
            // Another may have changed a document since its id was read.
            let still = doc! {"$and": [{"_id": {"$in": ids}}, filter.to_bson()]};
            deleted += self.delete_all(collection, still).await?;
        }
        Ok(deleted)
    }

    async fn ids(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        most: u64,
    ) -> Result<Vec<Bson>, DatabaseError> {
        let mut cursor = self
            .database
            .collection::<RawDocumentBuf>(collection.as_str())
            .find(filter.to_bson())
            .projection(doc! {"_id": 1})
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .max_time(self.settings.max_time)
            .await
            .map_err(fault)?;
        let (mut ids, mut bytes) = (Vec::new(), 0);
        while bytes < ID_BYTES && cursor.advance().await.map_err(fault)? {
            bytes += cursor.current().as_bytes().len();
            let document = Document::try_from(cursor.current())
                .map_err(|error| DatabaseError::corrupt("a document", error))?;
            ids.extend(document.get("_id").cloned());
        }
        Ok(ids)
    }

    /// Runs write commands as one transaction and returns the answers.
    async fn write_together(
        &self,
        collection: &CollectionName,
        commands: Vec<Document>,
    ) -> Result<Vec<Document>, DatabaseError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let session = self.connection.client().start_session().await;
        let mut session = session.map_err(fault)?;
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .write_concern(durable())
            .build();
        let context = (self.clone(), collection.clone(), commands);
        let written = session
            .start_transaction()
            .with_options(options)
            .and_run(context, |session, (database, collection, commands)| {
                database.write_in(session, collection, commands).boxed()
            })
            .await;
        written.map_err(fault)
    }

    async fn write_in(
        &self,
        session: &mut ClientSession,
        collection: &CollectionName,
        commands: &[Document],
    ) -> Result<Vec<Document>, Error> {
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            let mut command = command.clone();
            command.insert("maxTimeMS", self.max_time_milliseconds());
            let answer = self.database.run_command(command).session(&mut *session);
            let answer = answer.await?;
            if let Some(error) = write_error(collection, &answer) {
                return Err(refusal(error));
            }
            answers.push(answer);
        }
        Ok(answers)
    }
}

/// The documents in parts that fit in one command each.
fn in_commands(documents: &[Document]) -> impl Iterator<Item = &[Document]> {
    let mut rest = documents;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest.iter().take(COMMAND_DOCUMENTS).take_while(|document| {
            let fits = bytes < COMMAND_BYTES;
            bytes += document_size(document);
            fits
        });
        let (part, after) = rest.split_at_checked(fitting.count())?;
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

fn count(answers: &[Document], name: &str) -> u64 {
    let counted = answers.iter().map(|answer| match answer.get(name) {
        Some(Bson::Int32(number)) => u64::from(number.unsigned_abs()),
        Some(Bson::Int64(number)) => number.unsigned_abs(),
        Some(Bson::Double(number)) if *number >= 0.0 => *number as u64,
        _ => 0,
    });
    counted.sum()
}
