//! Documents on their way to a guest, and documents that a dry run counts as deleted.

use std::collections::{HashMap, VecDeque};

use sandglass_query::{CollectionName, Cursor, Filter, extended_json::print_document};

use super::Refusal;

/// The most documents and bytes that one call hands over. A single larger document is handed over
/// alone.
const MAX_BATCH_DOCUMENTS: usize = 1_000;
const MAX_BATCH_BYTES: usize = 4 << 20;

/// A query that a guest is reading.
#[allow(
    unreachable_pub,
    reason = "the generated bindings re-export it, within this crate"
)]
pub struct OpenCursor {
    collection: CollectionName,
    cursor: Box<dyn Cursor>,
    /// Read from the database and not yet handed over, as Extended JSON.
    ready: VecDeque<String>,
}

impl OpenCursor {
    pub(crate) fn new(collection: CollectionName, cursor: Box<dyn Cursor>) -> Self {
        Self {
            collection,
            cursor,
            ready: VecDeque::new(),
        }
    }

    /// The collection that is read.
    pub(crate) fn collection(&self) -> &str {
        self.collection.as_str()
    }

    /// The next documents: at most `max`, at most `left`, and no more than a batch may hold.
    pub(crate) async fn next(&mut self, max: u32, left: u64) -> Result<Vec<String>, Refusal> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        // One beyond what is left shows whether there is more to be refused.
        let wanted = max.min(MAX_BATCH_DOCUMENTS).min(left.max(1));
        if self.ready.is_empty() {
            let documents = self.cursor.next(wanted).await?;
            self.ready.extend(documents.iter().map(print_document));
        }
        let mut batch = Vec::new();
        let mut bytes = 0_usize;
        while batch.len() < wanted {
            let Some(document) = self.ready.pop_front() else {
                break;
            };
            bytes = bytes.saturating_add(document.len());
            if bytes > MAX_BATCH_BYTES && !batch.is_empty() {
                self.ready.push_front(document);
                break;
            }
            batch.push(document);
        }
        Ok(batch)
    }
}

/// What a dry run has deleted so far, by collection and filter.
#[derive(Debug, Default)]
pub(crate) struct Simulated(HashMap<(CollectionName, String), u64>);

impl Simulated {
    /// How many documents of this very filter count as gone.
    pub(crate) fn gone(&self, collection: &CollectionName, filter: &Filter) -> u64 {
        let gone = self.0.get(&key(collection, filter));
        gone.copied().unwrap_or_default()
    }

    /// Counts `deleted` more documents as gone.
    pub(crate) fn delete(&mut self, collection: &CollectionName, filter: &Filter, deleted: u64) {
        *self.0.entry(key(collection, filter)).or_default() += deleted;
    }
}

fn key(collection: &CollectionName, filter: &Filter) -> (CollectionName, String) {
    (collection.clone(), filter.to_bson().to_string())
}
