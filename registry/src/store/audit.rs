//! Keeping the audit log.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    audit::AuditEntry,
    page::{Page, PageRequest},
    scope::Scope,
};

/// The part of a store that keeps the audit log. Nothing in it is ever changed or removed.
#[async_trait]
pub trait AuditStore: Send + Sync + 'static {
    /// Adds a line.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// A page of the log, newest first.
    async fn audit_log(
        &self,
        scope: &Scope,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError>;
}
