//! The host in memory as the author of a template uses it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::io::Write;

use sandglass_sdk::testing::{MemoryHost, context};
use sandglass_sdk::{
    CallError, CapabilityRequest, FindOptions, Host, HostError, Level, ParentResult, info, warn,
};
use serde_json::{Value, json};

const EVERYTHING: FindOptions = FindOptions {
    sort: None,
    projection: None,
    skip: None,
    limit: None,
};

fn users(count: u32) -> MemoryHost {
    let documents = (0..count).map(|id| json!({"_id": id, "even": id % 2 == 0}));
    MemoryHost::new()
        .with_documents("users", documents)
        .unwrap()
}

#[test]
fn collections_follow_the_query_language_of_the_service() {
    let host = users(10);
    let collection = host.collection("users");
    assert_eq!(collection.count(&json!({"_id": {"$lt": 4}})).unwrap(), 4);
    let update = json!({"$set": {"seen": true}});
    let updated = collection
        .update_many(&json!({"even": true}), &update)
        .unwrap();
    assert_eq!((updated.matched, updated.modified), (5, 5));
    assert_eq!(
        collection.delete_some(&json!({"even": true}), 2).unwrap(),
        2
    );
    assert_eq!(collection.insert_many([json!({"_id": 100})]).unwrap(), 1);
    let pipeline = json!([{"$match": {"seen": true}}, {"$count": "seen"}]);
    let counted: Vec<Value> = collection
        .aggregate(&pipeline)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(counted, [json!({"seen": 3})]);
    assert_eq!(collection.delete_all(&json!({})).unwrap(), 9);
    let refused = collection.count(&json!({"$where": "1"}));
    assert!(matches!(
        refused,
        Err(CallError::Host(HostError::InvalidArgument(_)))
    ));
}

#[test]
fn documents_come_in_batches_and_as_types() {
    #[derive(serde::Deserialize)]
    struct User {
        #[serde(rename = "_id")]
        id: u32,
    }
    let host = users(1201);
    let found = host
        .collection("users")
        .find::<User>(&json!({}), &EVERYTHING)
        .unwrap();
    let ids: Vec<u32> = found.map(|user| user.unwrap().id).collect();
    assert_eq!(ids, (0..1201).collect::<Vec<_>>());
}

#[test]
fn a_document_of_another_form_ends_the_iteration_with_an_error() {
    let host = users(3);
    let mut found = host
        .collection("users")
        .find::<Vec<u8>>(&json!({}), &EVERYTHING)
        .unwrap();
    assert!(matches!(found.next(), Some(Err(CallError::Document(_)))));
    assert!(found.next().is_none());
}

#[test]
fn only_what_is_granted_is_allowed() {
    let host = users(1);
    host.grant(vec![
        CapabilityRequest::database("users", &["count"]),
        CapabilityRequest::email("*@example.com"),
        CapabilityRequest::artifacts("*", &["create"]),
    ]);
    let users = host.collection("users");
    assert_eq!(users.count(&json!({})).unwrap(), 1);
    let denied = |result: Result<u64, CallError>| {
        assert!(matches!(
            result,
            Err(CallError::Host(HostError::AccessDenied))
        ));
    };
    denied(users.delete_all(&json!({})));
    denied(host.collection("logs").count(&json!({})));
    let send = |to: &str| host.email("Hello").to(to).text("Hi").send();
    assert_eq!(send("ops@example.com").unwrap().accepted, 1);
    assert_eq!(send("ops@example.org"), Err(HostError::AccessDenied));
    assert_eq!(send("ops@sub.example.com"), Err(HostError::AccessDenied));
    assert!(host.artifact("a.txt", "text/plain").is_ok());
}

#[test]
fn an_artifact_exists_once_it_is_finished_and_can_be_read_in_ranges() {
    let host = MemoryHost::new();
    let mut writer = host.artifact("numbers.txt", "text/plain").unwrap();
    for number in 0..50_000 {
        writeln!(writer, "{number}").unwrap();
    }
    assert_eq!(host.artifacts(), vec![]);
    let reference = writer.finish().unwrap();
    let expected: String = (0..50_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(host.artifacts()[0].bytes, expected.as_bytes());
    assert_eq!(reference.size, expected.len() as u64);
    assert_eq!(host.read_artifact(&reference.id, 2, 4).unwrap(), b"1\n2\n");
    assert_eq!(
        host.read_artifact(&reference.id, reference.size - 1, 4)
            .unwrap(),
        b"\n"
    );
    assert_eq!(
        host.read_artifact(&reference.id, reference.size, 4)
            .unwrap(),
        b""
    );
    assert!(matches!(
        host.artifact("numbers.txt", "text/plain"),
        Err(HostError::InvalidArgument(_))
    ));
}

#[test]
fn lines_carry_levels_and_fields() {
    let host = MemoryHost::new();
    let collection = "users";
    info!(&host, "Starting");
    warn!(&host, collection = collection, left = 3 + 4; "{} left in {collection}", 7);
    let lines = host.log_lines();
    assert_eq!(lines[0].level, Level::Info);
    assert_eq!(lines[0].fields, []);
    assert_eq!(lines[1].level, Level::Warn);
    assert_eq!(lines[1].message, "7 left in users");
    assert_eq!(
        lines[1].fields,
        [
            ("collection".into(), "users".into()),
            ("left".into(), "7".into())
        ]
    );
}

#[test]
fn the_results_of_parents_are_found_by_name() {
    let mut context = context();
    let parent = |name: &str, result: &str| ParentResult {
        job_id: "job-0".into(),
        job_name: name.into(),
        execution_id: "run-0".into(),
        status: "success".into(),
        result: result.into(),
    };
    context.parents = vec![parent("a", r#"{"count": 5}"#), parent("b", "no json")];
    assert_eq!(context.parent("a"), Some(json!({"count": 5})));
    assert_eq!(context.parent("b"), None);
    assert_eq!(context.parent("c"), None);
}

#[test]
fn chance_and_time_are_the_same_in_every_test() {
    let (first, second) = (MemoryHost::new(), MemoryHost::new());
    assert_eq!(first.random_bytes(40), second.random_bytes(40));
    assert_eq!(first.random_bytes(70_000).len(), 65_536);
    assert_ne!(first.random_number(), first.random_number());
    assert_eq!(first.now(), context().scheduled_at);
}
