//! Taking in many documents, in transactions of a size that keeps the disk busy.

use sandglass_query::{CollectionName, DatabaseError, Documents};

use super::{EmbeddedDatabase, Fault, NewDocument, changing};
use crate::{application::TakenId, embedded::writer::Answer};

/// The most documents in a transaction.
const BATCH_DOCUMENTS: usize = 10_000;
/// The bytes after which a transaction is closed.
const BATCH_BYTES: usize = 16 << 20;

impl EmbeddedDatabase {
    /// Stores `documents` in a collection, in transactions of some thousands, and tells `progress`
    /// how many have been stored each time. Returns how many were stored in all.
    ///
    /// # Errors
    /// The first error of `documents` or of the store ends the import. What `progress` was told of is
    /// stored and stays.
    pub async fn import(
        &self,
        collection: &CollectionName,
        documents: Documents<'_>,
        taken_id: TakenId,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<u64, DatabaseError> {
        let mut source = documents;
        let mut under_way: Option<Answer<u64, Fault>> = None;
        let mut stored = 0;
        loop {
            // While one batch is written the next is read.
            let next = self.next_batch(&mut source);
            if let Some(answer) = under_way.take() {
                stored += answer.wait().await.map_err(DatabaseError::from)?;
                progress(stored);
            }
            let batch = next?;
            if batch.is_empty() {
                return Ok(stored);
            }
            let collection = collection.clone();
            let submitted = self.file.writer().submit(move |connection| {
                changing::insert(connection, &collection, &batch, taken_id)
            });
            under_way = Some(submitted.await.map_err(DatabaseError::from)?);
        }
    }

    fn next_batch(&self, source: &mut Documents<'_>) -> Result<Vec<NewDocument>, DatabaseError> {
        let now = self.clock.now();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_DOCUMENTS && bytes < BATCH_BYTES {
            let Some(document) = source.next() else {
                break;
            };
            let document = NewDocument::of(document?, &self.object_ids, now)?;
            bytes += document.size();
            batch.push(document);
        }
        Ok(batch)
    }
}
