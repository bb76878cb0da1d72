//! What the register of capabilities costs with 100,000 jobs: a page of all of it, the question who can
//! delete in a collection, and what a job may touch.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that measures prints what it found"
)]

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use sandglass_contract::{
    Clock, Interface, JobId, Operation, OrganisationId, SystemClock, grant::Target,
};
use sandglass_registry::{
    Job, PageRequest, RegisterQuery, Scope, capability::report, embedded::EmbeddedStore,
    store::JobStore,
};
use serde_json::json;

const JOBS: usize = 100_000;
/// How many collections the jobs delete in.
const COLLECTIONS: usize = 1000;
const ROUNDS: u32 = 20;

#[tokio::main]
async fn main() {
    let folder = tempfile::TempDir::new_in(".").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store = EmbeddedStore::open(folder.path(), clock.clone()).unwrap();
    let scope = Scope::of(OrganisationId::default());
    let began = clock.monotonic();
    let saving = stream::iter(0..JOBS).map(|number| {
        let (store, scope, job) = (&store, &scope, job(number));
        async move { store.insert_job(scope, &job).await.unwrap() }
    });
    saving.buffer_unordered(1000).collect::<Vec<()>>().await;
    let spent = (clock.monotonic() - began).as_secs_f64();
    println!("{JOBS} jobs saved in {spent:.1} s");

    let all = RegisterQuery {
        job: None,
        template: None,
        interface: None,
        operation: None,
        targets: None,
        state: None,
        now: clock.now(),
        page: page(1),
    };
    let holders = RegisterQuery {
        interface: Some(Interface::Database),
        operation: Some(Operation::Delete),
        targets: Some(Target::covering(Interface::Database, "collection_7")),
        ..all.clone()
    };
    let late = RegisterQuery {
        page: page(3000),
        ..all.clone()
    };
    let of_job = RegisterQuery {
        job: Some(JobId::parse("job_77").unwrap()),
        ..all.clone()
    };
    let queries = [
        ("who can delete in collection_7", holders),
        ("what job_77 may touch", of_job),
        ("the first page of all", all),
        ("page 3000 of all", late),
    ];
    for (name, query) in queries {
        let mut spent = Duration::ZERO;
        let mut total = 0;
        for _ in 0..ROUNDS {
            let began = clock.monotonic();
            total = report(&store, &scope, &query).await.unwrap().total;
            spent += clock.monotonic() - began;
        }
        let each = (spent / ROUNDS).as_secs_f64() * 1000.0;
        println!("{name}: {each:.1} ms, {total} rows in all");
    }
}

fn page(number: u32) -> PageRequest {
    let number = NonZeroU32::new(number).unwrap();
    PageRequest::new(number, NonZeroU32::new(50).unwrap())
}

fn job(number: usize) -> Job {
    let collection = format!("collection_{}", number % COLLECTIONS);
    serde_json::from_value(json!({
        "_id": format!("job_{number}"), "org": "default", "name": "job", "description": "",
        "template_type": "database_cleanup", "template_version": "1.0.0",
        "template_digest": "0".repeat(64), "parameters": {}, "schedule": {"type": "manual"},
        "enabled": true, "timeout_seconds": 60, "retry_policy": {}, "notifications": {},
        "limits": {}, "tags": [],
        "grant": [{
            "interface": "database", "target": collection, "operations": ["count", "delete"]
        }],
        "created_by": "ada", "updated_by": "ada", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "last_run_at": null, "next_run_at": null,
        "version": 1
    }))
    .unwrap()
}
