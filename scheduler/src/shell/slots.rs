//! The slots of jobs and backfills: which are due, what becomes of them, and storing them.

use std::time::Duration;

use jiff::Timestamp;
use sandglass_registry::{
    BackfillStatus, Blackouts, Execution, Job, Scope, StoreError, Trigger, store::Firing,
};

use super::carry_out::report;
use crate::{
    core::{DueJobs, decide_backfill, decide_firings, decide_unfollowable},
    service::Shared,
};

/// How many due jobs are read at once.
const DUE_AT_ONCE: u32 = 1000;
/// How many backfills go on at once.
const BACKFILLS_AT_ONCE: u32 = 20;

/// What becomes of the jobs that are due and that it is this host's turn to fire.
pub(super) async fn read_due(shared: &Shared, now: Timestamp) -> Result<DueJobs, StoreError> {
    let due = shared.store.due_jobs(now, DUE_AT_ONCE).await?;
    let turns = shared.turns.borrow().clone();
    let mut firings = Vec::new();
    let mut next = None;
    for job in &due {
        let calendar = shared.calendars.of(&job.schedule).ok();
        let turn = turns.of_slot(job, calendar.as_deref()).unwrap_or(now);
        match turn <= now {
            true => firings.extend(decide(shared, job, now).await?),
            false => next = sooner(next, Some(turn)),
        }
    }
    if firings.is_empty() && due.len() < DUE_AT_ONCE as usize {
        next = sooner(next, shared.store.next_due(now).await?);
    }
    Ok(DueJobs { firings, next })
}

async fn decide(shared: &Shared, job: &Job, now: Timestamp) -> Result<Vec<Firing>, StoreError> {
    let blackouts = blackouts(shared, job).await?;
    let firings = match shared.calendars.of(&job.schedule) {
        Ok(calendar) => decide_firings(job, &calendar, &blackouts, now),
        Err(error) => decide_unfollowable(job, &error, now),
    };
    for firing in &firings {
        note_due(shared, job, &firing.execution);
    }
    Ok(firings)
}

fn sooner(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// Notes when a slot that was seen in time was due.
fn note_due(shared: &Shared, job: &Job, execution: &Execution) {
    if execution.triggered_by != Trigger::Scheduler || execution.status.is_finished() {
        return;
    }
    let due_at = job.due_at(execution.scheduled_for);
    let late = shared.clock.now().duration_since(due_at);
    let late = Duration::try_from(late).unwrap_or_default();
    let due_at = shared.clock.monotonic().saturating_sub(late);
    shared.arrivals.note(execution.id.clone(), due_at);
}

async fn blackouts(shared: &Shared, job: &Job) -> Result<Blackouts, StoreError> {
    if job.blackout_calendars.is_empty() {
        return Ok(Blackouts::default());
    }
    let scope = Scope::of(job.org.clone());
    let found = shared
        .store
        .blackouts(&scope, &job.blackout_calendars)
        .await;
    match found {
        // Without one of its calendars the job is followed as if it named none.
        Err(error @ StoreError::NotFound { .. }) => {
            report("blackouts.read", &error);
            Ok(Blackouts::default())
        }
        other => other,
    }
}

/// Stores slots.
pub(super) async fn fire(shared: &Shared, firings: Vec<Firing>) -> Result<(), StoreError> {
    let executions: Vec<_> = firings.iter().map(|it| it.execution.id.clone()).collect();
    let may_wait_long = firings
        .iter()
        .all(|firing| firing.execution.queue_deadline.is_none());
    let answers = shared.store.fire(firings).await?;
    if !may_wait_long {
        shared.bells.deadlines_changed();
    }
    for (execution, fired) in executions.iter().zip(answers) {
        tracing::debug!(%execution, ?fired, "slot.fired");
        shared.changes.announce(execution);
    }
    Ok(())
}

/// The slots of running backfills that come next.
pub(super) async fn read_backfills(shared: &Shared) -> Result<Vec<Firing>, StoreError> {
    let now = shared.clock.now();
    let mut firings = Vec::new();
    for running in shared.store.running_backfills(BACKFILLS_AT_ONCE).await? {
        let backfill = &running.backfill;
        let scope = Scope::of(backfill.org.clone());
        let decided = match shared.store.job(&scope, &backfill.job_id).await? {
            Some(job) => {
                let blackouts = blackouts(shared, &job).await?;
                shared.calendars.of(&job.schedule).and_then(|calendar| {
                    let unfinished = running.unfinished;
                    decide_backfill(backfill, unfinished, &job, &calendar, &blackouts, now)
                })
            }
            None => Ok(Vec::new()),
        };
        match decided {
            Ok(decided) if running.unfinished > 0 || !decided.is_empty() => firings.extend(decided),
            // Its job is gone, or its schedule leads nowhere any more.
            _ => {
                let status = BackfillStatus::Cancelled;
                let store = &shared.store;
                store.change_backfill(&scope, &backfill.id, status).await?;
            }
        }
    }
    Ok(firings)
}
