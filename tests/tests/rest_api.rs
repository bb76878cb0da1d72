//! The REST API as its users meet it: shapes, errors, versions, authentication.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Answer, Server};
use serde_json::{Value, json};

const JOBS: &str = "/api/admin/scheduler-jobs";

fn job(name: &str) -> Value {
    json!({"name": name, "template_type": "test_scheduler", "schedule": {"type": "manual"}})
}

fn check_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{:#}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["status"], status);
    assert_eq!(answer.body["code"], code, "{:#}", answer.body);
    assert!(!answer.body["title"].as_str().unwrap().is_empty());
    assert!(answer.body["detail"].is_string());
    assert_eq!(answer.body["instance"], answer.header("x-request-id"));
}

#[test]
fn lists_have_the_shapes_of_the_requirements() {
    let server = Server::start();
    let client = server.client();
    for number in 0..5 {
        let _ = client.create_job(&job(&format!("job {number}")));
    }
    let list = client
        .get(&format!("{JOBS}?page=2&limit=2"))
        .expect(200)
        .body;
    assert_eq!(list["total"], 5);
    assert_eq!(list["page"], 2);
    assert_eq!(list["pages"], 3);
    assert_eq!(list["jobs"].as_array().unwrap().len(), 2);
    let none = client
        .get(&format!("{JOBS}?template_type=data_export"))
        .expect(200)
        .body;
    assert_eq!(none["total"], 0);
    let enabled = client.get(&format!("{JOBS}?template_type=test_scheduler&enabled=true"));
    assert_eq!(enabled.expect(200).body["total"], 5);

    let templates = client.get("/api/admin/job-templates").expect(200).body;
    let ids: Vec<&Value> = templates["templates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["_id"])
        .collect();
    assert_eq!(
        ids,
        [
            "data_export",
            "database_cleanup",
            "email_notification",
            "test_scheduler",
            "webhook_trigger"
        ]
    );
    let template = client
        .get("/api/admin/job-templates/database_cleanup")
        .expect(200)
        .body;
    assert_eq!(template["template"]["icon"], "🧹");
    assert_eq!(template["schema"]["properties"]["dryRun"]["default"], true);
    assert_eq!(
        template["schema"]["properties"]["collection"]["x-sandglass-source"],
        "collections"
    );
}

#[test]
fn a_job_is_read_changed_and_deleted_with_its_version() {
    let server = Server::start();
    let client = server.client();
    let created = client.post(JOBS, &job("first")).expect(201);
    assert_eq!(created.header("etag"), "\"v1\"");
    let path = created.header("location").to_owned();
    let read = client.get(&path).expect(200);
    assert_eq!(read.body["job"], created.body["job"]);
    let unchanged = client.send("GET", &path, &[("if-none-match", "\"v1\"")], b"");
    assert_eq!(unchanged.status, 304);

    let changed = client.put(&path, &json!({"name": "second"})).expect(200);
    assert_eq!(changed.body["job"]["name"], "second");
    assert_eq!(changed.body["job"]["version"], 2);
    assert_eq!(changed.body["message"], "Job updated");
    let json = ("content-type", "application/json");
    let stale = client.send(
        "PUT",
        &path,
        &[json, ("if-match", "\"v1\"")],
        br#"{"name": "third"}"#,
    );
    check_problem(&stale, 412, "VERSION_MISMATCH");
    let current = client.send(
        "PUT",
        &path,
        &[json, ("if-match", "\"v2\"")],
        br#"{"name": "third"}"#,
    );
    assert_eq!(current.expect(200).body["job"]["version"], 3);

    let gone = client.delete(&path).expect(200);
    assert_eq!(gone.body["message"], "Job deleted");
    check_problem(&client.get(&path), 404, "NOT_FOUND");
}

#[test]
fn what_is_wrong_with_a_job_is_named_with_its_place() {
    let server = Server::start();
    let client = server.client();
    let check = |body: Value, pointer: &str, code: &str| {
        let answer = client.post(JOBS, &body);
        check_problem(&answer, 422, "INVALID_JOB");
        let errors = answer.body["errors"].as_array().unwrap();
        let found = errors
            .iter()
            .any(|it| it["pointer"] == pointer && it["code"] == code);
        assert!(found, "{pointer} {code}: {:#}", answer.body);
    };
    let with = |member: &str, value: Value| {
        let mut body = job("job");
        body[member] = value;
        body
    };
    check(
        with("template_type", json!("nothing")),
        "/template_type",
        "unknown_template",
    );
    check(
        with("template_version", json!("9.9.9")),
        "/template_version",
        "no_approved_version",
    );
    check(
        with("parameters", json!({"steps": "many"})),
        "/parameters/steps",
        "schema",
    );
    check(
        with("schedule", json!({"cron": "0 0 30 2 *"})),
        "/schedule",
        "never_due",
    );
    check(
        with("schedule", json!({"run_at": "2001-01-01T00:00:00Z"})),
        "/schedule",
        "never_due",
    );
    check(
        with("limits", json!({"fuel": 0})),
        "/limits/fuel",
        "invalid_limit",
    );
    check(
        with("limits", json!({"cpu/s": 1})),
        "/limits/cpu~1s",
        "invalid_limit",
    );
    check(
        with(
            "notifications",
            json!({"on_failure": ["x@y.example", "nobody"]}),
        ),
        "/notifications/on_failure/1",
        "invalid_address",
    );
    let cleanup = |parameters: Value| {
        json!({"name": "cleanup", "template_type": "database_cleanup",
               "schedule": {"type": "manual"}, "parameters": parameters})
    };
    let answer = client.post(
        JOBS,
        &cleanup(json!({"collection": "users", "condition": {}})),
    );
    check_problem(&answer, 422, "INVALID_JOB");
    assert!(
        answer.body["errors"][0]["pointer"]
            .as_str()
            .unwrap()
            .starts_with("/parameters")
    );
}

#[test]
fn a_body_that_is_no_job_at_all_is_refused_with_the_place() {
    let server = Server::start();
    let client = server.client();
    let json = ("content-type", "application/json");
    let send = |body: &[u8]| client.send("POST", JOBS, &[json], body);
    check_problem(&send(b"{"), 400, "MALFORMED_JSON");
    check_problem(&send(b"\xff"), 400, "MALFORMED_JSON");
    check_problem(&send(&vec![b' '; 3 << 20]), 413, "BODY_TOO_LARGE");
    check_problem(&send(&vec![b'['; 100_000]), 400, "MALFORMED_JSON");
    check_problem(
        &client.send("POST", JOBS, &[], b"{}"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    );
    let check = |member: &str, value: Value| {
        let mut body = job("job");
        body[member] = value;
        let answer = client.post(JOBS, &body);
        assert_eq!(answer.status, 422, "{body} {:#}", answer.body);
        let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap();
        assert!(
            pointer.starts_with(&format!("/{member}")),
            "{:#}",
            answer.body
        );
    };
    check("name", json!(""));
    check("name", json!("x".repeat(201)));
    check("name", json!("a\u{7}b"));
    check("timeout_seconds", json!(0));
    check("timeout_seconds", json!(-5));
    check("schedule", json!({"cron": "not a cron"}));
    check("schedule", json!({"cron": "61 * * * *"}));
    check(
        "schedule",
        json!({"cron": "0 2 * * 0", "timezone": "Nowhere/City"}),
    );
    check("retry_policy", json!({"max_retries": 101}));
    check("tags", json!([""]));
    check("parameters", json!([]));
}

#[test]
fn every_wrong_turn_is_answered_as_a_problem() {
    let server = Server::start();
    let client = server.client();
    check_problem(&client.get("/api/admin/nothing"), 404, "NOT_FOUND");
    check_problem(&client.get("/nothing"), 404, "NOT_FOUND");
    let wrong_method = client.send("PATCH", JOBS, &[], b"");
    check_problem(&wrong_method, 405, "METHOD_NOT_ALLOWED");
    assert!(wrong_method.header("allow").contains("GET"));
    check_problem(&client.get(&format!("{JOBS}?page=0")), 400, "INVALID_QUERY");
    check_problem(
        &client.get(&format!("{JOBS}?limit=many")),
        400,
        "INVALID_QUERY",
    );
    check_problem(
        &client.get(&format!("{JOBS}?colour=red")),
        400,
        "INVALID_QUERY",
    );
    check_problem(&client.get(&format!("{JOBS}/%00")), 404, "NOT_FOUND");
    check_problem(
        &client.get(&format!("{JOBS}/job_unknown")),
        404,
        "NOT_FOUND",
    );
    check_problem(
        &client.get("/api/admin/job-executions/exec_unknown"),
        404,
        "NOT_FOUND",
    );
    check_problem(
        &client.post(&format!("{JOBS}/job_unknown/run"), &json!({})),
        404,
        "NOT_FOUND",
    );
}

#[test]
fn only_a_token_opens_the_api() {
    let server = Server::start();
    for path in [
        JOBS,
        "/api/admin/job-templates",
        "/api/admin/job-executions/x",
    ] {
        let answer = server.stranger().get(path);
        check_problem(&answer, 401, "UNAUTHENTICATED");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    for token in ["", "x", "sg_admin_0000", &"y".repeat(10_000)] {
        let answer = server.stranger().with_token(token).get(JOBS);
        assert!(
            matches!(answer.status, 401 | 431),
            "{token}: {}",
            answer.status
        );
    }
    for path in ["/", "/livez", "/readyz", "/api/openapi.json"] {
        let _ = server.stranger().get(path).expect(200);
    }
}

#[test]
fn the_document_names_every_path() {
    let server = Server::start();
    let document = server.stranger().get("/api/openapi.json").expect(200).body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [
        JOBS,
        "/api/admin/scheduler-jobs/{id}",
        "/api/admin/scheduler-jobs/{id}/run",
        "/api/admin/scheduler-jobs/{id}/executions",
        "/api/admin/scheduler-jobs/preview",
        "/api/admin/job-templates",
        "/api/admin/job-executions/{id}/effects",
        "/api/admin/job-executions/{id}/logs/stream",
        "/api/admin/job-executions/{id}/cancel",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
