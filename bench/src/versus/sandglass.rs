//! Our side: hosts of the release binary on the same server, with the settings they come with.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{Clock as _, SystemClock};
use sandglass_tests::{Client, Server, ServerOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    arguments::Common,
    executions::{Lateness, listed, milliseconds, moment},
    ground::{Ground, block_on, take_in_no_op, total},
    guest::NO_OP,
    http::{Connection, Request},
    statistics::Sample,
};

use super::{Load, Measured, measured, place::Place};

/// How many jobs are on their way to the hosts at once.
const IN_FLIGHT: usize = 16;
/// How long storing the jobs may take, and how long the hosts are left alone before the first is due.
const STORING_MS: i64 = 10_000;
const STORING_EACH_MS: i64 = 40;
/// How long the hosts may take for all jobs after the last is due.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often is looked meanwhile; looking costs the server.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Measures.
pub(super) fn measure(common: &Common, place: &Place, load: Load) -> Measured {
    let (records, documents) = (place.new_database(), place.new_database());
    let url = place.url_of(&records);
    let mut hosts: Vec<Server> = Vec::new();
    for number in 1..=load.hosts {
        let host = host(common, number, &url, &documents);
        host.client().until_ready();
        if hosts.is_empty() {
            let _ = take_in_no_op(&host.client());
        }
        hosts.push(host);
    }
    let clock = SystemClock::default();
    let due = store(&hosts, load, &clock);
    let last_due = due + SignedDuration::from_millis(load.arrival.offset_ms(load.jobs - 1));
    let left = Duration::try_from(last_due.duration_since(clock.now())).unwrap_or_default();
    Ground::pause(left);
    let client = hosts.first().expect("a host").client();
    wait_for_all(&client, load.jobs.into(), &clock);

    let executions = listed(&client);
    for host in &mut hosts {
        assert_eq!(host.terminate(), Some(0), "the host stops in order");
    }
    place.drop_database(&records);
    place.drop_database(&documents);
    judge(&executions, load, due)
}

fn host(common: &Common, number: u32, url: &str, documents: &str) -> Server {
    let folder = match &common.work {
        Some(work) => TempDir::new_in(work),
        None => TempDir::new(),
    };
    let mut environment = vec![
        ("SANDGLASS_STORE".to_owned(), url.to_owned()),
        ("SANDGLASS_APP_DATABASE".to_owned(), documents.to_owned()),
        ("SANDGLASS_HOST_NAME".to_owned(), format!("host-{number}")),
        ("RUST_LOG".to_owned(), common.log.clone()),
    ];
    let runs = common.concurrent_runs.iter();
    environment.extend(runs.map(|it| ("SANDGLASS_CONCURRENT_RUNS".to_owned(), it.to_string())));
    let options = ServerOptions {
        environment,
        ..ServerOptions::default()
    };
    let folder = Arc::new(folder.expect("a folder to work in"));
    Server::start_in(folder, &options)
}

/// Makes the jobs through the hosts, in turn, long before the first is due. Returns that moment.
fn store(hosts: &[Server], load: Load, clock: &SystemClock) -> Timestamp {
    let allowed = STORING_MS + STORING_EACH_MS * i64::from(load.jobs);
    let due = clock.now() + SignedDuration::from_millis(allowed);
    let due = Timestamp::from_second(due.as_second()).expect("a moment");
    block_on(async {
        let callers = (0..IN_FLIGHT).map(|caller| {
            let address = hosts[caller % hosts.len()].address();
            async move {
                let mut connection = Connection::open(address).await;
                let first = u32::try_from(caller).expect("few callers");
                for number in (first..load.jobs).step_by(IN_FLIGHT) {
                    let at = due + SignedDuration::from_millis(load.arrival.offset_ms(number));
                    let job = json!({
                        "name": format!("No-op number {number}"), "template_type": NO_OP,
                        "parameters": {}, "schedule": {"type": "once", "run_at": at.to_string()},
                    });
                    let request = Request::post("/api/admin/scheduler-jobs", &job.to_string());
                    let (status, body) = connection.send(&request).await;
                    assert_eq!(status, 201, "{body}");
                }
            }
        });
        futures::future::join_all(callers).await;
    });
    assert!(
        due > clock.now() + SignedDuration::from_secs(1),
        "storing the jobs took longer than expected; repeat on a quieter machine"
    );
    due
}

fn wait_for_all(client: &Client, jobs: u64, clock: &SystemClock) {
    let began = clock.monotonic();
    while total(client, "success") < jobs {
        let waited = clock.monotonic() - began;
        assert!(waited < PATIENCE, "the hosts do not run every job");
        Ground::pause(LOOK_EVERY);
    }
}

/// Every job has run once and succeeded; how long it took.
fn judge(executions: &[Value], load: Load, due: Timestamp) -> Measured {
    let jobs: HashSet<&str> = executions
        .iter()
        .filter_map(|it| it["job_id"].as_str())
        .collect();
    let expected = load.jobs as usize;
    assert_eq!(executions.len(), expected, "no job has run twice");
    assert_eq!(jobs.len(), expected, "every job has run");
    let started = Sample::of(executions.iter().map(|it| Lateness::of(it).started));
    let ended = executions.iter().map(|it| moment(&it["completed_at"]));
    let last = ended.max().expect("a run");
    measured(milliseconds(due, last) / 1000.0, &started, Value::Null)
}
