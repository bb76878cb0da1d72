//! An execution as it begins: made of a job, and waiting.

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::ExecutionId;
use sandglass_registry::{Execution, ExecutionStatus, Fence, Job, Trigger};

/// Why there is an execution.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Its id.
    pub id: ExecutionId,
    /// The moment that it stands for.
    pub scheduled_for: Timestamp,
    /// What made it.
    pub triggered_by: Trigger,
}

/// An execution of `job` that waits for a worker from `now` on.
#[must_use]
pub fn queued(job: &Job, cause: Cause, now: Timestamp) -> Execution {
    let queue_deadline = job.queue_timeout_seconds.map(|timeout| {
        let timeout = SignedDuration::from_secs(timeout.get().into());
        now.saturating_add(timeout).unwrap_or(Timestamp::MAX)
    });
    Execution {
        id: cause.id,
        org: job.org.clone(),
        job_id: job.id.clone(),
        job_name: job.name.as_str().to_owned(),
        job_version: job.version,
        template_type: job.template_type.clone(),
        template_version: job.template_version.clone(),
        template_digest: job.template_digest,
        grant: job.grant.clone(),
        status: ExecutionStatus::Queued,
        reason: None,
        scheduled_for: cause.scheduled_for,
        queued_at: now,
        available_at: now,
        started_at: None,
        completed_at: None,
        duration_seconds: None,
        result: None,
        message: None,
        error: None,
        outcome: None,
        progress: None,
        attempt: 0,
        attempts: Vec::new(),
        fuel_used: 0,
        peak_memory_bytes: 0,
        artifacts: Vec::new(),
        dry_run: false,
        triggered_by: cause.triggered_by,
        triggered_by_user: None,
        execution_host: None,
        fence: Fence::default(),
        cancel_requested: None,
        priority: job.priority,
        tags: job.tags.clone(),
        waits_for: None,
        queue_deadline,
        chain: None,
        backfill_id: None,
        placement: job.placement.clone(),
    }
}

/// The same as one that never runs.
pub(super) fn never_run(
    execution: Execution,
    status: ExecutionStatus,
    reason: String,
    now: Timestamp,
) -> Execution {
    Execution {
        status,
        reason: Some(reason),
        completed_at: Some(now),
        ..execution
    }
}

#[cfg(test)]
mod tests;
