//! Transactions that somebody left open: they keep nobody from what they have not changed, and end with
//! the store that began them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "conformance tests use all of it"
)]
#[path = "conformance/sample.rs"]
mod sample;

mod mongodb;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ::mongodb::{
    Client, ClientSession, Collection,
    bson::{DateTime, Document, doc},
};
use jiff::Timestamp;
use sandglass_contract::{Clock as _, HostInstanceId, OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    ConcurrencyLimit, ExecutionStatus, HostOrder, HostReport, Job, Labels, LimitedBy, Store,
    job::Tag,
    mongo::MongoStore,
    store::{Claim, Claimed, EndAnswer, Ending, Fired, FollowUp, LeaseAnswer},
};

use sample::{
    LEASE, attempt, claim, claim_these, enqueued, finished, firing, inserted, job, queued, scope,
    start, stored,
};
use serde_json::json;

const EXECUTIONS: &str = "job_executions";
const JOBS: &str = "dynamic_jobs";
const LIMITS: &str = "concurrency_limits";
const SESSIONS: &str = "transaction_sessions";

/// A store, and somebody else on its database.
struct Shared {
    store: Arc<dyn Store>,
    clock: ManualClock,
    other: Client,
    database: String,
}

impl Shared {
    async fn open() -> Self {
        let connection = mongodb::connection("transactions").await;
        let clock = start();
        let store = MongoStore::open_with_time_of(&connection, Arc::new(clock.clone())).await;
        Self {
            store: Arc::new(store.unwrap()),
            clock,
            other: Client::with_uri_str(mongodb::url("unused")).await.unwrap(),
            database: connection.database_name().to_owned(),
        }
    }

    /// Somebody else's transaction, which has changed an execution and is not ended.
    async fn held(&self, execution: &str) -> ClientSession {
        self.held_in(EXECUTIONS, execution).await
    }

    /// The same of any document.
    async fn held_in(&self, collection: &str, id: &str) -> ClientSession {
        let mut session = self.other.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        let documents = self.documents(collection);
        let change = documents.update_one(doc! {"_id": id}, doc! {"$set": {"held": true}});
        let changed = change.session(&mut session).await.unwrap();
        assert_eq!(changed.matched_count, 1);
        session
    }

    fn documents(&self, collection: &str) -> Collection<Document> {
        self.other.database(&self.database).collection(collection)
    }

    async fn report(&self) {
        let report = HostReport {
            name: "host-1".to_owned(),
            instance: HostInstanceId::parse("host_a").unwrap(),
            labels: Labels::default(),
            places: 1,
            running: 0,
            follows: HostOrder::Work,
            started_at: self.now(),
            version: "1.0.0".to_owned(),
        };
        let _ = self.store.report_host(&report).await.unwrap();
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn close(self) {
        self.other.database(&self.database).drop().await.unwrap();
    }
}

fn names(claimed: &[Claimed]) -> Vec<&str> {
    let mut names: Vec<&str> = claimed.iter().map(|it| it.execution.id.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn an_execution_in_an_open_transaction_keeps_nobody_from_the_others() {
    let shared = Shared::open().await;
    let store = &shared.store;
    queued(store, "job_1", &["exec_1", "exec_2", "exec_3"]).await;

    let mut holder = shared.held("exec_1").await;
    let claimed = claim(store, 10).await;
    assert_eq!(names(&claimed), ["exec_2", "exec_3"]);
    holder.abort_transaction().await.unwrap();

    let mut holder = shared.held("exec_2").await;
    let claims: Vec<_> = claimed.iter().map(Claimed::claim).collect();
    let answers = store.renew(&claims, LEASE).await.unwrap();
    let answers: BTreeMap<&str, LeaseAnswer> = claims
        .iter()
        .map(|it| it.execution.as_str())
        .zip(answers)
        .collect();
    let expected = [
        ("exec_2", LeaseAnswer::NotRenewed),
        ("exec_3", LeaseAnswer::Renewed),
    ];
    assert_eq!(answers, BTreeMap::from(expected));
    holder.abort_transaction().await.unwrap();

    let answers = store.renew(&claims, LEASE).await.unwrap();
    assert_eq!(answers, [LeaseAnswer::Renewed, LeaseAnswer::Renewed]);
    shared.clock.advance(Duration::from_secs(5));
    assert_eq!(names(&claim(store, 10).await), ["exec_1"]);
    shared.close().await;
}

#[tokio::test]
async fn a_limit_in_an_open_transaction_keeps_nobody_waiting_that_it_does_not_count() {
    let shared = Shared::open().await;
    let store = &shared.store;
    let tag = Tag::parse("narrow").unwrap();
    let counted = Job {
        tags: vec![tag.clone()],
        ..job("job_1")
    };
    let counted = inserted(store, counted).await;
    enqueued(store, &counted, &["exec_1", "exec_2"]).await;
    queued(store, "job_2", &["exec_3"]).await;
    let limit = ConcurrencyLimit {
        of: LimitedBy::Tag(tag),
        most: 1,
    };
    store.set_concurrency_limit(&scope(), &limit).await.unwrap();

    let mut holder = shared.held_in(LIMITS, "default/tag/narrow").await;
    assert_eq!(names(&claim(store, 1).await), ["exec_3"]);
    holder.abort_transaction().await.unwrap();
    shared.clock.advance(Duration::from_secs(4));
    assert_eq!(names(&claim(store, 10).await), ["exec_1"]);
    shared.close().await;
}

#[tokio::test]
async fn an_end_in_an_open_transaction_keeps_no_other_end_waiting() {
    let shared = Shared::open().await;
    let store = &shared.store;
    queued(store, "job_1", &["exec_1", "exec_2", "exec_3"]).await;
    let claims = claim_these(store, &["exec_1", "exec_2", "exec_3"]).await;
    let success = || finished(attempt(1, OutcomeCode::Success));
    let endings = || claims.iter().map(|it| (it.clone(), success())).collect();

    let mut holder = shared.held("exec_2").await;
    let answers = store.end_attempts(endings()).await.unwrap();
    let ended = EndAnswer::Ended(ExecutionStatus::Success);
    assert_eq!(answers, [ended, EndAnswer::NotEnded, ended]);
    holder.abort_transaction().await.unwrap();

    let answers = store.end_attempts(endings()).await.unwrap();
    assert_eq!(answers, [ended, ended, ended]);
    shared.close().await;
}

#[tokio::test]
async fn an_end_that_is_stored_already_is_known_though_the_execution_runs_again() {
    let shared = Shared::open().await;
    let store = &shared.store;
    queued(store, "job_1", &["exec_1"]).await;
    let [first] = <[Claim; 1]>::try_from(claim_these(store, &["exec_1"]).await).unwrap();
    let retry = || {
        let follow_up = FollowUp::Retry {
            available_at: shared.clock.now(),
        };
        let end = Ending {
            follow_up,
            ..finished(attempt(1, OutcomeCode::FailedRetryable))
        };
        vec![(first.clone(), end)]
    };
    let queued = [EndAnswer::Ended(ExecutionStatus::Queued)];
    for _ in 0..2 {
        assert_eq!(store.end_attempts(retry()).await.unwrap(), queued);
    }
    let second = claim_these(store, &["exec_1"]).await;
    assert_eq!(store.end_attempts(retry()).await.unwrap(), queued);
    let renewed = store.renew(&second, LEASE).await.unwrap();
    assert_eq!(renewed, [LeaseAnswer::Renewed]);
    shared.close().await;
}

#[tokio::test]
async fn a_job_in_an_open_transaction_keeps_no_other_slot_waiting() {
    let shared = Shared::open().await;
    let store = &shared.store;
    let one = firing(&inserted(store, job("job_1")).await);
    let other = firing(&inserted(store, job("job_2")).await);

    let mut holder = shared.held_in(JOBS, "job_1").await;
    let failed = store.fire(vec![one.clone(), other.clone()]).await;
    assert!(failed.unwrap_err().is_retryable());
    holder.abort_transaction().await.unwrap();

    let fired = store.fire(vec![one, other]).await.unwrap();
    let new = Fired::Stored(ExecutionStatus::Queued);
    assert_eq!(fired, [new, Fired::Outdated]);
    shared.close().await;
}

#[tokio::test]
async fn an_end_that_the_server_refuses_is_stored_without_what_it_brings() {
    let shared = Shared::open().await;
    let store = &shared.store;
    queued(store, "job_1", &["exec_1", "exec_2"]).await;
    let claims = claim_these(store, &["exec_1", "exec_2"]).await;
    // No name of a member holds this character (BSON specification, "cstring").
    let results = [json!({"\u{0}": 1}), json!({"a": 1})];
    let endings = claims.iter().zip(results).map(|(claim, result)| {
        let mut ending = finished(attempt(1, OutcomeCode::Success));
        ending.follow_up = FollowUp::Finished {
            result: Some(result),
            message: None,
            artifacts: Vec::new(),
        };
        (claim.clone(), ending)
    });
    let answers = store.end_attempts(endings.collect()).await.unwrap();
    let [refused, kept] = [ExecutionStatus::Failed, ExecutionStatus::Success];
    assert_eq!(answers, [refused, kept].map(EndAnswer::Ended));
    let execution = stored(store, "exec_1").await;
    assert_eq!(execution.outcome, Some(OutcomeCode::HostFault));
    assert_eq!(execution.result, None);
    assert_eq!(stored(store, "exec_2").await.result, Some(json!({"a": 1})));
    shared.close().await;
}

#[tokio::test]
async fn a_store_notes_the_sessions_of_its_transactions() {
    let shared = Shared::open().await;
    queued(&shared.store, "job_1", &["exec_1"]).await;
    let stores = shared.documents(SESSIONS);
    let noted = stores.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(noted.get_array("sessions").unwrap().len(), 1);
    shared.close().await;
}

#[tokio::test]
async fn what_a_silent_store_left_open_is_ended_by_others() {
    let shared = Shared::open().await;
    queued(&shared.store, "job_1", &["exec_1", "exec_2"]).await;
    let mut living = shared.held("exec_1").await;
    let mut silent = shared.held("exec_2").await;
    let stores = shared.documents(SESSIONS);
    for (name, session, seconds) in [("living", &living, 6), ("silent", &silent, 7)] {
        let seen_at = shared.now() - Duration::from_secs(seconds);
        let seen_at = DateTime::from_millis(seen_at.as_millisecond());
        let note = doc! {"_id": name, "sessions": [session.id()], "seen_at": seen_at};
        stores.insert_one(note).await.unwrap();
    }

    shared.report().await;
    assert_eq!(names(&claim(&shared.store, 10).await), ["exec_2"]);
    assert_eq!(
        stores
            .count_documents(doc! {"_id": "silent"})
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        stores
            .count_documents(doc! {"_id": "living"})
            .await
            .unwrap(),
        1
    );
    silent.commit_transaction().await.unwrap_err();
    living.commit_transaction().await.unwrap();
    shared.close().await;
}
