//! Claims, fences and leases.

use std::{collections::HashSet, sync::Arc, time::Duration};

use sandglass_contract::{OutcomeCode, Progress, clock::testing::ManualClock};
use sandglass_registry::{
    Execution, ExecutionStatus, Fence, Labels, Store, Version,
    store::{Claim, LeaseAnswer, Records, ScheduleChange},
};

use super::sample::{
    LEASE, assert_fenced, assert_lost, at, attempt, claim, claim_one, ended, entry, execution,
    finished, line, next_version, queued, retried, scope, stored, stored_job,
};

pub(crate) async fn the_longest_waiting_are_claimed_first(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    for (id, available) in [("exec_1", 3), ("exec_2", 1), ("exec_3", 2), ("exec_4", 2)] {
        let waiting = Execution {
            available_at: at(available),
            ..execution(&job, id)
        };
        store.enqueue(&scope(), &waiting).await.unwrap();
    }
    clock.advance(Duration::from_secs(5));
    let first: Vec<_> = claim(&store, 3).await;
    let ids: Vec<_> = first.iter().map(|it| it.execution.id.as_str()).collect();
    assert_eq!(ids, ["exec_2", "exec_3", "exec_4"]);
    assert_eq!(claim_one(&store).await.execution.as_str(), "exec_1");
}

pub(crate) async fn nothing_is_claimed_before_its_time(store: Arc<dyn Store>, clock: ManualClock) {
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );
    let job = queued(&store, "job_1", &[]).await;
    let later = Execution {
        available_at: at(10),
        ..execution(&job, "exec_1")
    };
    store.enqueue(&scope(), &later).await.unwrap();
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        Some(at(10))
    );
    clock.advance(Duration::from_millis(9_999));
    assert!(claim(&store, 10).await.is_empty());
    clock.advance(Duration::from_millis(1));
    claim_one(&store).await;
    let lease_ends = at(10) + LEASE;
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        Some(lease_ends)
    );
}

pub(crate) async fn a_claim_brings_the_job_as_it_was(store: Arc<dyn Store>, clock: ManualClock) {
    let job = queued(&store, "job_1", &["exec_1"]).await;
    let mut changed = next_version(&job);
    changed.parameters.clear();
    store
        .replace_job(&scope(), &changed, Version(1), ScheduleChange::Keep)
        .await
        .unwrap();
    clock.advance(Duration::from_secs(4));
    let claimed = claim(&store, 10).await.pop().unwrap();
    assert_eq!(*claimed.job, job);
    let execution = &claimed.execution;
    assert_eq!(execution.status, ExecutionStatus::Running);
    assert_eq!((execution.fence, execution.attempt), (Fence(1), 1));
    assert_eq!(execution.started_at, Some(at(4)));
    assert_eq!(execution.execution_host.as_deref(), Some("host-1"));
    assert_eq!(*execution, stored(&store, "exec_1").await);
    let last_run_at = stored_job(&store, "job_1").await.last_run_at;
    assert_eq!(last_run_at, Some(at(4)));
}

pub(crate) async fn a_claim_holds_until_its_lease_runs_out(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    claim_one(&store).await;
    clock.advance(LEASE - Duration::from_millis(1));
    assert!(claim(&store, 10).await.is_empty());
    clock.advance(Duration::from_millis(1));
    claim_one(&store).await;
}

pub(crate) async fn a_lost_worker_leaves_an_attempt_behind(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    let lost = claim_one(&store).await;
    clock.advance(LEASE + Duration::from_secs(1));
    let claimed = claim(&store, 10).await.pop().unwrap();
    let execution = &claimed.execution;
    assert_eq!((execution.fence, execution.attempt), (Fence(2), 2));
    assert_eq!(execution.started_at, Some(at(0)));
    assert_eq!(execution.attempts.len(), 1);
    let left = &execution.attempts[0];
    assert_eq!((left.attempt, left.outcome), (1, OutcomeCode::LeaseLost));
    assert_eq!(left.execution_host, "host-1");
    assert_eq!(left.started_at, at(0));
    assert_eq!(*execution, stored(&store, "exec_1").await);
    assert_ne!(claimed.claim(), lost);
}

pub(crate) async fn a_renewed_lease_holds_on(store: Arc<dyn Store>, clock: ManualClock) {
    queued(&store, "job_1", &["exec_1"]).await;
    let held = claim_one(&store).await;
    clock.advance(LEASE / 2);
    let stale = Claim {
        fence: Fence(0),
        ..held.clone()
    };
    let answers = store.renew(&[stale, held], LEASE).await.unwrap();
    assert_eq!(answers, [LeaseAnswer::Lost, LeaseAnswer::Renewed]);
    clock.advance(LEASE - Duration::from_millis(1));
    assert!(claim(&store, 10).await.is_empty());
    assert_eq!(store.renew(&[], LEASE).await.unwrap(), []);
}

pub(crate) async fn a_stale_claim_writes_nothing(store: Arc<dyn Store>, clock: ManualClock) {
    queued(&store, "job_1", &["exec_1"]).await;
    let stale = claim_one(&store).await;
    clock.advance(LEASE);
    let current = claim_one(&store).await;
    let before = stored(&store, "exec_1").await;

    let records = Records {
        log: vec![line(1, "too late")],
        journal: vec![entry(1, 1, sandglass_contract::CallOutcome::Ok)],
        progress: Some(Progress {
            done: 1,
            total: None,
            note: None,
        }),
    };
    assert_fenced(store.record(&stale, records.clone()).await);
    let only_log = Records {
        progress: None,
        ..records.clone()
    };
    assert_fenced(store.record(&stale, only_log).await);
    let mut ending = finished(attempt(1, OutcomeCode::Success));
    ending.records = records;
    assert_lost(&store, &stale, ending).await;
    let retry = retried(attempt(1, OutcomeCode::HostFault), at(99));
    assert_lost(&store, &stale, retry).await;

    assert_eq!(stored(&store, "exec_1").await, before);
    let id = &current.execution;
    assert_eq!(store.log(&scope(), id, 0, 10).await.unwrap(), []);
    let journal = store.journal(&scope(), id, 0, 10).await.unwrap();
    assert_eq!(journal, (Vec::new(), 0));
    let ending = finished(attempt(2, OutcomeCode::Success));
    ended(&store, &current, ending).await;
}

pub(crate) async fn concurrent_claims_never_share_an_execution(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    for number in 0..60 {
        let waiting = execution(&job, &format!("exec_{number}"));
        store.enqueue(&scope(), &waiting).await.unwrap();
    }
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = claim(&store, 3).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|it| it.execution.id));
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 60);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 60);
}
