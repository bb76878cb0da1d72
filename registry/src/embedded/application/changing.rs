//! Inserting, changing and deleting documents, inside the transaction of whoever calls.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_query::{
    Change, CollectionName, DatabaseError, DeleteBound, Document, Filter, Update, UpdateOutcome,
    Value, extended_json,
};

use super::{Fault, Table, key::key, scan::Scan};
use crate::{
    application::{ObjectIds, TakenId, identified},
    embedded::failure::is_taken,
};

/// How many documents are deleted between two looks at the collection.
const DELETED_AT_ONCE: u64 = 10_000;

/// A document about to be stored.
pub(super) struct NewDocument {
    id: Value,
    key: Vec<u8>,
    bytes: Vec<u8>,
}

impl NewDocument {
    /// Checks a document, and gives it an `_id` where it has none.
    pub(super) fn of(
        document: Document,
        object_ids: &ObjectIds,
        now: Timestamp,
    ) -> Result<Self, DatabaseError> {
        let document = identified(document, object_ids, now)?;
        let id = document.get("_id").cloned().unwrap_or(Value::Null);
        Ok(Self {
            key: key(&id),
            bytes: encode(&document)?,
            id,
        })
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Stores documents in a collection, which is made where it does not exist. Returns how many.
pub(super) fn insert(
    connection: &Connection,
    collection: &CollectionName,
    documents: &[NewDocument],
    taken_id: TakenId,
) -> Result<u64, Fault> {
    let table = Table::find_or_make(connection, collection)?.name();
    let on_conflict = match taken_id {
        TakenId::Refuse => "",
        TakenId::Replace => "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
    };
    let sql = format!("INSERT INTO {table} (id, document) VALUES (?, ?) {on_conflict}");
    let mut statement = connection.prepare_cached(&sql)?;
    for document in documents {
        let inserted = statement.execute(params![document.key, document.bytes]);
        inserted.map_err(|error| match is_taken(&error) {
            true => Fault::from(DatabaseError::DuplicateKey {
                collection: collection.clone(),
                field: "_id".to_owned(),
                value: extended_json::value_to_json(&document.id).to_string(),
            }),
            false => error.into(),
        })?;
    }
    Ok(documents.len() as u64)
}

/// Changes every document that matches.
pub(super) fn update(
    connection: &Connection,
    table: Table,
    filter: Filter,
    update: &Update,
    now: Timestamp,
) -> Result<UpdateOutcome, Fault> {
    let sql = format!("UPDATE {} SET document = ? WHERE number = ?", table.name());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut outcome = UpdateOutcome::default();
    let mut scan = Scan::new(table, filter);
    loop {
        let page = scan.page(connection)?;
        if page.is_empty() {
            return Ok(outcome);
        }
        for (number, mut document) in page {
            outcome.matched += 1;
            if update.apply(&mut document, now)? == Change::Changed {
                outcome.modified += 1;
                statement.execute(params![encode(&document)?, number])?;
            }
        }
    }
}

/// Deletes documents that match, as far as `bound` allows; returns how many.
pub(super) fn delete(
    connection: &Connection,
    table: Table,
    filter: Filter,
    bound: DeleteBound,
) -> Result<u64, Fault> {
    let name = table.name();
    if filter.is_empty() && bound == DeleteBound::All {
        // Without a condition SQLite empties the table at one blow.
        let deleted = connection
            .prepare_cached(&format!("DELETE FROM {name}"))?
            .execute([])?;
        return Ok(deleted as u64);
    }
    let most = match bound {
        DeleteBound::All => u64::MAX,
        DeleteBound::AtMost(most) => most,
    };
    let mut statement =
        connection.prepare_cached(&format!("DELETE FROM {name} WHERE number = ?"))?;
    let mut scan = Scan::new(table, filter);
    let mut deleted = 0;
    loop {
        let wanted = DELETED_AT_ONCE.min(most - deleted);
        let numbers = scan.numbers(connection, usize::try_from(wanted).unwrap_or(usize::MAX))?;
        if numbers.is_empty() {
            return Ok(deleted);
        }
        for number in numbers {
            deleted += statement.execute([number])? as u64;
        }
    }
}

fn encode(document: &Document) -> Result<Vec<u8>, DatabaseError> {
    document
        .to_vec()
        .map_err(|error| DatabaseError::InvalidArgument(error.to_string()))
}
