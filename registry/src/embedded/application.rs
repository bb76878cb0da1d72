//! The application database in `app.sqlite`: documents as BSON, a table for each collection.
//!
//! Filters are asked of the stored bytes by `sandglass-query`, the same code as everywhere, so that
//! only what matches is decoded; SQLite itself is asked for no more than an `_id` or the next
//! documents. Documents are read in the order of their insertion. Other processes may use the file at
//! the same time, such as an import beside a running server.

mod changing;
mod collections;
mod cursor;
mod fault;
mod importing;
mod key;
mod scan;

#[cfg(test)]
mod tests;

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use sandglass_contract::Clock;
use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, DeleteBound, Document, Filter,
    Find, Pipeline, Update, UpdateOutcome,
};

use super::{
    OpenError, WriteCounts,
    database_file::{DatabaseFile, Schema},
    folder_lock::make_folder,
};
use crate::application::{ObjectIds, TakenId};
use changing::NewDocument;
use collections::Table;
use cursor::ScanCursor;
use fault::Fault;
use scan::Scan;

/// The name of the file with the documents that templates work on.
pub const APPLICATION_FILE: &str = "app.sqlite";

const SCHEMA: Schema = Schema {
    application_id: 0x5347_4150,
    migrations: &[include_str!(
        "../../migrations/application/0001_collections.sql"
    )],
    on_open: |_, _| Ok(()),
};

/// An [`ApplicationDatabase`] in a file of its own.
///
/// A cursor holds a position and no lock: each read sees one state of the collection, and what is
/// written between two reads may or may not be seen by the later one. No document is seen twice. A
/// sort, a group and a count are one read.
pub struct EmbeddedDatabase {
    file: DatabaseFile,
    clock: Arc<dyn Clock>,
    object_ids: Arc<ObjectIds>,
}

impl EmbeddedDatabase {
    /// Opens the database in `folder`, which is made (for its owner alone) where it does not exist.
    /// `clock` gives the time of new ids and of `$currentDate`. It waits for the disk.
    ///
    /// # Errors
    /// Where the file is not Sandglass's or from a newer version, or the disk refuses.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        make_folder(folder)?;
        Ok(Self {
            file: DatabaseFile::open(&folder.join(APPLICATION_FILE), &SCHEMA, clock.clone())?,
            clock,
            object_ids: Arc::default(),
        })
    }

    /// How much has been written since it was opened.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        self.file.write_counts()
    }

    async fn table(&self, collection: &CollectionName) -> Result<Option<Table>, DatabaseError> {
        let collection = collection.clone();
        let found = self
            .file
            .read(move |connection| Table::find(connection, &collection))
            .await;
        found.map_err(Fault::into)
    }
}

#[async_trait]
impl ApplicationDatabase for EmbeddedDatabase {
    async fn count(
        &self,
        collection: &CollectionName,
        filter: &Filter,
    ) -> Result<u64, DatabaseError> {
        let (collection, filter) = (collection.clone(), filter.clone());
        let counted = self
            .file
            .read(
                move |connection| match Table::find(connection, &collection)? {
                    Some(table) => Scan::new(table, filter).count(connection),
                    None => Ok(0),
                },
            )
            .await;
        counted.map_err(Fault::into)
    }

    async fn find(
        &self,
        collection: &CollectionName,
        mut find: Find,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        let filter = std::mem::take(&mut find.filter);
        let scan = self.table(collection).await?;
        let scan = scan.map(|table| Scan::new(table, filter));
        let readers = self.file.readers().clone();
        Ok(Box::new(ScanCursor::new(readers, scan, |documents| {
            find.run(documents)
        })))
    }

    async fn aggregate(
        &self,
        collection: &CollectionName,
        pipeline: Pipeline,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        let scan = self.table(collection).await?;
        let scan = scan.map(|table| Scan::new(table, pipeline.leading_filter()));
        let readers = self.file.readers().clone();
        Ok(Box::new(ScanCursor::new(readers, scan, |documents| {
            pipeline.run(documents)
        })))
    }

    async fn insert_many(
        &self,
        collection: &CollectionName,
        documents: Vec<Document>,
    ) -> Result<u64, DatabaseError> {
        let now = self.clock.now();
        let new = documents
            .into_iter()
            .map(|document| NewDocument::of(document, &self.object_ids, now))
            .collect::<Result<Vec<_>, _>>()?;
        let collection = collection.clone();
        let inserted = self
            .file
            .write(move |connection| {
                changing::insert(connection, &collection, &new, TakenId::Refuse)
            })
            .await;
        inserted.map_err(Fault::into)
    }

    async fn update_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        update: &Update,
    ) -> Result<UpdateOutcome, DatabaseError> {
        let (collection, filter) = (collection.clone(), filter.clone());
        let (update, now) = (update.clone(), self.clock.now());
        let updated = self
            .file
            .write(
                move |connection| match Table::find(connection, &collection)? {
                    Some(table) => changing::update(connection, table, filter, &update, now),
                    None => Ok(UpdateOutcome::default()),
                },
            )
            .await;
        updated.map_err(Fault::into)
    }

    async fn delete_many(
        &self,
        collection: &CollectionName,
        filter: &Filter,
        bound: DeleteBound,
    ) -> Result<u64, DatabaseError> {
        let (collection, filter) = (collection.clone(), filter.clone());
        let deleted = self
            .file
            .write(
                move |connection| match Table::find(connection, &collection)? {
                    Some(table) => changing::delete(connection, table, filter, bound),
                    None => Ok(0),
                },
            )
            .await;
        deleted.map_err(Fault::into)
    }

    async fn collections(&self) -> Result<Vec<CollectionName>, DatabaseError> {
        let names = self.file.read(collections::names).await;
        names.map_err(Fault::into)
    }
}

impl fmt::Debug for EmbeddedDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EmbeddedDatabase")
            .finish_non_exhaustive()
    }
}
