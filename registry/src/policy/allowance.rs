//! What jobs may be granted: rules, and the most that limits may be set to.

use std::collections::BTreeSet;

use sandglass_contract::{
    Excess, Grant, Interface, LimitSettings, Operation,
    grant::{Bounds, Target},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Rule;

/// What jobs may be granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Allowance {
    /// The rules; what none of them covers is not allowed. Where there is no list, everything is, and
    /// with an empty one nothing.
    #[serde(default)]
    pub allow: Option<Vec<Rule>>,
    /// The most that a job may set each of these limits to, and that its runs have.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"artifact_bytes": 104_857_600}))]
    pub limits: LimitSettings,
}

impl Allowance {
    /// What of a grant is not allowed.
    #[must_use]
    pub fn beyond(&self, grant: &Grant) -> Vec<Excess> {
        match &self.allow {
            Some(rules) => grant.beyond(&Rules(rules)),
            None => Vec::new(),
        }
    }

    /// Whether `operation` is allowed on everything that `target` stands for.
    #[must_use]
    pub fn allows(&self, operation: Operation, target: &Target) -> bool {
        let rules = self.allow.as_deref();
        rules.is_none_or(|rules| Rules(rules).covers(operation, target))
    }

    /// Whether any operation of `interface` is allowed on a target of this name.
    #[must_use]
    pub fn allows_any(&self, interface: Interface, target: &str) -> bool {
        let Some(rules) = &self.allow else {
            return true;
        };
        let mut rules = rules.iter().filter(|rule| rule.interface == interface);
        rules.any(|rule| rule.covers(target))
    }
}

/// Rules as bounds of grants. Each operation on each target must be covered by a single rule.
struct Rules<'a>(&'a [Rule]);

impl Rules<'_> {
    fn for_operation(&self, operation: Operation) -> impl Iterator<Item = &Rule> {
        let rules = self.0.iter();
        rules.filter(move |rule| {
            rule.interface == operation.interface() && rule.operations.contains(&operation)
        })
    }
}

impl Bounds for Rules<'_> {
    fn covers(&self, operation: Operation, target: &Target) -> bool {
        let mut rules = self.for_operation(operation);
        rules.any(|rule| rule.covers(target.as_str()))
    }

    fn parts(&self, operation: Operation, target: &Target) -> BTreeSet<String> {
        let within = self.for_operation(operation);
        let within = within.filter(|rule| target.covers(rule.interface, rule.target()));
        within.map(|rule| rule.target().to_owned()).collect()
    }
}
