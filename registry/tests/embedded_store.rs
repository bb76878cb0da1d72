//! The embedded store keeps every promise of the `Store` traits.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod conformance;

use std::sync::Arc;

use sandglass_contract::OutcomeCode;
use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{
    HostOrder, Store,
    embedded::EmbeddedStore,
    store::{ExecutionStore as _, HostAnswer, HostStore as _, JobStore as _},
};
use tempfile::TempDir;

use conformance::{conformance_tests, sample::request};

async fn open() -> (Arc<dyn Store>, ManualClock, TempDir) {
    let folder = TempDir::new().unwrap();
    let clock = conformance::sample::start();
    let store = EmbeddedStore::open(folder.path(), Arc::new(clock.clone())).unwrap();
    (Arc::new(store), clock, folder)
}

conformance_tests!(open);

#[tokio::test]
async fn the_name_of_a_host_is_free_when_the_store_is_opened_anew() {
    let folder = TempDir::new().unwrap();
    let clock = conformance::sample::start();
    for instance in ["host_a", "host_b"] {
        let store = EmbeddedStore::open(folder.path(), Arc::new(clock.clone())).unwrap();
        let report = conformance::hosts::report("host-1", instance);
        let answer = store.report_host(&report).await.unwrap();
        assert_eq!(answer, HostAnswer::Order(HostOrder::Work));
    }
}

#[tokio::test]
async fn what_ran_when_the_store_was_closed_is_claimed_at_once_when_it_is_opened() {
    let folder = TempDir::new().unwrap();
    let clock = conformance::sample::start();
    let open = || EmbeddedStore::open(folder.path(), Arc::new(clock.clone())).unwrap();
    let store = open();
    let job = conformance::sample::job("interrupted");
    let scope = conformance::sample::scope();
    store.insert_job(&scope, &job).await.unwrap();
    let execution = conformance::sample::execution(&job, "exec_interrupted");
    store.enqueue(&scope, &execution).await.unwrap();
    assert_eq!(store.claim(request(1)).await.unwrap().claimed.len(), 1);
    assert!(store.claim(request(1)).await.unwrap().claimed.is_empty());
    drop(store);

    let claimed = open().claim(request(1)).await.unwrap().claimed;
    let again = &claimed.first().unwrap().execution;
    assert_eq!(again.attempt, 2);
    let lost = again.attempts.first().unwrap();
    assert_eq!(lost.outcome, OutcomeCode::LeaseLost);
}
