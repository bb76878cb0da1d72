//! The terms of a schedule, seen from outside: what happens to slots that collide, pass or wait.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{
    Client, Server, ServerOptions,
    jobs::{executions, job, long, merge, with_status},
};
use serde_json::{Value, json};

fn overlapping(client: &Client, policy: &str) -> String {
    let mut changes = long();
    merge(
        &mut changes,
        &json!({"schedule": {"interval_seconds": 1}, "overlap_policy": policy}),
    );
    job(client, &changes)
}

#[test]
fn slots_that_overlap_are_skipped_buffered_cancelled_or_run_beside_each_other() {
    let server = Server::start();
    let client = server.client();
    let skip = overlapping(&client, "skip");
    let one = overlapping(&client, "buffer_one");
    let all = overlapping(&client, "buffer_all");
    let other = overlapping(&client, "cancel_other");
    let beside = overlapping(&client, "allow_all");

    let rows = executions(&client, &skip, |rows| with_status(rows, "skipped") >= 2);
    assert_eq!(with_status(&rows, "running"), 1);
    assert_eq!(with_status(&rows, "queued"), 0);
    let skipped = rows.iter().find(|it| it["status"] == "skipped").unwrap();
    assert!(skipped["reason"].as_str().unwrap().contains("not finished"));

    let rows = executions(&client, &one, |rows| with_status(rows, "skipped") >= 1);
    assert_eq!(with_status(&rows, "running"), 1);
    assert_eq!(with_status(&rows, "queued"), 1);
    let queued = rows.iter().find(|it| it["status"] == "queued").unwrap();
    assert_eq!(queued["waits_for"], format!("job:{one}"));

    let rows = executions(&client, &all, |rows| with_status(rows, "queued") >= 2);
    assert_eq!(with_status(&rows, "running"), 1);
    assert_eq!(with_status(&rows, "skipped"), 0);

    let rows = executions(&client, &other, |rows| with_status(rows, "cancelled") >= 2);
    let cancelled = rows.iter().find(|it| it["status"] == "cancelled").unwrap();
    assert_eq!(cancelled["cancel_requested"]["by"], "system");

    let _ = executions(&client, &beside, |rows| with_status(rows, "running") >= 2);
}

#[test]
fn slots_that_passed_while_no_server_was_there_are_caught_up_as_the_job_says() {
    let server = Server::start();
    let client = server.client();
    let catching_up = |changes: Value| {
        let mut all = json!({"schedule": {"interval_seconds": 60}});
        merge(&mut all, &changes);
        job(&client, &all)
    };
    let last = catching_up(json!({}));
    let none = catching_up(json!({"catch_up": "none"}));
    let all = catching_up(json!({"catch_up": "all", "max_catch_up_runs": 3}));
    let window = catching_up(json!({"catch_up": "all", "catch_up_window_seconds": 100}));
    let deadline = catching_up(json!({"starting_deadline_seconds": 30}));
    let paused = catching_up(json!({}));
    let path = format!("/api/admin/scheduler-jobs/{paused}/pause");
    let _ = client.post(&path, &json!({"reason": "a test"})).expect(200);

    // Ten minutes and ten seconds later.
    let later = ServerOptions {
        environment: vec![("SANDGLASS_CLOCK_OFFSET_MS".to_owned(), "610000".to_owned())],
        ..ServerOptions::default()
    };
    let server = server.killed_and_started_again(&later);
    let client = server.client();
    let caught_up = |job: &str| {
        let rows = executions(&client, job, |rows| {
            rows.len() >= 10
                && rows
                    .iter()
                    .all(|it| it["status"] != "queued" && it["status"] != "running")
        });
        let missed = with_status(&rows, "missed");
        let why = rows.iter().find(|it| it["status"] == "missed");
        let why = why.map(|it| it["reason"].as_str().unwrap().to_owned());
        (
            missed,
            with_status(&rows, "success"),
            why.unwrap_or_default(),
        )
    };
    let check = |job: &str, missed: usize, ran: usize, reason: &str| {
        let (was_missed, has_run, why) = caught_up(job);
        assert_eq!((was_missed, has_run), (missed, ran), "{why}");
        assert!(why.contains(reason), "{why}");
    };
    check(&last, 9, 1, "runs for it");
    check(&none, 9, 1, "catch_up is none");
    check(&all, 7, 3, "max_catch_up_runs");
    check(&window, 8, 2, "catch_up_window_seconds");
    check(&deadline, 9, 1, "starting_deadline_seconds");

    let path = format!("/api/admin/scheduler-jobs/{paused}");
    assert_eq!(
        client.get(&path).expect(200).body["job"]["pause"]["reason"],
        "a test"
    );
    let resume = format!("{path}/resume");
    let _ = client
        .post(&resume, &json!({"resume_from": "pause"}))
        .expect(200);
    check(&paused, 9, 1, "runs for it");
}

#[test]
fn an_execution_that_waits_too_long_for_a_place_is_missed() {
    let options = ServerOptions {
        arguments: vec!["--concurrent-runs".to_owned(), "1".to_owned()],
        ..ServerOptions::default()
    };
    let server = Server::start_with(&options);
    let client = server.client();
    let start = |job: &str| client.start_job(job, &json!({}));
    let first = start(&job(&client, &long()));
    let path = format!("/api/admin/job-executions/{first}");
    let _ = client.until(&path, |body| body["execution"]["status"] == "running");
    let waiting = start(&job(&client, &json!({"queue_timeout_seconds": 1})));
    let ended = client.ended(&waiting);
    assert_eq!(ended["status"], "missed");
    assert!(
        ended["reason"]
            .as_str()
            .unwrap()
            .contains("queue_timeout_seconds")
    );

    // What waits at last goes by priority.
    let low = start(&job(&client, &json!({"priority": 1})));
    let high = start(&job(&client, &json!({"priority": 8})));
    let _ = client
        .post(&format!("{path}/cancel"), &json!({}))
        .expect(202);
    let started = |execution: &str| -> jiff::Timestamp {
        client.ended(execution)["started_at"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(started(&high) <= started(&low));
}

#[test]
fn a_limit_on_a_tag_lets_one_run_at_a_time() {
    let server = Server::start();
    let client = server.client();
    let limits = "/api/admin/concurrency-limits";
    let limit = format!("{limits}/tag/heavy");
    let _ = client.put(&limit, &json!({"max_running": 1})).expect(200);
    let mut changes = long();
    merge(&mut changes, &json!({"tags": ["heavy"]}));
    let start = || {
        let path = format!("/api/admin/scheduler-jobs/{}/run", job(&client, &changes));
        let body = client.post(&path, &json!({})).expect(202).body;
        format!(
            "/api/admin/job-executions/{}",
            body["execution_id"].as_str().unwrap()
        )
    };
    let first = start();
    let _ = client.until(&first, |body| body["execution"]["status"] == "running");
    let second = start();
    let _ = client.until(&second, |body| {
        body["execution"]["waits_for"] == "tag:heavy"
    });
    let _ = client
        .post(&format!("{first}/cancel"), &json!({}))
        .expect(202);
    let _ = client.until(&second, |body| body["execution"]["status"] == "running");

    let list = client.get(limits).expect(200).body;
    assert_eq!(list["concurrency_limits"][0]["max_running"], 1);
    let _ = client.delete(&limit).expect(200);
    assert_eq!(client.delete(&limit).status, 404);
    assert_eq!(client.put(&limit, &json!({"max_running": 0})).status, 422);
    assert_eq!(
        client
            .put(&format!("{limits}/door/x"), &json!({"max_running": 1}))
            .status,
        404
    );
}

#[test]
fn a_failure_pauses_a_job_that_wants_it_and_says_why() {
    let server = Server::start();
    let client = server.client();
    let job = job(
        &client,
        &json!({"parameters": {"failAttempts": 5}, "pause_on_failure": true,
                "schedule": {"interval_seconds": 3600}}),
    );
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "failed");
    let path = format!("/api/admin/scheduler-jobs/{job}");
    let body = client.until(&path, |body| body["job"]["enabled"] == false);
    let reason = body["job"]["pause"]["reason"].as_str().unwrap();
    assert!(reason.contains(ended["_id"].as_str().unwrap()), "{reason}");
    assert_eq!(body["job"]["pause"]["by"], "system");
    assert_eq!(body["job"]["next_run_at"], Value::Null);
    let audit = client.get("/api/admin/audit-log").expect(200).body;
    assert_eq!(audit["entries"][0]["action"], "job_paused");

    let body = client
        .post(&format!("{path}/resume"), &json!({}))
        .expect(200)
        .body;
    assert_eq!(body["job"]["enabled"], true);
    assert_eq!(body["job"]["pause"], Value::Null);
    assert!(body["job"]["next_run_at"].is_string());
}
