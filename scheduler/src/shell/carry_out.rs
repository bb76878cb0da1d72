//! Carrying out what the core says.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{OrganisationId, UserId};
use sandglass_registry::{
    AuditAction, AuditEntry, BackfillStatus, Blackouts, Execution, ExecutionStatus, Job, Scope,
    StoreError, Trigger,
    store::{Claim, ClaimRequest, Firing, Settlement},
};
use serde_json::json;
use tokio_util::task::TaskTracker;

use super::runs::{self, Runs};
use crate::{
    core::{
        Command, DependencyGraph, DueJobs, Event, NoAnswer, Unsettled, decide_backfill,
        decide_consequences, decide_firings, decide_unfollowable,
    },
    service::Shared,
};

/// How many due jobs are read at once.
const DUE_AT_ONCE: u32 = 1000;
/// How many ended executions are settled in one transaction.
const SETTLED_AT_ONCE: u32 = 200;
/// How many executions that waited too long are ended in one transaction.
const ENDED_AT_ONCE: u32 = 500;
/// How many backfills go on at once.
const BACKFILLS_AT_ONCE: u32 = 20;

/// Begins to carry out a command. What comes of it is told as an event.
pub(super) fn carry_out(shared: &Arc<Shared>, tasks: &TaskTracker, command: Command) {
    let bells = shared.bells.clone();
    let shared = shared.clone();
    match command {
        Command::ReadDue { now } => {
            tasks.spawn(async move {
                let due = read_due(&shared, now).await;
                bells.tell(Event::DueRead(answer("slots.read", due)));
            });
        }
        Command::Fire(firings) => {
            tasks.spawn(async move {
                let fired = fire(&shared, firings).await;
                bells.tell(Event::Fired(answer("slots.fire", fired)));
            });
        }
        Command::Claim(request) => {
            let asked_at = shared.clock.monotonic();
            tasks.spawn(async move { claim(&shared, request, asked_at).await });
        }
        Command::Renew(claims) => {
            let asked_at = shared.clock.monotonic();
            tasks.spawn(async move {
                let renewed = shared.store.renew(&claims, shared.settings.lease).await;
                let renewed = renewed.map(|answers| claims.into_iter().zip(answers).collect());
                let answer = answer("leases.renew", renewed);
                bells.tell(Event::Renewed { asked_at, answer });
            });
        }
        Command::Start(claimed) => runs::start(&shared, tasks, *claimed),
        Command::Stop(claim, reason) => shared.runs.stop(&claim, reason),
        Command::EndAttempts(endings) => {
            tasks.spawn(async move {
                let ended = shared.store.end_attempts(endings).await;
                bells.tell(Event::AttemptsEnded(answer("executions.end", ended)));
            });
        }
        Command::Release { claim, status } => release(&shared, tasks, &claim, status),
        Command::ReadUnsettled => {
            tasks.spawn(async move {
                let unsettled = read_unsettled(&shared).await;
                bells.tell(Event::UnsettledRead(answer(
                    "executions.unsettled",
                    unsettled,
                )));
            });
        }
        Command::Settle(unsettled) => {
            tasks.spawn(async move {
                let settled = settle(&shared, unsettled).await;
                bells.tell(Event::Settled(answer("executions.settle", settled)));
            });
        }
        Command::ReadBackfills => {
            tasks.spawn(async move {
                let firings = read_backfills(&shared).await;
                bells.tell(Event::BackfillsRead(answer("backfills.read", firings)));
            });
        }
        Command::FireBackfills(firings) => {
            tasks.spawn(async move {
                let fired = fire(&shared, firings).await;
                bells.tell(Event::BackfillsFired(answer("backfills.fire", fired)));
            });
        }
        Command::EndOverdue => {
            tasks.spawn(async move {
                let overdue = shared.store.end_overdue(ENDED_AT_ONCE).await;
                let answer = answer("executions.end_overdue", overdue);
                for execution in answer.iter().flat_map(|overdue| &overdue.ended) {
                    shared.changes.announce(execution);
                }
                bells.tell(Event::OverdueEnded(answer));
            });
        }
        Command::NoteTimeJump { expected, found } => {
            tasks.spawn(async move {
                if let Err(error) = note_time_jump(&shared, expected, found).await {
                    report("clock.jump.note", &error);
                }
                bells.jobs_changed();
            });
        }
    }
}

fn answer<T>(doing: &'static str, result: Result<T, StoreError>) -> Result<T, NoAnswer> {
    result.map_err(|error| {
        report(doing, &error);
        NoAnswer
    })
}

fn report(doing: &'static str, error: &StoreError) {
    tracing::error!(
        doing,
        error = error as &dyn std::error::Error,
        "store.failed"
    );
}

async fn read_due(shared: &Shared, now: Timestamp) -> Result<DueJobs, StoreError> {
    let due = shared.store.due_jobs(now, DUE_AT_ONCE).await?;
    let turns = shared.turns.borrow().clone();
    let mut firings = Vec::new();
    let mut next = None;
    for job in &due {
        let turn = job.next_run_at.map_or(now, |slot| {
            later(job.due_at(slot), turns.wait(job.id.as_str()))
        });
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

fn later(moment: Timestamp, by: Duration) -> Timestamp {
    moment.saturating_add(by).unwrap_or(Timestamp::MAX)
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

async fn fire(shared: &Shared, firings: Vec<Firing>) -> Result<(), StoreError> {
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

/// Claims, and looks when there will be more where there was less than was asked for.
async fn claim(shared: &Shared, request: ClaimRequest, asked_at: Duration) {
    let limit = request.limit as usize;
    let claimed = answer("executions.claim", shared.store.claim(request).await);
    let ended = claimed.iter().flat_map(|it| &it.ended);
    ended.for_each(|execution| shared.changes.announce(execution));
    let may_be_more = claimed.as_ref().is_ok_and(|it| it.claimed.len() < limit);
    shared.bells.tell(Event::Claimed {
        asked_at,
        answer: claimed,
    });
    if may_be_more {
        let labels = &shared.settings.host.labels;
        let next = answer("executions.next", shared.store.next_claimable(labels).await);
        if let Ok(next) = next {
            shared.bells.tell(Event::NextClaimable(next));
        }
    }
}

fn release(
    shared: &Arc<Shared>,
    tasks: &TaskTracker,
    claim: &Claim,
    status: Option<ExecutionStatus>,
) {
    shared.changes.announce(&claim.execution);
    let Some(claimed) = shared.runs.forget(claim) else {
        return;
    };
    let Some(status) = status else {
        tracing::warn!(execution = %claim.execution, "execution.lease.lost");
        return;
    };
    let execution = &claimed.execution;
    tracing::info!(
        execution = %execution.id,
        job = %execution.job_id,
        template = %execution.template_type,
        status = status.as_str(),
        attempt = execution.attempt,
        "execution.ended"
    );
    if status.is_finished() && Runs::is_announced(&claimed, status) {
        let shared = shared.clone();
        tasks.spawn(async move {
            let scope = Scope::of(claimed.execution.org.clone());
            let ended = shared.store.execution(&scope, &claimed.execution.id).await;
            match ended {
                Ok(Some(ended)) => {
                    let notifications = &claimed.job.notifications;
                    shared.notifier.tell(&ended, notifications).await;
                }
                Ok(None) => {}
                Err(error) => report("notification.read", &error),
            }
        });
    }
}

/// The ends that it is this host's turn to settle: its own at once, and others where nobody has done so.
async fn read_unsettled(shared: &Shared) -> Result<Unsettled, StoreError> {
    let mut unsettled = shared.store.unsettled(SETTLED_AT_ONCE).await?;
    let now = shared.clock.now();
    let turns = shared.turns.borrow().clone();
    unsettled.retain(|execution| {
        let wait = turns.wait_after(execution.execution_host.as_deref(), execution.id.as_str());
        let ended_at = execution.completed_at.unwrap_or(now);
        wait.is_zero() || later(ended_at, wait) <= now
    });
    Ok(unsettled)
}

/// Decides and stores what the ends of executions mean for others.
async fn settle(shared: &Shared, unsettled: Unsettled) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let mut settlements = Vec::new();
    let mut may_wait_long = true;
    for execution in unsettled {
        let scope = Scope::of(execution.org.clone());
        let failed = matches!(
            execution.status,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut
        );
        if failed {
            shared.pauses.after_failure(&scope, &execution).await?;
        }
        let children = shared.store.dependents(&scope, &execution.job_id).await?;
        may_wait_long &= children
            .iter()
            .all(|child| child.queue_timeout_seconds.is_none());
        if children
            .iter()
            .any(|child| child.queue_timeout_seconds.is_some())
        {
            shared.bells.deadlines_changed();
        }
        let consequences = match children.is_empty() {
            true => Vec::new(),
            false => {
                let graph = shared.store.dependencies(&scope).await?;
                let graph: DependencyGraph = graph.into_iter().collect();
                decide_consequences(&execution, &children, &graph, now)
            }
        };
        settlements.push(Settlement {
            execution: execution.id,
            consequences,
        });
    }
    shared.store.settle(settlements).await?;
    if !may_wait_long {
        shared.bells.deadlines_changed();
    }
    Ok(())
}

/// The slots of running backfills that come next.
async fn read_backfills(shared: &Shared) -> Result<Vec<Firing>, StoreError> {
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

async fn note_time_jump(
    shared: &Shared,
    expected: Timestamp,
    found: Timestamp,
) -> Result<(), StoreError> {
    let by = found.duration_since(expected);
    let reanchored = match by.is_negative() {
        true => shared.store.reanchor(found, by.unsigned_abs()).await?,
        false => 0,
    };
    tracing::warn!(by_seconds = by.as_secs_f64(), reanchored, "clock.jumped");
    let entry = AuditEntry {
        org: OrganisationId::default(),
        at: found,
        by: UserId::system(),
        action: AuditAction::ClockJumped,
        target: shared.settings.host.name.clone(),
        detail: json!({
            "expected": expected,
            "found": found,
            "by_seconds": by.as_secs_f64(),
            "interval_jobs_reanchored": reanchored,
        }),
    };
    shared.store.append_audit(&entry).await
}
