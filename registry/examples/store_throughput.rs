//! How many acknowledged writes a second the embedded store takes, from one caller and from 256 at
//! once, what the life of an execution costs, and how fast the application database takes in and goes through documents. Every write is on
//! the disk before it is counted.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program that measures prints what it found"
)]

use std::{sync::Arc, time::Duration};

use bson::doc;
use jiff::Timestamp;
use sandglass_contract::{Clock, ExecutionId, JobId, OrganisationId, OutcomeCode, SystemClock};
use sandglass_query::{ApplicationDatabase, CollectionName, Filter, Find};
use sandglass_registry::{
    Attempt, Execution, ExecutionStatus, Job, Labels, OverlapPolicy, Scope,
    embedded::{EmbeddedDatabase, EmbeddedStore, TakenId},
    store::{
        Advance, ClaimRequest, EndAnswer, Ending, ExecutionStore, Fired, Firing, FollowUp,
        JobStore, Records,
    },
};
use serde_json::json;

const DOCUMENTS: i32 = 300_000;
/// How many executions are fired, claimed and ended in one call.
const AT_ONCE: usize = 500;
/// How often.
const ROUNDS: i64 = 40;

#[tokio::main]
async fn main() {
    let folder = tempfile::TempDir::new_in(".").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store = Arc::new(EmbeddedStore::open(folder.path(), clock.clone()).unwrap());
    store.insert_job(&scope(), &job()).await.unwrap();

    let single = inserts(&store, &clock, 1, 300).await;
    println!("one caller:   {single:>8.0} inserts/s");
    let before = store.write_counts();
    let many = inserts(&store, &clock, 256, 200).await;
    let after = store.write_counts();
    println!("256 callers:  {many:>8.0} inserts/s");
    println!("ratio:        {:>8.1}", many / single);
    let requests = (after.requests - before.requests) as f64;
    let transactions = (after.transactions - before.transactions) as f64;
    println!("a commit has: {:>8.1} inserts", requests / transactions);

    let began = clock.monotonic();
    let mut claimed = 0;
    for _ in 0..50 {
        let request = ClaimRequest {
            host: "host".to_owned(),
            labels: Labels::default(),
            limit: 100,
            lease: Duration::from_secs(60),
            most_lost_leases: 3,
        };
        claimed += store.claim(request).await.unwrap().claimed.len();
    }
    let rate = per_second(claimed as u64, clock.monotonic() - began);
    println!("claims:       {rate:>8.0} a second, 100 at once");
    drop(store);

    measure_lives(&clock).await;
    measure_documents(folder.path(), &clock).await;
}

/// The life of an execution on a store of its own: fired, claimed and ended, many at once.
async fn measure_lives(clock: &Arc<dyn Clock>) {
    let folder = tempfile::TempDir::new_in(".").unwrap();
    let store = EmbeddedStore::open(folder.path(), clock.clone()).unwrap();
    for number in 0..AT_ONCE {
        let job = slotted(number);
        store.insert_job(&scope(), &job).await.unwrap();
    }
    let mut spent = [Duration::ZERO; 3];
    let began = clock.monotonic();
    for round in 0..ROUNDS {
        let firings = (0..AT_ONCE).map(|number| firing(&slotted(number), round));
        let firings: Vec<Firing> = firings.collect();
        let start = clock.monotonic();
        let fired = store.fire(firings).await.unwrap();
        assert_eq!(fired, [Fired::Stored(ExecutionStatus::Queued); AT_ONCE]);
        let after_fire = clock.monotonic();
        let request = ClaimRequest {
            host: "host".to_owned(),
            labels: Labels::default(),
            limit: 500,
            lease: Duration::from_secs(60),
            most_lost_leases: 3,
        };
        let claimed = store.claim(request).await.unwrap().claimed;
        assert_eq!(claimed.len(), AT_ONCE);
        let after_claim = clock.monotonic();
        let endings = claimed.iter().map(|it| (it.claim(), success())).collect();
        let before_end = clock.monotonic();
        let ended = store.end_attempts(endings).await.unwrap();
        assert_eq!(ended, [EndAnswer::Ended(ExecutionStatus::Success); AT_ONCE]);
        spent[0] += after_fire - start;
        spent[1] += after_claim - after_fire;
        spent[2] += clock.monotonic() - before_end;
    }
    let count = AT_ONCE as u64 * ROUNDS.unsigned_abs();
    for (what, spent) in ["fire", "claim", "end"].into_iter().zip(spent) {
        let each = spent.as_micros() as f64 / count as f64;
        println!("{what:<13} {each:>8.1} us an execution, {AT_ONCE} at once");
    }
    let rate = per_second(count, clock.monotonic() - began);
    println!("lives:        {rate:>8.0} executions/s, fired, claimed and ended");
}

/// A job that is due every minute.
fn slotted(number: usize) -> Job {
    let mut job = job();
    job.id = JobId::parse(format!("job_{number}")).unwrap();
    job.next_run_at = Some(slot(0));
    job
}

fn slot(round: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(60 * round.unsigned_abs())
}

fn firing(job: &Job, round: i64) -> Firing {
    let (from, to) = (slot(round), slot(round + 1));
    let id = ExecutionId::of_slot(&job.id, from);
    Firing {
        execution: Execution {
            job_id: job.id.clone(),
            ..execution(id.as_str())
        },
        advance: Advance::Job {
            version: job.version,
            from,
            to: Some(to),
            due_at: Some(to),
        },
        overlap: OverlapPolicy::Skip,
    }
}

fn success() -> Ending {
    let at = Timestamp::UNIX_EPOCH;
    Ending {
        attempt: Attempt {
            attempt: 1,
            execution_host: "host".to_owned(),
            started_at: at,
            completed_at: at,
            outcome: OutcomeCode::Success,
            error: None,
            fuel_used: 1000,
            peak_memory_bytes: 1 << 20,
            start_delay_us: None,
        },
        records: Records::default(),
        uses: Vec::new(),
        follow_up: FollowUp::Finished {
            result: Some(json!({"records": 17})),
            message: Some("17 records".to_owned()),
            artifacts: Vec::new(),
        },
    }
}

async fn measure_documents(folder: &std::path::Path, clock: &Arc<dyn Clock>) {
    let database = EmbeddedDatabase::open(folder, clock.clone()).unwrap();
    let users: CollectionName = "users".parse().unwrap();
    let documents = (0..DOCUMENTS).map(|number| {
        Ok(doc! {
            "_id": number, "name": format!("user {number}"), "age": number % 90,
            "email": format!("user{number}@example.org"), "active": number % 3 == 0,
            "address": {"city": "Berlin", "street": "Unter den Linden"},
        })
    });
    let count = u64::from(DOCUMENTS.unsigned_abs());
    let began = clock.monotonic();
    database
        .import(&users, Box::new(documents), TakenId::Replace, |_| ())
        .await
        .unwrap();
    let rate = per_second(count, clock.monotonic() - began);
    println!("import:       {rate:>8.0} documents/s");

    let began = clock.monotonic();
    let filter = Filter::parse_text(r#"{"age": {"$gt": 60}, "active": true}"#).unwrap();
    let found = database.count(&users, &filter).await.unwrap();
    let rate = per_second(count, clock.monotonic() - began);
    println!("count:        {rate:>8.0} documents/s looked at, {found} found");

    let began = clock.monotonic();
    let mut cursor = database.find(&users, Find::default()).await.unwrap();
    let mut read = 0;
    loop {
        match cursor.next(1000).await.unwrap().len() {
            0 => break,
            some => read += some as u64,
        }
    }
    let rate = per_second(read, clock.monotonic() - began);
    println!("find:         {rate:>8.0} documents/s");
}

async fn inserts(
    store: &Arc<EmbeddedStore>,
    clock: &Arc<dyn Clock>,
    callers: u64,
    each: u64,
) -> f64 {
    let began = clock.monotonic();
    let tasks = (0..callers).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..each {
                let execution = execution(&format!("exec-{callers}-{caller}-{number}"));
                store.enqueue(&scope(), &execution).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    per_second(callers * each, clock.monotonic() - began)
}

fn per_second(count: u64, spent: Duration) -> f64 {
    count as f64 / spent.as_secs_f64()
}

fn scope() -> Scope {
    Scope::of(OrganisationId::default())
}

fn job() -> Job {
    let at = "2026-01-01T00:00:00Z";
    serde_json::from_value(json!({
        "_id": "job", "org": "default", "name": "job", "description": "", "template_type": "t",
        "template_version": "1.0.0", "template_digest": "0".repeat(64), "parameters": {},
        "schedule": {"type": "manual"}, "enabled": true, "timeout_seconds": 60,
        "retry_policy": {}, "notifications": {}, "limits": {}, "tags": [], "grant": [],
        "created_by": "ada", "updated_by": "ada", "created_at": at, "updated_at": at,
        "last_run_at": null, "next_run_at": null, "version": 1
    }))
    .unwrap()
}

fn execution(id: &str) -> Execution {
    let at = "2026-01-01T00:00:00Z";
    serde_json::from_value(json!({
        "_id": ExecutionId::parse(id).unwrap(), "org": "default", "job_id": "job", "job_name": "job",
        "job_version": 1, "template_type": "t", "template_version": "1.0.0",
        "template_digest": "0".repeat(64), "grant": [], "status": "queued", "scheduled_for": at,
        "queued_at": at, "available_at": at, "attempt": 0, "attempts": [], "fuel_used": 0,
        "peak_memory_bytes": 0, "artifacts": [], "dry_run": false, "triggered_by": "user",
        "fence": 0
    }))
    .unwrap()
}
