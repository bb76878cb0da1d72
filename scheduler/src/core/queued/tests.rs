//! What an execution takes over from its job.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;
use crate::testing::{at, execution_of, job};
use serde_json::json;

#[test]
fn an_execution_is_made_of_its_job() {
    let job = job(json!({"priority": 8, "tags": ["a"], "version": 3, "queue_timeout_seconds": 90}));
    let execution = execution_of(&job, "exec_1");
    assert_eq!(execution.status, ExecutionStatus::Queued);
    assert_eq!(execution.job_version, job.version);
    assert_eq!(execution.priority, job.priority);
    assert_eq!(execution.tags, job.tags);
    assert_eq!(execution.available_at, at("00:00:00"));
    assert_eq!(execution.queue_deadline, Some(at("00:01:30")));
}

#[test]
fn an_execution_that_never_runs_is_over_when_it_is_made() {
    let execution = execution_of(&job(json!({})), "exec_1");
    assert_eq!(execution.queue_deadline, None);
    let reason = "a rule".to_owned();
    let skipped = never_run(execution, ExecutionStatus::Skipped, reason, at("00:00:05"));
    assert!(skipped.status.is_finished());
    assert_eq!(skipped.reason.as_deref(), Some("a rule"));
    assert_eq!(skipped.completed_at, Some(at("00:00:05")));
    assert_eq!(skipped.attempt, 0);
}
