//! The document says everything, and stands committed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

fn parsed() -> Value {
    serde_json::from_str(document_text()).unwrap()
}

fn all_operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    methods.collect()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == document_text(),
        "api/openapi.json is out of date; write it anew with\n  \
         target/release/sandglass openapi > api/openapi.json"
    );
}

#[test]
fn every_operation_says_what_it_is_and_how_it_fails() {
    let document = parsed();
    let mut ids = BTreeSet::new();
    for (name, operation) in all_operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(
            !id.is_empty() && ids.insert(id),
            "{name}: operationId {id:?}"
        );
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|it| !it.is_empty()),
            "{name}"
        );
        assert_eq!(
            operation["tags"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses
                .keys()
                .any(|status| status.starts_with(['2', '3'])),
            "{name}"
        );
        assert!(responses.contains_key("500"), "{name}");
        let signs_in = ["login", "oidc", "methods"]
            .iter()
            .any(|word| name.contains(&format!("/api/auth/{word}")));
        let needs_caller =
            name.contains("/api/admin/") || (name.contains("/api/auth/") && !signs_in);
        for status in ["401", "403"] {
            let has = responses.contains_key(status);
            assert!(has == needs_caller || signs_in, "{name} {status}");
        }
        assert_eq!(operation.get("security").is_some(), needs_caller, "{name}");
        assert!(
            responses.contains_key("404") || !name.contains('{'),
            "{name}"
        );
        let has_body = operation.get("requestBody").is_some();
        assert_eq!(responses.contains_key("422"), has_body, "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference
                        .strip_prefix('#')
                        .expect("a reference in the document");
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|it| check(it, document));
            }
            Value::Array(items) => items.iter().for_each(|it| check(it, document)),
            _ => {}
        }
    }
    let document = parsed();
    check(&document, &document);
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn every_route_is_in_the_document() {
    let router = format!(
        "{:?}{:?}",
        axum::Router::from(routes::public()),
        axum::Router::from(routes::admin())
    );
    let routed: BTreeSet<&str> = router
        .split('"')
        .filter(|part| part.starts_with('/') && !part.starts_with("/{*__private__"))
        .collect();
    let document = parsed();
    let documented: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(routed, documented);
}
