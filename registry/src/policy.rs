//! The policy of the system: what may be granted at all, to jobs of anybody and to those of each role.
//!
//! A grant stays within the ceiling of its template version, and within the policy. The policy is asked
//! when a job is saved and again when it runs, so that one that became narrower binds the jobs that are
//! there. It does not say who may call which operation of the API.

mod allowance;
mod draft;
mod rule;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sandglass_contract::{
    Excess, Grant, Interface, LimitSettings, Operation, OrganisationId, UserId, grant::Target,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{account::Role, job::Version};
pub use allowance::Allowance;
pub use draft::{AllowanceDraft, PolicyDraft, PolicyFault, RuleDraft};
pub use rule::{Rule, RuleError};

/// The most rules that one list may have.
pub const MAX_RULES: usize = 200;

/// What may be granted at all. The default allows everything that a ceiling does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The bounds for every job.
    #[serde(default)]
    pub everybody: Allowance,
    /// Narrower bounds for jobs whose grant somebody of that role saved.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Allowance>)]
    pub roles: BTreeMap<Role, Allowance>,
}

impl Policy {
    /// What of a grant that somebody of `role` saves is not allowed, exactly; empty where all of it is.
    #[must_use]
    pub fn beyond(&self, role: Role, grant: &Grant) -> Vec<Excess> {
        let mut beyond = self.everybody.beyond(grant);
        for excess in self.of(role).map(|it| it.beyond(grant)).unwrap_or_default() {
            if !beyond.contains(&excess) {
                beyond.push(excess);
            }
        }
        beyond
    }

    /// The most that jobs may set their limits to which somebody of `role` saves.
    #[must_use]
    pub fn limits(&self, role: Role) -> LimitSettings {
        let everybody = &self.everybody.limits;
        match self.of(role) {
            Some(role) => everybody.strictest(&role.limits),
            None => everybody.clone(),
        }
    }

    /// Whether somebody of `role` may be granted `operation` on everything that `target` stands for.
    #[must_use]
    pub fn allows(&self, role: Role, operation: Operation, target: &Target) -> bool {
        let bounds = [Some(&self.everybody), self.of(role)];
        let mut bounds = bounds.into_iter().flatten();
        bounds.all(|it| it.allows(operation, target))
    }

    /// Whether somebody of `role` may be granted anything of `interface` on a target of this name.
    #[must_use]
    pub fn allows_any(&self, role: Role, interface: Interface, target: &str) -> bool {
        let bounds = [Some(&self.everybody), self.of(role)];
        let mut bounds = bounds.into_iter().flatten();
        bounds.all(|it| it.allows_any(interface, target))
    }

    /// The names that rules for `interface` name one by one, without patterns.
    pub fn names(&self, role: Role, interface: Interface) -> impl Iterator<Item = &str> {
        let bounds = [Some(&self.everybody), self.of(role)];
        let rules = bounds
            .into_iter()
            .flatten()
            .filter_map(|it| it.allow.as_ref());
        rules.flatten().filter_map(move |rule| rule.name(interface))
    }

    fn of(&self, role: Role) -> Option<&Allowance> {
        self.roles.get(&role)
    }
}

/// The policy as it is kept: one for each organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySetting {
    /// Whose it is.
    pub org: OrganisationId,
    /// What it says.
    pub policy: Policy,
    /// Who set it; nobody where it is the default.
    pub updated_by: Option<UserId>,
    /// When it was set.
    pub updated_at: Option<Timestamp>,
    /// How often it has been set.
    pub version: Version,
}

impl PolicySetting {
    /// The policy of an organisation that has set none.
    #[must_use]
    pub fn unset(org: OrganisationId) -> Self {
        Self {
            org,
            policy: Policy::default(),
            updated_by: None,
            updated_at: None,
            version: Version(0),
        }
    }
}

/// A sentence that says what of a grant is not allowed.
#[must_use]
pub fn told(beyond: &[Excess]) -> String {
    beyond
        .iter()
        .map(Excess::text)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests;
