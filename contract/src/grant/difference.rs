//! What one grant has that another has not: operation by operation, and where a pattern is asked and only
//! some of it is allowed, without what is allowed.
//!
//! It is what a refusal names, and what "wider" means. It does not judge whether a grant may be wider.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer, ser::SerializeStruct};
use utoipa::ToSchema;

use super::{Grant, GrantEntry, Interface, Operation, Target, words::and_list};

/// Something that a grant may not go beyond: another grant, such as the ceiling of a template, or the
/// rules of a policy.
pub trait Bounds {
    /// Whether `operation` is covered on everything that `target` stands for.
    fn covers(&self, operation: Operation, target: &Target) -> bool;

    /// Where `operation` is not covered on all of `target`: the parts of it for which it is.
    fn parts(&self, operation: Operation, target: &Target) -> BTreeSet<String>;
}

impl Bounds for Grant {
    fn covers(&self, operation: Operation, target: &Target) -> bool {
        self.allows(operation, target.as_str())
    }

    fn parts(&self, operation: Operation, target: &Target) -> BTreeSet<String> {
        let interface = operation.interface();
        let with = self.entries().iter().filter(|entry| {
            entry.interface == interface
                && entry.operations.contains(&operation)
                && target.covers(interface, entry.target.as_str())
        });
        with.map(|entry| entry.target.as_str().to_owned()).collect()
    }
}

/// What a grant has on one target that its bounds do not cover.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct Excess {
    /// The interface.
    pub interface: Interface,
    /// What it is asked for.
    #[schema(value_type = String)]
    pub target: Target,
    /// The operations that are not covered, and no others.
    #[schema(value_type = Vec<Operation>)]
    pub operations: BTreeSet<Operation>,
    /// The parts of the target for which these operations are covered; mostly none.
    #[schema(value_type = Vec<String>)]
    pub except: BTreeSet<String>,
}

impl Excess {
    /// It as a sentence, such as `May delete documents in any collection other than logs`.
    #[must_use]
    pub fn text(&self) -> String {
        let entry = GrantEntry {
            interface: self.interface,
            target: self.target.clone(),
            operations: self.operations.clone(),
        };
        match self.except.is_empty() {
            true => entry.text(),
            false => format!("{} other than {}", entry.text(), and_list(&self.except)),
        }
    }
}

impl Serialize for Excess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut excess = serializer.serialize_struct("Excess", 5)?;
        excess.serialize_field("interface", &self.interface)?;
        excess.serialize_field("target", &self.target)?;
        excess.serialize_field("operations", &self.operations)?;
        excess.serialize_field("except", &self.except)?;
        excess.serialize_field("text", &self.text())?;
        excess.end()
    }
}

/// How one grant differs from another. An operation that stays is in neither list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrantDifference {
    /// What may be done now and could not be before.
    pub added: Vec<Excess>,
    /// What could be done before and may not be now.
    pub removed: Vec<Excess>,
}

impl GrantDifference {
    /// From one grant to the next.
    #[must_use]
    pub fn between(before: &Grant, after: &Grant) -> Self {
        Self {
            added: after.beyond(before),
            removed: before.beyond(after),
        }
    }

    /// Whether both allow the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Whether the later grant allows anything that the earlier one does not.
    #[must_use]
    pub fn is_wider(&self) -> bool {
        !self.added.is_empty()
    }
}

impl Grant {
    /// What of this grant `bounds` do not cover, exactly; empty where it stays within them.
    #[must_use]
    pub fn beyond(&self, bounds: &impl Bounds) -> Vec<Excess> {
        self.entries()
            .iter()
            .flat_map(|entry| excess_of(entry, bounds))
            .collect()
    }
}

/// The operations of an entry that are not covered; those of the same exceptions together.
fn excess_of(entry: &GrantEntry, bounds: &impl Bounds) -> Vec<Excess> {
    let mut by_parts: BTreeMap<BTreeSet<String>, BTreeSet<Operation>> = BTreeMap::new();
    for operation in &entry.operations {
        if !bounds.covers(*operation, &entry.target) {
            let parts = bounds.parts(*operation, &entry.target);
            by_parts.entry(parts).or_default().insert(*operation);
        }
    }
    let excess = |(except, operations)| Excess {
        interface: entry.interface,
        target: entry.target.clone(),
        operations,
        except,
    };
    by_parts.into_iter().map(excess).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn grant(entries: &[(&str, &str, &[&str])]) -> Grant {
        let entries: Vec<_> = entries
            .iter()
            .map(|(interface, target, operations)| {
                serde_json::json!({
                    "interface": interface, "target": target, "operations": operations,
                })
            })
            .collect();
        serde_json::from_value(entries.into()).unwrap()
    }

    fn texts(excess: &[Excess]) -> Vec<String> {
        excess.iter().map(Excess::text).collect()
    }

    type Entries<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

    fn check(asked: Entries<'_>, ceiling: Entries<'_>, expect: &[&str]) {
        let beyond = grant(asked).beyond(&grant(ceiling));
        assert_eq!(texts(&beyond), expect, "{asked:?} within {ceiling:?}");
    }

    #[test]
    fn only_the_operations_that_are_not_covered_are_named() {
        let users: Entries<'_> = &[("database", "users", &["count", "delete"])];
        check(users, users, &[]);
        check(&[], users, &[]);
        check(
            users,
            &[("database", "users", &["count"])],
            &["May delete documents in users"],
        );
        check(
            users,
            &[("database", "logs", &["count", "delete"])],
            &["May count and delete documents in users"],
        );
        check(
            users,
            &[
                ("database", "users", &["count"]),
                ("database", "*", &["delete"]),
            ],
            &[],
        );
        check(
            &[("email", "a@b.example", &["send"])],
            &[("email", "*@b.example", &["send"])],
            &[],
        );
    }

    #[test]
    fn a_pattern_that_is_asked_is_told_without_what_is_allowed_of_it() {
        check(
            &[("database", "*", &["count", "find", "delete"])],
            &[
                ("database", "users", &["count", "find"]),
                ("database", "logs", &["count", "find"]),
            ],
            &[
                "May delete documents in any collection",
                "May count and find documents in any collection other than logs and users",
            ],
        );
        check(
            &[("email", "*@b.example", &["send"])],
            &[
                ("email", "a@b.example", &["send"]),
                ("email", "a@c.example", &["send"]),
            ],
            &["May send mail to *@b.example other than a@b.example"],
        );
    }

    #[test]
    fn a_difference_has_two_sides() {
        let before = grant(&[("database", "users", &["count", "delete"])]);
        let after = grant(&[("database", "users", &["count"]), ("email", "*", &["send"])]);
        let difference = GrantDifference::between(&before, &after);
        assert!(difference.is_wider());
        insta::assert_json_snapshot!(difference, @r#"
        {
          "added": [
            {
              "interface": "email",
              "target": "*",
              "operations": [
                "send"
              ],
              "except": [],
              "text": "May send mail to anybody"
            }
          ],
          "removed": [
            {
              "interface": "database",
              "target": "users",
              "operations": [
                "delete"
              ],
              "except": [],
              "text": "May delete documents in users"
            }
          ]
        }
        "#);
        assert!(!GrantDifference::between(&before, &before).is_wider());
        assert!(!GrantDifference::between(&before, &Grant::default()).is_wider());
    }
}
