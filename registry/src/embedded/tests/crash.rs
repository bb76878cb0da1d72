//! Nothing that was acknowledged is lost when the process is killed.
//!
//! The test starts itself again as a writer, which says on its output what the store has
//! acknowledged, kills it at a random moment, and looks whether all of it is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may panic"
)]

use std::{
    env,
    io::{BufRead, BufReader, Write, stdout},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use rusqlite::Connection;
use sandglass_contract::{
    ExecutionId, JobId, LogLevel, LogLine, OrganisationId, OutcomeCode, SystemClock,
};
use serde_json::{Map, json};
use tempfile::TempDir;

use crate::embedded::{EmbeddedStore, STORE_FILE};
use crate::{
    Attempt, Execution, ExecutionStatus, Job, Labels, Scope,
    store::{
        ClaimRequest, Claimed, EndAnswer, Ending, ExecutionStore, FollowUp, JobStore, Records,
        TemplateStore,
    },
};

const FOLDER: &str = "SANDGLASS_CRASH_TEST_FOLDER";
const ROUND: &str = "SANDGLASS_CRASH_TEST_ROUND";
const NAME: &str = "embedded::tests::crash::what_is_acknowledged_survives_a_kill";
const ROUNDS: u32 = 15;
const TASKS: usize = 8;

#[test]
fn what_is_acknowledged_survives_a_kill() {
    if let Ok(folder) = env::var(FOLDER) {
        let round = env::var(ROUND).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(write_until_killed(Path::new(&folder), &round));
    }
    let seed = rand::rng().next_u64();
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = TempDir::new().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let before_the_kill = random.random_range(1..400);
        let heard = run_writer(folder.path(), round, before_the_kill);
        assert!(heard.len() >= before_the_kill, "the writer ended by itself");
        acknowledged.extend(heard);
        check(folder.path(), &acknowledged);
    }
}

/// Runs a writer until it has acknowledged so many writes, kills it, and returns all that it said.
fn run_writer(folder: &Path, round: u32, before_the_kill: usize) -> Vec<String> {
    let mut writer: Child = Command::new(env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = Vec::new();
    for line in BufReader::new(writer.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        heard.extend(line.strip_prefix("ack ").map(str::to_owned));
        if heard.len() == before_the_kill {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    heard
}

fn check(folder: &Path, acknowledged: &[String]) {
    let store = EmbeddedStore::open(folder, Arc::new(SystemClock::default())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        for line in acknowledged {
            let (what, id) = line.split_once(' ').expect(line);
            assert!(is_there(&store, what, id).await, "{line} is lost");
        }
    });
    drop(store);
    let file = Connection::open(folder.join(STORE_FILE)).unwrap();
    let integrity: String = file
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
}

async fn is_there(store: &EmbeddedStore, what: &str, id: &str) -> bool {
    if what == "job" {
        let id = JobId::parse(id).unwrap();
        return store.job(&scope(), &id).await.unwrap().is_some();
    }
    let id = ExecutionId::parse(id).unwrap();
    let Some(execution) = store.execution(&scope(), &id).await.unwrap() else {
        return false;
    };
    let log = store.log(&scope(), &id, 0, 10).await.unwrap();
    match what {
        "queued" => true,
        "claimed" => execution.fence.0 > 0,
        "logged" => !log.is_empty(),
        "ended" => execution.status == ExecutionStatus::Success,
        other => panic!("{other}"),
    }
}

async fn write_until_killed(folder: &Path, round: &str) {
    let clock = Arc::new(SystemClock::default());
    let store = Arc::new(EmbeddedStore::open(folder, clock).unwrap());
    assert_eq!(store.templates(&scope()).await.unwrap(), []);
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(write_forever(store, format!("{round}-{task}")))
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

async fn write_forever(store: Arc<EmbeddedStore>, name: String) {
    let job = job(&format!("job-{name}"));
    store.insert_job(&scope(), &job).await.unwrap();
    acknowledge("job", job.id.as_str());
    for number in 0_u64.. {
        let execution = execution(&job, &format!("exec-{name}-{number}"));
        store.enqueue(&scope(), &execution).await.unwrap();
        acknowledge("queued", execution.id.as_str());
        let request = ClaimRequest {
            host: "host".to_owned(),
            labels: Labels::default(),
            limit: 2,
            lease: Duration::from_secs(600),
            most_lost_leases: 100,
        };
        for claimed in store.claim(request).await.unwrap().claimed {
            run(&store, &claimed).await;
        }
    }
}

async fn run(store: &EmbeddedStore, claimed: &Claimed) {
    let id = claimed.execution.id.as_str();
    acknowledge("claimed", id);
    let claim = claimed.claim();
    store.record(&claim, records()).await.unwrap();
    acknowledge("logged", id);
    let now = claimed.execution.queued_at;
    let ending = Ending {
        attempt: Attempt {
            attempt: claimed.execution.attempt,
            execution_host: "host".to_owned(),
            started_at: now,
            completed_at: now,
            outcome: OutcomeCode::Success,
            error: None,
            fuel_used: 1,
            peak_memory_bytes: 1,
            start_delay_us: None,
        },
        records: Records::default(),
        uses: Vec::new(),
        follow_up: FollowUp::Finished {
            result: Some(json!({"name": id})),
            message: None,
            artifacts: Vec::new(),
        },
    };
    let answers = store.end_attempts(vec![(claim, ending)]).await.unwrap();
    assert_eq!(answers, [EndAnswer::Ended(ExecutionStatus::Success)]);
    acknowledge("ended", id);
}

fn acknowledge(what: &str, id: &str) {
    let line = format!("ack {what} {id}\n");
    let mut output = stdout().lock();
    output.write_all(line.as_bytes()).unwrap();
    output.flush().unwrap();
}

fn records() -> Records {
    Records {
        log: vec![LogLine {
            seq: 1,
            attempt: 1,
            timestamp: jiff::Timestamp::UNIX_EPOCH,
            level: LogLevel::Info,
            message: "going".to_owned(),
            fields: Map::new(),
        }],
        ..Records::default()
    }
}

fn scope() -> Scope {
    Scope::of(OrganisationId::default())
}

fn job(id: &str) -> Job {
    let at = "2026-01-01T00:00:00Z";
    serde_json::from_value(json!({
        "_id": id, "org": "default", "name": id, "description": "", "template_type": "t",
        "template_version": "1.0.0", "template_digest": "0".repeat(64), "parameters": {},
        "schedule": {"type": "manual"}, "enabled": true, "timeout_seconds": 60,
        "retry_policy": {}, "notifications": {}, "limits": {}, "tags": [], "grant": [],
        "created_by": "ada", "updated_by": "ada", "created_at": at, "updated_at": at,
        "last_run_at": null, "next_run_at": null, "version": 1
    }))
    .unwrap()
}

fn execution(job: &Job, id: &str) -> Execution {
    let at = job.created_at;
    serde_json::from_value(json!({
        "_id": id, "org": "default", "job_id": job.id, "job_name": "", "job_version": 1,
        "template_type": "t", "template_version": "1.0.0", "template_digest": "0".repeat(64),
        "grant": [], "status": "queued", "scheduled_for": at, "queued_at": at, "available_at": at,
        "attempt": 0, "attempts": [], "fuel_used": 0, "peak_memory_bytes": 0, "artifacts": [],
        "dry_run": false, "triggered_by": "user", "fence": 0
    }))
    .unwrap()
}
