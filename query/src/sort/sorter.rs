//! Sorting documents in memory, within a bound, keeping no more of them than are asked for.

use std::collections::BinaryHeap;

use crate::{DatabaseError, Document, Documents, MAX_STAGE_BYTES, size::document_footprint};

use super::{Sort, key::SortKey};

/// How many of the sorted documents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of them.
    All,
    /// The first ones only, as with a limit (and what is skipped before it).
    First(u64),
}

/// Sorts the documents that it is given. Documents with equal keys stay in the order in which they
/// came.
#[derive(Debug)]
pub struct Sorter {
    sort: Sort,
    keep: Keep,
    max_bytes: usize,
    bytes: usize,
    arrivals: u64,
    entries: BinaryHeap<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: SortKey,
    arrival: u64,
    bytes: usize,
    document: Document,
}

impl Sorter {
    /// A sorter that holds at most [`MAX_STAGE_BYTES`].
    pub fn new(sort: Sort, keep: Keep) -> Self {
        Self::with_max_bytes(sort, keep, MAX_STAGE_BYTES)
    }

    /// A sorter that holds at most about `max_bytes`.
    pub fn with_max_bytes(sort: Sort, keep: Keep, max_bytes: usize) -> Self {
        Self {
            sort,
            keep,
            max_bytes,
            bytes: 0,
            arrivals: 0,
            entries: BinaryHeap::new(),
        }
    }

    /// Takes a document.
    ///
    /// # Errors
    /// [`DatabaseError::LimitExceeded`] where more would be held than is allowed;
    /// [`DatabaseError::InvalidArgument`] where the document cannot be sorted by these fields.
    pub fn push(&mut self, document: Document) -> Result<(), DatabaseError> {
        if self.keep == Keep::First(0) {
            return Ok(());
        }
        let key = SortKey::of(&document, &self.sort)?;
        let entry = Entry {
            bytes: document_footprint(&document) + key.footprint() + size_of::<Entry>(),
            arrival: self.arrivals,
            key,
            document,
        };
        self.arrivals += 1;
        if self.is_full() {
            match self.entries.peek_mut() {
                Some(mut last) if entry < *last => {
                    self.bytes = self.bytes - last.bytes + entry.bytes;
                    *last = entry;
                }
                _ => return Ok(()),
            }
        } else {
            self.bytes += entry.bytes;
            self.entries.push(entry);
        }
        if self.bytes > self.max_bytes {
            return Err(DatabaseError::LimitExceeded(format!(
                "the sort has to hold more than {} bytes; narrow the filter or set a limit",
                self.max_bytes
            )));
        }
        Ok(())
    }

    /// The documents in their order.
    pub fn finish(self) -> impl Iterator<Item = Document> + Send {
        self.entries
            .into_sorted_vec()
            .into_iter()
            .map(|entry| entry.document)
    }

    /// Sorts a whole stream once its first document is asked for.
    pub fn run<'a>(
        mut self,
        documents: impl Iterator<Item = Result<Document, DatabaseError>> + Send + 'a,
    ) -> Documents<'a> {
        deferred(move || {
            for document in documents {
                self.push(document?)?;
            }
            Ok(Box::new(self.finish().map(Ok)))
        })
    }

    fn is_full(&self) -> bool {
        match self.keep {
            Keep::All => false,
            Keep::First(count) => self.entries.len() as u64 >= count,
        }
    }
}

/// A stream whose making is put off until its first document is asked for.
pub(crate) fn deferred<'a>(
    make: impl FnOnce() -> Result<Documents<'a>, DatabaseError> + Send + 'a,
) -> Documents<'a> {
    Box::new(
        std::iter::once_with(move || match make() {
            Ok(documents) => documents,
            Err(error) => Box::new(std::iter::once(Err(error))) as Documents<'a>,
        })
        .flatten(),
    )
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key
            .cmp(&other.key)
            .then(self.arrival.cmp(&other.arrival))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == std::cmp::Ordering::Equal
    }
}

impl Eq for Entry {}
