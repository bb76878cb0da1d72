//! Values of documents as people read them.

use std::borrow::Cow;

use serde_json::Value;

/// Wrappers of Extended JSON v2 whose content is the text that people know the value by.
const WRAPPERS: [&str; 6] = [
    "$date",
    "$oid",
    "$numberLong",
    "$numberInt",
    "$numberDouble",
    "$numberDecimal",
];

/// The value at a dotted path such as `address.city` or `tags.0`.
#[must_use]
pub fn lookup<'value>(value: &'value Value, path: &str) -> Option<&'value Value> {
    path.split('.').try_fold(value, |value, name| match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The text of a value: strings as they are, nothing for null, the content of Extended JSON wrappers
/// such as `$date` and `$oid`, JSON for everything else.
#[must_use]
pub fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Object(fields) if fields.len() == 1 => fields
            .iter()
            .find(|(name, _)| WRAPPERS.contains(&name.as_str()))
            .map_or_else(
                || Cow::Owned(value.to_string()),
                |(_, inner)| text_of(inner),
            ),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_as_people_know_them() {
        let cases = [
            (json!("a"), "a"),
            (json!(null), ""),
            (json!(1.5), "1.5"),
            (json!(true), "true"),
            (
                json!({"$oid": "507f1f77bcf86cd799439011"}),
                "507f1f77bcf86cd799439011",
            ),
            (
                json!({"$date": "2025-01-01T00:00:00Z"}),
                "2025-01-01T00:00:00Z",
            ),
            (json!({"$date": {"$numberLong": "-1"}}), "-1"),
            (json!({"name": 1}), r#"{"name":1}"#),
            (json!([1, 2]), "[1,2]"),
        ];
        for (value, text) in cases {
            assert_eq!(text_of(&value), text);
        }
    }

    #[test]
    fn paths_go_through_objects_and_lists() {
        let value = json!({"a": {"b": [10, {"c": 20}]}});
        assert_eq!(lookup(&value, "a.b.1.c"), Some(&json!(20)));
        assert_eq!(lookup(&value, "a.b.0"), Some(&json!(10)));
        assert_eq!(lookup(&value, "a.x"), None);
        assert_eq!(lookup(&value, "a.b.first"), None);
    }
}
