//! `kill -9` of the whole server at random points under load: no slot is lost, none is run by two owners,
//! and the store is sound.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

use std::{collections::BTreeMap, process::Command, thread, time::Duration};

use jiff::Timestamp;
use sandglass_tests::{Client, Server, ServerOptions, workspace};
use serde_json::{Value, json};

const KILLS: u64 = 200;
const JOBS: usize = 12;

/// A small generator of numbers (xorshift), so that a seed gives the same points again.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|it| it.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()) + 1)
}

/// What SQLite says of the store's file while no server has it open.
fn integrity(server: &Server) -> String {
    let python = workspace().join("target/tools/python/bin/python");
    let script = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
    let output = Command::new(python)
        .args(["-c", script])
        .arg(server.data_folder().join("sandglass.sqlite"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

fn all_executions(client: &Client, job: &str) -> Vec<Value> {
    let path = format!("/api/admin/scheduler-jobs/{job}/executions?limit=200");
    let mut all = Vec::new();
    for page in 1.. {
        let body = client.get(&format!("{path}&page={page}")).expect(200).body;
        let rows = body["executions"].as_array().unwrap();
        if rows.is_empty() {
            return all;
        }
        all.extend(rows.iter().cloned());
    }
    all
}

/// Its attempts were one after the other, and at most one of them brought the end.
fn check_owners(execution: &Value) {
    let attempts = execution["attempts"].as_array().unwrap();
    let mut free_from = Timestamp::MIN;
    for (number, attempt) in attempts.iter().enumerate() {
        assert_eq!(attempt["attempt"], number as u64 + 1, "{execution:#}");
        let started = moment(&attempt["started_at"]);
        assert!(started >= free_from, "two owners at once: {execution:#}");
        free_from = moment(&attempt["completed_at"]);
        let last = number + 1 == attempts.len();
        let outcome = attempt["outcome"].as_str().unwrap();
        assert!(last || outcome == "lease_lost", "{execution:#}");
    }
    let outcome = execution["outcome"].as_str().unwrap_or_default();
    match execution["status"].as_str().unwrap() {
        "success" => assert_eq!(outcome, "success"),
        // It was running at more kills than an execution may lose workers.
        "failed" => assert_eq!(
            (outcome, attempts.len()),
            ("lease_lost", 6),
            "{execution:#}"
        ),
        "missed" => assert!(attempts.is_empty(), "{execution:#}"),
        other => panic!("{other}: {execution:#}"),
    }
}

#[test]
fn two_hundred_kills_lose_no_slot_and_run_none_twice() {
    let seed = seed();
    println!("SEED={seed}");
    let mut state = seed;
    let mut server = Server::start();
    let client = server.client();
    let jobs: Vec<String> = (0..JOBS)
        .map(|number| {
            client.create_job(&json!({
                "name": format!("job {number}"), "template_type": "test_scheduler",
                "schedule": {"interval_seconds": 1}, "overlap_policy": "allow_all",
                "catch_up": "all", "max_catch_up_runs": 1000, "parameters": {"steps": 2}
            }))
        })
        .collect();
    let mut by_hand: Vec<String> = Vec::new();
    for kill in 1..=KILLS {
        let client = server.client();
        for _ in 0..random(&mut state) % 8 {
            let job = &jobs[random(&mut state) as usize % JOBS];
            by_hand.push(client.start_job(job, &json!({})));
        }
        // The point of the kill is what the test is about, so that a part of it is left to chance.
        thread::sleep(Duration::from_micros(random(&mut state) % 60_000));
        if kill % 20 == 0 {
            server.kill();
            assert_eq!(integrity(&server), "ok", "after kill {kill}");
        }
        server = server.killed_and_started_again(&ServerOptions::default());
    }
    let client = server.client();
    for job in &jobs {
        let path = format!("/api/admin/scheduler-jobs/{job}/pause");
        let _ = client.post(&path, &json!({})).expect(200);
    }
    let unfinished = "/api/admin/job-executions?status=queued,running&limit=1";
    let _ = client.until(unfinished, |body| body["total"] == 0);

    let mut endings: BTreeMap<String, u64> = BTreeMap::new();
    for job in &jobs {
        let executions = all_executions(&client, job);
        let mut slots = Vec::new();
        for execution in &executions {
            check_owners(execution);
            let status = execution["status"].as_str().unwrap().to_owned();
            *endings.entry(status).or_default() += 1;
            if execution["triggered_by"] != "user" {
                slots.push(moment(&execution["scheduled_for"]));
            }
        }
        slots.sort();
        for pair in slots.windows(2) {
            let apart = pair[1].duration_since(pair[0]).as_millis();
            assert_eq!(apart, 1000, "slots of {job}: {pair:?}");
        }
        assert!(slots.len() > 10, "{} slots of {job}", slots.len());
    }
    for execution in &by_hand {
        check_owners(&client.ended(execution));
    }
    server.kill();
    assert_eq!(integrity(&server), "ok");
    println!(
        "{KILLS} kills, {} runs by hand, all executions: {endings:?}",
        by_hand.len()
    );
}
