//! The policy of each organisation: read for every run and every job that is saved, and changed.
//!
//! A run goes by a policy that was read at most a second before, so that a policy which becomes narrower
//! binds this host at once and every other within a second. What it says is the registry's business.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use sandglass_contract::{Clock, OrganisationId, UserId};
use sandglass_registry::{
    AuditAction, AuditEntry, Policy, PolicySetting, Scope, Store, StoreError, Version,
};
use serde_json::json;

/// How old a policy may be that a run goes by.
const LONGEST_KEPT: Duration = Duration::from_secs(1);

/// The policies of the service.
#[derive(Clone)]
pub struct Policies {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<HashMap<OrganisationId, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    read_at: Duration,
    policy: Arc<Policy>,
}

impl Policies {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            kept: Arc::default(),
        }
    }

    /// The policy as it is stored.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn setting(&self, scope: &Scope) -> Result<PolicySetting, StoreError> {
        self.store.policy(scope).await
    }

    /// Sets the policy. Where `expected` is given, only that version is changed. Jobs that are there stay
    /// as they are; their runs go by the new policy.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where it is not at the expected version, or was changed meanwhile.
    pub async fn set(
        &self,
        scope: &Scope,
        by: &UserId,
        policy: Policy,
        expected: Option<Version>,
    ) -> Result<PolicySetting, StoreError> {
        let before = self.store.policy(scope).await?;
        if let Some(expected) = expected
            && expected != before.version
        {
            let current = before.version;
            return Err(StoreError::Changed { current });
        }
        let now = self.clock.now();
        let setting = PolicySetting {
            org: scope.organisation().clone(),
            policy,
            updated_by: Some(by.clone()),
            updated_at: Some(now),
            version: before.version.next(),
        };
        let replaced = self.store.set_policy(scope, &setting, before.version).await;
        self.kept.lock().remove(scope.organisation());
        replaced?;
        let entry = AuditEntry {
            org: scope.organisation().clone(),
            at: now,
            by: by.clone(),
            action: AuditAction::PolicyChanged,
            target: "policy".to_owned(),
            detail: json!({"before": before.policy, "after": setting.policy}),
        };
        self.store.append_audit(&entry).await?;
        Ok(setting)
    }

    /// The policy that a run goes by.
    pub(crate) async fn for_run(&self, scope: &Scope) -> Result<Arc<Policy>, StoreError> {
        let now = self.clock.monotonic();
        let kept = self.kept.lock().get(scope.organisation()).cloned();
        if let Some(kept) = kept
            && now.saturating_sub(kept.read_at) < LONGEST_KEPT
        {
            return Ok(kept.policy);
        }
        let policy = Arc::new(self.store.policy(scope).await?.policy);
        let kept = Kept {
            read_at: now,
            policy: policy.clone(),
        };
        self.kept.lock().insert(scope.organisation().clone(), kept);
        Ok(policy)
    }
}
