//! The whole path of a newcomer: create a cleanup job, see it run on its slot and by hand, and read
//! what it did.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use sandglass_tests::{Server, ServerOptions};
use serde_json::{Value, json};

/// What the machine's clock shows.
fn now() -> Timestamp {
    #[allow(
        clippy::disallowed_methods,
        reason = "the server under test has the machine's clock"
    )]
    Timestamp::now()
}

/// `count` users, of whom every second one was last active a year ago.
fn users(count: u32) -> String {
    let now = now();
    let user = |number: u32| {
        let days = if number.is_multiple_of(2) { 365 } else { 1 };
        let last_active = now - SignedDuration::from_hours(24 * days);
        json!({"_id": number, "name": format!("user {number}"), "lastActive": {"$date": last_active}})
    };
    (0..count)
        .map(|number| user(number).to_string() + "\n")
        .collect()
}

fn cleanup(dry_run: bool, schedule: &Value) -> Value {
    json!({
        "name": "Weekly User Data Cleanup",
        "description": "Remove inactive users older than 6 months",
        "template_type": "database_cleanup",
        "parameters": {
            "collection": "users",
            "condition": {"lastActive": {"$lt": "6 months ago"}},
            "dryRun": dry_run
        },
        "schedule": schedule,
        "timeout_seconds": 3600,
        "retry_policy": {"max_retries": 3, "retry_delay_seconds": 300},
        "notifications": {"on_success": ["admin@example.com"], "on_failure": ["ops@example.com"]}
    })
}

/// Options for a server whose clock shows ten seconds before a full minute when it starts.
fn shortly_before_a_minute() -> ServerOptions {
    let into_minute = now().as_millisecond().rem_euclid(60_000);
    ServerOptions {
        environment: vec![(
            "SANDGLASS_CLOCK_OFFSET_MS".to_owned(),
            (50_000 - into_minute).to_string(),
        )],
        ..ServerOptions::default()
    }
}

#[test]
fn a_cleanup_job_runs_on_its_slot_and_leaves_a_record_of_all_it_did() {
    let server = Server::start_with(&shortly_before_a_minute());
    server.import("users", &users(1_000));
    let client = server.client();
    let schedule = json!({"type": "cron", "expression": "* * * * *", "timezone": "UTC"});
    let created = client
        .post("/api/admin/scheduler-jobs", &cleanup(false, &schedule))
        .expect(201);
    let job = &created.body["job"];
    assert_eq!(created.body["message"], "Job created successfully");
    assert_eq!(
        job["grant"],
        json!([{
            "interface": "database", "target": "users", "operations": ["count", "delete"],
            "text": "May count and delete documents in users"
        }])
    );

    let id = job["_id"].as_str().unwrap();
    let executions = client.until(
        &format!("/api/admin/scheduler-jobs/{id}/executions"),
        |body| body["executions"][0]["status"] == "success",
    );
    let execution = executions["executions"].as_array().unwrap().last().unwrap();
    assert_eq!(execution["triggered_by"], "scheduler");
    assert_eq!(execution["scheduled_for"], job["next_run_at"]);
    assert!(
        execution["scheduled_for"]
            .as_str()
            .unwrap()
            .ends_with(":00Z")
    );
    assert_eq!(execution["result"]["records_deleted"], 500);
    assert_eq!(execution["message"], "Deleted 500 records");
    assert!(execution["fuel_used"].as_u64().unwrap() > 10_000);
    assert!(execution["peak_memory_bytes"].as_u64().unwrap() >= 64 << 10);
    assert_eq!(server.count("users", "{}"), 500);

    let path = format!(
        "/api/admin/job-executions/{}",
        execution["_id"].as_str().unwrap()
    );
    let detail = client.get(&path).expect(200).body;
    assert!(!detail["logs"].as_array().unwrap().is_empty());
    assert!(detail["logs"][0]["message"].is_string());
    assert_eq!(detail["execution"]["attempts"][0]["outcome"], "success");

    let effects = client.get(&format!("{path}/effects")).expect(200).body;
    let deletions: Vec<&Value> = effects["effects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["function"] == "delete-many")
        .collect();
    assert!(!deletions.is_empty());
    for call in deletions {
        assert_eq!(call["interface"], "database");
        assert_eq!(call["target"], "users");
        assert_eq!(call["effect"], "write");
        assert_eq!(call["outcome"], "ok");
        assert_eq!(call["simulated"], false);
    }

    let after = client
        .get(&format!("/api/admin/scheduler-jobs/{id}"))
        .expect(200)
        .body;
    let moment = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(moment(&after["job"]["next_run_at"]) > moment(&job["next_run_at"]));
    assert!(moment(&after["job"]["last_run_at"]) >= moment(&job["next_run_at"]));
}

#[test]
fn a_job_runs_on_demand_dry_and_then_for_real() {
    let server = Server::start();
    server.import("users", &users(100));
    let client = server.client();
    let job = client.create_job(&cleanup(false, &json!({"type": "manual"})));

    let dry = client.run_job(&job, &json!({"dry_run": true}));
    assert_eq!(dry["status"], "success", "{dry:#}");
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["triggered_by"], "user");
    assert_eq!(dry["triggered_by_user"], "admin");
    assert_eq!(dry["result"]["records_deleted"], 0);
    assert_eq!(dry["message"], "Would delete 50 records (dry run)");
    assert_eq!(server.count("users", "{}"), 100);
    let path = format!(
        "/api/admin/job-executions/{}/effects",
        dry["_id"].as_str().unwrap()
    );
    let effects = client.get(&path).expect(200).body;
    let simulated = effects["effects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["simulated"] == true);
    assert_eq!(simulated.count(), 1);

    let real = client.run_job(&job, &json!({}));
    assert_eq!(real["result"]["records_deleted"], 50);
    assert_eq!(server.count("users", "{}"), 50);
    let again = client.run_job(&job, &json!({}));
    assert_eq!(again["result"]["records_deleted"], 0);
}

#[test]
fn the_template_s_own_preview_asks_for_counting_only() {
    let server = Server::start();
    server.import("users", &users(10));
    let client = server.client();
    let job = cleanup(true, &json!({"cron": "0 2 * * 0"}));
    let preview = client
        .post("/api/admin/scheduler-jobs/preview", &job)
        .expect(200)
        .body;
    assert_eq!(preview["issues"], json!([]));
    assert_eq!(preview["destructive"], false);
    assert_eq!(preview["grant"][0]["operations"], json!(["count"]));
    let next = preview["next_runs"][0]["at"].as_str().unwrap();
    let next: Timestamp = next.parse().unwrap();
    assert_eq!(
        next.to_zoned(jiff::tz::TimeZone::UTC).weekday(),
        jiff::civil::Weekday::Sunday
    );
    let job = client.create_job(&cleanup(true, &json!({"type": "manual"})));
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["message"], "Would delete 5 records (dry run)");
    assert_eq!(server.count("users", "{}"), 10);
}

#[test]
fn an_interval_job_runs_again_and_again_and_stops_when_it_is_switched_off() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_job(&json!({
        "name": "test_scheduler", "template_type": "test_scheduler",
        "schedule": {"interval_seconds": 1}
    }));
    let path = format!("/api/admin/scheduler-jobs/{job}/executions");
    let seen = client.until(&path, |body| body["total"].as_u64() >= Some(3));
    let scheduled: Vec<Timestamp> = seen["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["scheduled_for"].as_str().unwrap().parse().unwrap())
        .collect();
    for pair in scheduled.windows(2) {
        assert_eq!(pair[0], pair[1] + 1.second());
    }
    let off = client.put(
        &format!("/api/admin/scheduler-jobs/{job}"),
        &json!({"enabled": false}),
    );
    assert_eq!(off.expect(200).body["job"]["next_run_at"], Value::Null);
}

#[test]
fn a_job_of_one_moment_runs_once() {
    let server = Server::start();
    let client = server.client();
    let run_at = now() + SignedDuration::from_secs(3);
    let job = client.create_job(&json!({
        "name": "once", "template_type": "test_scheduler",
        "schedule": {"type": "once", "run_at": run_at}
    }));
    let path = format!("/api/admin/scheduler-jobs/{job}/executions");
    let seen = client.until(&path, |body| body["executions"][0]["status"] == "success");
    assert_eq!(seen["total"], 1);
    let job = client
        .get(&format!("/api/admin/scheduler-jobs/{job}"))
        .expect(200)
        .body;
    assert_eq!(job["job"]["next_run_at"], Value::Null);
}
