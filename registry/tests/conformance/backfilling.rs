//! Backfills and their slots.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use sandglass_contract::{BackfillId, ExecutionId, clock::testing::ManualClock};
use sandglass_registry::{
    Backfill, BackfillStatus, Execution, Job, OverlapPolicy, PageRequest, Store, StoreError,
    Trigger,
    store::{Advance, ExecutionQuery, Fired, Firing},
};

use super::sample::{
    assert_refused, at, cancel, claim_these, elsewhere, execution, fire, queued, scope, stored,
    stored_job, succeed, user,
};
use BackfillStatus::{Cancelled, Done, Paused, Running};

const QUEUED: Fired = Fired::Stored(sandglass_registry::ExecutionStatus::Queued);

fn backfill(id: &str, job: &Job) -> Backfill {
    Backfill {
        id: BackfillId::parse(id).unwrap(),
        org: job.org.clone(),
        job_id: job.id.clone(),
        start: at(-600),
        end: at(-420),
        overlap_policy: OverlapPolicy::AllowAll,
        dry_run: true,
        total: 3,
        made: 0,
        next_slot: Some(at(-600)),
        status: Running,
        created_by: user(),
        created_at: at(0),
    }
}

async fn inserted(store: &Arc<dyn Store>, backfill: Backfill) -> Backfill {
    store.insert_backfill(&scope(), &backfill).await.unwrap();
    backfill
}

async fn present(store: &Arc<dyn Store>, id: &BackfillId) -> Backfill {
    store.backfill(&scope(), id).await.unwrap().unwrap()
}

fn page(page: u32, limit: u32) -> PageRequest {
    let number = |number| NonZeroU32::new(number).unwrap();
    PageRequest::new(number(page), number(limit))
}

/// The slot that a backfill waits for.
fn slot(backfill: &Backfill, job: &Job) -> Firing {
    let from = backfill.next_slot.unwrap();
    let next = from + Duration::from_secs(60);
    let id = ExecutionId::of_backfill(&backfill.id, from);
    Firing {
        execution: Execution {
            scheduled_for: from,
            triggered_by: Trigger::Backfill,
            dry_run: backfill.dry_run,
            backfill_id: Some(backfill.id.clone()),
            ..execution(job, id.as_str())
        },
        advance: Advance::Backfill {
            id: backfill.id.clone(),
            from,
            to: (next < backfill.end).then_some(next),
        },
        overlap: backfill.overlap_policy,
    }
}

pub(crate) async fn a_backfill_is_read_as_it_was_saved(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    let saved = inserted(&store, backfill("backfill_1", &job)).await;
    assert_eq!(present(&store, &saved.id).await, saved);
    let again = store.insert_backfill(&scope(), &saved).await;
    assert_refused!(again, StoreError::Exists { .. });
    let smuggled = backfill("backfill_2", &job);
    let smuggled = store.insert_backfill(&elsewhere(), &smuggled).await;
    assert_refused!(smuggled, StoreError::NotFound { .. });
    let there = store.backfill(&elsewhere(), &saved.id).await;
    assert_eq!(there.unwrap(), None);
}

pub(crate) async fn backfills_are_listed_newest_first(store: Arc<dyn Store>, _clock: ManualClock) {
    let first = queued(&store, "job_1", &[]).await;
    let second = queued(&store, "job_2", &[]).await;
    for (id, job, created) in [
        ("backfill_1", &first, 2),
        ("backfill_2", &first, 3),
        ("backfill_3", &second, 4),
        ("backfill_4", &first, 1),
    ] {
        let backfill = Backfill {
            created_at: at(created),
            ..backfill(id, job)
        };
        inserted(&store, backfill).await;
    }
    let check = async |scope, page, expect: &[&str], total| {
        let found = store.backfills(&scope, &first.id, page).await.unwrap();
        let ids: Vec<_> = found.items.iter().map(|it| it.id.as_str()).collect();
        assert_eq!((ids.as_slice(), found.total), (expect, total));
    };
    check(scope(), page(1, 2), &["backfill_2", "backfill_1"], 3).await;
    check(scope(), page(2, 2), &["backfill_4"], 3).await;
    check(elsewhere(), page(1, 2), &[], 0).await;
}

pub(crate) async fn a_backfill_changes_until_it_is_finished(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    let id = inserted(&store, backfill("backfill_1", &job)).await.id;
    let change = async |scope, status| store.change_backfill(&scope, &id, status).await;
    for (status, expect) in [
        (Paused, Paused),
        (Running, Running),
        (Cancelled, Cancelled),
        (Running, Cancelled),
    ] {
        let changed = change(scope(), status).await.unwrap();
        assert_eq!(changed.status, expect);
        assert_eq!(changed, present(&store, &id).await);
    }
    let there = change(elsewhere(), Running).await;
    assert_refused!(there, StoreError::NotFound { .. });
}

pub(crate) async fn slots_of_a_backfill_become_executions_one_after_the_other(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    let mut now = inserted(&store, backfill("backfill_1", &job)).await;
    for made in 1..=3 {
        let firing = slot(&now, &job);
        let fired = store.fire(vec![firing.clone(), firing.clone()]).await;
        assert_eq!(fired.unwrap(), [QUEUED, Fired::Outdated]);
        let execution = stored(&store, firing.execution.id.as_str()).await;
        assert_eq!(execution, firing.execution);
        now = present(&store, &now.id).await;
        assert_eq!(now.made, made);
    }
    assert_eq!((now.status, now.next_slot), (Done, None));
    // The schedule goes its own way.
    assert_eq!(stored_job(&store, "job_1").await, job);
}

pub(crate) async fn a_backfill_that_does_not_run_makes_nothing(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    let now = inserted(&store, backfill("backfill_1", &job)).await;
    let change = async |status| {
        let changed = store.change_backfill(&scope(), &now.id, status).await;
        changed.unwrap()
    };
    change(Paused).await;
    assert_eq!(fire(&store, slot(&now, &job)).await, Fired::Outdated);
    let paused = present(&store, &now.id).await;
    assert_eq!((paused.made, paused.next_slot), (0, now.next_slot));
    change(Running).await;
    assert_eq!(fire(&store, slot(&now, &job)).await, QUEUED);
    let cancelled = change(Cancelled).await;
    assert_eq!(fire(&store, slot(&cancelled, &job)).await, Fired::Outdated);
    assert_eq!(cancelled.made, 1);
}

pub(crate) async fn running_backfills_say_how_much_is_unfinished(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &[]).await;
    for id in ["backfill_1", "backfill_2", "backfill_3"] {
        inserted(&store, backfill(id, &job)).await;
    }
    let running = async |limit| {
        let found = store.running_backfills(limit).await.unwrap();
        let shown = found.iter();
        let shown = shown.map(|it| (it.backfill.id.as_str().to_owned(), it.unfinished));
        shown.collect::<Vec<_>>()
    };
    let id = BackfillId::parse("backfill_2").unwrap();
    let paused = store.change_backfill(&scope(), &id, Paused).await;
    paused.unwrap();
    let first = BackfillId::parse("backfill_1").unwrap();
    let mut made = Vec::new();
    for _ in 0..2 {
        let firing = slot(&present(&store, &first).await, &job);
        made.push(firing.execution.id.as_str().to_owned());
        fire(&store, firing).await;
    }
    let both = [("backfill_1".to_owned(), 2), ("backfill_3".to_owned(), 0)];
    assert_eq!(running(10).await, both);
    assert_eq!(running(1).await, both[..1]);
    let held = claim_these(&store, &[&made[0], &made[1]]).await;
    assert_eq!(running(1).await, both[..1]);
    succeed(&store, &held[0]).await;
    assert_eq!(running(1).await, [("backfill_1".to_owned(), 1)]);

    let query = ExecutionQuery {
        job: None,
        backfill: Some(first.clone()),
        status: Vec::new(),
        page: page(1, 10),
    };
    let of_first = store.executions(&scope(), &query).await.unwrap();
    assert_eq!(of_first.total, 2);
    assert!(
        of_first
            .items
            .iter()
            .all(|it| it.backfill_id.as_ref() == Some(&first))
    );
    let there = store.executions(&elsewhere(), &query).await.unwrap();
    assert_eq!(there.total, 0);
}

pub(crate) async fn slots_of_a_backfill_meet_earlier_executions_by_its_policy(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let job = queued(&store, "job_1", &["exec_1"]).await;
    let buffering = Backfill {
        overlap_policy: OverlapPolicy::BufferAll,
        ..backfill("backfill_1", &job)
    };
    let id = inserted(&store, buffering).await.id;
    let mut slots = vec!["exec_1".to_owned()];
    for _ in 0..3 {
        let firing = slot(&present(&store, &id).await, &job);
        slots.push(firing.execution.id.as_str().to_owned());
        assert_eq!(fire(&store, firing).await, QUEUED);
    }
    cancel(&store, &slots.remove(2)).await;
    for slot in slots {
        let held = claim_these(&store, &[&slot]).await;
        succeed(&store, &held[0]).await;
    }
}

pub(crate) async fn a_deleted_job_ends_its_backfills(store: Arc<dyn Store>, _clock: ManualClock) {
    let job = queued(&store, "job_1", &[]).await;
    let id = inserted(&store, backfill("backfill_1", &job)).await.id;
    let deleted = store.delete_job(&scope(), &job.id, None, &user()).await;
    deleted.unwrap();
    assert_eq!(present(&store, &id).await.status, Cancelled);
    assert!(store.running_backfills(10).await.unwrap().is_empty());
}
