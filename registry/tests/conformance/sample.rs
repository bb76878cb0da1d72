//! Records to store.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{
    CallOutcome, Digest, Effect, ExecutionId, Grant, JobId, JournalEntry, LogLevel, LogLine,
    OrganisationId, OutcomeCode, UserId, clock::testing::ManualClock,
};
use sandglass_registry::{
    Attempt, Execution, ExecutionStatus, Fence, Job, Scope, Store, StoreError, Trigger, Version,
    store::{Claim, ClaimRequest, Claimed, Ending, Firing, FollowUp, Overlap, Records},
};
use serde_json::json;

pub(crate) const LEASE: Duration = Duration::from_secs(30);

pub(crate) fn scope() -> Scope {
    Scope::of(OrganisationId::default())
}

pub(crate) fn elsewhere() -> Scope {
    Scope::of(OrganisationId::parse("elsewhere").unwrap())
}

pub(crate) fn user() -> UserId {
    UserId::parse("ada").unwrap()
}

/// A moment some seconds after the one at which every test begins.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + seconds).unwrap()
}

pub(crate) fn start() -> ManualClock {
    ManualClock::at(at(0))
}

pub(crate) fn job_id(name: &str) -> JobId {
    JobId::parse(name).unwrap()
}

pub(crate) fn job(name: &str) -> Job {
    serde_json::from_value(json!({
        "_id": name, "org": "default", "name": name, "description": "",
        "template_type": "test_scheduler", "template_version": "1.0.0",
        "template_digest": Digest::of(b"component"), "parameters": {"depth": {"is": [1, 2.5]}},
        "schedule": {"type": "interval", "interval_seconds": 60}, "enabled": true,
        "timeout_seconds": 60, "retry_policy": {"max_retries": 2, "retry_delay_seconds": 5},
        "notifications": {}, "limits": {"fuel": 10}, "tags": [],
        "grant": [{"interface": "database", "target": "users", "operations": ["count"]}],
        "created_by": "ada", "updated_by": "ada", "created_at": at(0), "updated_at": at(0),
        "last_run_at": null, "next_run_at": at(60), "version": 1
    }))
    .unwrap()
}

pub(crate) fn execution(job: &Job, id: &str) -> Execution {
    Execution {
        id: ExecutionId::parse(id).unwrap(),
        org: job.org.clone(),
        job_id: job.id.clone(),
        job_name: job.name.as_str().to_owned(),
        job_version: job.version,
        template_type: job.template_type.clone(),
        template_version: job.template_version.clone(),
        template_digest: job.template_digest,
        grant: Grant::default(),
        status: ExecutionStatus::Queued,
        reason: None,
        scheduled_for: at(0),
        queued_at: at(0),
        available_at: at(0),
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
        triggered_by: Trigger::User,
        triggered_by_user: Some(user()),
        execution_host: None,
        fence: Fence(0),
        cancel_requested: None,
    }
}

/// The slot that `job` waits for, and the next one a minute later.
pub(crate) fn firing(job: &Job) -> Firing {
    let due_at = job.next_run_at.unwrap();
    let id = ExecutionId::of_slot(&job.id, due_at);
    Firing {
        execution: Execution {
            scheduled_for: due_at,
            triggered_by: Trigger::Scheduler,
            triggered_by_user: None,
            ..execution(job, id.as_str())
        },
        due_at,
        next_run_at: Some(due_at + Duration::from_secs(60)),
        overlap: Overlap::Skip,
    }
}

/// Stores a job that has this name, and executions of it that wait.
pub(crate) async fn queued(store: &Arc<dyn Store>, name: &str, executions: &[&str]) -> Job {
    let job = job(name);
    store.insert_job(&scope(), &job).await.unwrap();
    for id in executions {
        let execution = execution(&job, id);
        store.enqueue(&scope(), &execution).await.unwrap();
    }
    job
}

pub(crate) async fn claim(store: &Arc<dyn Store>, limit: u32) -> Vec<Claimed> {
    let request = ClaimRequest {
        host: "host-1".to_owned(),
        limit,
        lease: LEASE,
    };
    store.claim(request).await.unwrap()
}

/// Claims the one execution that waits.
pub(crate) async fn claim_one(store: &Arc<dyn Store>) -> Claim {
    let claimed = claim(store, 10).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed[0].claim()
}

pub(crate) fn attempt(number: u32, outcome: OutcomeCode) -> Attempt {
    Attempt {
        attempt: number,
        execution_host: "host-1".to_owned(),
        started_at: at(0),
        completed_at: at(7),
        outcome,
        error: (outcome != OutcomeCode::Success).then(|| format!("it ended as {outcome:?}")),
        fuel_used: 100,
        peak_memory_bytes: 1000,
    }
}

pub(crate) fn finished(attempt: Attempt) -> Ending {
    Ending {
        attempt,
        records: Records::default(),
        follow_up: FollowUp::Finished {
            result: None,
            message: None,
            artifacts: Vec::new(),
        },
    }
}

pub(crate) fn retried(attempt: Attempt, available_at: Timestamp) -> Ending {
    Ending {
        attempt,
        records: Records::default(),
        follow_up: FollowUp::Retry { available_at },
    }
}

pub(crate) fn line(seq: u64, message: &str) -> LogLine {
    LogLine {
        seq,
        attempt: 1,
        timestamp: at(1),
        level: LogLevel::Info,
        message: message.to_owned(),
        fields: serde_json::Map::from_iter([("n".to_owned(), json!(seq))]),
    }
}

pub(crate) fn entry(attempt: u32, seq: u64, outcome: CallOutcome) -> JournalEntry {
    JournalEntry {
        attempt,
        seq,
        interface: "database".to_owned(),
        function: "count".to_owned(),
        target: "users".to_owned(),
        request_digest: Digest::of(b"request"),
        response_digest: (outcome != CallOutcome::Pending).then(|| Digest::of(b"response")),
        effect: Effect::Read,
        simulated: false,
        outcome,
        detail: None,
        started: at(1),
        duration_us: Some(12),
    }
}

pub(crate) async fn stored(store: &Arc<dyn Store>, id: &str) -> Execution {
    let id = ExecutionId::parse(id).unwrap();
    let found = store.execution(&scope(), &id).await.unwrap();
    found.expect("the execution is stored")
}

pub(crate) async fn stored_job(store: &Arc<dyn Store>, name: &str) -> Job {
    let found = store.job(&scope(), &job_id(name)).await.unwrap();
    found.expect("the job is stored")
}

pub(crate) fn next_version(job: &Job) -> Job {
    Job {
        version: Version(job.version.0 + 1),
        ..job.clone()
    }
}

/// Fails unless the answer is the error that the pattern names.
macro_rules! assert_refused {
    ($answer:expr, $pattern:pat) => {
        let answer = $answer;
        assert!(matches!(answer, Err($pattern)), "{answer:?}");
    };
}
pub(crate) use assert_refused;

pub(crate) fn assert_fenced<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert_refused!(answer, StoreError::Fenced);
}
