//! The template, run natively on a host in memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "tests may panic, and read better with values"
)]

use super::*;
use sandglass_sdk::HostError;
use sandglass_sdk::testing::{Failure, MemoryHost, context, run};

fn host() -> MemoryHost {
    let people = [
        json!({"_id": 1, "name": "Ada", "address": {"city": "London", "zip": "N1"}, "score": -5}),
        json!({"_id": 2, "name": "=cmd()", "address": {"city": "a \"b\", c"}, "tags": ["x", 1]}),
        json!({"_id": 3, "at": {"$date": "2025-10-01T00:00:00Z"}, "name": "Bob"}),
    ];
    MemoryHost::new().with_documents("people", people).unwrap()
}

fn parameters(more: Value) -> Value {
    let mut all = json!({"collection": "people", "sort": {"_id": 1}});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

#[track_caller]
fn check(more: Value, name: &str, content: &str) {
    let host = host();
    let outcome = run::<DataExport>(&host, &context(), &parameters(more)).unwrap();
    let artifacts = host.artifacts();
    assert_eq!(artifacts.len(), 1);
    assert_eq!(artifacts[0].reference.name, name);
    assert_eq!(
        String::from_utf8(artifacts[0].bytes.clone()).unwrap(),
        content
    );
    assert_eq!(
        outcome.result["artifact"]["sha256"],
        artifacts[0].reference.sha256.as_str()
    );
}

#[test]
fn csv_has_the_fields_that_are_named() {
    check(
        json!({"fields": ["name", "address.city", "score", "tags", "at", "address.zip"]}),
        "people.csv",
        "name,address.city,score,tags,at,address.zip\r\n\
         Ada,London,-5,,,N1\r\n\
         '=cmd(),\"a \"\"b\"\", c\",,\"[\"\"x\"\",1]\",,\r\n\
         Bob,,,,2025-10-01T00:00:00Z,\r\n",
    );
}

#[test]
fn csv_without_fields_has_those_of_the_first_document_and_says_so() {
    check(
        json!({"limit": 2, "escapeFormulas": false, "fileName": "two.csv"}),
        "two.csv",
        "_id,name,address,score\r\n\
         1,Ada,\"{\"\"city\"\":\"\"London\"\",\"\"zip\"\":\"\"N1\"\"}\",-5\r\n\
         2,=cmd(),\"{\"\"city\"\":\"\"a \\\"\"b\\\"\", c\"\"}\",\r\n",
    );
    let host = host();
    run::<DataExport>(&host, &context(), &parameters(json!({}))).unwrap();
    let said = |line: &sandglass_sdk::testing::LogLine| {
        line.fields == [("columns".to_owned(), "_id, name, address, score".to_owned())]
    };
    assert!(host.log_lines().iter().any(said));
}

#[test]
fn json_is_an_array_and_json_lines_are_lines() {
    let fields = json!(["name"]);
    check(
        json!({"fields": fields, "format": "json"}),
        "people.json",
        "[\n{\"name\":\"Ada\"},\n{\"name\":\"=cmd()\"},\n{\"name\":\"Bob\"}\n]\n",
    );
    for format in ["jsonl", "jsonlines"] {
        check(
            json!({"fields": fields, "format": format, "sort": {"_id": -1}, "limit": 2}),
            "people.jsonl",
            "{\"name\":\"Bob\"}\n{\"name\":\"=cmd()\"}\n",
        );
    }
}

#[test]
fn an_empty_result_is_a_valid_file() {
    let query = json!({"at": {"$gt": "now"}});
    check(
        json!({"query": query, "format": "json"}),
        "people.json",
        "[\n]\n",
    );
    check(json!({"query": query}), "people.csv", "");
    check(
        json!({"query": query, "fields": ["a", "b"]}),
        "people.csv",
        "a,b\r\n",
    );
}

#[test]
fn relative_dates_choose_documents() {
    check(
        json!({"query": {"at": {"$gt": "30 days ago"}}, "format": "jsonl", "fields": ["_id"]}),
        "people.jsonl",
        "{\"_id\":3}\n",
    );
}

#[test]
fn thousands_of_documents_are_written_with_progress() {
    let many = (0..2500).map(|id| json!({"_id": id, "text": "x".repeat(50)}));
    let host = MemoryHost::new().with_documents("many", many).unwrap();
    let parameters = json!({"collection": "many", "format": "jsonl"});
    let outcome = run::<DataExport>(&host, &context(), &parameters).unwrap();
    assert_eq!(outcome.message, "Exported 2500 documents to many.jsonl");
    assert_eq!(outcome.result["records_processed"], 2500);
    let done: Vec<_> = host
        .progress()
        .iter()
        .map(|report| (report.done, report.total))
        .collect();
    assert_eq!(
        done,
        [(1000, Some(2500)), (2000, Some(2500)), (2500, Some(2500))]
    );
    let lines = String::from_utf8(host.artifacts()[0].bytes.clone()).unwrap();
    assert_eq!(lines.lines().count(), 2500);
}

#[test]
fn a_cancelled_or_failed_export_leaves_no_file() {
    let many = || (0..1500).map(|id| json!({"_id": id}));
    let parameters = json!({"collection": "many"});
    let host = MemoryHost::new()
        .with_documents("many", many())
        .unwrap()
        .cancelled_after(0);
    let failure = run::<DataExport>(&host, &context(), &parameters).unwrap_err();
    let expected = "The run was cancelled after 1000 of 1500 documents";
    assert_eq!(failure, Failure::Failed(JobError::permanent(expected)));
    assert_eq!(host.artifacts(), vec![]);

    let host = host.with_failure("create", HostError::LimitExceeded("artifacts".into()));
    let failure = run::<DataExport>(&host, &context(), &parameters).unwrap_err();
    let expected = JobError::permanent("limit exceeded: artifacts");
    assert_eq!(failure, Failure::Failed(expected));
}

#[test]
fn a_run_may_read_one_collection_and_write_one_file() {
    let request = |more: Value| {
        sandglass_sdk::export::capabilities::<DataExport>(&parameters(more).to_string())
    };
    let expected = |name: &str| {
        vec![
            CapabilityRequest::database("people", &["count", "find"]),
            CapabilityRequest::artifacts(name, &["create"]),
        ]
    };
    assert_eq!(request(json!({})), expected("people.csv"));
    assert_eq!(request(json!({"format": "json"})), expected("people.json"));
    assert_eq!(request(json!({"fileName": "a.txt"})), expected("a.txt"));
}

#[test]
fn wrong_parameters_are_reported_where_they_stand() {
    for (more, path) in [
        (json!({"fileName": "../etc/passwd"}), "/fileName"),
        (json!({"fileName": ".hidden"}), "/fileName"),
        (json!({"collection": "a/b"}), "/collection"),
        (json!({"fields": ["a", "a.b"]}), "/fields/1"),
        (json!({"fields": ["a.b", "a"]}), "/fields/1"),
        (json!({"fields": ["a", "b", "a"]}), "/fields/2"),
        (json!({"fields": ["$where"]}), "/fields/0"),
        (json!({"fields": ["a..b"]}), "/fields/0"),
        (
            json!({"query": {"at": {"$lt": "5 dayz ago"}}}),
            "/query/at/$lt",
        ),
        (json!({"format": "xml"}), "/format"),
        (json!({"limit": 0}), "/limit"),
        (json!({"filename": "x"}), ""),
    ] {
        let result = run::<DataExport>(&host(), &context(), &parameters(more.clone()));
        let Err(Failure::Refused(issues)) = result else {
            unreachable!("{more}: {result:?}")
        };
        assert!(
            issues.iter().any(|issue| issue.path == path),
            "{more}: {issues:?}"
        );
    }
}

#[test]
fn the_schema_offers_choices_and_no_null() {
    let schema = sandglass_sdk::export::schema::<DataExport>();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let properties = &schema["properties"];
    assert_eq!(
        properties["format"]["enum"],
        json!(["csv", "json", "jsonl", "jsonlines"])
    );
    assert_eq!(properties["format"]["default"], "csv");
    assert_eq!(properties["fileName"]["type"], "string");
    assert_eq!(properties["limit"]["type"], "integer");
    assert_eq!(schema["required"], json!(["collection"]));
    assert!(!schema.to_string().contains("null"), "{schema}");
}
