//! Slots that meet an earlier execution of their job.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{OutcomeCode, clock::testing::ManualClock};
use sandglass_registry::{
    ConcurrencyLimit, ExecutionStatus, Gate, Job, Labels, LimitedBy, OverlapPolicy, Store,
    job::Priority,
    store::{LeaseAnswer, ScheduleChange},
};

use super::sample::{
    LEASE, at, attempt, cancel, change_job, claim, claim_one, claim_these, ended, enqueued,
    execution, finished, fire, fire_next, firing, inserted, job, job_id, queued, retried, scope,
    status, stored, succeed,
};
use ExecutionStatus::{Cancelled, Queued, Running, Skipped, Success};

pub(crate) async fn with_policy(
    store: &Arc<dyn Store>,
    name: &str,
    overlap_policy: OverlapPolicy,
) -> Job {
    let job = Job {
        overlap_policy,
        ..job(name)
    };
    inserted(store, job).await
}

fn behind(job: &str) -> Option<Gate> {
    Some(Gate::Job(job_id(job)))
}

pub(crate) async fn a_slot_that_meets_nothing_waits_for_nothing(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    for (number, policy) in [
        OverlapPolicy::Skip,
        OverlapPolicy::BufferOne,
        OverlapPolicy::BufferAll,
        OverlapPolicy::CancelOther,
        OverlapPolicy::AllowAll,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("job_{number}");
        with_policy(&store, &name, policy).await;
        for _ in 0..2 {
            let slot = fire_next(&store, &name).await;
            assert_eq!(
                (slot.status, &slot.waits_for),
                (Queued, &None),
                "{policy:?}"
            );
            let held = claim_one(&store).await;
            succeed(&store, &held).await;
        }
    }
}

pub(crate) async fn one_slot_is_buffered_and_the_next_is_skipped(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    with_policy(&store, "job_1", OverlapPolicy::BufferOne).await;
    let first = fire_next(&store, "job_1").await;
    let held = claim_one(&store).await;
    let second = fire_next(&store, "job_1").await;
    assert_eq!((second.status, second.waits_for), (Queued, behind("job_1")));
    let third = fire_next(&store, "job_1").await;
    assert_eq!((third.status, &third.waits_for), (Skipped, &None));
    assert!(third.reason.unwrap().contains(first.id.as_str()));
    claim_these(&store, &[]).await;

    succeed(&store, &held).await;
    // The buffer is free again as soon as the second is let go.
    let fourth = fire_next(&store, "job_1").await;
    assert_eq!((fourth.status, fourth.waits_for), (Queued, behind("job_1")));
    let held = claim_these(&store, &[second.id.as_str()]).await;
    succeed(&store, &held[0]).await;
    claim_these(&store, &[fourth.id.as_str()]).await;
}

pub(crate) async fn buffered_slots_run_one_by_one_in_their_order(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    with_policy(&store, "job_1", OverlapPolicy::BufferAll).await;
    let mut slots = Vec::new();
    for number in 0..5 {
        slots.push(fire_next(&store, "job_1").await.id);
        // Who goes first among several jobs changes nothing among the slots of one.
        change_job(&store, "job_1", ScheduleChange::Keep, |job| {
            job.priority = Priority::new(number).unwrap();
        })
        .await;
    }
    for slot in slots {
        let held = claim_these(&store, &[slot.as_str()]).await;
        claim_these(&store, &[]).await;
        succeed(&store, &held[0]).await;
    }
}

pub(crate) async fn a_retry_that_waits_stands_in_the_way(
    store: Arc<dyn Store>,
    clock: ManualClock,
) {
    with_policy(&store, "job_1", OverlapPolicy::BufferAll).await;
    fire_next(&store, "job_1").await;
    let held = claim_one(&store).await;
    let second = fire_next(&store, "job_1").await;
    let ending = retried(attempt(1, OutcomeCode::FailedRetryable), at(10));
    ended(&store, &held, ending).await;
    claim_these(&store, &[]).await;
    clock.advance(Duration::from_secs(10));
    let held = claim_one(&store).await;
    ended(&store, &held, finished(attempt(2, OutcomeCode::Failed))).await;
    claim_these(&store, &[second.id.as_str()]).await;
}

pub(crate) async fn an_execution_that_waits_for_a_limit_stands_in_the_way(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let buffered = with_policy(&store, "job_1", OverlapPolicy::BufferAll).await;
    let of = LimitedBy::Template(buffered.template_type.clone());
    let limit = ConcurrencyLimit { of, most: 1 };
    store.set_concurrency_limit(&scope(), &limit).await.unwrap();
    queued(&store, "job_2", &["exec_other"]).await;
    claim_these(&store, &["exec_other"]).await;
    enqueued(&store, &buffered, &["exec_second"]).await;
    claim_these(&store, &[]).await;
    let second = stored(&store, "exec_second").await;
    assert_eq!(second.waits_for, Some(limit.of.gate()));
    enqueued(&store, &buffered, &["exec_third"]).await;
    let slot = fire_next(&store, "job_1").await;
    assert_eq!(slot.waits_for, behind("job_1"));
    cancel(&store, "exec_third").await;
    let slot = stored(&store, slot.id.as_str()).await;
    assert_eq!(slot.waits_for, behind("job_1"));

    let removed = store.remove_concurrency_limit(&scope(), &limit.of).await;
    removed.unwrap();
    let held = claim_these(&store, &["exec_second"]).await;
    succeed(&store, &held[0]).await;
    claim_these(&store, &[slot.id.as_str()]).await;
}

pub(crate) async fn a_later_slot_takes_the_place_of_those_that_wait(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    with_policy(&store, "job_1", OverlapPolicy::CancelOther).await;
    let first = fire_next(&store, "job_1").await;
    let second = fire_next(&store, "job_1").await;
    assert_eq!((second.status, &second.waits_for), (Queued, &None));
    let first = stored(&store, first.id.as_str()).await;
    assert_eq!(first.status, Cancelled);
    assert!(first.error.unwrap().contains("cancel_other"));
    assert_eq!(first.cancel_requested.unwrap().by.as_str(), "system");
    claim_these(&store, &[second.id.as_str()]).await;
}

pub(crate) async fn a_later_slot_waits_until_those_it_cancels_have_ended(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    with_policy(&store, "job_1", OverlapPolicy::CancelOther).await;
    fire_next(&store, "job_1").await;
    let held = claim_one(&store).await;
    let second = fire_next(&store, "job_1").await;
    assert_eq!(second.waits_for, behind("job_1"));
    let answers = store.renew(std::slice::from_ref(&held), LEASE).await;
    assert_eq!(answers.unwrap(), [LeaseAnswer::CancelRequested]);
    let third = fire_next(&store, "job_1").await;
    assert_eq!(third.waits_for, behind("job_1"));
    assert_eq!(status(&store, second.id.as_str()).await, Cancelled);
    claim_these(&store, &[]).await;
    let ending = finished(attempt(1, OutcomeCode::Cancelled));
    assert_eq!(ended(&store, &held, ending).await.status, Cancelled);
    claim_these(&store, &[third.id.as_str()]).await;
}

pub(crate) async fn slots_run_beside_each_other_where_all_are_allowed(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    with_policy(&store, "job_1", OverlapPolicy::AllowAll).await;
    for _ in 0..3 {
        fire_next(&store, "job_1").await;
    }
    assert_eq!(claim(&store, 10).await.len(), 3);
}

pub(crate) async fn a_slot_that_was_stored_before_disturbs_nothing(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = with_policy(&store, "job_1", OverlapPolicy::CancelOther).await;
    let slot = fire_next(&store, "job_1").await;
    let other = execution(&first, "exec_other");
    store.enqueue(&scope(), &other).await.unwrap();
    let back = change_job(&store, "job_1", ScheduleChange::Replace, |job| {
        job.next_run_at = first.next_run_at;
    })
    .await;
    let fired = fire(&store, firing(&back)).await;
    assert_eq!(fired, sandglass_registry::store::Fired::AlreadyStored);
    for id in [slot.id.as_str(), "exec_other"] {
        assert_eq!(status(&store, id).await, Queued, "{id}");
    }
}

/// How the earlier execution ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Success,
    CancelledWhileRunning,
    CancelledWhileWaiting,
    CancelledWithItsWorkerLost,
    LostTooOften,
    WaitedTooLong,
}

pub(crate) async fn every_end_lets_the_next_slot_go(store: Arc<dyn Store>, clock: ManualClock) {
    for (number, end) in [
        End::Success,
        End::CancelledWhileRunning,
        End::CancelledWhileWaiting,
        End::CancelledWithItsWorkerLost,
        End::LostTooOften,
        End::WaitedTooLong,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("job_{number}");
        let buffered = with_policy(&store, &name, OverlapPolicy::BufferAll).await;
        let earlier = format!("exec_{number}");
        let mut first = execution(&buffered, &earlier);
        first.queue_deadline = Some(sandglass_contract::Clock::now(&clock) + LEASE);
        store.enqueue(&scope(), &first).await.unwrap();
        let second = fire_next(&store, &name).await;
        let third = fire_next(&store, &name).await;
        assert_eq!(second.waits_for, behind(&name), "{end:?}");
        // One that waits itself and ends leaves its place to the next, and lets nobody go.
        if matches!(end, End::Success) {
            cancel(&store, second.id.as_str()).await;
        }
        end_it(&store, &clock, &earlier, end).await;
        let next = match end {
            End::Success => third.id,
            _ => second.id,
        };
        let held = claim_these(&store, &[next.as_str()]).await;
        succeed(&store, &held[0]).await;
        store
            .delete_job(&scope(), &buffered.id, None, &super::sample::user())
            .await
            .unwrap();
    }
}

async fn end_it(store: &Arc<dyn Store>, clock: &ManualClock, id: &str, end: End) {
    match end {
        End::Success => {
            let held = claim_these(store, &[id]).await;
            assert_eq!(succeed(store, &held[0]).await.status, Success);
        }
        End::CancelledWhileRunning => {
            let held = claim_these(store, &[id]).await;
            cancel(store, id).await;
            let ending = finished(attempt(1, OutcomeCode::Cancelled));
            ended(store, &held[0], ending).await;
        }
        End::CancelledWhileWaiting => {
            cancel(store, id).await;
        }
        End::CancelledWithItsWorkerLost => {
            claim_these(store, &[id]).await;
            cancel(store, id).await;
            clock.advance(LEASE);
        }
        End::LostTooOften => {
            for _ in 0..=super::sample::MOST_LOST {
                claim_these(store, &[id]).await;
                clock.advance(LEASE);
            }
        }
        End::WaitedTooLong => {
            clock.advance(LEASE);
            assert_eq!(store.end_overdue(10).await.unwrap().ended.len(), 1);
        }
    }
}

pub(crate) async fn nothing_waits_for_a_job_that_is_deleted(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let buffered = with_policy(&store, "job_1", OverlapPolicy::BufferAll).await;
    let first = fire_next(&store, "job_1").await;
    let held = claim_one(&store).await;
    let second = fire_next(&store, "job_1").await;
    let third = fire_next(&store, "job_1").await;
    let deleted = store
        .delete_job(&scope(), &buffered.id, None, &super::sample::user())
        .await;
    deleted.unwrap();
    for id in [&second.id, &third.id] {
        let execution = stored(&store, id.as_str()).await;
        assert_eq!((execution.status, execution.waits_for), (Cancelled, None));
        assert!(execution.error.unwrap().contains("deleted"));
    }
    assert_eq!(status(&store, first.id.as_str()).await, Running);
    succeed(&store, &held).await;
    claim_these(&store, &[]).await;
    assert_eq!(
        store.next_claimable(&Labels::default()).await.unwrap(),
        None
    );
    queued(&store, "job_2", &["exec_1"]).await;
    claim_these(&store, &["exec_1"]).await;
}
