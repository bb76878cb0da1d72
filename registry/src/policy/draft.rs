//! A policy as somebody writes it, and everything that may be wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use sandglass_contract::{Interface, LimitSettings, Operation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Allowance, MAX_RULES, Policy, Rule};
use crate::account::Role;

/// The most faults that are listed.
const MAX_FAULTS: usize = 50;

/// A policy to be.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyDraft {
    /// The bounds for every job.
    pub everybody: AllowanceDraft,
    /// Narrower bounds for jobs whose grant somebody of that role saved, by the role.
    pub roles: BTreeMap<String, AllowanceDraft>,
}

/// What jobs may be granted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AllowanceDraft {
    /// The rules; what none of them covers is not allowed. Without a list everything is.
    pub allow: Option<Vec<RuleDraft>>,
    /// The most that a job may set each of these limits to, and that its runs have.
    pub limits: BTreeMap<String, u64>,
}

/// What may be granted on some targets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    /// The interface, such as `database`.
    pub interface: String,
    /// The targets, such as `users`, `log_*` or `*`.
    pub target: String,
    /// What may be granted on them, such as `count`.
    pub operations: Vec<String>,
}

/// One thing that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// Where, as a JSON Pointer (RFC 6901) into the policy.
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
}

impl PolicyDraft {
    /// The policy that it says.
    ///
    /// # Errors
    /// Everything that is wrong with it, at most 50 things.
    pub fn read(self) -> Result<Policy, Vec<PolicyFault>> {
        let mut faults = Faults::default();
        let everybody = self.everybody.read("/everybody", &mut faults);
        let mut roles = BTreeMap::new();
        for (word, draft) in self.roles {
            let pointer = format!("/roles/{}", escape(&word));
            match word_of::<Role>(&word) {
                Ok(role) => {
                    roles.insert(role, draft.read(&pointer, &mut faults));
                }
                Err(reason) => faults.add(pointer, format!("this is no role: {reason}")),
            }
        }
        match faults.0.is_empty() {
            true => Ok(Policy { everybody, roles }),
            false => Err(faults.0),
        }
    }
}

impl AllowanceDraft {
    fn read(self, pointer: &str, faults: &mut Faults) -> Allowance {
        let mut limits = LimitSettings::default();
        for (name, value) in self.limits {
            if let Err(error) = limits.set(&name, value) {
                let pointer = format!("{pointer}/limits/{}", escape(&name));
                faults.add(pointer, error.to_string());
            }
        }
        let allow = self.allow.map(|rules| {
            if rules.len() > MAX_RULES {
                let detail = format!("a list has at most {MAX_RULES} rules");
                faults.add(format!("{pointer}/allow"), detail);
            }
            let rules = rules.into_iter().take(MAX_RULES).enumerate();
            let read = |(index, rule): (usize, RuleDraft)| {
                rule.read(&format!("{pointer}/allow/{index}"), faults)
            };
            rules.filter_map(read).collect()
        });
        Allowance { allow, limits }
    }
}

impl RuleDraft {
    fn read(self, pointer: &str, faults: &mut Faults) -> Option<Rule> {
        let interface = match word_of::<Interface>(&self.interface) {
            Ok(interface) => interface,
            Err(reason) => {
                let detail = format!("this is no interface that needs a grant: {reason}");
                faults.add(format!("{pointer}/interface"), detail);
                return None;
            }
        };
        let mut operations = BTreeSet::new();
        for (index, word) in self.operations.iter().enumerate() {
            match word_of::<Operation>(word) {
                Ok(operation) if operation.interface() == interface => {
                    operations.insert(operation);
                }
                _ => {
                    let known = Operation::ALL.into_iter();
                    let known = known.filter(|it| it.interface() == interface);
                    let known: Vec<_> = known.map(Operation::as_str).collect();
                    let interface = interface.as_str();
                    let detail = format!("{interface} has the operations {}", known.join(", "));
                    faults.add(format!("{pointer}/operations/{index}"), detail);
                }
            }
        }
        if self.operations.is_empty() {
            let detail = "a rule names at least one operation".to_owned();
            faults.add(format!("{pointer}/operations"), detail);
        }
        match Rule::new(interface, &self.target, operations) {
            Ok(rule) => Some(rule),
            Err(error) => {
                faults.add(format!("{pointer}/target"), error.to_string());
                None
            }
        }
    }
}

#[derive(Default)]
struct Faults(Vec<PolicyFault>);

impl Faults {
    fn add(&mut self, pointer: String, detail: String) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(PolicyFault { pointer, detail });
        }
    }
}

/// A word that stands for one of several; the error lists those there are.
fn word_of<T: DeserializeOwned>(word: &str) -> Result<T, serde_json::Error> {
    let word: String = word.chars().take(64).collect();
    serde_json::from_value(Value::String(word))
}

/// A name as a token of a JSON Pointer (RFC 6901 §3).
fn escape(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    name.replace('~', "~0").replace('/', "~1")
}
