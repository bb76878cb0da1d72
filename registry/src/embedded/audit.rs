//! The audit log in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};

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
        let entry = entry.clone();
        self.file
            .write(move |connection| append(connection, &entry))
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

/// Adds an entry behind all others.
pub(super) fn append(connection: &Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    let doc = to_json(ENTRY, entry)?;
    connection
        .prepare_cached("INSERT INTO audit_log (org, at, doc) VALUES (?, ?, ?)")?
        .execute(params![entry.org.as_str(), milliseconds(entry.at), doc])?;
    Ok(())
}
