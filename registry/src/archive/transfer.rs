//! Moving records from one store to another, from wherever an earlier attempt had come to.

use std::collections::VecDeque;

use super::{Archive, ArchiveRecord, RecordKind, Tally};
use crate::store::StoreError;

/// How far the records of a kind have been copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// How many are there.
    pub count: u64,
    /// The key in the source of the last of them.
    after: Option<String>,
}

/// Why records were not moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The target holds records that do not come from the source.
    #[error("the target holds {} that are not those of the source", kind.as_str())]
    Foreign {
        /// Their kind.
        kind: RecordKind,
    },
    /// The source did not do it.
    #[error("the source did not give its {}", kind.as_str())]
    Source {
        /// The kind of the records.
        kind: RecordKind,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The target did not do it.
    #[error("the target did not take the {}", kind.as_str())]
    Target {
        /// The kind of the records.
        kind: RecordKind,
        /// Why.
        #[source]
        source: StoreError,
    },
}

/// Compares what the target has of a kind with the first records of the source.
///
/// # Errors
/// [`TransferError::Foreign`] where it is something else.
pub async fn begun(
    source: &dyn Archive,
    target: &dyn Archive,
    kind: RecordKind,
) -> Result<Begun, TransferError> {
    let mut begun = Begun {
        count: 0,
        after: None,
    };
    let mut theirs = Walk::new(source, kind);
    let mut ours = Walk::new(target, kind);
    loop {
        let found = ours.next().await;
        let Some(found) = found.map_err(|source| TransferError::Target { kind, source })? else {
            return Ok(begun);
        };
        let expected = theirs.next().await;
        match expected.map_err(|source| TransferError::Source { kind, source })? {
            Some(expected) if expected.value == found.value => {
                begun.count += 1;
                begun.after = Some(expected.key);
            }
            _ => return Err(TransferError::Foreign { kind }),
        }
    }
}

/// Copies the records of a kind that are not there yet, and tells `progress` of those stored each time.
/// Returns how many they were.
///
/// # Errors
/// Where one of the stores does not do it. What `progress` was told of stays.
pub async fn transfer(
    source: &dyn Archive,
    target: &dyn Archive,
    kind: RecordKind,
    begun: Begun,
    mut progress: impl FnMut(u64) + Send,
) -> Result<u64, TransferError> {
    let mut after = begun.after;
    let mut copied = 0;
    loop {
        let batch = source.records(kind, after.as_deref(), kind.at_once()).await;
        let batch = batch.map_err(|source| TransferError::Source { kind, source })?;
        let Some(last) = batch.last() else {
            return Ok(copied);
        };
        after = Some(last.key.clone());
        let count = batch.len() as u64;
        let put = target.put_records(kind, batch).await;
        put.map_err(|source| TransferError::Target { kind, source })?;
        copied += count;
        progress(count);
    }
}

/// Reads every record of a kind and counts it in; tells `progress` of those read each time.
///
/// # Errors
/// Where the store does not answer, or a record cannot be read.
pub async fn tally(
    archive: &dyn Archive,
    kind: RecordKind,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let mut after: Option<String> = None;
    loop {
        let batch = archive
            .records(kind, after.as_deref(), kind.at_once())
            .await?;
        let Some(last) = batch.last() else {
            return Ok(tally);
        };
        after = Some(last.key.clone());
        batch.iter().for_each(|record| tally.add(&record.value));
        progress(batch.len() as u64);
    }
}

/// The records of a kind, one after the other.
struct Walk<'a> {
    archive: &'a dyn Archive,
    kind: RecordKind,
    after: Option<String>,
    read: VecDeque<ArchiveRecord>,
}

impl<'a> Walk<'a> {
    fn new(archive: &'a dyn Archive, kind: RecordKind) -> Self {
        Self {
            archive,
            kind,
            after: None,
            read: VecDeque::new(),
        }
    }

    async fn next(&mut self) -> Result<Option<ArchiveRecord>, StoreError> {
        if self.read.is_empty() {
            let after = self.after.as_deref();
            let limit = self.kind.at_once();
            let batch = self.archive.records(self.kind, after, limit).await?;
            self.after = batch.last().map(|it| it.key.clone()).or(self.after.take());
            self.read = batch.into();
        }
        Ok(self.read.pop_front())
    }
}
