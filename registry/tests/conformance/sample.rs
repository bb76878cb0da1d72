//! Records to store.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{
    CallOutcome, Digest, Effect, ExecutionId, Grant, JobId, JournalEntry, LogLevel, LogLine,
    OrganisationId, OutcomeCode, UserId, clock::testing::ManualClock,
};
use sandglass_registry::{
    Attempt, Execution, ExecutionStatus, Fence, Job, Labels, Scope, Store, StoreError, Trigger,
    Version,
    store::{
        Advance, CancelAnswer, Claim, ClaimAnswer, ClaimRequest, Claimed, EndAnswer, Ending, Fired,
        Firing, FollowUp, Records, ScheduleChange,
    },
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
        priority: job.priority,
        tags: job.tags.clone(),
        waits_for: None,
        queue_deadline: None,
        chain: None,
        backfill_id: None,
        placement: job.placement.clone(),
    }
}

/// The slot that `job` waits for, and the next one a minute later.
pub(crate) fn firing(job: &Job) -> Firing {
    let slot = job.next_run_at.unwrap();
    let next = slot + Duration::from_secs(60);
    let id = ExecutionId::of_slot(&job.id, slot);
    Firing {
        execution: Execution {
            scheduled_for: slot,
            triggered_by: Trigger::Scheduler,
            triggered_by_user: None,
            ..execution(job, id.as_str())
        },
        advance: Advance::Job {
            version: job.version,
            from: slot,
            to: Some(next),
            due_at: Some(job.due_at(next)),
        },
        overlap: job.overlap_policy,
    }
}

/// Stores slots one after the other.
pub(crate) async fn fire(store: &Arc<dyn Store>, firing: Firing) -> Fired {
    store.fire(vec![firing]).await.unwrap()[0]
}

/// Stores the slot that the job of this name waits for now, and returns its execution as stored.
pub(crate) async fn fire_next(store: &Arc<dyn Store>, name: &str) -> Execution {
    let slot = firing(&stored_job(store, name).await);
    let id = slot.execution.id.clone();
    let fired = fire(store, slot).await;
    let execution = stored(store, id.as_str()).await;
    assert_eq!(fired, Fired::Stored(execution.status));
    execution
}

/// Changes the stored job of this name.
pub(crate) async fn change_job(
    store: &Arc<dyn Store>,
    name: &str,
    schedule: ScheduleChange,
    change: impl FnOnce(&mut Job),
) -> Job {
    let before = stored_job(store, name).await;
    let mut after = next_version(&before);
    change(&mut after);
    let answer = store
        .replace_job(&scope(), &after, before.version, schedule)
        .await;
    answer.unwrap()
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

/// Stores a job as it is and returns it.
pub(crate) async fn inserted(store: &Arc<dyn Store>, job: Job) -> Job {
    store.insert_job(&scope(), &job).await.unwrap();
    job
}

/// How many workers an execution may lose in these tests.
pub(crate) const MOST_LOST: u32 = 2;

pub(crate) fn request(limit: u32) -> ClaimRequest {
    ClaimRequest {
        host: "host-1".to_owned(),
        labels: Labels::default(),
        limit,
        lease: LEASE,
        most_lost_leases: MOST_LOST,
    }
}

/// A claim with all that it answers.
pub(crate) async fn claim_answer(store: &Arc<dyn Store>, limit: u32) -> ClaimAnswer {
    store.claim(request(limit)).await.unwrap()
}

pub(crate) async fn claim(store: &Arc<dyn Store>, limit: u32) -> Vec<Claimed> {
    claim_answer(store, limit).await.claimed
}

/// Claims the one execution that waits.
pub(crate) async fn claim_one(store: &Arc<dyn Store>) -> Claim {
    let claimed = claim(store, 10).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed[0].claim()
}

/// Claims what can be claimed, and expects these executions in this order.
pub(crate) async fn claim_these(store: &Arc<dyn Store>, expect: &[&str]) -> Vec<Claim> {
    let claimed = claim(store, 10).await;
    let ids: Vec<_> = claimed.iter().map(|it| it.execution.id.as_str()).collect();
    assert_eq!(ids, expect);
    claimed.iter().map(Claimed::claim).collect()
}

/// Ends an attempt under the current claim, and returns the execution as it is then.
pub(crate) async fn ended(store: &Arc<dyn Store>, claim: &Claim, ending: Ending) -> Execution {
    let answers = store.end_attempts(vec![(claim.clone(), ending)]).await;
    let execution = stored(store, claim.execution.as_str()).await;
    assert_eq!(answers.unwrap(), [EndAnswer::Ended(execution.status)]);
    execution
}

/// Ends the execution of a claim with success.
pub(crate) async fn succeed(store: &Arc<dyn Store>, claim: &Claim) -> Execution {
    ended(store, claim, finished(attempt(1, OutcomeCode::Success))).await
}

/// Ends an attempt under a claim that is not the current one any more.
pub(crate) async fn assert_lost(store: &Arc<dyn Store>, claim: &Claim, ending: Ending) {
    let before = stored(store, claim.execution.as_str()).await;
    let answers = store.end_attempts(vec![(claim.clone(), ending)]).await;
    assert_eq!(answers.unwrap(), [EndAnswer::Lost]);
    assert_eq!(stored(store, claim.execution.as_str()).await, before);
}

pub(crate) async fn cancel(store: &Arc<dyn Store>, id: &str) -> CancelAnswer {
    let id = ExecutionId::parse(id).unwrap();
    store.cancel(&scope(), &id, &user()).await.unwrap()
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
        start_delay_us: None,
    }
}

pub(crate) fn finished(attempt: Attempt) -> Ending {
    Ending {
        attempt,
        records: Records::default(),
        uses: Vec::new(),
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
        uses: Vec::new(),
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

/// Stores executions of a job that wait.
pub(crate) async fn enqueued(store: &Arc<dyn Store>, job: &Job, ids: &[&str]) {
    for id in ids {
        let execution = execution(job, id);
        store.enqueue(&scope(), &execution).await.unwrap();
    }
}

/// The status of a stored execution.
pub(crate) async fn status(store: &Arc<dyn Store>, id: &str) -> ExecutionStatus {
    stored(store, id).await.status
}
