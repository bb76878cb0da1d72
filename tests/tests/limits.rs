//! How often the service may be used, and how many jobs there may be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::sync::Arc;

use sandglass_tests::{Answer, Client, Server, ServerOptions};
use serde_json::json;
use tempfile::TempDir;

const HOUR: u64 = 60 * 60 * 1000;

fn start(folder: &Arc<TempDir>, limits: &[(&str, u64)]) -> Server {
    let environment = limits
        .iter()
        .map(|(name, value)| (format!("SANDGLASS_{name}"), value.to_string()));
    let options = ServerOptions {
        environment: environment.collect(),
        ..ServerOptions::default()
    };
    Server::start_in(folder.clone(), &options)
}

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

fn run(client: &Client, job: &str) -> Answer {
    let path = format!("/api/admin/scheduler-jobs/{job}/run");
    client.post(&path, &json!({}))
}

#[test]
fn a_user_starts_so_many_runs_an_hour_over_restarts_too() {
    let folder = folder();
    let limits = [("MANUAL_RUNS_PER_HOUR", 3)];
    let server = start(&folder, &limits);
    let client = server.client();
    let job = client.create_manual_job("test_scheduler", &json!({}));
    let first = run(&client, &job).expect(202);
    assert_eq!(
        first.header("ratelimit-policy"),
        "\"manual-runs\";q=3;w=3600"
    );
    assert_eq!(first.header("ratelimit"), "\"manual-runs\";r=2;t=3600");
    let _ = run(&client, &job).expect(202);
    // What is not started does not count.
    let _ = run(&client, "none").expect(404);
    let mut server = server.killed_and_started_again(&ServerOptions {
        environment: vec![("SANDGLASS_MANUAL_RUNS_PER_HOUR".to_owned(), "3".to_owned())],
        ..ServerOptions::default()
    });
    let client = server.client();
    // A token of the same user counts for the user.
    let other = client.with_new_token(&json!({"name": "other"}));
    let _ = run(&other, &job).expect(202);
    let refused = run(&client, &job).expect(429);
    assert_eq!(refused.body["code"], "TOO_MANY_REQUESTS");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    assert!(
        refused
            .header("ratelimit")
            .starts_with("\"manual-runs\";r=0;t=")
    );
    let backfill = json!({"start": "2025-10-01T00:00:00Z", "end": "2025-10-02T00:00:00Z"});
    let daily = client.create_job(&json!({
        "name": "daily", "template_type": "test_scheduler", "enabled": false,
        "schedule": {"cron": "0 0 * * *"}
    }));
    let path = format!("/api/admin/scheduler-jobs/{daily}/backfill");
    let _ = client.post(&path, &backfill).expect(429);
    let grace = client.as_user("grace", "super_admin");
    let _ = run(&grace, &job).expect(202);
    assert_eq!(server.terminate(), Some(0));

    let later = [("MANUAL_RUNS_PER_HOUR", 3), ("CLOCK_OFFSET_MS", HOUR)];
    let server = start(&folder, &later);
    let _ = run(&server.client(), &job).expect(202);
}

#[test]
fn there_are_so_many_jobs_and_no_more() {
    let server = start(&folder(), &[("MAX_JOBS", 2)]);
    let client = server.client();
    let first = client.create_manual_job("test_scheduler", &json!({}));
    let _ = client.create_manual_job("test_scheduler", &json!({}));
    let job = json!({
        "name": "third", "template_type": "test_scheduler", "schedule": {"type": "manual"}
    });
    let refused = client.post("/api/admin/scheduler-jobs", &job).expect(409);
    assert_eq!(
        (&refused.body["code"], &refused.body["detail"]),
        (
            &json!("LIMIT_REACHED"),
            &json!(
                "there are 2 jobs already, which is the most there may be; remove some, or raise the setting"
            )
        )
    );
    let _ = client
        .delete(&format!("/api/admin/scheduler-jobs/{first}"))
        .expect(200);
    let _ = client.post("/api/admin/scheduler-jobs", &job).expect(201);
}

#[test]
fn a_token_makes_so_many_requests_a_minute() {
    let server = start(&folder(), &[("REQUESTS_PER_MINUTE", 5)]);
    let client = server.client();
    for left in (0..5).rev() {
        let answer = client.get("/api/auth/me").expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=5;w=60");
        let rate = answer.header("ratelimit").to_owned();
        assert!(
            rate.starts_with(&format!("\"requests\";r={left};t=")),
            "{rate}"
        );
    }
    let refused = client.get("/api/auth/me").expect(429);
    assert!(!refused.header("retry-after").is_empty());
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .starts_with("this token may make 5")
    );
}

#[test]
fn who_guesses_passwords_is_slowed_down_and_keeps_nobody_out() {
    let server = Server::start();
    let admin = server.client();
    for user in ["ada", "bob"] {
        let user = json!({"id": user, "role": "admin", "password": "several good words"});
        let _ = admin.post("/api/admin/users", &user).expect(201);
    }
    let sign_in = |user: &str, password: &str| {
        let body = json!({"user": user, "password": password});
        server.stranger().post("/api/auth/login", &body)
    };
    for _ in 0..9 {
        let _ = sign_in("ada", "wrong").expect(401);
    }
    // Whoever gets in begins to count anew.
    let _ = sign_in("ada", "several good words").expect(200);
    for _ in 0..10 {
        let _ = sign_in("ada", "wrong").expect(401);
    }
    let refused = sign_in("ada", "several good words").expect(429);
    assert!(!refused.header("retry-after").is_empty());
    let _ = sign_in("bob", "several good words").expect(200);
}
