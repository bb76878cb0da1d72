//! What a run made of its grant: how often each part of it was used, and how often something was denied.
//!
//! It is a summary for registers. Each single call is in the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::grant::{GrantEntry, Operation};

/// The most different things that one run is recorded to have been denied; further ones are counted
/// together.
pub const MAX_DENIED_TARGETS: usize = 20;
/// The target under which denials are counted together that are too many to be told apart. No target of a
/// grant is written so.
pub const OTHER_TARGETS: &str = "…";
/// The most characters of a target that was denied.
const MAX_TARGET_CHARACTERS: usize = 200;

/// How often a run made use of one operation on one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityUse {
    /// The operation.
    pub operation: Operation,
    /// The target of the grant's entry that covered it; where it was denied, what was asked for.
    pub target: String,
    /// How often it was granted and done for real; a dry run does nothing for real.
    pub uses: u64,
    /// How often it was denied.
    pub denials: u64,
}

/// Counts the uses of one run.
#[derive(Debug, Clone, Default)]
pub struct UseCounts {
    counts: BTreeMap<Operation, BTreeMap<String, Counts>>,
    denied_targets: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    uses: u64,
    denials: u64,
}

impl UseCounts {
    /// Counts a call that an entry of the grant covers.
    pub fn used(&mut self, operation: Operation, entry: &GrantEntry) {
        let counts = self.of(operation, entry.target.as_str());
        counts.uses = counts.uses.saturating_add(1);
    }

    /// Counts a call that nothing in the grant covers.
    pub fn denied(&mut self, operation: Operation, target: &str) {
        let plain = target.chars().filter(|it| !it.is_control());
        let plain: String = plain.take(MAX_TARGET_CHARACTERS).collect();
        let known = self.counts.get(&operation);
        let is_known = known.is_some_and(|it| it.contains_key(&plain));
        let target = match is_known || self.denied_targets < MAX_DENIED_TARGETS {
            true => plain.as_str(),
            false => OTHER_TARGETS,
        };
        if !is_known {
            self.denied_targets = self.denied_targets.saturating_add(1);
        }
        let counts = self.of(operation, target);
        counts.denials = counts.denials.saturating_add(1);
    }

    /// What was counted.
    #[must_use]
    pub fn take(&mut self) -> Vec<CapabilityUse> {
        let counts = std::mem::take(&mut self.counts).into_iter();
        let uses = counts.flat_map(|(operation, targets)| {
            targets
                .into_iter()
                .map(move |(target, counts)| CapabilityUse {
                    operation,
                    target,
                    uses: counts.uses,
                    denials: counts.denials,
                })
        });
        uses.collect()
    }

    fn of(&mut self, operation: Operation, target: &str) -> &mut Counts {
        let targets = self.counts.entry(operation).or_default();
        targets.entry(target.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn uses_are_counted_by_what_covers_them_and_denials_by_what_was_asked() {
        let entry: GrantEntry = serde_json::from_value(serde_json::json!({
            "interface": "email", "target": "*@b.example", "operations": ["send"]
        }))
        .unwrap();
        let mut counts = UseCounts::default();
        counts.used(Operation::Send, &entry);
        counts.used(Operation::Send, &entry);
        for _ in 0..3 {
            counts.denied(Operation::Delete, "us\ners");
        }
        let shown: Vec<_> = counts
            .take()
            .into_iter()
            .map(|it| (it.operation, it.target, it.uses, it.denials))
            .collect();
        let expect = [
            (Operation::Delete, "users".to_owned(), 0, 3),
            (Operation::Send, "*@b.example".to_owned(), 2, 0),
        ];
        assert_eq!(shown, expect);
        assert!(counts.take().is_empty());
    }

    #[test]
    fn a_run_that_is_denied_many_things_leaves_a_small_record() {
        let mut counts = UseCounts::default();
        for number in 0..100 {
            counts.denied(Operation::Count, &format!("c{number}"));
        }
        counts.denied(Operation::Count, "c0");
        let taken = counts.take();
        assert_eq!(taken.len(), MAX_DENIED_TARGETS + 1);
        let denied = |target: &str| taken.iter().find(|it| it.target == target).unwrap().denials;
        assert_eq!((denied("c0"), denied(OTHER_TARGETS)), (2, 80));
    }
}
