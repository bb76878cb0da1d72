//! How two JSON documents differ, place by place.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The most changes that are listed.
pub const MAX_CHANGES: usize = 200;

/// What has become of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another value.
    Changed,
}

/// A place that is different.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JsonChange {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What has become of it.
    pub kind: ChangeKind,
    /// What was there; null where it is new.
    #[schema(value_type = Value)]
    pub before: Value,
    /// What is there; null where it is gone.
    #[schema(value_type = Value)]
    pub after: Value,
}

/// How two documents differ.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JsonChanges {
    /// The places, in the order of the older document.
    pub changes: Vec<JsonChange>,
    /// How many more there are that are not listed.
    pub left_out: u64,
}

impl JsonChanges {
    /// Compares an older document with a newer one. Members of objects are compared by name, items of
    /// arrays by place; the order of members means nothing.
    #[must_use]
    pub fn of(before: &Value, after: &Value) -> Self {
        let mut found = Self::default();
        found.compare(&mut String::new(), before, after);
        found
    }

    /// Whether the documents say the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn compare(&mut self, pointer: &mut String, before: &Value, after: &Value) {
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                for (name, value) in old {
                    let place = step(pointer, &name.replace('~', "~0").replace('/', "~1"));
                    self.compare_place(pointer, Some(value), new.get(name));
                    pointer.truncate(place);
                }
                for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                    let place = step(pointer, &name.replace('~', "~0").replace('/', "~1"));
                    self.compare_place(pointer, None, Some(value));
                    pointer.truncate(place);
                }
            }
            (Value::Array(old), Value::Array(new)) => {
                for index in 0..old.len().max(new.len()) {
                    let place = step(pointer, &index.to_string());
                    self.compare_place(pointer, old.get(index), new.get(index));
                    pointer.truncate(place);
                }
            }
            (before, after) if before == after => {}
            (before, after) => self.add(pointer, ChangeKind::Changed, before, after),
        }
    }

    fn compare_place(&mut self, pointer: &mut String, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (Some(old), Some(new)) => self.compare(pointer, old, new),
            (Some(old), None) => self.add(pointer, ChangeKind::Removed, old, &Value::Null),
            (None, Some(new)) => self.add(pointer, ChangeKind::Added, &Value::Null, new),
            (None, None) => {}
        }
    }

    fn add(&mut self, pointer: &str, kind: ChangeKind, before: &Value, after: &Value) {
        if self.changes.len() >= MAX_CHANGES {
            self.left_out += 1;
            return;
        }
        self.changes.push(JsonChange {
            pointer: pointer.to_owned(),
            kind,
            before: before.clone(),
            after: after.clone(),
        });
    }
}

/// Adds a token to a pointer; returns how long it was.
fn step(pointer: &mut String, token: &str) -> usize {
    let place = pointer.len();
    pointer.push('/');
    pointer.push_str(token);
    place
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: &Value, after: &Value, expect: &[(&str, ChangeKind)]) {
        let found = JsonChanges::of(before, after);
        let found: Vec<_> = found
            .changes
            .iter()
            .map(|it| (it.pointer.as_str(), it.kind))
            .collect();
        assert_eq!(found, expect, "{before} {after}");
    }

    #[test]
    fn every_place_that_differs_is_named() {
        use ChangeKind::{Added, Changed, Removed};
        let same = json!({"a": 1, "b": [1, {"c": null}]});
        check(&same, &json!({"b": [1, {"c": null}], "a": 1}), &[]);
        check(&json!({"a": 1}), &json!({"a": 2}), &[("/a", Changed)]);
        check(
            &json!({"a": 1}),
            &json!({"b": 1}),
            &[("/a", Removed), ("/b", Added)],
        );
        check(&json!([1, 2]), &json!([1]), &[("/1", Removed)]);
        check(
            &json!({"a": [1]}),
            &json!({"a": {"0": 1}}),
            &[("/a", Changed)],
        );
        check(
            &json!({"a/b~c": {"d": 1}}),
            &json!({"a/b~c": {"d": 2}}),
            &[("/a~1b~0c/d", Changed)],
        );
        check(&json!(1), &json!("1"), &[("", Changed)]);
    }

    #[test]
    fn the_list_is_bounded_and_the_rest_is_counted() {
        let found = JsonChanges::of(&json!([]), &json!(vec![0; MAX_CHANGES + 7]));
        assert_eq!((found.changes.len(), found.left_out), (MAX_CHANGES, 7));
    }
}
