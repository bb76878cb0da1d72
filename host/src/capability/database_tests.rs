//! What the database interface answers: dry and live, granted and not, within limits and beyond.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_contract::{CallOutcome, Effect, RunMode};

use crate::{
    bindings::sandglass::job::{
        database::{FindOptions, Host as _, HostCursor as _},
        types::Error,
    },
    outcome::Stop,
    state::testing::{Fixture, Recorder, anything, fixture, fixture_with, grant},
};

const OLD: &str = r#"{"age": {"$gte": 3}}"#;

/// Five users of the ages 1 to 5, inserted past the interface.
async fn with_users(fixture: &Fixture) {
    let documents = (1..=5).map(|age| {
        sandglass_query::Document::from_iter([(
            "age".to_owned(),
            sandglass_query::Value::Int32(age),
        )])
    });
    let users = "users".parse().unwrap();
    let insert = fixture
        .services
        .database
        .insert_many(&users, documents.collect());
    assert_eq!(insert.await.unwrap(), 5);
}

fn everything() -> FindOptions {
    FindOptions {
        sort: Some(r#"{"age": 1}"#.to_owned()),
        projection: Some(r#"{"_id": 0}"#.to_owned()),
        skip: None,
        limit: None,
    }
}

async fn run(mode: RunMode) -> (Fixture, Vec<String>) {
    let mut fixture = fixture(mode, anything(), &[]);
    with_users(&fixture).await;
    let state = &mut fixture.state;
    let users = || "users".to_owned();
    let old = || OLD.to_owned();
    let mut said = Vec::new();
    said.push(format!(
        "count {:?}",
        state.count(users(), old()).await.unwrap()
    ));
    let documents = vec![r#"{"age": 6}"#.to_owned(), r#"{"age": 7}"#.to_owned()];
    said.push(format!(
        "insert {:?}",
        state.insert_many(users(), documents).await.unwrap()
    ));
    let update = r#"{"$set": {"name": "x"}}"#.to_owned();
    let updated = state
        .update_many(users(), old(), update)
        .await
        .unwrap()
        .unwrap();
    said.push(format!("update {} {}", updated.matched, updated.modified));
    for limit in [Some(2), Some(2), None, Some(9)] {
        let deleted = state.delete_many(users(), old(), limit).await.unwrap();
        said.push(format!("delete {limit:?} {deleted:?}"));
    }
    said.push(format!(
        "count {:?}",
        state.count(users(), old()).await.unwrap()
    ));
    (fixture, said)
}

#[tokio::test]
async fn a_live_run_does_what_it_says() {
    let (fixture, said) = run(RunMode::Live).await;
    assert_eq!(
        said,
        [
            "count Ok(3)",
            "insert Ok(2)",
            "update 5 5",
            "delete Some(2) Ok(2)",
            "delete Some(2) Ok(2)",
            "delete None Ok(1)",
            "delete Some(9) Ok(0)",
            "count Ok(0)",
        ]
    );
    let entries = fixture.recorder.entries.lock();
    let intents = entries
        .iter()
        .filter(|entry| entry.outcome == CallOutcome::Pending);
    assert_eq!(intents.count(), 6);
    assert!(entries.iter().all(|entry| !entry.simulated));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let (fixture, said) = run(RunMode::Dry).await;
    assert_eq!(
        said,
        [
            "count Ok(3)",
            "insert Ok(2)",
            "update 3 3",
            "delete Some(2) Ok(2)",
            "delete Some(2) Ok(1)",
            "delete None Ok(0)",
            "delete Some(9) Ok(0)",
            "count Ok(0)",
        ]
    );
    let users = "users".parse().unwrap();
    let all = sandglass_query::Filter::everything();
    assert_eq!(
        fixture.services.database.count(&users, &all).await.unwrap(),
        5
    );
    let entries = fixture.recorder.entries.lock();
    for entry in entries.iter() {
        assert_eq!(entry.outcome, CallOutcome::Ok, "{entry:?}");
        assert_eq!(entry.simulated, entry.effect == Effect::Write, "{entry:?}");
    }
}

#[tokio::test]
async fn what_is_not_granted_is_denied_before_anything_happens() {
    let only_count = grant(&[("database", "users", &["count"])]);
    let mut fixture = fixture(RunMode::Live, only_count, &[]);
    with_users(&fixture).await;
    let state = &mut fixture.state;
    let (users, all) = (|| "users".to_owned(), || "{}".to_owned());
    assert_eq!(state.count(users(), all()).await.unwrap().unwrap(), 5);
    let denied = |error: Error| assert!(matches!(error, Error::AccessDenied), "{error:?}");
    denied(
        state
            .count("logs".to_owned(), all())
            .await
            .unwrap()
            .unwrap_err(),
    );
    denied(
        state
            .find(users(), all(), everything())
            .await
            .unwrap()
            .unwrap_err(),
    );
    denied(
        state
            .aggregate(users(), "[]".to_owned())
            .await
            .unwrap()
            .unwrap_err(),
    );
    denied(
        state
            .insert_many(users(), vec![all()])
            .await
            .unwrap()
            .unwrap_err(),
    );
    let update = r#"{"$set": {"a": 1}}"#.to_owned();
    denied(
        state
            .update_many(users(), all(), update)
            .await
            .unwrap()
            .unwrap_err(),
    );
    denied(
        state
            .delete_many(users(), all(), None)
            .await
            .unwrap()
            .unwrap_err(),
    );
    assert_eq!(state.count(users(), all()).await.unwrap().unwrap(), 5);
    let entries = fixture.recorder.entries.lock();
    let outcomes: Vec<CallOutcome> = entries.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes[1..7], [CallOutcome::Denied; 6]);
    assert_eq!(entries.len(), 8, "a denied call has no intent");
}

#[tokio::test]
async fn what_cannot_be_parsed_is_refused_whatever_is_granted() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    let state = &mut fixture.state;
    let check = |error: Error, expect: &str| match error {
        Error::InvalidArgument(text) => assert!(text.contains(expect), "{text}"),
        other => panic!("{other:?}"),
    };
    let (users, all) = (|| "users".to_owned(), || "{}".to_owned());
    let where_ = r#"{"$where": "1"}"#.to_owned();
    check(
        state.count(users(), where_).await.unwrap().unwrap_err(),
        "$where",
    );
    check(
        state
            .count("us$ers".to_owned(), all())
            .await
            .unwrap()
            .unwrap_err(),
        "collection name",
    );
    let out = r#"[{"$out": "stolen"}]"#.to_owned();
    check(
        state.aggregate(users(), out).await.unwrap().unwrap_err(),
        "$out",
    );
    let broken = vec!["{".to_owned()];
    check(
        state
            .insert_many(users(), broken)
            .await
            .unwrap()
            .unwrap_err(),
        "",
    );
}

#[tokio::test]
async fn a_cursor_gives_documents_in_batches_and_then_none() {
    let mut fixture = fixture(RunMode::Live, anything(), &[("documents_read", 4)]);
    with_users(&fixture).await;
    let state = &mut fixture.state;
    let cursor = state.find("users".to_owned(), OLD.to_owned(), everything());
    let cursor = cursor.await.unwrap().unwrap();
    let again = || wasmtime::component::Resource::new_borrow(cursor.rep());
    let zero = state.next(again(), 0).await.unwrap().unwrap_err();
    assert!(matches!(zero, Error::InvalidArgument(_)), "{zero:?}");
    let mut batches = Vec::new();
    for _ in 0..3 {
        batches.push(state.next(again(), 2).await.unwrap().unwrap());
    }
    assert_eq!(batches[0], [r#"{"age":3}"#, r#"{"age":4}"#]);
    assert_eq!(batches[1], [r#"{"age":5}"#]);
    assert!(batches[2].is_empty());
    let all = state.find("users".to_owned(), "{}".to_owned(), everything());
    let all = all.await.unwrap().unwrap();
    let all_again = || wasmtime::component::Resource::new_borrow(all.rep());
    assert_eq!(state.next(all_again(), 9).await.unwrap().unwrap().len(), 1);
    let beyond = state.next(all_again(), 9).await.unwrap().unwrap_err();
    assert!(matches!(beyond, Error::LimitExceeded(_)), "{beyond:?}");
}

#[tokio::test]
async fn documents_written_are_limited_before_they_are_written() {
    for mode in [RunMode::Live, RunMode::Dry] {
        let mut fixture = fixture(mode, anything(), &[("documents_written", 2)]);
        with_users(&fixture).await;
        let state = &mut fixture.state;
        let (users, all) = (|| "users".to_owned(), || "{}".to_owned());
        let limited = |error: Error| assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
        limited(
            state
                .insert_many(users(), vec![all(); 3])
                .await
                .unwrap()
                .unwrap_err(),
        );
        limited(
            state
                .delete_many(users(), all(), None)
                .await
                .unwrap()
                .unwrap_err(),
        );
        let update = r#"{"$set": {"a": 1}}"#.to_owned();
        limited(
            state
                .update_many(users(), all(), update)
                .await
                .unwrap()
                .unwrap_err(),
        );
        assert_eq!(state.count(users(), all()).await.unwrap().unwrap(), 5);
        assert_eq!(
            state
                .delete_many(users(), all(), Some(2))
                .await
                .unwrap()
                .unwrap(),
            2
        );
        limited(
            state
                .delete_many(users(), all(), Some(1))
                .await
                .unwrap()
                .unwrap_err(),
        );
    }
}

#[tokio::test]
async fn open_cursors_are_limited() {
    let mut fixture = fixture(RunMode::Live, anything(), &[("handles", 1)]);
    let mut last = None;
    for _ in 0..2 {
        let find = fixture
            .state
            .find("users".to_owned(), "{}".to_owned(), everything());
        last = Some(find.await.unwrap());
    }
    let error = last.unwrap().unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
}

#[tokio::test]
async fn without_its_record_a_call_has_no_effect_and_the_run_ends() {
    let lost = Recorder {
        lease_is_lost: true,
        ..Recorder::default()
    };
    let mut fixture = fixture_with(lost, RunMode::Live, anything(), &[]);
    with_users(&fixture).await;
    let delete = fixture
        .state
        .delete_many("users".to_owned(), "{}".to_owned(), None);
    let error = delete.await.unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>(), Some(&Stop::LeaseLost));
    let count = fixture.state.count("users".to_owned(), "{}".to_owned());
    assert_eq!(count.await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn a_cancelled_run_begins_nothing_new() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    with_users(&fixture).await;
    fixture.state.cancel.cancel();
    let delete = fixture
        .state
        .delete_many("users".to_owned(), "{}".to_owned(), Some(1));
    let error = delete.await.unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>(), Some(&Stop::Cancelled));
    fixture.state.journal.finish();
    let entries = fixture.recorder.entries.lock();
    assert_eq!(entries.len(), 1);
}
