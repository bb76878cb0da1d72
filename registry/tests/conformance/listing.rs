//! Reading executions.

use std::{num::NonZeroU32, sync::Arc};

use sandglass_contract::{CallOutcome, clock::testing::ManualClock};
use sandglass_registry::{
    Execution, ExecutionStatus, PageRequest, Store, StoreError, Version,
    store::{ExecutionQuery, Records},
};

use super::sample::{
    assert_refused, at, claim_one, elsewhere, entry, execution, line, queued, scope, stored,
};

fn query(page: u32, limit: u32) -> ExecutionQuery {
    ExecutionQuery {
        job: None,
        backfill: None,
        status: Vec::new(),
        page: PageRequest::new(
            NonZeroU32::new(page).unwrap(),
            NonZeroU32::new(limit).unwrap(),
        ),
    }
}

pub(crate) async fn executions_are_listed_newest_first_and_narrowed(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_1", &[]).await;
    let second = queued(&store, "job_2", &[]).await;
    use ExecutionStatus::{Failed, Missed, Queued, Success};
    for (id, job, queued_at, status) in [
        ("exec_1", &first, 1, Success),
        ("exec_2", &first, 4, Queued),
        ("exec_3", &second, 3, Success),
        ("exec_4", &second, 2, Missed),
        ("exec_5", &first, 5, Failed),
    ] {
        let execution = Execution {
            status,
            queued_at: at(queued_at),
            ..execution(job, id)
        };
        store.enqueue(&scope(), &execution).await.unwrap();
    }
    let check = async |query: ExecutionQuery, expect: &[&str], total: u64| {
        let page = store.executions(&scope(), &query).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|it| it.id.as_str()).collect();
        assert_eq!((ids.as_slice(), page.total), (expect, total), "{query:?}");
    };
    check(query(1, 3), &["exec_5", "exec_2", "exec_3"], 5).await;
    check(query(2, 3), &["exec_4", "exec_1"], 5).await;
    let of_job = |status: &[ExecutionStatus]| ExecutionQuery {
        job: Some(first.id.clone()),
        status: status.to_vec(),
        ..query(1, 10)
    };
    check(of_job(&[]), &["exec_5", "exec_2", "exec_1"], 3).await;
    check(of_job(&[Success, Missed]), &["exec_1"], 1).await;
    let with = |status: &[ExecutionStatus]| ExecutionQuery {
        status: status.to_vec(),
        ..query(1, 10)
    };
    check(with(&[Success]), &["exec_3", "exec_1"], 2).await;
    check(with(&[Failed, Missed]), &["exec_5", "exec_4"], 2).await;
    check(with(&[ExecutionStatus::Skipped]), &[], 0).await;
    check(with(&[Queued, ExecutionStatus::Running]), &["exec_2"], 1).await;
    check(with(&[Queued, Success]), &["exec_2", "exec_3", "exec_1"], 3).await;
}

pub(crate) async fn an_execution_of_another_organisation_is_not_there(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    let records = Records {
        log: vec![line(1, "secret")],
        journal: vec![entry(1, 1, CallOutcome::Ok)],
        progress: None,
    };
    store.record(&held, records).await.unwrap();
    let id = &held.execution;
    let there = elsewhere();
    assert_eq!(store.execution(&there, id).await.unwrap(), None);
    assert_eq!(store.log(&there, id, 0, 10).await.unwrap(), []);
    let journal = store.journal(&there, id, 0, 10).await.unwrap();
    assert_eq!(journal, (Vec::new(), 0));
    let page = store.executions(&there, &query(1, 10)).await.unwrap();
    assert_eq!((page.items, page.total), (Vec::new(), 0));
    let smuggled = store.enqueue(&there, &execution(&job, "exec_2")).await;
    assert_refused!(smuggled, StoreError::NotFound { .. });
}

pub(crate) async fn an_execution_is_enqueued_once(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = queued(&store, "job_1", &["exec_1"]).await;
    let again = store.enqueue(&scope(), &execution(&job, "exec_1")).await;
    assert_refused!(again, StoreError::Exists { .. });
    let expect = execution(&job, "exec_1");
    assert_eq!(stored(&store, "exec_1").await, expect);
}

pub(crate) async fn an_execution_needs_its_job(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = Execution {
        job_version: Version(7),
        ..execution(&queued(&store, "job_1", &[]).await, "exec_1")
    };
    let other_version = store.enqueue(&scope(), &job).await;
    assert_refused!(other_version, StoreError::NotFound { .. });
    let unknown = execution(&super::sample::job("job_2"), "exec_1");
    let unknown = store.enqueue(&scope(), &unknown).await;
    assert_refused!(unknown, StoreError::NotFound { .. });
}
