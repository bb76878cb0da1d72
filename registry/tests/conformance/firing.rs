//! Slots that have come.

use std::sync::Arc;

use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{
    Execution, ExecutionStatus, Job, Store, Version,
    store::{Advance, Fired, Firing, ScheduleChange},
};

use super::sample::{
    at, change_job, claim, claim_one, execution, fire, firing, job, job_id, next_version, queued,
    scope, stored, stored_job, succeed, user,
};

const QUEUED: Fired = Fired::Stored(ExecutionStatus::Queued);

pub(crate) async fn a_slot_becomes_an_execution_and_moves_the_job_on(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    let slot = firing(&job);
    assert_eq!(fire(&store, slot.clone()).await, QUEUED);
    let id = slot.execution.id.as_str();
    assert_eq!(stored(&store, id).await, slot.execution);
    let moved = stored_job(&store, "job_1").await;
    assert_eq!(moved.next_run_at, Some(at(120)));
    assert_eq!(moved.version, job.version);

    let last = Firing {
        advance: Advance::Job {
            version: moved.version,
            from: at(120),
            to: None,
            due_at: None,
        },
        execution: Execution {
            status: ExecutionStatus::Missed,
            ..firing(&moved).execution
        },
        ..firing(&moved)
    };
    fire(&store, last).await;
    let moved = stored_job(&store, "job_1").await;
    assert_eq!((moved.next_run_at, moved.enabled), (None, true));
}

pub(crate) async fn a_slot_is_stored_once(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    let slot = firing(&job);
    assert_eq!(fire(&store, slot.clone()).await, QUEUED);
    // Whoever found the same slot due finds the job moved on.
    assert_eq!(fire(&store, slot.clone()).await, Fired::Outdated);
    // The job is put back to the slot, as by somebody who edits it.
    let back = next_version(&job);
    store
        .replace_job(&scope(), &back, Version(1), ScheduleChange::Replace)
        .await
        .unwrap();
    assert_eq!(fire(&store, slot).await, Fired::Outdated);
    assert_eq!(fire(&store, firing(&back)).await, Fired::AlreadyStored);
    let moved = stored_job(&store, "job_1").await;
    assert_eq!(moved.next_run_at, Some(at(120)));
    assert_eq!(claim(&store, 10).await.len(), 1);
}

pub(crate) async fn a_slot_of_a_job_that_changed_is_outdated(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_1", &[]).await;
    let other_time = Job {
        next_run_at: Some(at(61)),
        ..first.clone()
    };
    assert_eq!(fire(&store, firing(&other_time)).await, Fired::Outdated);
    let keep = ScheduleChange::Keep;
    let off = change_job(&store, "job_1", keep, |job| job.enabled = false).await;
    assert_eq!(fire(&store, firing(&off)).await, Fired::Outdated);
    let on = change_job(&store, "job_1", keep, |job| job.enabled = true).await;
    // The schedule is the same, but not the job that the execution would be made of.
    assert_eq!(fire(&store, firing(&first)).await, Fired::Outdated);
    assert_eq!(stored_job(&store, "job_1").await, on);
    store
        .delete_job(&scope(), &job_id("job_1"), None, &user())
        .await
        .unwrap();
    assert_eq!(fire(&store, firing(&first)).await, Fired::Outdated);
    assert!(claim(&store, 10).await.is_empty());
}

pub(crate) async fn a_slot_is_skipped_while_another_execution_is_unfinished(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &["exec_1"]).await;
    let slot = firing(&job);
    let skipped = Fired::Stored(ExecutionStatus::Skipped);
    assert_eq!(fire(&store, slot.clone()).await, skipped);
    let execution = stored(&store, slot.execution.id.as_str()).await;
    assert_eq!(execution.status, ExecutionStatus::Skipped);
    assert!(execution.reason.unwrap().contains("exec_1"));
    assert_eq!(execution.completed_at, Some(at(0)));

    let held = claim_one(&store).await;
    let moved = stored_job(&store, "job_1").await;
    assert_eq!(fire(&store, firing(&moved)).await, skipped);
    succeed(&store, &held).await;
    let moved = stored_job(&store, "job_1").await;
    assert_eq!(fire(&store, firing(&moved)).await, QUEUED);
}

pub(crate) async fn a_missed_slot_is_stored_as_it_is(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = queued(&store, "job_1", &["exec_1"]).await;
    let slot = firing(&job);
    let missed = Execution {
        status: ExecutionStatus::Missed,
        reason: Some("nobody was there".to_owned()),
        completed_at: Some(at(99)),
        ..slot.execution.clone()
    };
    let slot = Firing {
        execution: missed.clone(),
        ..slot
    };
    let expected = Fired::Stored(ExecutionStatus::Missed);
    assert_eq!(fire(&store, slot).await, expected);
    assert_eq!(stored(&store, missed.id.as_str()).await, missed);
}

pub(crate) async fn many_slots_are_answered_in_their_order(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let first = queued(&store, "job_1", &[]).await;
    let second = queued(&store, "job_2", &["exec_1"]).await;
    let unknown = job("job_3");
    let slots = [&first, &unknown, &second, &first].map(firing).to_vec();
    let answers = store.fire(slots).await.unwrap();
    let skipped = Fired::Stored(ExecutionStatus::Skipped);
    assert_eq!(answers, [QUEUED, Fired::Outdated, skipped, Fired::Outdated]);
    assert_eq!(store.fire(Vec::new()).await.unwrap(), []);
    let other = execution(&first, "exec_2");
    store.enqueue(&scope(), &other).await.unwrap();
}
