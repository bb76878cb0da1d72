//! Writing the audit log.
//!
//! A line is durable before its change is made, so that nothing is done that the log does not know. A
//! change that then does not come about has a second line that says so.

use std::{fmt::Display, sync::Arc};

use sandglass_contract::{Clock, OrganisationId};
use sandglass_registry::{Actor, AuditAction, AuditEntry, AuditLine, Scope, Store, StoreError};
use serde_json::{Value, json};

/// What somebody does.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// What.
    pub action: AuditAction,
    /// To what.
    pub target: String,
    /// Why, in the words of who does it.
    pub reason: Option<String>,
    /// The particulars.
    pub detail: Value,
}

/// Writes lines of the audit log.
#[derive(Clone)]
pub struct Auditor {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Act {
    /// Something done to `target`, without particulars.
    #[must_use]
    pub fn new(action: AuditAction, target: impl Display) -> Self {
        Self {
            action,
            target: target.to_string(),
            reason: None,
            detail: json!({}),
        }
    }

    /// The same with particulars.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    /// The same for a reason; an empty one is none.
    #[must_use]
    pub fn because(self, reason: &str) -> Self {
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        Self { reason, ..self }
    }
}

impl Auditor {
    /// Writes to the log in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn note(
        &self,
        scope: &Scope,
        actor: &Actor,
        act: Act,
    ) -> Result<AuditLine, StoreError> {
        let entry = self.entry(scope.organisation(), actor, act);
        let line = self.store.append_audit(&entry).await?;
        tracing::info!(
            action = entry.action.as_str(),
            target = entry.target,
            by = entry.by.as_str(),
            head = %line.head(),
            "audit.line"
        );
        Ok(line)
    }

    /// Adds a line, then makes `change`, and adds another where that fails.
    ///
    /// # Errors
    /// Where the store does not take the line, and those of `change`.
    pub async fn around<T, E: Display + From<StoreError>>(
        &self,
        scope: &Scope,
        actor: &Actor,
        act: Act,
        change: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let target = act.target.clone();
        let line = self.note(scope, actor, act).await?;
        let error = match change.await {
            Ok(changed) => return Ok(changed),
            Err(error) => error,
        };
        let failed = Act::new(AuditAction::ChangeFailed, target)
            .with(json!({"number": line.number, "error": error.to_string()}));
        if let Err(unwritten) = self.note(scope, actor, failed).await {
            tracing::error!(
                number = line.number,
                error = &unwritten as &dyn std::error::Error,
                "audit.failure.unwritten"
            );
        }
        Err(error)
    }

    fn entry(&self, org: &OrganisationId, actor: &Actor, act: Act) -> AuditEntry {
        AuditEntry {
            org: org.clone(),
            at: self.clock.now(),
            by: actor.user.clone(),
            token: actor.token.clone(),
            from: actor.from.map(|it| it.to_string()),
            action: act.action,
            target: act.target,
            reason: act.reason.or_else(|| actor.reason.clone()),
            detail: act.detail,
        }
    }
}
