//! Moving records from one store to another, from wherever an earlier attempt had come to.

use super::{Archive, RecordKind, Tally};
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
    let at_target = |source| TransferError::Target { kind, source };
    let count = target.count(kind).await.map_err(at_target)?;
    let mut first = Reading::of(source, kind);
    let expect = first.tally(count, |_| {}).await;
    let expect = expect.map_err(|source| TransferError::Source { kind, source })?;
    let found = Reading::of(target, kind).tally(u64::MAX, |_| {}).await;
    match found.map_err(at_target)? == expect {
        true => Ok(Begun {
            count,
            after: first.after,
        }),
        false => Err(TransferError::Foreign { kind }),
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
    progress: impl FnMut(u64) + Send,
) -> Result<Tally, StoreError> {
    Reading::of(archive, kind).tally(u64::MAX, progress).await
}

/// A way through the records of a kind.
struct Reading<'a> {
    archive: &'a dyn Archive,
    kind: RecordKind,
    /// The key of the last record that was read.
    after: Option<String>,
}

impl<'a> Reading<'a> {
    const fn of(archive: &'a dyn Archive, kind: RecordKind) -> Self {
        Self {
            archive,
            kind,
            after: None,
        }
    }

    /// Reads at most `most` records.
    async fn tally(
        &mut self,
        most: u64,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Tally, StoreError> {
        let mut tally = match self.kind.is_ordered() {
            true => Tally::of_list(),
            false => Tally::of_set(),
        };
        while tally.count < most {
            let left = u32::try_from(most - tally.count).unwrap_or(u32::MAX);
            let limit = self.kind.at_once().min(left);
            let batch = self
                .archive
                .records(self.kind, self.after.as_deref(), limit)
                .await?;
            let Some(last) = batch.last() else {
                break;
            };
            self.after = Some(last.key.clone());
            batch.iter().for_each(|record| tally.add(&record.value));
            progress(batch.len() as u64);
        }
        Ok(tally)
    }
}
