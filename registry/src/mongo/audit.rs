//! The audit log in MongoDB.
//!
//! The lines of an organisation are numbered from 1 without gaps, in the order in which they were
//! appended: two hosts that append at once want the same number, and one of them takes the next.

use async_trait::async_trait;
use mongodb::bson::doc;

use super::{
    MongoStore,
    collections::AUDIT,
    reading::Read,
    stored::{corrupt, from_document, to_document, whole},
};
use crate::{
    audit::AuditEntry,
    page::{Page, PageRequest},
    scope::Scope,
    store::{AuditStore, StoreError},
};

const ENTRY: &str = "audit entry";

#[async_trait]
impl AuditStore for MongoStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let organisation = entry.org.as_str();
        let mut line = to_document(ENTRY, entry)?;
        loop {
            let last = Read::of(doc! {"org": organisation}).sorted(doc! {"number": -1});
            let last = self.find_one(AUDIT, last).await?;
            let last = last.map(|line| {
                whole(&line, "number").ok_or_else(|| corrupt(ENTRY, "it has no number"))
            });
            let number = last.transpose()?.unwrap_or(0) + 1;
            line.insert("_id", format!("{organisation}/{number}"));
            line.insert("number", number);
            match self.insert_one(AUDIT, &line, ENTRY).await {
                Err(StoreError::Exists { .. }) => {}
                appended => return appended,
            }
        }
    }

    async fn audit_log(
        &self,
        scope: &Scope,
        request: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let filter = doc! {"org": scope.organisation().as_str()};
        let newest_first = doc! {"number": -1};
        self.page(AUDIT, filter, newest_first, request, |line| {
            from_document(ENTRY, line)
        })
        .await
    }
}
