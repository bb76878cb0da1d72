//! Runs that are watched, cancelled, retried, ended by a limit, or interrupted by the end of the server.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server, ServerOptions};
use serde_json::{Value, json};

/// A job of the template `test_scheduler` that computes for minutes.
fn endless(client: &Client) -> String {
    client.create_job(&json!({
        "name": "endless", "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "parameters": {"steps": 1000, "workUnits": 100_000},
        "limits": {"fuel": 10_000_000_000_000_u64}
    }))
}

fn start(client: &Client, job: &str) -> String {
    client.start_job(job, &json!({}))
}

fn running(client: &Client, execution: &str) {
    let path = format!("/api/admin/job-executions/{execution}");
    let _ = client.until(&path, |body| body["execution"]["status"] == "running");
}

#[test]
fn a_running_guest_is_cancelled_and_the_record_says_by_whom() {
    let server = Server::start();
    let client = server.client();
    let execution = start(&client, &endless(&client));
    running(&client, &execution);
    let path = format!("/api/admin/job-executions/{execution}/cancel");
    let _ = client.post(&path, &json!({})).expect(202);
    let ended = client.ended(&execution);
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(ended["outcome"], "cancelled");
    assert_eq!(ended["cancel_requested"]["by"], "admin");
    assert_eq!(client.post(&path, &json!({})).status, 409);
}

#[test]
fn a_run_that_takes_too_long_is_ended() {
    let server = Server::start();
    let client = server.client();
    let job = endless(&client);
    let path = format!("/api/admin/scheduler-jobs/{job}");
    let _ = client
        .put(&path, &json!({"timeout_seconds": 1}))
        .expect(200);
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "timed_out");
    assert_eq!(ended["outcome"], "timed_out");
    assert!(ended["duration_seconds"].as_f64().unwrap() >= 1.0);
}

#[test]
fn a_run_that_uses_up_its_fuel_is_ended() {
    let server = Server::start();
    let client = server.client();
    let job = endless(&client);
    let path = format!("/api/admin/scheduler-jobs/{job}");
    let _ = client
        .put(&path, &json!({"limits": {"fuel": 5_000_000}}))
        .expect(200);
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["outcome"], "fuel_limit");
    assert_eq!(ended["fuel_used"], 5_000_000);
}

#[test]
fn a_failed_attempt_is_followed_by_another_within_the_same_execution() {
    let server = Server::start();
    let client = server.client();
    let job = |max_retries: u32| {
        client.create_job(&json!({
            "name": "flaky", "template_type": "test_scheduler", "schedule": {"type": "manual"},
            "parameters": {"failAttempts": 2},
            "retry_policy": {"max_retries": max_retries, "retry_delay_seconds": 0}
        }))
    };
    let ended = client.run_job(&job(2), &json!({}));
    assert_eq!(ended["status"], "success", "{ended:#}");
    let outcomes: Vec<&Value> = ended["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["outcome"])
        .collect();
    assert_eq!(
        outcomes,
        ["failed_retryable", "failed_retryable", "success"]
    );
    assert_eq!(ended["result"]["attempt"], 3);

    let ended = client.run_job(&job(1), &json!({}));
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["attempt"], 2);
    assert!(ended["error"].is_string());
}

#[test]
fn logs_are_streamed_live_and_a_stream_is_resumed_where_it_broke() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_manual_job("test_scheduler", &json!({"steps": 50}));
    let execution = start(&client, &job);
    let path = format!("/api/admin/job-executions/{execution}/logs/stream");
    let events = client.events(&path, &[]);
    let lines: Vec<&(String, String, Value)> = events.iter().filter(|it| it.0 == "log").collect();
    assert!(lines.len() >= 50, "{events:?}");
    let numbers: Vec<u64> = lines.iter().map(|it| it.1.parse().unwrap()).collect();
    assert!(numbers.is_sorted());
    let (event, _, data) = events.last().unwrap();
    assert_eq!(event, "end");
    assert_eq!(data["status"], "success");

    let middle = numbers[numbers.len() / 2].to_string();
    let rest = client.events(&path, &[("last-event-id", &middle)]);
    let rest = rest.iter().filter(|it| it.0 == "log").count();
    assert_eq!(rest, numbers.len() - numbers.len() / 2 - 1);
}

#[test]
fn a_killed_server_takes_up_what_it_was_running() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_job(&json!({
        "name": "long", "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "parameters": {"steps": 200, "workUnits": 2000}
    }));
    let execution = start(&client, &job);
    running(&client, &execution);
    let server = server.killed_and_started_again(&ServerOptions::default());
    let ended = server.client().ended(&execution);
    assert_eq!(ended["status"], "success", "{ended:#}");
    let outcomes: Vec<&Value> = ended["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["outcome"])
        .collect();
    assert_eq!(outcomes, ["lease_lost", "success"]);
}

#[test]
fn a_terminated_server_ends_well_and_its_successor_goes_on() {
    let mut server = Server::start();
    let client = server.client();
    let job = client.create_job(&json!({
        "name": "often", "template_type": "test_scheduler", "schedule": {"interval_seconds": 1}
    }));
    let path = format!("/api/admin/scheduler-jobs/{job}/executions");
    let _ = client.until(&path, |body| body["executions"][0]["status"] == "success");
    assert_eq!(server.terminate(), Some(0));
    let server = server.killed_and_started_again(&ServerOptions::default());
    let before = server.client().get(&path).expect(200).body["total"].as_u64();
    let _ = server
        .client()
        .until(&path, |body| body["total"].as_u64() > before);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let server = Server::start();
    let output = server.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(
        said.contains("another") || said.contains("in use"),
        "{said}"
    );
}
