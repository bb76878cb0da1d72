//! Files that an older version has made.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{fs, num::NonZeroU32, path::Path, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_contract::{
    Clock as _, ExecutionId, JobId, OrganisationId, clock::testing::ManualClock,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    ExecutionStatus, Labels, PageRequest, Scope,
    embedded::{EmbeddedStore, SCHEMA, STORE_FILE},
    job::{OverlapPolicy, Priority},
    store::{ClaimRequest, ExecutionQuery, ExecutionStore, JobStore},
};

const START: i64 = 1_760_000_000_000;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(START + milliseconds).unwrap()
}

fn scope() -> Scope {
    Scope::of(OrganisationId::default())
}

/// A job as the first version of the tables keeps it.
fn insert_job(file: &Connection, id: &str, schedule: &Value, next: Option<i64>) {
    let doc = json!({
        "_id": id, "org": "default", "name": id, "description": "", "template_type": "t",
        "template_version": "1.0.0", "template_digest": "0".repeat(64), "parameters": {},
        "schedule": schedule, "enabled": true, "timeout_seconds": 60,
        "retry_policy": {"max_retries": 1, "retry_delay_seconds": 5}, "notifications": {},
        "limits": {}, "tags": ["old"], "grant": [], "created_by": "ada", "updated_by": "ada",
        "created_at": at(0), "updated_at": at(0), "last_run_at": null, "next_run_at": null,
        "version": 1
    });
    let doc = doc.to_string();
    let revision = "INSERT INTO job_revisions (job, version, org, doc) VALUES (?, 1, 'default', ?)";
    file.execute(revision, params![id, doc]).unwrap();
    file.execute(
        "INSERT INTO jobs (id, org, version, enabled, next_run_at, last_run_at, template_type,
             created_at, name, description, doc)
         VALUES (?1, 'default', 1, 1, ?2, NULL, 't', 0, ?1, '', ?3)",
        params![id, next.map(|next| START + next), doc],
    )
    .unwrap();
}

/// An execution as the first version of the tables keeps it.
fn insert_execution(file: &Connection, id: &str, status: &str, claimable: Option<i64>) {
    let doc = json!({
        "_id": id, "org": "default", "job_id": "job_interval", "job_name": "", "job_version": 1,
        "template_type": "t", "template_version": "1.0.0", "template_digest": "0".repeat(64),
        "grant": [], "status": "queued", "scheduled_for": at(0), "queued_at": at(0),
        "available_at": at(0), "attempt": 0, "attempts": [], "fuel_used": 0,
        "peak_memory_bytes": 0, "artifacts": [], "dry_run": false, "triggered_by": "scheduler",
        "fence": 0
    });
    let began = (status != "queued").then_some(START);
    file.execute(
        "INSERT INTO executions (id, org, job_id, job_version, status, queued_at, claimable_at,
             fence, attempt, available_at, started_at, attempt_started_at, completed_at,
             execution_host, attempts, artifacts, fuel_used, peak_memory_bytes, doc)
         VALUES (?1, 'default', 'job_interval', 1, ?2, ?3, ?4, ?5, ?5, ?3, ?6, ?6, ?7, ?8, '[]',
             '[]', 0, 0, ?9)",
        params![
            id,
            status,
            START,
            claimable.map(|it| START + it),
            i64::from(began.is_some()),
            began,
            (status == "success").then_some(START + 7),
            began.map(|_| "host-0"),
            doc.to_string(),
        ],
    )
    .unwrap();
}

fn old_file(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let file = Connection::open(folder.join(STORE_FILE)).unwrap();
    file.execute_batch(SCHEMA.migrations[0]).unwrap();
    file.pragma_update(None, "application_id", SCHEMA.application_id)
        .unwrap();
    file.pragma_update(None, "user_version", 1).unwrap();
    let interval = json!({"type": "interval", "interval_seconds": 60});
    let cron = json!({"type": "cron", "expression": "0 0 * * *", "timezone": "UTC"});
    insert_job(&file, "job_interval", &interval, Some(60_000));
    insert_job(&file, "job_cron", &cron, Some(30_000));
    insert_job(&file, "job_manual", &json!({"type": "manual"}), None);
    insert_execution(&file, "exec_queued", "queued", Some(0));
    insert_execution(&file, "exec_running", "running", Some(30_000));
    insert_execution(&file, "exec_success", "success", None);
}

fn open(folder: &Path, clock: &ManualClock) -> EmbeddedStore {
    EmbeddedStore::open(folder, Arc::new(clock.clone())).unwrap()
}

#[tokio::test]
async fn a_file_of_the_first_version_keeps_its_jobs_and_executions() {
    let folder = TempDir::new().unwrap();
    old_file(folder.path());
    let clock = ManualClock::at(at(1_000));
    let store = open(folder.path(), &clock);

    assert_eq!(store.next_due(at(0)).await.unwrap(), Some(at(30_000)));
    let due = store.due_jobs(at(60_000), 10).await.unwrap();
    let due: Vec<_> = due
        .iter()
        .map(|it| (it.id.as_str(), it.next_run_at))
        .collect();
    let expect = [
        ("job_cron", Some(at(30_000))),
        ("job_interval", Some(at(60_000))),
    ];
    assert_eq!(due, expect);
    let manual = JobId::parse("job_manual").unwrap();
    let manual = store.job(&scope(), &manual).await.unwrap().unwrap();
    assert_eq!(manual.overlap_policy, OverlapPolicy::Skip);
    assert_eq!(
        (manual.priority, manual.next_run_at),
        (Priority::default(), None)
    );

    let query = ExecutionQuery {
        job: None,
        backfill: None,
        status: vec![ExecutionStatus::Success],
        page: PageRequest::new(NonZeroU32::MIN, NonZeroU32::MAX),
    };
    assert_eq!(store.executions(&scope(), &query).await.unwrap().total, 1);
    let done = ExecutionId::parse("exec_success").unwrap();
    let done = store.execution(&scope(), &done).await.unwrap().unwrap();
    assert_eq!(
        (done.status, done.completed_at),
        (ExecutionStatus::Success, Some(at(7)))
    );

    let request = ClaimRequest {
        host: "host-1".to_owned(),
        labels: Labels::default(),
        limit: 10,
        lease: std::time::Duration::from_secs(30),
        most_lost_leases: 3,
    };
    let claimed = store.claim(request).await.unwrap().claimed;
    let mut shown: Vec<_> = claimed
        .iter()
        .map(|it| (it.execution.id.as_str(), it.execution.attempt))
        .collect();
    shown.sort_unstable();
    assert_eq!(shown, [("exec_queued", 1), ("exec_running", 2)]);
    // Only the interval lies further ahead than it is long.
    let earlier = clock.now() - std::time::Duration::from_secs(3600);
    assert_eq!(
        store
            .reanchor(earlier, std::time::Duration::ZERO)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_due_job_that_cannot_be_read_is_switched_off() {
    let folder = TempDir::new().unwrap();
    old_file(folder.path());
    let clock = ManualClock::at(at(0));
    drop(open(folder.path(), &clock));
    let file = Connection::open(folder.path().join(STORE_FILE)).unwrap();
    let damage = "UPDATE jobs SET doc = '{\"name\": 1}' WHERE id = 'job_cron'";
    assert_eq!(file.execute(damage, []).unwrap(), 1);
    drop(file);

    let store = open(folder.path(), &clock);
    let due = store.due_jobs(at(60_000), 10).await.unwrap();
    let due: Vec<_> = due.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(due, ["job_interval"]);
    assert_eq!(store.next_due(at(0)).await.unwrap(), Some(at(60_000)));
}
