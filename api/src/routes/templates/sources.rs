//! Choices that a schema leaves to the service.

use std::collections::BTreeSet;

use sandglass_contract::Interface;
use sandglass_query::CollectionName;
use sandglass_registry::{Policy, Role};
use serde_json::Value;

/// The member by which a schema names where the choices come from.
const SOURCE: &str = "x-sandglass-source";

/// The collections that jobs of somebody of `role` may touch in any way, of those there are and those that
/// the policy names.
pub(super) fn allowed(
    policy: &Policy,
    role: Role,
    collections: &[CollectionName],
) -> BTreeSet<String> {
    let database = Interface::Database;
    let there = collections.iter().map(CollectionName::as_str);
    let named = policy.names(role, database);
    let allowed = there
        .chain(named)
        .filter(|name| policy.allows_any(role, database, name));
    allowed.map(str::to_owned).collect()
}

/// Writes the names there are as the `enum` of every schema that asks for that source. Where there are
/// none yet, any name stays possible: the grant is judged when the job is saved.
pub(super) fn fill_in(schema: &mut Value, source: &str, names: &BTreeSet<String>) {
    if names.is_empty() {
        return;
    }
    match schema {
        Value::Object(members) => {
            if members.get(SOURCE).and_then(Value::as_str) == Some(source) {
                let choices = names.iter().map(|name| name.as_str().into());
                members.insert("enum".to_owned(), Value::Array(choices.collect()));
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

    use sandglass_registry::policy::PolicyDraft;
    use serde_json::json;

    use super::*;

    fn check(mut schema: Value, names: &[&str], expect: &Value) {
        let names = names.iter().map(|it| (*it).to_owned()).collect();
        fill_in(&mut schema, "collections", &names);
        assert_eq!(schema, *expect);
    }

    #[test]
    fn the_policy_says_which_collections_may_be_chosen() {
        let there = ["logs", "secrets", "users"].map(|it| it.parse().unwrap());
        let check = |draft: Value, expect: &[&str]| {
            let draft: PolicyDraft = serde_json::from_value(draft).unwrap();
            let policy = draft.read().unwrap();
            let found = allowed(&policy, Role::SuperAdmin, &there);
            assert!(found.iter().eq(expect), "{found:?}");
        };
        check(json!({}), &["logs", "secrets", "users"]);
        let rule =
            |target| json!({"interface": "database", "target": target, "operations": ["count"]});
        let everybody = json!({"allow": [rule("users"), rule("log*"), rule("messages")]});
        check(
            json!({"everybody": everybody}),
            &["logs", "messages", "users"],
        );
        let role = json!({"allow": [rule("users"), rule("secrets")]});
        let both = json!({"everybody": everybody, "roles": {"super_admin": role}});
        check(both, &["users"]);
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
