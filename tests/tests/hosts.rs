//! Hosts as people see them: who takes part, draining one, and jobs that ask for labels.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server, ServerOptions};
use serde_json::{Value, json};

const HOSTS: &str = "/api/admin/hosts";

fn start() -> Server {
    let arguments = [
        "--host-name",
        "host-a",
        "--label",
        "zone=eu",
        "--concurrent-runs",
        "4",
    ];
    Server::start_with(&ServerOptions {
        arguments: arguments.map(str::to_owned).to_vec(),
        environment: vec![("SANDGLASS_DRAIN_SECONDS".to_owned(), "1".to_owned())],
        ..ServerOptions::default()
    })
}

/// The one host, once it is as it should be.
fn host(client: &Client, is_right: impl Fn(&Value) -> bool) -> Value {
    let answer = client.until(HOSTS, |body| is_right(&body["hosts"][0]));
    assert_eq!(answer["hosts"].as_array().unwrap().len(), 1, "{answer}");
    answer["hosts"][0].clone()
}

fn placed(client: &Client, placement: &Value) -> String {
    client.create_job(&json!({
        "name": "a placed job", "template_type": "test_scheduler", "parameters": {"steps": 1},
        "schedule": {"type": "manual"}, "placement": placement
    }))
}

fn run(client: &Client, job: &str) -> String {
    client.start_job(job, &json!({}))
}

fn status(client: &Client, execution: &str) -> Value {
    let path = format!("/api/admin/job-executions/{execution}");
    client.get(&path).expect(200).body["execution"]["status"].clone()
}

#[test]
fn a_host_shows_itself_with_its_labels_and_what_it_holds() {
    let server = start();
    let client = server.client();
    let idle = host(&client, |it| it["state"] == "live");
    assert_eq!(idle["name"], "host-a");
    assert_eq!(idle["labels"], json!({"zone": "eu"}));
    assert_eq!(idle["places"], 4);
    assert_eq!((&idle["running"], &idle["load"]), (&json!(0), &json!(0.0)));
    assert_eq!(idle["order"], "work");
    assert_eq!(idle["executions"], json!([]));
    assert_eq!(idle["ordered_by"], Value::Null);
    assert!(idle["version"].is_string() && idle["started_at"].is_string());
    assert_eq!(server.stranger().get(HOSTS).status, 401);

    let job = client.create_job(&json!({
        "name": "endless", "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "parameters": {"steps": 1000, "workUnits": 100_000},
        "limits": {"fuel": 10_000_000_000_000_u64}
    }));
    let execution = run(&client, &job);
    let busy = host(&client, |it| it["leases_held"] == 1 && it["running"] == 1);
    assert_eq!(busy["executions"], json!([execution]));
    assert_eq!(busy["load"], 0.25);
}

#[test]
fn a_drained_host_begins_nothing_until_it_is_resumed() {
    let server = start();
    let client = server.client();
    let unknown = client
        .post(&format!("{HOSTS}/host-b/drain"), &json!({}))
        .expect(404);
    assert_eq!(unknown.body["code"], "NOT_FOUND");
    let answer = client
        .post(&format!("{HOSTS}/host-a/drain"), &json!({}))
        .expect(200);
    assert_eq!(answer.body["host"]["order"], "drain");
    assert!(answer.body["host"]["ordered_by"].is_string());
    host(&client, |it| it["state"] == "drained");

    let job = client.create_manual_job("test_scheduler", &json!({"steps": 1}));
    let execution = run(&client, &job);
    let again = client
        .post(&format!("{HOSTS}/host-a/drain"), &json!({}))
        .expect(200);
    assert_eq!(again.body["host"]["state"], "drained");
    assert_eq!(status(&client, &execution), "queued");

    let resumed = client.post(&format!("{HOSTS}/host-a/resume"), &json!({}));
    assert_eq!(resumed.expect(200).body["host"]["order"], "work");
    assert_eq!(client.ended(&execution)["status"], "success");
    host(&client, |it| it["state"] == "live");
    let log = client
        .get("/api/admin/audit-log?action=host_ordered&target=host-a")
        .expect(200)
        .body;
    assert_eq!(log["total"], 3, "{log:#}");
}

#[test]
fn a_job_runs_on_hosts_that_have_its_labels() {
    let server = start();
    let client = server.client();
    let (far, near) = (
        placed(&client, &json!({"zone": "us"})),
        placed(&client, &json!({"zone": "eu"})),
    );
    let waits = run(&client, &far);
    let ended = client.ended(&run(&client, &near));
    assert_eq!(ended["status"], "success");
    assert_eq!(ended["execution_host"], "host-a");
    assert_eq!(ended["placement"], json!({"zone": "eu"}));
    assert_eq!(status(&client, &waits), "queued");

    let warnings = |placement: Value| {
        let draft = json!({
            "name": "a placed job", "template_type": "test_scheduler",
            "schedule": {"type": "manual"}, "placement": placement
        });
        let path = "/api/admin/scheduler-jobs/preview";
        let preview = client.post(path, &draft).expect(200).body;
        assert_eq!(preview["issues"], json!([]));
        preview["warnings"].clone()
    };
    assert_eq!(warnings(json!({"zone": "eu"})), json!([]));
    assert_eq!(warnings(json!({"zone": "us"}))[0]["code"], "no_such_host");

    let path = format!("/api/admin/scheduler-jobs/{far}");
    let changed = client.put(&path, &json!({"placement": {}})).expect(200);
    assert_eq!(changed.body["job"]["placement"], json!({}));
    let ended = client.ended(&run(&client, &far));
    assert_eq!(ended["status"], "success");
    assert_eq!(
        status(&client, &waits),
        "queued",
        "it keeps the placement that it was made with"
    );

    let refused = client
        .put(&path, &json!({"placement": {"Zone": "eu"}}))
        .expect(422);
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("\"Zone\" is no key")
    );
}
