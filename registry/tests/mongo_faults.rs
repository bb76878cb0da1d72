//! Faults of the server while the store works: whatever answer is lost, nothing happens twice and
//! nothing that was promised is missing.
//!
//! The faults are put in by the server itself (`failCommand`, MongoDB's tests use it), for the
//! connections of one test alone. A server that has no such command makes these tests fail: start it
//! with its test commands enabled.

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

use std::{sync::Arc, time::Duration};

use ::mongodb::{
    Client,
    bson::{Document, doc},
};
use sandglass_contract::{OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    Execution, ExecutionStatus, Store,
    mongo::{MongoConnection, MongoStore},
    store::{Fired, LeaseAnswer, Records},
};

use sample::{
    LEASE, at, attempt, claim, claim_one, entry, execution, finished, firing, inserted, job, line,
    queued, scope, stored, stored_job,
};

/// A store whose connections the server can be told to fail.
struct Broken {
    store: Arc<dyn Store>,
    clock: ManualClock,
    admin: Client,
    database: String,
    name: String,
}

impl Broken {
    async fn open() -> Self {
        let name = mongodb::unique_name("faults");
        let url = mongodb::url("faults");
        let joint = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{joint}appName={name}&serverSelectionTimeoutMS=15000");
        let connection = MongoConnection::open(&url).await.unwrap();
        let clock = sample::start();
        let store = MongoStore::open_with_time_of(&connection, Arc::new(clock.clone())).await;
        Self {
            store: Arc::new(store.unwrap()),
            clock,
            admin: Client::with_uri_str(mongodb::url("unused")).await.unwrap(),
            database: connection.database_name().to_owned(),
            name,
        }
    }

    /// The next of these commands fails so.
    async fn fail(&self, commands: &[&str], how: &Document) {
        let mut data = doc! {"failCommands": commands, "appName": &self.name};
        data.extend(how.clone());
        let admin = self.admin.database("admin");
        let armed = admin.run_command(doc! {
            "configureFailPoint": "failCommand", "mode": {"times": 1}, "data": data,
        });
        armed.await.unwrap();
    }

    async fn close(self) {
        self.admin.database(&self.database).drop().await.unwrap();
    }
}

/// The ways in which an answer is lost: the connection, the primary, the promise that it stays, time.
fn faults() -> [(&'static str, Document); 5] {
    let lost = doc! {"code": 64, "errmsg": "waiting for replication timed out"};
    [
        ("the connection is closed", doc! {"closeConnection": true}),
        ("not the primary", doc! {"errorCode": 10_107}),
        ("shutting down", doc! {"errorCode": 91}),
        ("may not stay", doc! {"writeConcernError": lost}),
        ("slow", doc! {"blockConnection": true, "blockTimeMS": 300}),
    ]
}

/// Asks until the store answers, as the scheduler does.
async fn answered<T>(mut ask: impl AsyncFnMut() -> Result<T, sandglass_registry::StoreError>) -> T {
    for _ in 0..10 {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    unreachable!("the store does not recover")
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_takes_nothing_twice() {
    for (fault, how) in faults() {
        let broken = Broken::open().await;
        let store = &broken.store;
        queued(store, "job_1", &["exec_1", "exec_2", "exec_3"]).await;
        broken.fail(&["update"], &how).await;
        let request = || sample::request(10);
        let first = answered(async || store.claim(request()).await)
            .await
            .claimed;
        // What a lost claim took, nobody holds: it is found again when its lease has run out.
        broken.clock.advance(LEASE);
        let second = answered(async || store.claim(request()).await)
            .await
            .claimed;
        for held in &second {
            let earlier = first.iter().find(|it| it.execution.id == held.execution.id);
            let fence = earlier.map_or(0, |it| it.execution.fence.0);
            assert!(held.execution.fence.0 > fence, "{fault}");
            let current = stored(store, held.execution.id.as_str()).await;
            assert_eq!(current.fence, held.execution.fence, "{fault}");
        }
        assert_eq!(second.len(), 3, "{fault}");
        broken.close().await;
    }
}

#[tokio::test]
async fn an_end_whose_answer_is_lost_is_stored_once() {
    for (fault, how) in faults() {
        for commands in [["update"], ["commitTransaction"]] {
            let broken = Broken::open().await;
            let store = &broken.store;
            queued(store, "job_1", &["exec_1"]).await;
            let held = claim_one(store).await;
            let mut ending = finished(attempt(1, OutcomeCode::Success));
            ending.records.log = vec![line(1, "the end")];
            broken.fail(&commands, &how).await;
            answered(async || {
                store
                    .end_attempts(vec![(held.clone(), ending.clone())])
                    .await
            })
            .await;
            let execution = stored(store, "exec_1").await;
            assert_eq!(
                execution.status,
                ExecutionStatus::Success,
                "{fault} {commands:?}"
            );
            assert_eq!(execution.attempts.len(), 1, "{fault} {commands:?}");
            let log = store.log(&scope(), &execution.id, 0, 10).await.unwrap();
            assert_eq!(log.len(), 1, "{fault} {commands:?}");
            broken.close().await;
        }
    }
}

#[tokio::test]
async fn a_slot_whose_answer_is_lost_is_stored_once_and_moves_its_job_on_once() {
    for (fault, how) in faults() {
        for commands in [["insert"], ["update"], ["commitTransaction"]] {
            let broken = Broken::open().await;
            let store = &broken.store;
            let before = inserted(store, job("job_1")).await;
            let slot = firing(&before);
            broken.fail(&commands, &how).await;
            let fired = answered(async || store.fire(vec![slot.clone()]).await).await;
            assert_ne!(fired, [Fired::AlreadyStored], "{fault} {commands:?}");
            stored(store, slot.execution.id.as_str()).await;
            let after = stored_job(store, "job_1").await;
            let next = before.next_run_at.unwrap() + Duration::from_secs(60);
            assert_eq!(after.next_run_at, Some(next), "{fault} {commands:?}");
            broken.close().await;
        }
    }
}

#[tokio::test]
async fn a_record_and_a_lease_whose_answer_is_lost_hold_under_the_fence_alone() {
    for (fault, how) in faults() {
        let broken = Broken::open().await;
        let store = &broken.store;
        queued(store, "job_1", &["exec_1"]).await;
        let held = claim_one(store).await;
        let records = Records {
            log: vec![line(1, "once")],
            journal: vec![entry(1, 1, sandglass_contract::CallOutcome::Ok)],
            progress: None,
        };
        broken.fail(&["update"], &how).await;
        answered(async || store.record(&held, records.clone()).await).await;
        broken.fail(&["update"], &how).await;
        let renewed = answered(async || {
            let claims = std::slice::from_ref(&held);
            store.renew(claims, LEASE).await
        });
        assert_eq!(renewed.await, [LeaseAnswer::Renewed], "{fault}");
        let (journal, total) = store
            .journal(&scope(), &held.execution, 0, 10)
            .await
            .unwrap();
        assert_eq!((journal.len(), total), (1, 1), "{fault}");
        broken.clock.advance(LEASE);
        assert_eq!(claim(store, 10).await.len(), 1, "{fault}");
        let refused = store.record(&held, records).await;
        sample::assert_fenced(refused);
        broken.close().await;
    }
}

#[tokio::test]
async fn a_jump_of_the_clock_that_every_host_tells_of_is_followed_once() {
    let broken = Broken::open().await;
    let store = &broken.store;
    let job = inserted(store, job("job_1")).await;
    let later = Execution {
        available_at: at(7200),
        ..execution(&job, "exec_1")
    };
    store.enqueue(&scope(), &later).await.unwrap();
    let hour = Duration::from_secs(3600);
    for told in [0, 1] {
        store.reanchor(at(told), hour).await.unwrap();
        assert_eq!(stored(store, "exec_1").await.available_at, at(3600));
    }
    // Another jump, later.
    store.reanchor(at(120), hour).await.unwrap();
    assert_eq!(stored(store, "exec_1").await.available_at, at(120));
    broken.close().await;
}
