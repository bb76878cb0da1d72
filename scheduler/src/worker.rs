//! Claims executions and runs them.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use sandglass_contract::{Blame, Limits, OutcomeCode, RunContext, RunMode};
use sandglass_host::{Run, RunReport};
use sandglass_registry::{
    ArtifactRecord, Attempt, Execution, StoreError,
    store::{ClaimRequest, Claimed, Ending, FollowUp},
};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::{
    catalogue::CatalogueError,
    core::{AttemptEnd, LocalDeadline, decide_follow_up},
    leases::{Lease, Stop},
    observer::Recorder,
    service::Shared,
    slots::wait_until,
};

/// The longest wait for work without looking, so that a clock that was set is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The shortest wait after a claim found nothing, so that a moment that has come by the store's clock
/// and not yet by this one is not asked for in a circle.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);
/// The wait after the store did not answer.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Claims and runs executions until the scheduler drains.
pub(crate) async fn claim_and_run(shared: Arc<Shared>, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(shared.settings.concurrent_runs.get()));
    loop {
        let place = tokio::select! {
            () = shared.draining.cancelled() => return,
            place = places.clone().acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let mut free = vec![place];
        while let Ok(place) = places.clone().try_acquire_owned() {
            free.push(place);
        }
        let wait = match claim_batch(&shared, &tasks, free).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "executions.claim.failed"
                );
                WAIT_AFTER_FAILURE
            }
        };
        if wait.is_zero() {
            continue;
        }
        tokio::select! {
            () = shared.draining.cancelled() => return,
            () = shared.wake.work_rung() => {}
            () = shared.clock.sleep(wait) => {}
        }
    }
}

/// Claims as many executions as there are free places and starts them; returns how long to wait before
/// the next claim.
async fn claim_batch(
    shared: &Arc<Shared>,
    tasks: &TaskTracker,
    free: Vec<OwnedSemaphorePermit>,
) -> Result<Duration, StoreError> {
    let asked_at = shared.clock.monotonic();
    let request = ClaimRequest {
        host: shared.settings.host_name.clone(),
        limit: u32::try_from(free.len()).unwrap_or(u32::MAX),
        lease: shared.settings.lease,
    };
    let claimed = shared.store.claim(request).await?;
    let full = claimed.len() == free.len();
    for (claimed, place) in claimed.into_iter().zip(free) {
        let deadline = LocalDeadline::new(asked_at, shared.settings.lease);
        let lease = shared.leases.hold(claimed.claim(), deadline);
        let shared = shared.clone();
        tasks.spawn(async move {
            run_claimed(&shared, claimed, &lease).await;
            shared.leases.release(&lease.claim);
            drop(place);
        });
    }
    if full {
        return Ok(Duration::ZERO);
    }
    let next = shared.store.next_claimable().await?;
    let wait = wait_until(next, shared.clock.now(), LONGEST_WAIT);
    Ok(wait.max(SHORTEST_WAIT))
}

async fn run_claimed(shared: &Arc<Shared>, claimed: Claimed, lease: &Arc<Lease>) {
    shared.changes.announce(&lease.claim.execution);
    let started_at = shared.clock.now();
    let recorder = Recorder::new(shared.clone(), lease.clone(), claimed.execution.attempt);
    let flushing = recorder.flush_regularly();
    let report = run_template(shared, &claimed, lease, &recorder).await;
    flushing.stop().await;
    let ending = ending(shared, &claimed, lease, &recorder, started_at, report);
    if lease.stop_reason() == Stop::Lost {
        tracing::warn!(execution = %lease.claim.execution, "execution.lease.lost");
        return;
    }
    match end_attempt(shared, lease, ending).await {
        Ok(execution) => announce_end(shared, &execution, &claimed).await,
        Err(error) => tracing::warn!(
            execution = %lease.claim.execution,
            error = &error as &dyn std::error::Error,
            "execution.end.failed"
        ),
    }
}

async fn run_template(
    shared: &Shared,
    claimed: &Claimed,
    lease: &Lease,
    recorder: &Recorder,
) -> RunReport {
    let Claimed { execution, job } = claimed;
    let template = match shared.catalogue.load(&execution.template_digest).await {
        Ok(template) => template,
        Err(error) => return could_not_load(&error),
    };
    let timeout = job.timeout_seconds.duration();
    let now = shared.clock.now();
    let deadline = SignedDuration::try_from(timeout)
        .ok()
        .and_then(|timeout| now.checked_add(timeout).ok())
        .unwrap_or(now);
    let run = Run {
        context: RunContext {
            execution: execution.id.clone(),
            job: job.id.clone(),
            job_name: execution.job_name.clone(),
            attempt: execution.attempt,
            scheduled_at: execution.scheduled_for,
            deadline,
            mode: RunMode::from_dry_run(execution.dry_run),
            idempotency_key: execution.id.as_str().to_owned(),
            parents: Vec::new(),
        },
        parameters: Value::Object(job.parameters.clone()),
        grant: execution.grant.clone(),
        limits: Limits::with(&job.limits),
        timeout,
        observer: recorder.observer(),
        cancel: lease.token.clone(),
    };
    shared.catalogue.host().run(&template, run).await
}

fn could_not_load(error: &CatalogueError) -> RunReport {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "template.load.failed"
    );
    let outcome = match error {
        CatalogueError::Template(error) if error.blame() == Blame::Guest => {
            OutcomeCode::InvalidTemplate
        }
        _ => OutcomeCode::HostFault,
    };
    RunReport {
        outcome,
        result: None,
        message: Some(format!("the template could not be loaded: {error}")),
        retry_after: None,
        fuel_used: 0,
        peak_memory_bytes: 0,
        duration: Duration::ZERO,
        artifacts: Vec::new(),
        dropped_log_lines: 0,
    }
}

fn ending(
    shared: &Shared,
    claimed: &Claimed,
    lease: &Lease,
    recorder: &Recorder,
    started_at: jiff::Timestamp,
    report: RunReport,
) -> Ending {
    let completed_at = shared.clock.now().max(started_at);
    let gave_back = lease.stop_reason() == Stop::GivenBack;
    let outcome = match gave_back {
        true => OutcomeCode::LeaseLost,
        false => report.outcome,
    };
    let error = match outcome {
        OutcomeCode::Success => None,
        OutcomeCode::LeaseLost => Some("the host shut down before the run ended".to_owned()),
        _ => Some(
            report
                .message
                .clone()
                .unwrap_or_else(|| outcome.to_string()),
        ),
    };
    let attempt = Attempt {
        attempt: claimed.execution.attempt,
        execution_host: shared.settings.host_name.clone(),
        started_at,
        completed_at,
        outcome,
        error,
        fuel_used: report.fuel_used,
        peak_memory_bytes: report.peak_memory_bytes,
    };
    let end = AttemptEnd {
        outcome,
        attempt: claimed.execution.attempt,
        retry_after: report.retry_after,
        at: completed_at,
    };
    let next_attempt = match gave_back {
        true => Some(completed_at),
        false => decide_follow_up(end, claimed.job.retry_policy),
    };
    let follow_up = match next_attempt {
        Some(available_at) => FollowUp::Retry { available_at },
        None => FollowUp::Finished {
            result: report.result,
            message: report.message,
            artifacts: report.artifacts.into_iter().map(artifact).collect(),
        },
    };
    Ending {
        attempt,
        records: recorder.take(),
        follow_up,
    }
}

fn artifact(record: sandglass_host::ArtifactRecord) -> ArtifactRecord {
    ArtifactRecord {
        id: record.id,
        name: record.name,
        content_type: record.content_type,
        size: record.size,
        sha256: record.sha256,
    }
}

/// Stores the end of an attempt, again and again while the claim holds and the store does not answer.
async fn end_attempt(
    shared: &Shared,
    lease: &Lease,
    ending: Ending,
) -> Result<Execution, StoreError> {
    loop {
        match shared.store.end_attempt(&lease.claim, ending.clone()).await {
            Err(error) if error.is_retryable() && !lease.has_passed(shared.clock.monotonic()) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "execution.end.retried"
                );
                shared.clock.sleep(WAIT_AFTER_FAILURE).await;
            }
            other => return other,
        }
    }
}

async fn announce_end(shared: &Shared, execution: &Execution, claimed: &Claimed) {
    tracing::info!(
        execution = %execution.id,
        job = %execution.job_id,
        template = %execution.template_type,
        status = execution.status.as_str(),
        attempt = execution.attempt,
        "execution.ended"
    );
    shared.changes.announce(&execution.id);
    shared.wake.work();
    if execution.status.is_finished() {
        shared
            .notifier
            .tell(execution, &claimed.job.notifications)
            .await;
    }
}
