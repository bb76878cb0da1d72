//! Two hosts that share a MongoDB server: work spreads over both or goes where its placement asks for, a
//! drained host takes none, and what a killed one ran goes on with the other.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{collections::BTreeSet, time::Duration};

use sandglass_tests::{
    Client, Host, HostOptions, MongoServer,
    jobs::{executions, job, long, merge, with_status},
};
use serde_json::{Value, json};

const HOSTS: &str = "/api/admin/hosts";
/// How many runs spread over the hosts.
const RUNS: usize = 60;
/// How many runs a host has at once where they are to spread.
const PLACES: u32 = 2;

/// Two hosts that take work: `host-1` in the zone `eu` and `host-2` in the zone `us`.
fn two_hosts(server: &MongoServer, options: &HostOptions) -> [Host; 2] {
    let mut hosts = [("host-1", "zone=eu"), ("host-2", "zone=us")]
        .map(|(name, label)| Host::new(name, server, 0, options).with_label(label));
    for host in &mut hosts {
        host.start();
    }
    for host in &hosts {
        host.wait_until_ready();
    }
    hosts
}

fn clients(hosts: &[Host; 2]) -> [Client; 2] {
    hosts.each_ref().map(Host::client)
}

/// Makes a job whose runs run beside each other.
fn parallel(client: &Client, changes: &Value) -> String {
    let mut all = json!({"overlap_policy": "allow_all"});
    merge(&mut all, changes);
    job(client, &all)
}

fn start(client: &Client, job: &str) -> String {
    client.start_job(job, &json!({}))
}

fn status(client: &Client, execution: &str) -> Value {
    let path = format!("/api/admin/job-executions/{execution}");
    client.get(&path).expect(200).body["execution"]["status"].clone()
}

/// Waits until an execution has succeeded on a host.
fn succeeded_on(client: &Client, execution: &str, host: &str) {
    let ended = client.ended(execution);
    assert_eq!(ended["status"], "success", "{ended:#}");
    assert_eq!(ended["execution_host"], host, "{ended:#}");
}

/// Waits until both hosts, as that one lists them, are as they should be.
fn until_listed(client: &Client, are_right: impl Fn(&[Value]) -> bool) {
    let _ = client.until(HOSTS, |body| {
        let hosts = body["hosts"].as_array().unwrap();
        hosts.len() == 2
            && hosts[0]["name"] == "host-1"
            && hosts[1]["name"] == "host-2"
            && are_right(hosts)
    });
}

/// Tells a host something through another one.
fn order(client: &Client, host: &str, order: &str) -> Value {
    let answer = client.post(&format!("{HOSTS}/{host}/{order}"), &json!({}));
    answer.expect(200).body["host"]["order"].clone()
}

#[test]
fn work_spreads_over_the_hosts() {
    let server = MongoServer::start();
    let options = HostOptions {
        lease: Duration::from_secs(20),
        concurrent_runs: PLACES,
        ..HostOptions::default()
    };
    let hosts = two_hosts(&server, &options);
    let clients = clients(&hosts);
    let short = parallel(
        &clients[0],
        &json!({"parameters": {"steps": 10, "workUnits": 4000}}),
    );
    for _ in 0..RUNS {
        let _ = start(&clients[0], &short);
    }
    let rows = executions(&clients[1], &short, |rows| {
        with_status(rows, "queued") + with_status(rows, "running") == 0
    });
    assert_eq!(with_status(&rows, "success"), RUNS, "{rows:#?}");
    assert_eq!(rows.len(), RUNS);
    let ran_on = rows.iter().map(|it| it["execution_host"].as_str().unwrap());
    let ran_on: BTreeSet<&str> = ran_on.collect();
    assert_eq!(ran_on, BTreeSet::from(["host-1", "host-2"]));

    let idle = json!({"state": "live", "places": PLACES, "running": 0, "leases_held": 0});
    let busy = json!({"state": "live", "places": PLACES, "running": PLACES, "leases_held": PLACES});
    let is = |host: &Value, expect: &Value| {
        let mut members = expect.as_object().unwrap().iter();
        members.all(|(name, value)| host[name] == *value)
    };
    for client in &clients {
        until_listed(client, |hosts| hosts.iter().all(|it| is(it, &idle)));
    }
    let endless = parallel(&clients[0], &long());
    for _ in 0..2 * PLACES {
        let _ = start(&clients[0], &endless);
    }
    for client in &clients {
        until_listed(client, |hosts| hosts.iter().all(|it| is(it, &busy)));
    }
}

#[test]
fn a_run_goes_to_the_host_that_its_placement_asks_for() {
    let server = MongoServer::start();
    let hosts = two_hosts(&server, &HostOptions::default());
    let [first, second] = clients(&hosts);
    let [eu, us, nowhere] =
        ["eu", "us", "moon"].map(|zone| parallel(&first, &json!({"placement": {"zone": zone}})));
    let waits = start(&first, &nowhere);
    // Each is asked for through the host that must not run it.
    for (asked, job, host) in [(&second, &eu, "host-1"), (&first, &us, "host-2")] {
        let runs: Vec<String> = (0..5).map(|_| start(asked, job)).collect();
        for run in &runs {
            succeeded_on(asked, run, host);
        }
    }
    assert_eq!(status(&second, &waits), "queued");
}

#[test]
fn a_host_that_is_drained_takes_nothing_more_until_it_is_resumed() {
    let server = MongoServer::start();
    let hosts = two_hosts(&server, &HostOptions::default());
    let [first, second] = clients(&hosts);
    let anywhere = parallel(&first, &json!({}));
    let on_first = parallel(&first, &json!({"placement": {"zone": "eu"}}));
    assert_eq!(order(&second, "host-1", "drain"), "drain");
    for client in [&first, &second] {
        until_listed(client, |hosts| {
            hosts[0]["state"] == "drained" && hosts[1]["state"] == "live"
        });
    }
    let waits = start(&first, &on_first);
    let runs: Vec<String> = (0..10).map(|_| start(&first, &anywhere)).collect();
    for run in &runs {
        succeeded_on(&first, run, "host-2");
    }
    assert_eq!(status(&first, &waits), "queued");

    assert_eq!(order(&second, "host-1", "resume"), "work");
    succeeded_on(&second, &waits, "host-1");
    until_listed(&second, |hosts| {
        hosts.iter().all(|it| it["state"] == "live")
    });
}

#[test]
fn a_host_that_is_killed_is_shown_as_lost_and_its_run_is_taken_over() {
    let server = MongoServer::start();
    let options = HostOptions {
        lease: Duration::from_secs(4),
        ..HostOptions::default()
    };
    let mut hosts = two_hosts(&server, &options);
    let clients = clients(&hosts);
    // Long enough to be met, and short enough to be run twice.
    let job = parallel(
        &clients[0],
        &json!({
            "parameters": {"steps": 100, "workUnits": 10_000},
            "limits": {"fuel": 1_000_000_000_000_u64}
        }),
    );
    let run = start(&clients[0], &job);
    let path = format!("/api/admin/job-executions/{run}");
    let body = clients[0].until(&path, |body| body["execution"]["progress"]["done"].is_u64());
    let execution = &body["execution"];
    assert_eq!(execution["status"], "running", "{body:#}");
    let runs_it = |host: &Host| execution["execution_host"] == host.name();
    let killed = hosts.iter().position(runs_it).unwrap();
    hosts[killed].process().kill();

    let (client, other) = (&clients[1 - killed], &hosts[1 - killed]);
    succeeded_on(client, &run, other.name());
    let ended = client.get(&path).expect(200).body["execution"].clone();
    assert!(ended["attempt"].as_u64() >= Some(2), "{ended:#}");
    let lost = &ended["attempts"][0];
    assert_eq!(lost["outcome"], "lease_lost", "{lost:#}");
    assert_eq!(lost["execution_host"], hosts[killed].name(), "{lost:#}");
    until_listed(client, |listed| {
        listed[killed]["state"] == "lost"
            && listed[killed]["leases_held"] == 0
            && listed[1 - killed]["state"] == "live"
    });
}
