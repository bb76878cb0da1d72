//! What the tests of this crate share.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sandglass_registry::Job;
use serde_json::{Value, json};

/// A job that is due as `schedule` says.
pub(crate) fn job_with_schedule(schedule: Value) -> Job {
    serde_json::from_value(json!({
        "_id": "job_1", "org": "default", "name": "A job", "description": "",
        "template_type": "test_scheduler", "template_version": "1.0.0",
        "template_digest": "00".repeat(32), "parameters": {}, "schedule": schedule,
        "enabled": true, "timeout_seconds": 60, "retry_policy": {}, "notifications": {},
        "limits": {}, "tags": [], "grant": [], "created_by": "admin", "updated_by": "admin",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "last_run_at": null, "next_run_at": null, "version": 1
    }))
    .unwrap()
}
