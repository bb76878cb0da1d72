//! What the tests of this crate share.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use jiff::Timestamp;
use sandglass_contract::ExecutionId;
use sandglass_registry::{Execution, Job, Trigger};
use serde_json::{Value, json};

use crate::core::{Cause, queued};

/// A job with these members, and others that do not matter.
pub(crate) fn job(members: Value) -> Job {
    let mut job = json!({
        "_id": "job_1", "org": "default", "name": "A job", "description": "",
        "template_type": "test_scheduler", "template_version": "1.0.0",
        "template_digest": "00".repeat(32), "parameters": {}, "schedule": {"type": "manual"},
        "enabled": true, "timeout_seconds": 60, "retry_policy": {}, "notifications": {},
        "limits": {}, "tags": [], "grant": [], "created_by": "admin", "updated_by": "admin",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "last_run_at": null, "next_run_at": null, "version": 1
    });
    for (name, value) in members.as_object().unwrap() {
        job[name] = value.clone();
    }
    serde_json::from_value(job).unwrap_or_else(|error| panic!("{members}: {error}"))
}

/// A moment of the first day of 2026, as `hh:mm:ss`.
pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-01-01T{time}Z").parse().unwrap()
}

/// An execution of a job that somebody asked for.
pub(crate) fn execution_of(job: &Job, id: &str) -> Execution {
    let cause = Cause {
        id: ExecutionId::parse(id).unwrap(),
        scheduled_for: at("00:00:00"),
        triggered_by: Trigger::User,
    };
    queued(job, cause, at("00:00:00"))
}
