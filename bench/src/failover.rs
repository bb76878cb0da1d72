//! From the end of a host by `kill -9` to its runs being taken over by another.
//!
//! Two hosts share a MongoDB server. All runs begin on the one; then it is killed, and the other is
//! watched until it has every one of them. Nobody tells it: it finds the leases run out by the server's
//! clock. How much of a lease was left at the kill is chance, so that the time from the kill to the
//! takeover lies between two thirds of the lease and the whole, and what comes on top is the service's.

use std::time::Duration;

use jiff::Timestamp;
use sandglass_contract::Clock as _;
use sandglass_tests::{Client, Host, HostOptions, MongoServer, jobs};
use serde_json::{Value, json};

use crate::{
    arguments::{Common, Failover},
    executions::{milliseconds, moment},
    ground::{Ground, PATIENCE},
    plot::Plot,
    report::{Aim, Report},
    statistics::Sample,
};

/// The lease that hosts have where nobody says otherwise, in milliseconds; the aim is for it.
const DEFAULT_LEASE_MS: u32 = 30_000;
/// What a takeover may need on top of the lease, in milliseconds.
const AIM_ON_TOP_MS: f64 = 5_000.0;
/// How often is looked whether everything is as it should be.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a run is under way at the least before its host is killed, so that leases have been renewed
/// and none is fresh from the claim.
const BEFORE: Duration = Duration::from_secs(2);

/// When a run was lost, and found again.
struct Takeover {
    killed_at: Timestamp,
    lease_end: Timestamp,
    taken_over_at: Timestamp,
}

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Failover) {
    let settings = json!({
        "lease_ms": arguments.lease_ms, "runs": arguments.runs, "rounds": arguments.rounds,
    });
    let mut report = Report::new("failover", common, settings);
    let mut takeovers = Vec::new();
    for _ in 0..arguments.rounds {
        takeovers.extend(round(arguments));
    }
    let since = |from: fn(&Takeover) -> Timestamp| {
        Sample::of(
            takeovers
                .iter()
                .map(|it| milliseconds(from(it), it.taken_over_at)),
        )
    };
    let since_kill = since(|it| it.killed_at);
    let since_lease = since(|it| it.lease_end);
    let lease = f64::from(arguments.lease_ms);
    let aim = match arguments.lease_ms {
        DEFAULT_LEASE_MS => Aim::Below(lease + AIM_ON_TOP_MS),
        _ => Aim::None,
    };
    let count = takeovers.len() as f64;
    report.figure(
        "runs taken over, every one of them",
        count,
        "runs",
        Aim::None,
    );
    report.figure("the lease", lease, "ms", Aim::None);
    let mut figure = |what: &str, figure: f64, aim: Aim| report.figure(what, figure, "ms", aim);
    figure(
        "kill to taken over, p50",
        since_kill.quantile(0.5),
        Aim::None,
    );
    figure("kill to taken over, p99", since_kill.quantile(0.99), aim);
    figure(
        "kill to taken over, p50, less the lease",
        since_kill.quantile(0.5) - lease,
        Aim::None,
    );
    figure(
        "kill to taken over, p99, less the lease",
        since_kill.quantile(0.99) - lease,
        Aim::None,
    );
    figure(
        "end of the lease to taken over, p50",
        since_lease.quantile(0.5),
        Aim::None,
    );
    figure(
        "end of the lease to taken over, p99",
        since_lease.quantile(0.99),
        Aim::None,
    );
    let plot = Plot {
        title: "From the end of a host to its runs being taken over".to_owned(),
        x_axis: "time (ms)",
        y_axis: "runs taken over (%)",
        lines: vec![
            ("since the kill".to_owned(), since_kill.cumulative()),
            (
                "since the end of the lease".to_owned(),
                since_lease.cumulative(),
            ),
        ],
    };
    report.finish(&[("failover", plot)]);
}

fn round(arguments: &Failover) -> Vec<Takeover> {
    let server = MongoServer::start();
    let options = HostOptions {
        lease: Duration::from_millis(arguments.lease_ms.into()),
        concurrent_runs: arguments.runs * 2,
        ..HostOptions::default()
    };
    let mut lost = Host::new("lost", &server, 0, &options);
    lost.start();
    lost.wait_until_ready();
    let job = jobs::job(&lost.client(), &jobs::long());
    let path = format!("/api/admin/scheduler-jobs/{job}/run");
    for _ in 0..arguments.runs {
        let _ = lost.client().post(&path, &json!({})).expect(202);
    }
    let running = || executions(&lost.client(), &job);
    wait_until(arguments, || {
        running()
            .iter()
            .filter(|it| it["status"] == "running")
            .count()
    });
    let mut other = Host::new("other", &server, 0, &options);
    other.start();
    other.wait_until_ready();
    Ground::pause(BEFORE + options.lease / 2);

    let clock = sandglass_contract::SystemClock::default();
    lost.process().kill();
    let killed_at = clock.now();
    let client = other.client();
    let taken = || {
        executions(&client, &job)
            .into_iter()
            .filter(|it| it["attempt"] == 2)
            .count()
    };
    wait_until(arguments, taken);
    let executions = executions(&client, &job);
    // An attempt is on record with its moments once it has ended.
    cancel(&client, &job, &executions);
    let ended: Vec<Value> = executions.iter().map(|it| client.ended(id(it))).collect();
    ended
        .iter()
        .map(|execution| takeover(execution, killed_at))
        .collect()
}

fn takeover(execution: &Value, killed_at: Timestamp) -> Takeover {
    let [lost, other] = [&execution["attempts"][0], &execution["attempts"][1]];
    assert_eq!(lost["outcome"], "lease_lost", "{execution:#}");
    assert_eq!(
        (&lost["execution_host"], &other["execution_host"]),
        (&json!("lost"), &json!("other"))
    );
    Takeover {
        killed_at,
        lease_end: moment(&lost["completed_at"]),
        taken_over_at: moment(&other["started_at"]),
    }
}

fn executions(client: &Client, job: &str) -> Vec<Value> {
    let path = format!("/api/admin/scheduler-jobs/{job}/executions?limit=200");
    let body = client.get(&path).expect(200).body;
    body["executions"].as_array().expect("a list").clone()
}

fn id(execution: &Value) -> &str {
    execution["_id"].as_str().expect("an id")
}

fn cancel(client: &Client, job: &str, executions: &[Value]) {
    for execution in executions {
        assert_eq!(execution["job_id"], job);
        let path = format!("/api/admin/job-executions/{}/cancel", id(execution));
        let _ = client.post(&path, &json!({})).expect(202);
    }
}

fn wait_until(arguments: &Failover, count: impl Fn() -> usize) {
    let looks = PATIENCE.as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..looks {
        if count() == arguments.runs as usize {
            return;
        }
        Ground::pause(LOOK_EVERY);
    }
    panic!("the hosts do not do what they were asked");
}
