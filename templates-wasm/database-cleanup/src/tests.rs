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

/// Ten users, the last of them active in the month of the run, the others a year before.
fn host() -> MemoryHost {
    let users = (1..=10).map(|id| {
        let year = if id == 10 { 2025 } else { 2024 };
        json!({"_id": id, "lastActive": {"$date": format!("{year}-10-01T00:00:00Z")}})
    });
    MemoryHost::new().with_documents("users", users).unwrap()
}

fn parameters(more: Value) -> Value {
    let mut all = json!({
        "collection": "users",
        "condition": {"lastActive": {"$lt": "6 months ago"}},
    });
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

fn refused(more: Value) -> Vec<(String, String)> {
    match run::<DatabaseCleanup>(&host(), &context(), &parameters(more)) {
        Err(Failure::Refused(issues)) => issues
            .into_iter()
            .map(|issue| (issue.path, issue.code))
            .collect(),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn by_default_records_are_only_counted() {
    let host = host();
    let outcome = run::<DatabaseCleanup>(&host, &context(), &parameters(json!({}))).unwrap();
    assert_eq!(outcome.message, "Would delete 9 records (dry run)");
    assert_eq!(
        outcome.result,
        json!({"records_processed": 9, "records_deleted": 0, "errors": 0, "dry_run": true})
    );
    assert_eq!(host.documents("users").unwrap().len(), 10);
}

#[test]
fn records_are_deleted_in_batches_with_progress() {
    for (batch_size, reports) in [(4, vec![4, 8, 9]), (3, vec![3, 6, 9, 9]), (1000, vec![9])] {
        let host = host();
        let parameters = parameters(json!({"dryRun": false, "batchSize": batch_size}));
        let outcome = run::<DatabaseCleanup>(&host, &context(), &parameters).unwrap();
        assert_eq!(outcome.message, "Deleted 9 records");
        assert_eq!(
            outcome.result,
            json!({"records_processed": 9, "records_deleted": 9, "errors": 0, "dry_run": false})
        );
        let done: Vec<_> = host.progress().iter().map(|report| report.done).collect();
        assert_eq!(done, reports, "batch size {batch_size}");
        assert_eq!(host.documents("users").unwrap()[0]["_id"], 10);
    }
}

#[test]
fn nothing_is_deleted_where_nothing_matches() {
    let host = host().with_failure("delete", HostError::Other("must not be called".into()));
    let more = json!({"dryRun": false, "condition": {"lastActive": {"$lt": "50 years ago"}}});
    let outcome = run::<DatabaseCleanup>(&host, &context(), &parameters(more)).unwrap();
    assert_eq!(outcome.message, "Deleted 0 records");
}

#[test]
fn a_cancelled_run_stops_between_batches() {
    let host = host().cancelled_after(2);
    let more = json!({"dryRun": false, "batchSize": 2});
    let failure = run::<DatabaseCleanup>(&host, &context(), &parameters(more)).unwrap_err();
    let expected = "The run was cancelled after deleting 4 of 9 records";
    assert_eq!(failure, Failure::Failed(JobError::permanent(expected)));
    assert_eq!(host.documents("users").unwrap().len(), 6);
}

#[test]
fn an_unavailable_database_is_worth_another_attempt() {
    let host = host().with_failure("delete", HostError::Unavailable("down".into()));
    let more = json!({"dryRun": false});
    let failure = run::<DatabaseCleanup>(&host, &context(), &parameters(more)).unwrap_err();
    let expected = "after deleting 0 of 9 records: unavailable: down";
    assert_eq!(failure, Failure::Failed(JobError::retryable(expected)));
}

#[test]
fn a_dry_run_of_the_host_says_what_would_go() {
    let context = Context {
        dry_run: true,
        ..context()
    };
    let more = json!({"dryRun": false});
    let outcome = run::<DatabaseCleanup>(&host(), &context, &parameters(more)).unwrap();
    assert_eq!(outcome.message, "Would delete 9 records (dry run)");
    assert_eq!(outcome.result["dry_run"], true);
    assert_eq!(outcome.result["records_deleted"], 0);
}

#[test]
fn a_run_may_do_only_what_its_parameters_need() {
    let request = |more: Value| {
        sandglass_sdk::export::capabilities::<DatabaseCleanup>(&parameters(more).to_string())
    };
    let users = |operations: &[&str]| vec![CapabilityRequest::database("users", operations)];
    assert_eq!(request(json!({})), users(&["count"]));
    assert_eq!(
        request(json!({"dryRun": false})),
        users(&["count", "delete"])
    );
    assert_eq!(request(json!({"collection": 5})), vec![]);
}

#[test]
fn a_condition_that_matches_everything_needs_a_second_word() {
    let refusal = [("/condition".to_owned(), "matches_everything".to_owned())];
    for condition in [
        json!({}),
        json!({"$and": [{}, {"$or": [{"a": 1}, {}]}]}),
        json!({"$and": []}),
    ] {
        assert_eq!(
            refused(json!({"condition": condition})),
            refusal,
            "{condition}"
        );
    }
    let more = json!({"condition": {}, "allowAll": true, "dryRun": false});
    let host = host();
    let outcome = run::<DatabaseCleanup>(&host, &context(), &parameters(more)).unwrap();
    assert_eq!(outcome.message, "Deleted 10 records");
    assert!(host.documents("users").unwrap().is_empty());
}

#[test]
fn wrong_parameters_are_reported_where_they_stand() {
    for (more, path) in [
        (
            json!({"condition": {"at": {"$lt": "6 mnths ago"}}}),
            "/condition/at/$lt",
        ),
        (json!({"condition": "all"}), "/condition"),
        (json!({"batchSize": 0}), "/batchSize"),
        (json!({"batchSize": 10_001}), "/batchSize"),
        (json!({"dryRun": "no"}), "/dryRun"),
        (json!({"collection": ""}), "/collection"),
        (json!({"collection": "*"}), "/collection"),
        (json!({"dry_run": false}), ""),
    ] {
        let found = refused(more.clone());
        assert_eq!(
            found.first().map(|issue| issue.0.as_str()),
            Some(path),
            "{more}"
        );
    }
}

#[test]
fn the_schema_has_what_a_form_needs() {
    let schema = sandglass_sdk::export::schema::<DatabaseCleanup>();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let properties = &schema["properties"];
    assert_eq!(
        properties["collection"]["x-sandglass-source"],
        "collections"
    );
    assert_eq!(properties["collection"]["type"], "string");
    assert_eq!(properties["condition"]["type"], "object");
    assert_eq!(properties["dryRun"]["default"], true);
    assert_eq!(
        properties["dryRun"]["description"],
        "Preview changes without deleting"
    );
    assert_eq!(properties["batchSize"]["default"], 1000);
    assert_eq!(schema["required"], json!(["collection", "condition"]));
}
