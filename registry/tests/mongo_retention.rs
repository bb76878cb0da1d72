//! What the server may remove, and when: records of executions that have ended, and nothing else.

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
use object_store::{ObjectStoreExt as _, PutPayload, path::Path};
use sandglass_contract::{HostInstanceId, OutcomeCode};
use sandglass_registry::{
    ExecutionStatus, HostOrder, HostReport, Labels, Retention, Store,
    mongo::{MongoArtifacts, MongoConnection, MongoStore},
    store::Records,
};

use sample::{at, attempt, claim_one, ended, enqueued, entry, finished, line, queued, retried};

/// Reports a host, which is when records are seen to.
async fn report(store: &Arc<dyn Store>) {
    let report = HostReport {
        name: "host-1".to_owned(),
        instance: HostInstanceId::parse("host_a").unwrap(),
        labels: Labels::default(),
        places: 1,
        running: 0,
        follows: HostOrder::Work,
        started_at: at(0),
        version: "1.0.0".to_owned(),
    };
    let _ = store.report_host(&report).await.unwrap();
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn only_what_has_ended_is_let_go_and_only_as_long_after_as_was_said() {
    let url = mongodb::url("retention");
    let connection = MongoConnection::open(&url).await.unwrap();
    let client = Client::with_uri_str(&url).await.unwrap();
    let database = client.default_database().unwrap();
    let clock = sample::start();
    let opened = MongoStore::open_with_time_of(&connection, Arc::new(clock.clone())).await;
    let kept = Retention::default().with(ExecutionStatus::Success, DAY);
    let store: Arc<dyn Store> = Arc::new(opened.unwrap().keeping(kept));
    let expiring = async |collection: &str| {
        let expiring = doc! {"expire_at": {"$exists": true}};
        let documents = database.collection::<Document>(collection);
        documents.count_documents(expiring).await.unwrap()
    };

    let job = queued(&store, "job_1", &["exec_1"]).await;
    let claim = claim_one(&store).await;
    let records = Records {
        log: vec![line(1, "hello")],
        journal: vec![entry(1, 1, sandglass_contract::CallOutcome::Ok)],
        progress: None,
    };
    store.record(&claim, records).await.unwrap();
    let artifacts = MongoArtifacts::new(&connection, Arc::new(clock.clone()));
    for path in ["runs/exec_1/1/a", "runs/exec_10/1/a"] {
        let bytes = PutPayload::from_static(b"a");
        artifacts.put(&Path::from(path), bytes).await.unwrap();
    }
    let retry = retried(attempt(1, OutcomeCode::FailedRetryable), at(0));
    ended(&store, &claim, retry).await;
    let collections = ["job_executions", "execution_logs", "effect_journal"];
    for collection in collections {
        assert_eq!(
            expiring(collection).await,
            0,
            "{collection} while it goes on"
        );
    }

    let claim = claim_one(&store).await;
    ended(&store, &claim, finished(attempt(2, OutcomeCode::Success))).await;
    let executions = database.collection::<Document>("job_executions");
    let one = doc! {"_id": "exec_1"};
    let unsettled = doc! {"$set": {"unsettled": true}};
    executions.update_one(one.clone(), unsettled).await.unwrap();
    report(&store).await;
    for collection in collections {
        let left = expiring(collection).await;
        assert_eq!(left, 0, "{collection} before others have heard of the end");
    }
    let settled = doc! {"$unset": {"unsettled": ""}};
    executions.update_one(one, settled).await.unwrap();
    report(&store).await;
    for collection in collections {
        assert_eq!(expiring(collection).await, 1, "{collection} after the end");
    }
    for collection in ["artifacts.files", "artifacts.chunks"] {
        assert_eq!(expiring(collection).await, 1, "{collection} of that one");
    }
    let executions = database.collection::<Document>("job_executions");
    let stored = executions.find_one(doc! {"_id": "exec_1"}).await.unwrap();
    let expires = *stored.unwrap().get_datetime("expire_at").unwrap();
    let expect = at(7).as_millisecond() + i64::try_from(DAY.as_millis()).unwrap();
    assert_eq!(expires.timestamp_millis(), expect);

    // Of failures nothing was said.
    enqueued(&store, &job, &["exec_2"]).await;
    let claim = claim_one(&store).await;
    ended(&store, &claim, finished(attempt(1, OutcomeCode::Failed))).await;
    report(&store).await;
    assert_eq!(expiring("job_executions").await, 1);
    database.drop().await.unwrap();
}
