//! Every benchmark but `versus` runs in small, and counts everything it made. How long anything takes is
//! not judged here.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Runs a benchmark and returns its results and the plots it left.
fn bench(name: &str, arguments: &str) -> (Value, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sandglass-bench"))
        .arg("--results")
        .arg(folder.path())
        .args(["--machine", "a machine", "--date", "a day"])
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    let text = std::fs::read_to_string(folder.path().join(format!("{name}.json"))).unwrap();
    let plots = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "svg"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    (serde_json::from_str(&text).unwrap(), plots)
}

/// The one figure whose text begins so.
fn figure(results: &Value, what: &str) -> f64 {
    let figures = results["figures"].as_array().unwrap().iter();
    let mut found = figures.filter(|it| it["what"].as_str().unwrap().starts_with(what));
    let figure = found.next().unwrap()["figure"].as_f64().unwrap();
    assert!(found.next().is_none(), "{what} stands there twice");
    figure
}

fn check_count(results: &Value, what: &str, expect: f64) {
    let count = figure(results, what);
    assert!((count - expect).abs() < f64::EPSILON, "{what}: {count}");
}

#[test]
fn the_due_slots_among_many_jobs_all_run() {
    let (results, plots) = bench("million", "million --jobs 300 --due 30 --idle-seconds 1");
    assert!(figure(&results, "most memory in all") > 1.0);
    assert!(figure(&results, "slot to started, p99") >= 0.0);
    assert_eq!((plots.len(), &results["date"]), (1, &Value::from("a day")));
    assert!(plots[0].contains("a machine, a day"));
}

#[test]
fn every_job_of_a_spike_runs() {
    let (results, plots) = bench("spike", "spike --jobs 10,20");
    assert!(figure(&results, "20 jobs: due to started, max") >= 0.0);
    assert_eq!(results["series"]["10 jobs"].as_array().unwrap().len(), 101);
    assert!(plots[0].contains("10 jobs") && plots[0].contains("20 jobs"));
}

#[test]
fn every_run_asked_for_is_finished_and_stored() {
    let arguments = "throughput --mode rest --seconds 1 --connections 2 --jobs 3";
    let (results, plots) = bench("throughput-rest", arguments);
    let runs = figure(&results, "runs, all of them succeeded");
    let by_second = results["series"]["finished_by_second"].as_array().unwrap();
    let sum: u64 = by_second.iter().filter_map(Value::as_u64).sum();
    assert!(runs > 0.0);
    assert!((sum as f64 - runs).abs() < f64::EPSILON, "{sum} of {runs}");
    assert_eq!(plots.len(), 1);
}

#[test]
fn a_backlog_is_worked_off() {
    let arguments = "throughput --mode backlog --backlog 150 --jobs 2";
    let (results, _) = bench("throughput-backlog", arguments);
    check_count(&results, "runs, all of them succeeded", 150.0);
}

#[test]
fn slots_of_every_second_are_counted() {
    let arguments = "throughput --mode slots --seconds 2 --jobs 5";
    let (results, _) = bench("throughput-slots", arguments);
    check_count(&results, "slots that were due", 10.0);
    assert!(figure(&results, "runs finished") > 0.0);
}

#[test]
fn runs_are_timed_one_by_one() {
    let (results, plots) = bench("latency", "latency --runs 5");
    let answered = figure(&results, "trigger to answer, p50");
    assert!(answered > 0.0 && figure(&results, "trigger to seen ended, p50") >= answered);
    assert!(plots[0].contains("trigger to seen ended"));
}

#[test]
fn the_store_is_measured_by_itself() {
    let (results, _) = bench("store", "store --executions 50 --callers 4");
    assert!(figure(&results, "store alone: all three") > 0.0);
}

#[test]
fn the_api_is_timed_beside_guests_of_every_kind() {
    let (results, plots) = bench("guests", "guests --rounds 1 --seconds 1 --rate 30");
    assert!(figure(&results, "all calls, idle, p50") > 0.0);
    assert!(figure(&results, "all calls, hostile guests: p99 to idle p99") > 0.0);
    assert!(figure(&results, "runs of hostile guests") >= 96.0);
    assert!(plots[0].contains("busy guests"));
}

#[test]
fn every_run_of_a_killed_host_is_taken_over() {
    let arguments = "failover --runs 3 --rounds 1 --lease-ms 3000";
    let (results, plots) = bench("failover", arguments);
    check_count(&results, "runs taken over", 3.0);
    check_count(&results, "the lease", 3000.0);
    assert!(plots[0].contains("since the kill"));
}
