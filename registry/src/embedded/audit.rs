//! The audit log in SQLite.

use async_trait::async_trait;
use rusqlite::params;

use super::{
    EmbeddedStore,
    selection::Selection,
    stored::{json_column, milliseconds, to_json},
};
use crate::{
    audit::AuditEntry,
    page::{Page, PageRequest},
    scope::Scope,
    store::{AuditStore, StoreError},
};

const ENTRY: &str = "audit entry";

#[async_trait]
impl AuditStore for EmbeddedStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let doc = to_json(ENTRY, entry)?;
        let (organisation, at) = (entry.org.clone(), milliseconds(entry.at));
        self.file
            .write(move |connection| -> Result<(), StoreError> {
                connection
                    .prepare_cached("INSERT INTO audit_log (org, at, doc) VALUES (?, ?, ?)")?
                    .execute(params![organisation.as_str(), at, doc])?;
                Ok(())
            })
            .await
    }

    async fn audit_log(
        &self,
        scope: &Scope,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let selection = Selection::of("audit_log", scope.organisation().as_str());
        self.file
            .read(move |connection| {
                selection.page(connection, "doc", "number DESC", page, |row| {
                    json_column(row, "doc", ENTRY)
                })
            })
            .await
    }
}
