//! Keeping the audit log.

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{OrganisationId, UserId};

use super::StoreError;
use crate::{
    audit::{AuditAction, AuditEntry, AuditHead, AuditLine, AuditVerdict, Verifier},
    page::{Page, PageRequest},
    scope::Scope,
};

/// How many lines are read at once where a log is read as a whole.
const AT_ONCE: u32 = 500;

/// Which lines of the audit log a list shows.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    /// Only those of this action.
    pub action: Option<AuditAction>,
    /// Only those of this user.
    pub by: Option<UserId>,
    /// Only those about this target.
    pub target: Option<String>,
    /// Only those not before this moment.
    pub since: Option<Timestamp>,
    /// Only those before this moment.
    pub until: Option<Timestamp>,
    /// The page.
    pub page: PageRequest,
}

/// A line together with what a store searches it by.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptLine {
    /// The line.
    pub line: AuditLine,
    /// Whether it is found under what it says.
    pub is_found: bool,
}

/// The part of a store that keeps the audit log. Nothing in it is ever changed or removed.
#[async_trait]
pub trait AuditStore: AuditLog {
    /// Adds a line behind all others of its organisation.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditLine, StoreError>;
}

/// An audit log to read.
#[async_trait]
pub trait AuditLog: Send + Sync + 'static {
    /// A page of the log, newest first.
    async fn audit_log(
        &self,
        scope: &Scope,
        query: &AuditQuery,
    ) -> Result<Page<AuditLine>, StoreError>;

    /// At most `limit` lines behind the one numbered `after`, oldest first.
    async fn audit_lines(
        &self,
        scope: &Scope,
        after: u64,
        limit: u32,
    ) -> Result<Vec<KeptLine>, StoreError>;

    /// The head that is kept beside the lines.
    async fn audit_head(&self, scope: &Scope) -> Result<AuditHead, StoreError>;

    /// The organisations that have a log.
    async fn audited(&self) -> Result<Vec<OrganisationId>, StoreError>;

    /// Reads the whole log again. Lines that are added meanwhile are left out, and a head that was
    /// `remembered` from another time must still be one of the lines.
    async fn verify_audit(
        &self,
        scope: &Scope,
        remembered: Option<AuditHead>,
    ) -> Result<AuditVerdict, StoreError> {
        let head = self.audit_head(scope).await?;
        let mut verifier = Verifier::new(scope.organisation().clone(), remembered);
        let mut last = 0;
        loop {
            let lines = self.audit_lines(scope, last, AT_ONCE).await?;
            let Some(end) = lines.last().map(|it| it.line.number) else {
                break;
            };
            // What stands behind the head was added since, or by somebody who left the head alone.
            let is_later = |line: &AuditLine| line.number > head.number;
            for kept in &lines {
                if is_later(&kept.line) && self.audit_head(scope).await? != head {
                    return Ok(verifier.finish(Some(head)));
                }
                verifier.read(&kept.line);
                if !kept.is_found {
                    verifier.note_hidden(kept.line.number);
                }
            }
            last = end;
        }
        Ok(verifier.finish(Some(head)))
    }
}
