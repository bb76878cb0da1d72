//! Choices that a schema leaves to the service.

use serde_json::Value;

/// The member by which a schema names where the choices come from.
const SOURCE: &str = "x-sandglass-source";

/// Writes the names there are as the `enum` of every schema that asks for that source. Where there are
/// none yet, any name stays possible.
pub(super) fn fill_in(schema: &mut Value, source: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    match schema {
        Value::Object(members) => {
            if members.get(SOURCE).and_then(Value::as_str) == Some(source) {
                members.insert("enum".to_owned(), names.into());
            }
            for member in members.values_mut() {
                fill_in(member, source, names);
            }
        }
        Value::Array(items) => {
            for item in items {
                fill_in(item, source, names);
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

    fn check(mut schema: Value, names: &[&str], expect: &Value) {
        let names: Vec<String> = names.iter().map(|&it| it.to_owned()).collect();
        fill_in(&mut schema, "collections", &names);
        assert_eq!(schema, *expect);
    }

    #[test]
    fn the_names_of_a_source_become_the_choices_where_it_is_asked_for() {
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
