//! How many acknowledged writes a second the embedded store takes, from one caller and from 256 at
//! once, and how fast the application database takes in and goes through documents. Every write is on
//! the disk before it is counted.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program that measures prints what it found"
)]

use std::{sync::Arc, time::Duration};

use bson::doc;
use sandglass_contract::{Clock, ExecutionId, OrganisationId, SystemClock};
use sandglass_query::{ApplicationDatabase, CollectionName, Filter, Find};
use sandglass_registry::{
    Execution, Job, Scope,
    embedded::{EmbeddedDatabase, EmbeddedStore, TakenId},
    store::{ClaimRequest, ExecutionStore, JobStore},
};
use serde_json::json;

const DOCUMENTS: i32 = 300_000;

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
            limit: 100,
            lease: Duration::from_secs(60),
        };
        claimed += store.claim(request).await.unwrap().len();
    }
    let rate = per_second(claimed as u64, clock.monotonic() - began);
    println!("claims:       {rate:>8.0} a second, 100 at once");
    drop(store);

    measure_documents(folder.path(), &clock).await;
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
