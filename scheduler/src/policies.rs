//! The policy of each organisation: read for every run and every job that is saved, and changed.
//!
//! A run goes by a policy that was read at most a second before, so that a policy which becomes narrower
//! binds this host at once and every other within a second. What it says is the registry's business.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use sandglass_contract::{Clock, OrganisationId};
use sandglass_registry::{
    Actor, AuditAction, Policy, PolicySetting, Scope, Store, StoreError, Version,
};
use serde_json::json;

use crate::auditor::{Act, Auditor};

/// How old a policy may be that a run goes by.
const LONGEST_KEPT: Duration = Duration::from_secs(1);

/// The policies of the service.
#[derive(Clone)]
pub struct Policies {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    auditor: Auditor,
    kept: Arc<Mutex<HashMap<OrganisationId, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    read_at: Duration,
    version: Version,
    policy: Arc<Policy>,
}

impl Policies {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, auditor: Auditor) -> Self {
        Self {
            store,
            clock,
            auditor,
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
        actor: &Actor,
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
        let setting = PolicySetting {
            org: scope.organisation().clone(),
            policy,
            updated_by: Some(actor.user.clone()),
            updated_at: Some(self.clock.now()),
            version: before.version.next(),
        };
        let act = Act::new(AuditAction::PolicyChanged, "policy").with(json!({
            "version": setting.version,
            "before": before.policy,
            "after": setting.policy,
        }));
        let replaced = self.store.set_policy(scope, &setting, before.version);
        self.auditor.around(scope, actor, act, replaced).await?;
        self.keep(&setting);
        Ok(setting)
    }

    /// The policy that a run goes by.
    pub(crate) async fn for_run(&self, scope: &Scope) -> Result<Arc<Policy>, StoreError> {
        let now = self.clock.monotonic();
        let kept = self.kept.lock().get(scope.organisation()).cloned();
        match kept {
            Some(kept) if now.saturating_sub(kept.read_at) < LONGEST_KEPT => Ok(kept.policy),
            _ => Ok(self.keep(&self.store.policy(scope).await?)),
        }
    }

    /// Keeps a policy that was just read or set, unless a later one is kept already.
    fn keep(&self, setting: &PolicySetting) -> Arc<Policy> {
        let mut kept = self.kept.lock();
        if let Some(later) = kept.get(&setting.org)
            && later.version > setting.version
        {
            return later.policy.clone();
        }
        let policy = Arc::new(setting.policy.clone());
        let new = Kept {
            read_at: self.clock.monotonic(),
            version: setting.version,
            policy: policy.clone(),
        };
        kept.insert(setting.org.clone(), new);
        policy
    }
}
