//! Executions that wait for a worker: priorities, deadlines and workers that are lost.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    ConcurrencyLimit, Execution, ExecutionStatus, Labels, LimitedBy, OverlapPolicy, Store,
    job::Priority,
    store::{Overdue, ScheduleChange},
};

use super::{
    overlap::with_policy,
    sample::{
        LEASE, MOST_LOST, at, attempt, cancel, change_job, claim_answer, claim_one, claim_these,
        ended, execution, fire, firing, queued, retried, scope, stored, stored_job, succeed,
    },
};

pub(crate) async fn a_higher_priority_is_claimed_first(store: Arc<dyn Store>, clock: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    for (id, priority, available) in [
        ("exec_1", 5, 1),
        ("exec_2", 9, 3),
        ("exec_3", 0, 0),
        ("exec_4", 5, 0),
        ("exec_5", 9, 99),
    ] {
        let waiting = Execution {
            priority: Priority::new(priority).unwrap(),
            available_at: at(available),
            ..execution(&job, id)
        };
        store.enqueue(&scope(), &waiting).await.unwrap();
    }
    clock.advance(Duration::from_secs(5));
    claim_these(&store, &["exec_2", "exec_4", "exec_1", "exec_3"]).await;
    // One whose worker is lost has waited since its lease ran out.
    let late = Execution {
        available_at: at(30),
        ..execution(&job, "exec_6")
    };
    store.enqueue(&scope(), &late).await.unwrap();
    clock.advance(LEASE);
    let order = ["exec_2", "exec_6", "exec_1", "exec_4", "exec_3"];
    claim_these(&store, &order).await;
}

pub(crate) async fn an_execution_that_waits_too_long_is_missed(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    let waiting = Execution {
        available_at: at(100),
        queue_deadline: Some(at(10)),
        ..execution(&job, "exec_1")
    };
    store.enqueue(&scope(), &waiting).await.unwrap();
    assert_eq!(stored(&store, "exec_1").await, waiting);
    clock.advance(Duration::from_millis(9_999));
    let nothing = Overdue {
        ended: Vec::new(),
        next: Some(at(10)),
    };
    assert_eq!(store.end_overdue(10).await.unwrap(), nothing);
    clock.advance(Duration::from_millis(1));
    let overdue = store.end_overdue(10).await.unwrap();
    assert_eq!(overdue.ended, [waiting.id]);
    assert_eq!(overdue.next, None);
    let missed = stored(&store, "exec_1").await;
    assert_eq!(missed.status, ExecutionStatus::Missed);
    assert_eq!(missed.completed_at, Some(at(10)));
    let reason = missed.reason.unwrap();
    assert!(reason.contains("queue_timeout_seconds"), "{reason}");
    assert!(reason.contains("worker"), "{reason}");
    assert_eq!((missed.outcome, missed.error), (None, None));
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );
}

pub(crate) async fn one_that_waits_too_long_at_a_gate_is_missed_and_says_which(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let buffered = with_policy(&store, "job_1", OverlapPolicy::BufferOne).await;
    let mut slot = firing(&buffered);
    slot.execution.queue_deadline = Some(at(10));
    store
        .enqueue(&scope(), &execution(&buffered, "exec_1"))
        .await
        .unwrap();
    let held = claim_one(&store).await;
    fire(&store, slot.clone()).await;
    let limit = ConcurrencyLimit {
        of: LimitedBy::Template(buffered.template_type.clone()),
        most: 1,
    };
    store.set_concurrency_limit(&scope(), &limit).await.unwrap();
    let waiting = Execution {
        queue_deadline: Some(at(10)),
        ..execution(&queued(&store, "job_2", &[]).await, "exec_2")
    };
    store.enqueue(&scope(), &waiting).await.unwrap();
    claim_these(&store, &[]).await;
    clock.advance(Duration::from_secs(10));
    claim_these(&store, &[]).await;
    assert_eq!(store.end_overdue(1).await.unwrap().ended.len(), 1);
    assert_eq!(store.end_overdue(10).await.unwrap().ended.len(), 1);
    for (id, gate) in [
        (slot.execution.id.as_str(), "job:job_1"),
        ("exec_2", "template:test_scheduler"),
    ] {
        let missed = stored(&store, id).await;
        assert_eq!(missed.status, ExecutionStatus::Missed);
        assert_eq!(missed.waits_for, None);
        let reason = missed.reason.unwrap();
        assert!(reason.contains(gate), "{reason}");
    }
    succeed(&store, &held).await;
    claim_these(&store, &[]).await;
}

pub(crate) async fn a_first_attempt_keeps_the_queue_deadline_for_good(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    let waiting = Execution {
        queue_deadline: Some(at(10)),
        ..execution(&job, "exec_1")
    };
    store.enqueue(&scope(), &waiting).await.unwrap();
    let held = claim_one(&store).await;
    let ending = retried(attempt(1, OutcomeCode::FailedRetryable), at(50));
    ended(&store, &held, ending).await;
    clock.advance(Duration::from_secs(20));
    assert_eq!(store.end_overdue(10).await.unwrap(), Overdue::default());
    clock.advance(Duration::from_secs(30));
    claim_these(&store, &["exec_1"]).await;
}

pub(crate) async fn a_cancelled_execution_is_not_missed(store: Arc<dyn Store>, clock: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    let waiting = Execution {
        queue_deadline: Some(at(10)),
        ..execution(&job, "exec_1")
    };
    store.enqueue(&scope(), &waiting).await.unwrap();
    cancel(&store, "exec_1").await;
    let cancelled = stored(&store, "exec_1").await;
    clock.advance(Duration::from_secs(20));
    assert_eq!(store.end_overdue(10).await.unwrap(), Overdue::default());
    assert_eq!(stored(&store, "exec_1").await, cancelled);
}

pub(crate) async fn an_execution_that_loses_too_many_workers_fails(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    for lost in 0..=MOST_LOST {
        let held = claim_one(&store).await;
        assert_eq!(held.fence.0, u64::from(lost) + 1);
        clock.advance(LEASE);
    }
    let answer = claim_answer(&store, 10).await;
    assert!(answer.claimed.is_empty());
    assert_eq!(answer.ended.len(), 1);
    let failed = stored(&store, "exec_1").await;
    assert_eq!(failed.status, ExecutionStatus::Failed);
    assert_eq!(failed.outcome, Some(OutcomeCode::LeaseLost));
    assert!(failed.error.unwrap().contains('3'));
    let outcomes: Vec<_> = failed.attempts.iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [OutcomeCode::LeaseLost; 3]);
    let lease_ended = at(3 * 30);
    assert_eq!(failed.completed_at, Some(lease_ended));
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );
}

pub(crate) async fn attempts_that_ended_otherwise_do_not_count_as_lost(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    queued(&store, "job_1", &["exec_1"]).await;
    for number in 1..=5 {
        let held = claim_one(&store).await;
        let ending = retried(attempt(number, OutcomeCode::FailedRetryable), at(0));
        ended(&store, &held, ending).await;
    }
    claim_these(&store, &["exec_1"]).await;
}

pub(crate) async fn a_job_that_was_passed_over_has_not_run(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    let first = queued(&store, "job_1", &["exec_1"]).await;
    queued(&store, "job_2", &["exec_2"]).await;
    let limit = ConcurrencyLimit {
        of: LimitedBy::Template(first.template_type.clone()),
        most: 1,
    };
    store.set_concurrency_limit(&scope(), &limit).await.unwrap();
    change_job(&store, "job_2", ScheduleChange::Keep, |_| ()).await;
    clock.advance(Duration::from_secs(1));
    claim_these(&store, &["exec_1"]).await;
    let ran = stored_job(&store, "job_1").await.last_run_at;
    assert_eq!(ran, Some(at(1)));
    assert_eq!(stored_job(&store, "job_2").await.last_run_at, None);
}
