//! Running claimed executions.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sandglass_contract::{
    Blame, ExecutionId, Limits, OutcomeCode, ParentResult, RunContext, RunMode,
};
use sandglass_host::{Run, RunReport};
use sandglass_registry::{
    ArtifactRecord, Attempt, Execution, ExecutionStatus, Scope,
    store::{Claim, Claimed, Ending, FollowUp},
};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::bounds::bounds;
use crate::{
    catalogue::CatalogueError,
    core::{AttemptEnd, Event, Stop, decide_follow_up},
    notify,
    observer::Recorder,
    service::Shared,
};

/// The hold that a run has on its execution, as its task sees it.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) claim: Claim,
    /// Ends the run.
    pub(crate) token: CancellationToken,
    stop: AtomicU8,
}

impl Lease {
    fn new(claim: Claim) -> Self {
        Self {
            claim,
            token: CancellationToken::new(),
            stop: AtomicU8::new(0),
        }
    }

    /// Why the run was stopped.
    fn stop_reason(&self) -> Option<Stop> {
        match self.stop.load(Ordering::Acquire) {
            1 => Some(Stop::Cancelled),
            2 => Some(Stop::GivenBack),
            3 => Some(Stop::Lost),
            _ => None,
        }
    }

    /// Whether nothing more may be written.
    pub(crate) fn is_lost(&self) -> bool {
        self.stop_reason() == Some(Stop::Lost)
    }

    /// Ends the run. A stronger reason takes the place of a weaker one.
    pub(crate) fn stop(&self, reason: Stop) {
        let number = match reason {
            Stop::Cancelled => 1,
            Stop::GivenBack => 2,
            Stop::Lost => 3,
        };
        self.stop.fetch_max(number, Ordering::AcqRel);
        self.token.cancel();
    }
}

/// The runs that go on here.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<HashMap<ExecutionId, GoingOn>>);

#[derive(Debug)]
struct GoingOn {
    lease: Arc<Lease>,
    claimed: Arc<Claimed>,
}

impl Runs {
    /// Ends the run of a claim.
    pub(super) fn stop(&self, claim: &Claim, reason: Stop) {
        if let Some(run) = self.0.lock().get(&claim.execution)
            && run.lease.claim == *claim
        {
            run.lease.stop(reason);
        }
    }

    /// Forgets a run that is over and returns what it was.
    pub(super) fn forget(&self, claim: &Claim) -> Option<Arc<Claimed>> {
        let mut runs = self.0.lock();
        let is_this = runs.get(&claim.execution)?.lease.claim == *claim;
        match is_this {
            true => runs.remove(&claim.execution).map(|run| run.claimed),
            false => None,
        }
    }

    /// Whether somebody is to be told of an end in this status.
    pub(super) fn is_announced(claimed: &Claimed, status: ExecutionStatus) -> bool {
        !notify::addressees(status, &claimed.job.notifications).is_empty()
    }

    /// How many go on.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.lock().len()).unwrap_or(u32::MAX)
    }

    fn note(&self, lease: Arc<Lease>, claimed: Arc<Claimed>) {
        let execution = lease.claim.execution.clone();
        self.0.lock().insert(execution, GoingOn { lease, claimed });
    }
}

/// Begins to run a claimed execution.
pub(super) fn start(shared: &Arc<Shared>, tasks: &TaskTracker, claimed: Claimed) {
    let lease = Arc::new(Lease::new(claimed.claim()));
    let claimed = Arc::new(claimed);
    shared.runs.note(lease.clone(), claimed.clone());
    shared.changes.announce(&lease.claim.execution);
    let shared = shared.clone();
    tasks.spawn(async move {
        let ending = run(&shared, &claimed, &lease).await;
        shared.bells.tell(Event::RunEnded {
            claim: lease.claim.clone(),
            ending: Box::new(ending),
        });
    });
}

async fn run(shared: &Arc<Shared>, claimed: &Claimed, lease: &Arc<Lease>) -> Ending {
    let started_at = shared.clock.now();
    let recorder = Recorder::new(shared.clone(), lease.clone(), claimed.execution.attempt);
    let report = run_template(shared, claimed, lease, &recorder).await;
    recorder.stop_flushing().await;
    let denials = recorder.take_denials();
    denials.tell(&shared.auditor, &claimed.execution).await;
    let ended = Ended {
        started_at,
        completed_at: shared.clock.now().max(started_at),
        gave_back: lease.stop_reason() == Some(Stop::GivenBack),
        report,
    };
    ending(shared, claimed, &recorder, ended)
}

async fn run_template(
    shared: &Shared,
    claimed: &Claimed,
    lease: &Lease,
    recorder: &Recorder,
) -> RunReport {
    let Claimed { execution, job } = claimed;
    let scope = Scope::of(execution.org.clone());
    let (id, digest) = (&execution.template_type, &execution.template_digest);
    let template = match shared.catalogue.load(&scope, id, digest).await {
        Ok(template) => template,
        Err(error) => return could_not_load(&error),
    };
    let most = match bounds(shared, claimed).await {
        Ok(most) => most,
        Err(refused) => return refused,
    };
    let timeout = Duration::from_secs(job.timeout_seconds.get().into());
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
            parents: parents(execution),
        },
        parameters: Value::Object(job.parameters.clone()),
        grant: execution.grant.clone(),
        limits: Limits::with(&job.limits).at_most(&most),
        timeout,
        secrets: shared.secrets.source(Scope::of(execution.org.clone())),
        observer: recorder.observer(),
        cancel: lease.token.clone(),
    };
    shared.catalogue.host().run(&template, run).await
}

fn parents(execution: &Execution) -> Vec<ParentResult> {
    let parents = execution.chain.iter().flat_map(|chain| &chain.parents);
    parents
        .map(|parent| ParentResult {
            job: parent.job_id.clone(),
            job_name: parent.job_name.clone(),
            execution: parent.execution_id.clone(),
            status: parent.status.as_str().to_owned(),
            result: parent.result.clone().unwrap_or(Value::Null),
        })
        .collect()
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
        CatalogueError::Signature(_) => OutcomeCode::InvalidTemplate,
        _ => OutcomeCode::HostFault,
    };
    let message = format!("the template could not be loaded: {error}");
    did_not_run(outcome, message)
}

/// The report of a run that did not begin.
pub(super) const fn did_not_run(outcome: OutcomeCode, message: String) -> RunReport {
    RunReport {
        outcome,
        result: None,
        message: Some(message),
        retry_after: None,
        fuel_used: 0,
        peak_memory_bytes: 0,
        duration: Duration::ZERO,
        artifacts: Vec::new(),
        dropped_log_lines: 0,
        uses: Vec::new(),
    }
}

/// An attempt that is over.
struct Ended {
    started_at: Timestamp,
    completed_at: Timestamp,
    gave_back: bool,
    report: RunReport,
}

fn ending(shared: &Shared, claimed: &Claimed, recorder: &Recorder, ended: Ended) -> Ending {
    let report = ended.report;
    let outcome = match ended.gave_back {
        true => OutcomeCode::Interrupted,
        false => report.outcome,
    };
    let said = report.message.clone();
    let error = match outcome {
        OutcomeCode::Success => None,
        OutcomeCode::Interrupted => Some("the host was shut down before the run ended".to_owned()),
        _ => Some(said.unwrap_or_else(|| outcome.to_string())),
    };
    let execution = &claimed.execution;
    let attempt = Attempt {
        attempt: execution.attempt,
        execution_host: shared.settings.host.name.clone(),
        started_at: ended.started_at,
        completed_at: ended.completed_at,
        outcome,
        error,
        fuel_used: report.fuel_used,
        peak_memory_bytes: report.peak_memory_bytes,
        start_delay_us: start_delay(shared, execution, recorder),
    };
    let end = AttemptEnd {
        execution: &execution.id,
        outcome,
        attempt: execution.attempt,
        retry_after: report.retry_after,
        at: ended.completed_at,
    };
    let follow_up = match decide_follow_up(&end, &claimed.job.retry_policy) {
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
        uses: report.uses,
        follow_up,
    }
}

/// From the request, or the moment at which the slot was due, to the first instruction.
fn start_delay(shared: &Shared, execution: &Execution, recorder: &Recorder) -> Option<u64> {
    let heard_at = shared.arrivals.take(&execution.id)?;
    let delay = recorder.began_at()?.saturating_sub(heard_at);
    u64::try_from(delay.as_micros()).ok()
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
