//! Reading executions, from the REST API while a server runs and from the store afterwards.

use std::num::NonZeroU32;

use jiff::Timestamp;
use sandglass_contract::{ExecutionId, JobId};
use sandglass_registry::{
    Execution, Job, PageRequest, Trigger,
    embedded::EmbeddedStore,
    store::{ExecutionQuery, ExecutionStore as _},
};
use sandglass_tests::Client;
use serde_json::{Value, json};

use crate::ground::scope;

/// How many executions are read at once: the most that a page holds.
const PAGE: u32 = 200;

/// Every execution that the REST API lists.
pub(crate) fn listed(client: &Client) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let path = format!("/api/admin/job-executions?page={page}&limit={PAGE}");
        let body = client.get(&path).expect(200).body;
        let executions = body["executions"].as_array().expect("a list");
        found.extend_from_slice(executions);
        if executions.is_empty() {
            break;
        }
    }
    found
}

/// Every execution of a job that is stored.
pub(crate) async fn stored(store: &EmbeddedStore, job: &JobId) -> Vec<Execution> {
    let limit = NonZeroU32::new(PAGE).unwrap_or(NonZeroU32::MIN);
    let mut found = Vec::new();
    for page in (1..).filter_map(NonZeroU32::new) {
        let query = ExecutionQuery {
            backfill: None,
            job: Some(job.clone()),
            status: Vec::new(),
            page: PageRequest::new(page, limit),
        };
        let read = store.executions(&scope(), &query).await;
        let read = read.expect("the store answers");
        found.extend(read.items);
        if u64::from(page.get()) >= read.pages {
            break;
        }
    }
    found
}

/// An execution of `job` that waits since `at`.
pub(crate) fn waiting(job: &Job, id: &str, at: Timestamp) -> Execution {
    serde_json::from_value(json!({
        "_id": ExecutionId::parse(id).expect("an id"), "org": job.org, "job_id": job.id,
        "job_name": job.name, "job_version": job.version, "template_type": job.template_type,
        "template_version": job.template_version, "template_digest": job.template_digest,
        "grant": job.grant, "status": "queued", "scheduled_for": at, "queued_at": at,
        "available_at": at, "attempt": 0, "attempts": [], "fuel_used": 0,
        "peak_memory_bytes": 0, "artifacts": [], "dry_run": false,
        "triggered_by": Trigger::User, "fence": 0
    }))
    .expect("an execution")
}

/// A moment of a record of the REST API.
pub(crate) fn moment(value: &Value) -> Timestamp {
    let text = value.as_str().expect("a moment");
    text.parse().expect("RFC 3339")
}

/// From one moment to another, in milliseconds.
pub(crate) fn milliseconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_millisecond() - from.as_millisecond()) as f64
}

/// The moments of an execution that slots are judged by.
pub(crate) struct Lateness {
    /// From its slot until it was queued, in milliseconds.
    pub(crate) queued: f64,
    /// From its slot until its first attempt began, in milliseconds.
    pub(crate) started: f64,
}

impl Lateness {
    /// Of an execution as the REST API shows it, which must have succeeded.
    pub(crate) fn of(execution: &Value) -> Self {
        assert_eq!(execution["status"], "success", "{execution:#}");
        let slot = moment(&execution["scheduled_for"]);
        let since = |value: &Value| milliseconds(slot, moment(value));
        Self {
            queued: since(&execution["queued_at"]),
            started: since(&execution["attempts"][0]["started_at"]),
        }
    }
}
