//! Taking in many documents, in transactions of some thousands.

use sandglass_query::{CollectionName, DatabaseError, Document, Documents, document_size};

use super::MongoDatabase;
use crate::application::{TakenId, identified};

/// The most documents in a transaction.
const BATCH_DOCUMENTS: usize = 5000;
/// The bytes after which a transaction is closed.
const BATCH_BYTES: usize = 8 << 20;

impl MongoDatabase {
    /// Stores `documents` in a collection, in transactions of some thousands, and tells `progress`
    /// how many have been stored each time. Returns how many were stored in all.
    ///
    /// # Errors
    /// The first error of `documents` or of the server ends the import. What `progress` was told of is
    /// stored and stays.
    pub async fn import(
        &self,
        collection: &CollectionName,
        documents: Documents<'_>,
        taken_id: TakenId,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<u64, DatabaseError> {
        let mut source = documents;
        let mut stored = 0;
        loop {
            let batch = self.next_batch(&mut source)?;
            if batch.is_empty() {
                return Ok(stored);
            }
            stored += match taken_id {
                TakenId::Refuse => self.insert(collection, &batch).await?,
                TakenId::Replace => self.replace(collection, &batch).await?,
            };
            progress(stored);
        }
    }

    fn next_batch(&self, source: &mut Documents<'_>) -> Result<Vec<Document>, DatabaseError> {
        let now = self.clock.now();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_DOCUMENTS && bytes < BATCH_BYTES {
            let Some(document) = source.next() else {
                break;
            };
            let document = identified(document?, &self.object_ids, now)?;
            bytes += document_size(&document);
            batch.push(document);
        }
        Ok(batch)
    }
}
