//! Backfills, seen from outside: slots of the past that run again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{
    Server,
    jobs::{executions, job, long, merge, with_status},
};
use serde_json::{Value, json};

#[test]
fn a_backfill_runs_the_slots_of_the_past_one_after_another() {
    let server = Server::start();
    let client = server.client();
    let job = job(
        &client,
        &json!({"schedule": {"cron": "0 * * * *"}, "enabled": false}),
    );
    let path = format!("/api/admin/scheduler-jobs/{job}/backfill");
    let day =
        json!({"start": "2025-03-01T00:00:00Z", "end": "2025-03-02T00:00:00Z", "dry_run": true});
    let body = client.post(&path, &day).expect(202).body;
    assert_eq!(body["backfill"]["total"], 24);
    let id = body["backfill"]["_id"].as_str().unwrap().to_owned();
    let backfill = format!("/api/admin/backfills/{id}");
    let _ = client.until(&backfill, |body| body["status"] == "done");
    let list = format!("/api/admin/job-executions?backfill={id}&limit=100");
    let body = client.until(&list, |body| {
        let rows = body["executions"].as_array().unwrap();
        rows.len() == 24 && rows.iter().all(|it| it["status"] == "success")
    });
    for (number, row) in body["executions"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .enumerate()
    {
        assert_eq!(
            row["scheduled_for"],
            format!("2025-03-01T{number:02}:00:00Z")
        );
        assert_eq!(row["triggered_by"], "backfill");
        assert_eq!(row["dry_run"], true);
    }
    assert_eq!(
        client.post(&format!("{backfill}/pause"), &json!({})).status,
        409
    );

    let check = |body: Value, pointer: &str| {
        let answer = client.post(&path, &body).expect(422);
        assert_eq!(
            answer.body["errors"][0]["pointer"], pointer,
            "{}",
            answer.body
        );
    };
    check(
        json!({"start": "2025-03-01T00:00:00Z", "end": "2025-03-01T00:00:00Z"}),
        "/end",
    );
    check(
        json!({"start": "2025-03-01T00:00:00Z", "end": "2999-01-01T00:00:00Z"}),
        "/end",
    );
    check(
        json!({"start": "2020-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z"}),
        "/end",
    );
    check(
        json!({"start": "2025-03-01T00:01:00Z", "end": "2025-03-01T00:02:00Z"}),
        "/start",
    );
    check(
        json!({"start": "yesterday", "end": "2025-03-01T00:02:00Z"}),
        "/start",
    );
}

#[test]
fn a_backfill_is_paused_resumed_and_cancelled() {
    let server = Server::start();
    let client = server.client();
    let mut changes = long();
    merge(&mut changes, &json!({"schedule": {"cron": "0 * * * *"}}));
    let job = job(&client, &changes);
    let path = format!("/api/admin/scheduler-jobs/{job}/backfill");
    let range = json!({"start": "2025-03-01T00:00:00Z", "end": "2025-03-09T00:00:00Z"});
    let body = client.post(&path, &range).expect(202).body;
    let id = body["backfill"]["_id"].as_str().unwrap().to_owned();
    let backfill = format!("/api/admin/backfills/{id}");
    let body = client.until(&backfill, |body| body["made"] == 10);
    assert_eq!(body["status"], "running");
    let paused = client
        .post(&format!("{backfill}/pause"), &json!({}))
        .expect(200);
    assert_eq!(paused.body["backfill"]["status"], "paused");
    let rows = executions(&client, &job, |rows| with_status(rows, "running") == 1);
    let running = rows.iter().find(|it| it["status"] == "running").unwrap();
    let running = running["_id"].as_str().unwrap();
    let cancel = format!("/api/admin/job-executions/{running}/cancel");
    let _ = client.post(&cancel, &json!({})).expect(202);
    assert_eq!(client.ended(running)["status"], "cancelled");
    assert_eq!(client.get(&backfill).expect(200).body["made"], 10);
    let _ = client
        .post(&format!("{backfill}/resume"), &json!({}))
        .expect(200);
    let _ = client.until(&backfill, |body| body["made"] == 11);
    let ended = client
        .post(&format!("{backfill}/cancel"), &json!({}))
        .expect(200);
    assert_eq!(ended.body["backfill"]["status"], "cancelled");
    let list = client
        .get(&format!("/api/admin/scheduler-jobs/{job}/backfills"))
        .expect(200);
    assert_eq!(list.body["total"], 1);
}
