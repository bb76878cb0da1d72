//! Every record in SQLite as an archive reads and writes it.

mod reading;
mod writing;

use async_trait::async_trait;

use super::EmbeddedStore;
use crate::{
    archive::{Archive, ArchiveRecord, RecordKind},
    store::StoreError,
};

#[async_trait]
impl Archive for EmbeddedStore {
    async fn count(&self, kind: RecordKind) -> Result<u64, StoreError> {
        self.file
            .read(move |connection| reading::count(connection, kind))
            .await
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ArchiveRecord>, StoreError> {
        let after = after.map(str::to_owned);
        self.file
            .read(move |connection| reading::records(connection, kind, after.as_deref(), limit))
            .await
    }

    async fn put_records(
        &self,
        kind: RecordKind,
        records: Vec<ArchiveRecord>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.file
            .write(move |connection| writing::put(connection, kind, records, now))
            .await
    }
}
