//! Carrying out what the core says.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_contract::OrganisationId;
use sandglass_registry::{
    Actor, AuditAction, ExecutionStatus, Scope, StoreError,
    store::{Claim, ClaimRequest, Settlement},
};
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    runs::{self, Runs},
    slots::{fire, read_backfills, read_due},
};
use crate::{
    auditor::Act,
    core::{Command, DependencyGraph, Event, NoAnswer, Unsettled, decide_consequences},
    service::Shared,
};

/// How many ended executions are settled in one transaction.
const SETTLED_AT_ONCE: u32 = 200;
/// How many executions that waited too long are ended in one transaction.
const ENDED_AT_ONCE: u32 = 500;

/// Begins to carry out a command. What comes of it is told as an event.
pub(super) fn carry_out(shared: &Arc<Shared>, tasks: &TaskTracker, command: Command) {
    let bells = shared.bells.clone();
    let stopped = &shared.stopped;
    let shared = shared.clone();
    match command {
        Command::ReadDue { now } => {
            work(stopped, tasks, async move {
                let due = read_due(&shared, now).await;
                bells.tell(Event::DueRead(answer("slots.read", due)));
            });
        }
        Command::Fire(firings) => {
            work(stopped, tasks, async move {
                let fired = fire(&shared, firings).await;
                bells.tell(Event::Fired(answer("slots.fire", fired)));
            });
        }
        Command::Claim(request) => {
            let asked_at = shared.clock.monotonic();
            work(stopped, tasks, async move {
                claim(&shared, request, asked_at).await;
            });
        }
        Command::Renew(claims) => {
            let asked_at = shared.clock.monotonic();
            work(stopped, tasks, async move {
                let renewed = shared.store.renew(&claims, shared.settings.lease).await;
                let renewed = renewed.map(|answers| claims.into_iter().zip(answers).collect());
                let answer = answer("leases.renew", renewed);
                bells.tell(Event::Renewed { asked_at, answer });
            });
        }
        Command::Start(claimed) => runs::start(&shared, tasks, *claimed),
        Command::Stop(claim, reason) => shared.runs.stop(&claim, reason),
        Command::EndAttempts(endings) => {
            work(stopped, tasks, async move {
                let ended = shared.store.end_attempts(endings).await;
                bells.tell(Event::AttemptsEnded(answer("executions.end", ended)));
            });
        }
        Command::Release { claim, status } => release(&shared, tasks, &claim, status),
        Command::ReadUnsettled => {
            work(stopped, tasks, async move {
                let unsettled = read_unsettled(&shared).await;
                bells.tell(Event::UnsettledRead(answer(
                    "executions.unsettled",
                    unsettled,
                )));
            });
        }
        Command::Settle(unsettled) => {
            work(stopped, tasks, async move {
                let settled = settle(&shared, unsettled).await;
                bells.tell(Event::Settled(answer("executions.settle", settled)));
            });
        }
        Command::ReadBackfills => {
            work(stopped, tasks, async move {
                let firings = read_backfills(&shared).await;
                bells.tell(Event::BackfillsRead(answer("backfills.read", firings)));
            });
        }
        Command::FireBackfills(firings) => {
            work(stopped, tasks, async move {
                let fired = fire(&shared, firings).await;
                bells.tell(Event::BackfillsFired(answer("backfills.fire", fired)));
            });
        }
        Command::EndOverdue => {
            work(stopped, tasks, async move {
                let overdue = shared.store.end_overdue(ENDED_AT_ONCE).await;
                let answer = answer("executions.end_overdue", overdue);
                for execution in answer.iter().flat_map(|overdue| &overdue.ended) {
                    shared.changes.announce(execution);
                }
                bells.tell(Event::OverdueEnded(answer));
            });
        }
        Command::NoteTimeJump { expected, found } => {
            work(stopped, tasks, async move {
                if let Err(error) = note_time_jump(&shared, expected, found).await {
                    report("clock.jump.note", &error);
                }
                bells.jobs_changed();
            });
        }
    }
}

/// Does something that may be broken off when everything has stopped: to the store that is like the end of
/// the process, after which other hosts do it.
fn work(
    stopped: &CancellationToken,
    tasks: &TaskTracker,
    doing: impl Future<Output = ()> + Send + 'static,
) {
    let stopped = stopped.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = doing => {}
        }
    });
}

fn answer<T>(doing: &'static str, result: Result<T, StoreError>) -> Result<T, NoAnswer> {
    result.map_err(|error| {
        report(doing, &error);
        NoAnswer
    })
}

pub(super) fn report(doing: &'static str, error: &StoreError) {
    tracing::error!(
        doing,
        error = error as &dyn std::error::Error,
        "store.failed"
    );
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
        let turn = turns.of_end(execution);
        turn.is_none_or(|turn| turn <= now)
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
    let host = &shared.settings.host.name;
    let act = Act::new(AuditAction::ClockJumped, host).with(json!({
        "expected": expected,
        "found": found,
        "by_seconds": by.as_secs_f64(),
        "interval_jobs_reanchored": reanchored,
    }));
    let scope = Scope::of(OrganisationId::default());
    shared.auditor.note(&scope, &Actor::system(), act).await?;
    Ok(())
}
