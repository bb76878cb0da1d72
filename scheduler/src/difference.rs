//! What is different between two records, for the audit log.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// How much of one value is shown, in bytes of its JSON; the rest is told by its size.
const SHOWN: usize = 4096;

/// The members that are not the same before and after, each as `{"before", "after"}`, by their paths as
/// JSON Pointers (RFC 6901). Objects are compared member by member, everything else as a whole.
#[must_use]
pub fn difference(before: &impl Serialize, after: &impl Serialize, passed_over: &[&str]) -> Value {
    let mut found = Map::new();
    let read = |record: Result<Value, _>| record.unwrap_or(Value::Null);
    let before = read(serde_json::to_value(before));
    let after = read(serde_json::to_value(after));
    compare("", &before, &after, passed_over, &mut found);
    Value::Object(found)
}

fn compare(
    path: &str,
    before: &Value,
    after: &Value,
    passed_over: &[&str],
    found: &mut Map<String, Value>,
) {
    if before == after {
        return;
    }
    let (Value::Object(one), Value::Object(other)) = (before, after) else {
        let change = json!({"before": shown(before), "after": shown(after)});
        found.insert(path.to_owned(), change);
        return;
    };
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let inner = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        if passed_over.contains(&inner.as_str()) {
            continue;
        }
        let of = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or(Value::Null);
        compare(&inner, &of(one), &of(other), passed_over, found);
    }
}

fn shown(value: &Value) -> Value {
    let size = value.to_string().len();
    match size > SHOWN {
        true => json!(format!("{size} bytes of JSON, too many to show")),
        false => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: Value, after: Value, expect: Value) {
        assert_eq!(difference(&before, &after, &["/version"]), expect);
    }

    #[test]
    fn what_is_different_is_named_with_both_values() {
        check(json!({"a": 1}), json!({"a": 1}), json!({}));
        check(
            json!({"version": 1, "a": {"b": 1, "c/d": [1]}}),
            json!({"version": 2, "a": {"b": 1, "c/d": [2]}, "e": null, "f": true}),
            json!({
                "/a/c~1d": {"before": [1], "after": [2]},
                "/f": {"before": null, "after": true},
            }),
        );
        check(
            json!({"a": {"b": 1}}),
            json!({"a": 2}),
            json!({"/a": {"before": {"b": 1}, "after": 2}}),
        );
    }

    #[test]
    fn a_value_that_is_too_large_is_told_by_its_size() {
        let large = "x".repeat(SHOWN + 1);
        check(
            json!({"a": large}),
            json!({"a": 1}),
            json!({"/a": {"before": "4099 bytes of JSON, too many to show", "after": 1}}),
        );
    }
}
