//! Hosts: what they report, what they are told, whose name it is, and what they may run.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sandglass_contract::{HostInstanceId, OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    ConcurrencyLimit, Execution, HostOrder, HostRecord, HostReport, HostState, Job, Labels,
    LimitedBy, Placement, Store, StoreError,
    host::AT_WORK_FOR,
    store::{ClaimRequest, HostAnswer},
};
use serde_json::{Value, json};

use super::sample::{
    LEASE, assert_refused, at, attempt, claim, ended, enqueued, execution, finished, inserted, job,
    queued, request, scope, status, user,
};

pub(crate) fn report(name: &str, instance: &str) -> HostReport {
    HostReport {
        name: name.to_owned(),
        instance: HostInstanceId::parse(instance).unwrap(),
        labels: labels(json!({"zone": "eu", "a.b": "C-1"})),
        places: 8,
        running: 3,
        follows: HostOrder::Work,
        started_at: at(-5),
        version: "$1.2.3".to_owned(),
    }
}

fn labels(written: Value) -> Labels {
    serde_json::from_value(written).unwrap()
}

async fn work(store: &Arc<dyn Store>, report: &HostReport) {
    let answer = store.report_host(report).await.unwrap();
    assert_eq!(answer, HostAnswer::Order(HostOrder::Work));
}

async fn hosts(store: &Arc<dyn Store>) -> Vec<(String, HostState)> {
    let hosts = store.hosts().await.unwrap();
    let shown = hosts.into_iter().map(|it| (it.report.name, it.state));
    shown.collect()
}

async fn host(store: &Arc<dyn Store>) -> HostRecord {
    let mut hosts = store.hosts().await.unwrap();
    assert_eq!(hosts.len(), 1, "{hosts:?}");
    hosts.pop().unwrap()
}

pub(crate) async fn a_host_is_read_as_it_reported_itself(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    assert_eq!(store.hosts().await.unwrap(), []);
    let first = report("host-1", "host_a");
    work(&store, &first).await;
    assert_eq!(host(&store).await.report, first);
    clock.advance(Duration::from_secs(5));
    let second = HostReport {
        running: 4,
        ..first
    };
    work(&store, &second).await;
    let record = host(&store).await;
    assert_eq!(record.report, second);
    assert_eq!(record.last_seen_at, at(5));
    assert_eq!(record.state, HostState::Live);
    assert_eq!(
        (record.order.order, record.order.by),
        (HostOrder::Work, None)
    );
}

pub(crate) async fn a_host_shows_what_it_holds(store: Arc<dyn Store>, _clock: ManualClock) {
    work(&store, &report("host-1", "host_a")).await;
    queued(&store, "job_1", &["exec_1", "exec_2", "exec_3"]).await;
    let claimed = claim(&store, 2).await;
    let held = host(&store).await.held;
    assert_eq!(held.count, 2);
    let ids: Vec<_> = held.named.iter().map(|it| it.as_str()).collect();
    assert_eq!(ids, ["exec_1", "exec_2"]);
    let ending = finished(attempt(1, OutcomeCode::Success));
    ended(&store, &claimed[0].claim(), ending).await;
    assert_eq!(host(&store).await.held.count, 1);
}

pub(crate) async fn a_silent_host_is_lost_and_then_forgotten(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    work(&store, &report("host-1", "host_a")).await;
    work(&store, &report("host-2", "host_b")).await;
    clock.advance(Duration::from_secs(30));
    work(&store, &report("host-2", "host_b")).await;
    assert_eq!(hosts(&store).await[0].1, HostState::Live);
    clock.advance(Duration::from_millis(1));
    let expect = [
        ("host-1".to_owned(), HostState::Lost),
        ("host-2".to_owned(), HostState::Live),
    ];
    assert_eq!(hosts(&store).await, expect);
    clock.advance(Duration::from_secs(24 * 3600 - 31));
    work(&store, &report("host-2", "host_b")).await;
    assert_eq!(hosts(&store).await.len(), 2);
    clock.advance(Duration::from_secs(1));
    work(&store, &report("host-2", "host_b")).await;
    let expect = [("host-2".to_owned(), HostState::Live)];
    assert_eq!(hosts(&store).await, expect);
}

pub(crate) async fn a_host_hears_what_it_is_told(store: Arc<dyn Store>, clock: ManualClock) {
    let drain = HostOrder::Drain;
    let unknown = store.order_host("host-1", drain, &user()).await;
    assert_refused!(unknown, StoreError::NotFound { what: "host" });
    let mut report = report("host-1", "host_a");
    work(&store, &report).await;
    clock.advance(Duration::from_secs(1));
    let record = store.order_host("host-1", drain, &user()).await.unwrap();
    assert_eq!(record.state, HostState::Draining);
    assert_eq!(record.order.by, Some(user()));
    assert_eq!(record.order.at, Some(at(1)));

    let answer = store.report_host(&report).await.unwrap();
    assert_eq!(answer, HostAnswer::Order(drain));
    report.follows = drain;
    store.report_host(&report).await.unwrap();
    assert_eq!(host(&store).await.state, HostState::Draining);
    report.running = 0;
    store.report_host(&report).await.unwrap();
    let drained = host(&store).await;
    assert_eq!(
        (drained.state, drained.order),
        (HostState::Drained, record.order)
    );

    let resumed = store.order_host("host-1", HostOrder::Work, &user()).await;
    assert_eq!(resumed.unwrap().order.order, HostOrder::Work);
    work(&store, &report).await;
}

pub(crate) async fn those_at_work_are_counted_upon(store: Arc<dyn Store>, clock: ManualClock) {
    let at_work = async || store.hosts_at_work().await.unwrap();
    assert_eq!(at_work().await, [""; 0]);
    let first = report("host-1", "host_a");
    work(&store, &first).await;
    assert_eq!(at_work().await, ["host-1"]);
    let ends = HostReport {
        follows: HostOrder::Drain,
        ..first.clone()
    };
    work(&store, &ends).await;
    assert_eq!(at_work().await, [""; 0], "it shuts down");
    work(&store, &first).await;
    let drain = HostOrder::Drain;
    store.order_host("host-1", drain, &user()).await.unwrap();
    assert_eq!(at_work().await, [""; 0], "it was told to drain");
    let again = HostOrder::Work;
    store.order_host("host-1", again, &user()).await.unwrap();
    clock.advance(AT_WORK_FOR - Duration::from_millis(1));
    assert_eq!(at_work().await, ["host-1"]);
    clock.advance(Duration::from_millis(1));
    assert_eq!(at_work().await, [""; 0], "it is silent");
}

pub(crate) async fn a_name_belongs_to_one_process(store: Arc<dyn Store>, clock: ManualClock) {
    let (first, second) = (report("host-1", "host_a"), report("host-1", "host_b"));
    work(&store, &first).await;
    let drain = HostOrder::Drain;
    store.order_host("host-1", drain, &user()).await.unwrap();
    clock.advance(Duration::from_millis(14_999));
    let taken = HostAnswer::NameTaken {
        by: first.instance.clone(),
    };
    assert_eq!(store.report_host(&second).await.unwrap(), taken);
    assert_eq!(host(&store).await.report, first);
    clock.advance(Duration::from_millis(1));
    let answer = store.report_host(&second).await.unwrap();
    assert_eq!(answer, HostAnswer::Order(drain), "the order stands");
    assert_eq!(host(&store).await.report, second);
    let taken = HostAnswer::NameTaken {
        by: second.instance.clone(),
    };
    assert_eq!(store.report_host(&first).await.unwrap(), taken);

    store.forget_host(&first.instance).await.unwrap();
    assert_eq!(host(&store).await.report, second);
    store.forget_host(&second.instance).await.unwrap();
    assert_eq!(store.hosts().await.unwrap(), []);
    work(&store, &first).await;
}

/// A job that asks for labels.
fn placed(name: &str, placement: Value) -> Job {
    Job {
        placement: serde_json::from_value(placement).unwrap(),
        ..job(name)
    }
}

async fn claim_with(store: &Arc<dyn Store>, has: Value, expect: &[&str]) {
    let request = ClaimRequest {
        labels: labels(has.clone()),
        ..request(10)
    };
    let claimed = store.claim(request).await.unwrap().claimed;
    let ids: BTreeSet<_> = claimed.iter().map(|it| it.execution.id.as_str()).collect();
    assert_eq!(ids, BTreeSet::from_iter(expect.iter().copied()), "{has}");
}

pub(crate) async fn an_execution_is_claimed_where_its_placement_is_met(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let of = async |name: &str, placement: Value| {
        let job = inserted(&store, placed(name, placement)).await;
        enqueued(&store, &job, &[&format!("exec_{name}")]).await;
    };
    of("us", json!({"zone": "us"})).await;
    of("both", json!({"zone": "eu", "disk": "fast"})).await;
    of("eu", json!({"zone": "eu"})).await;
    of("any", json!({})).await;
    assert_eq!(
        store.next_claimable(&labels(json!({}))).await.unwrap(),
        Some(at(0))
    );
    claim_with(
        &store,
        json!({"zone": "eu", "gpu": "a"}),
        &["exec_eu", "exec_any"],
    )
    .await;
    claim_with(&store, json!({}), &[]).await;
    claim_with(&store, json!({"zone": "asia", "disk": "fast"}), &[]).await;
    assert_eq!(status(&store, "exec_us").await.as_str(), "queued");
    let both = json!({"disk": "fast", "zone": "eu"});
    claim_with(&store, both, &["exec_both"]).await;
    let stored = super::sample::stored(&store, "exec_us").await;
    let expect: Placement = serde_json::from_value(json!({"zone": "us"})).unwrap();
    assert_eq!(stored.placement, expect);
}

pub(crate) async fn what_a_host_may_not_run_does_not_wake_it(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let job = inserted(&store, placed("job_1", json!({"zone": "us"}))).await;
    let later = Execution {
        available_at: at(10),
        ..execution(&job, "exec_1")
    };
    store.enqueue(&scope(), &later).await.unwrap();
    let (eu, us) = (labels(json!({"zone": "eu"})), labels(json!({"zone": "us"})));
    assert_eq!(store.next_claimable(&eu).await.unwrap(), None);
    assert_eq!(store.next_claimable(&us).await.unwrap(), Some(at(10)));
    clock.advance(Duration::from_secs(10));
    claim_with(&store, json!({"zone": "us"}), &["exec_1"]).await;
    assert_eq!(store.next_claimable(&eu).await.unwrap(), None);
    let lease_ends = at(10) + LEASE;
    assert_eq!(store.next_claimable(&us).await.unwrap(), Some(lease_ends));
    clock.advance(LEASE);
    claim_with(&store, json!({"zone": "eu"}), &[]).await;
    claim_with(&store, json!({"zone": "us"}), &["exec_1"]).await;
}

pub(crate) async fn what_a_host_may_not_run_hides_nothing_behind_it(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let us = inserted(&store, placed("us", json!({"zone": "us"}))).await;
    let any = inserted(&store, placed("any", json!({}))).await;
    for number in 0..40 {
        enqueued(&store, &us, &[&format!("exec_us_{number}")]).await;
    }
    enqueued(&store, &any, &["exec_1", "exec_2"]).await;
    let first = store.claim(request(1)).await.unwrap().claimed;
    assert_eq!(first[0].execution.id.as_str(), "exec_1");

    // The same at the gate of a limit, where the others wait as well.
    let limit = ConcurrencyLimit {
        of: LimitedBy::Template(us.template_type.clone()),
        most: 1,
    };
    store.set_concurrency_limit(&scope(), &limit).await.unwrap();
    let with_us = ClaimRequest {
        labels: labels(json!({"zone": "us"})),
        ..request(5)
    };
    assert!(store.claim(with_us).await.unwrap().claimed.is_empty());
    let ending = finished(attempt(1, OutcomeCode::Success));
    ended(&store, &first[0].claim(), ending).await;
    claim_with(&store, json!({}), &["exec_2"]).await;
}
