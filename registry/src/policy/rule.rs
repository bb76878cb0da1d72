//! One rule of a policy: which operations may be granted on which targets.

use std::collections::BTreeSet;

use sandglass_contract::{
    Interface, Operation,
    grant::{GrantError, Target},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most bytes of a pattern.
const MAX_PATTERN_LENGTH: usize = 320;
/// The most asterisks of a pattern.
const MAX_ASTERISKS: usize = 8;

/// What may be granted on some targets.
///
/// A target is a name; for collections and artifacts `*` stands for any characters, anywhere in it
/// (`log_*`). For the other interfaces it is what a grant may have as its target, such as
/// `*@acme.example`, and covers what that covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// The interface.
    pub interface: Interface,
    /// The targets.
    target: String,
    /// What may be granted on them.
    #[schema(value_type = Vec<Operation>)]
    pub operations: BTreeSet<Operation>,
}

/// Why a text is not the target of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is empty, too long or not plain.
    #[error(
        "a target has 1 to {MAX_PATTERN_LENGTH} bytes, at most {MAX_ASTERISKS} of them *, and no control characters"
    )]
    Text,
    /// It is no target of the interface.
    #[error(transparent)]
    Target(#[from] GrantError),
}

impl Rule {
    /// A rule for operations of `interface`.
    ///
    /// # Errors
    /// Where `target` names nothing of that interface.
    pub fn new(
        interface: Interface,
        target: &str,
        operations: BTreeSet<Operation>,
    ) -> Result<Self, RuleError> {
        let plain = !target.chars().any(char::is_control)
            && (1..=MAX_PATTERN_LENGTH).contains(&target.len())
            && target.matches('*').count() <= MAX_ASTERISKS;
        if !plain {
            return Err(RuleError::Text);
        }
        let target = match is_name(interface) {
            true => target.to_owned(),
            false => Target::parse(interface, target)?.as_str().to_owned(),
        };
        Ok(Self {
            interface,
            target,
            operations,
        })
    }

    /// The targets.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Whether it is about everything that `target`, a name or the target of a grant, stands for.
    #[must_use]
    pub fn covers(&self, target: &str) -> bool {
        match is_name(self.interface) {
            true => matches(&self.target, target),
            false => Target::parse(self.interface, &self.target)
                .is_ok_and(|rule| rule.covers(self.interface, target)),
        }
    }

    /// Its target where it is for `interface` and names a single one.
    pub(super) fn name(&self, interface: Interface) -> Option<&str> {
        let names_one = self.interface == interface && !self.target.contains('*');
        names_one.then_some(self.target.as_str())
    }
}

/// Whether the targets of an interface are plain names.
const fn is_name(interface: Interface) -> bool {
    matches!(interface, Interface::Database | Interface::Artifacts)
}

/// Whether a pattern, in which `*` stands for any characters, covers a text. A `*` in the text, which
/// stands for any characters too, is only covered by one in the pattern.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    // The shortest match of each part leaves the most to those behind it.
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expect: bool) {
        assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
    }

    #[test]
    fn an_asterisk_stands_for_any_characters() {
        check("users", "users", true);
        check("users", "users2", false);
        check("users", "user", false);
        check("users", "*", false);
        check("*", "users", true);
        check("*", "*", true);
        check("log_*", "log_2026", true);
        check("log_*", "log_", true);
        check("log_*", "logs", false);
        check("log_*", "*", false);
        check("*_log", "audit_log", true);
        check("*_log", "audit_log2", false);
        check("a*b*c", "abc", true);
        check("a*b*c", "a1b2b3c", true);
        check("a*b*c", "a1c2b", false);
        check("a*a", "a", false);
        check("ab*ba", "aba", false);
        check("a**b", "ab", true);
        check("", "", true);
    }
}
