//! Choices that a schema leaves to the service.

use sandglass_query::CollectionName;
use serde_json::Value;

/// The member by which a schema names where the choices come from.
const SOURCE: &str = "x-sandglass-source";

/// Writes the collections there are as the `enum` of every schema that asks for them. Where there are
/// none yet, any name stays possible.
pub(super) fn fill_in_collections(schema: &mut Value, collections: &[CollectionName]) {
    if collections.is_empty() {
        return;
    }
    match schema {
        Value::Object(members) => {
            if members.get(SOURCE).and_then(Value::as_str) == Some("collections") {
                let names = collections
                    .iter()
                    .map(|name| name.as_str().into())
                    .collect();
                members.insert("enum".to_owned(), Value::Array(names));
            }
            for member in members.values_mut() {
                fill_in_collections(member, collections);
            }
        }
        Value::Array(items) => {
            for item in items {
                fill_in_collections(item, collections);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use serde_json::json;

    use super::*;

    fn check(mut schema: Value, collections: &[&str], expect: &Value) {
        let names: Vec<_> = collections.iter().map(|it| it.parse().unwrap()).collect();
        fill_in_collections(&mut schema, &names);
        assert_eq!(schema, *expect);
    }

    #[test]
    fn the_collections_there_are_become_the_choices() {
        let schema = |choices: Option<Value>| {
            let mut collection = json!({"type": "string", "x-sandglass-source": "collections"});
            if let Some(choices) = choices {
                collection
                    .as_object_mut()
                    .unwrap()
                    .insert("enum".to_owned(), choices);
            }
            json!({
                "type": "object",
                "properties": {
                    "collection": collection,
                    "secret": {"type": "string", "x-sandglass-source": "secrets"},
                    "list": {"type": "array", "items": collection},
                },
                "allOf": [{"properties": {"collection": collection}}],
            })
        };
        let filled = schema(Some(json!(["logs", "users"])));
        check(schema(None), &["logs", "users"], &filled);
        check(schema(None), &[], &schema(None));
    }
}
