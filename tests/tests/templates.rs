//! The built-in templates, run by the real service.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server};
use serde_json::{Value, json};

fn people() -> String {
    [
        json!({"_id": 1, "name": "Ada", "email": "ada@example.com", "address": {"city": "London"}}),
        json!({"_id": 2, "name": "Grace, Rear Admiral", "email": "grace@example.com", "age": 85}),
        json!({"_id": 3, "name": "=cmd()", "email": "mallory@example.com", "tags": ["a", "b"]}),
    ]
    .map(|person| person.to_string())
    .join("\n")
}

fn export(client: &Client, parameters: &Value) -> (Value, String) {
    let job = client.create_manual_job("data_export", parameters);
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "success", "{ended:#}");
    let artifact = &ended["artifacts"][0];
    let path = format!(
        "/api/admin/job-executions/{}/artifacts/{}",
        ended["_id"].as_str().unwrap(),
        artifact["id"].as_str().unwrap().replace('/', "%2F"),
    );
    let file = client.get(&path).expect(200);
    assert_eq!(file.bytes.len() as u64, artifact["size"].as_u64().unwrap());
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    (ended.clone(), String::from_utf8(file.bytes).unwrap())
}

#[test]
fn an_export_is_written_in_each_format() {
    let server = Server::start();
    server.import("people", &people());
    let client = server.client();
    let sorted = json!({"_id": 1});
    let base =
        json!({"collection": "people", "sort": sorted, "fields": ["_id", "name", "address.city"]});
    let with = |format: &str| {
        let mut parameters = base.clone();
        parameters["format"] = json!(format);
        export(&client, &parameters).1
    };
    insta::assert_snapshot!("export_csv", with("csv"));
    let array: Value = serde_json::from_str(&with("json")).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 3);
    assert_eq!(array[0]["address"]["city"], "London");
    let lines = with("jsonl");
    assert_eq!(lines.lines().count(), 3);
    for line in lines.lines() {
        let _: Value = serde_json::from_str(line).unwrap();
    }
}

#[test]
fn mail_is_written_to_the_outbox_for_every_recipient_of_the_grant() {
    let server = Server::start();
    server.import("people", &people());
    let client = server.client();
    let job = client.create_manual_job(
        "email_notification",
        &json!({
            "recipients": ["admin@example.com", "ops@example.com"],
            "subject": "Report", "body": "Hello"
        }),
    );
    let dry = client.run_job(&job, &json!({"dry_run": true}));
    assert_eq!(dry["status"], "success", "{dry:#}");
    let outbox = client.get("/api/admin/outbox").expect(200).body;
    assert_eq!(outbox["mails"].as_array().unwrap().len(), 0);

    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "success", "{ended:#}");
    assert_eq!(ended["message"], "Sent 2 emails");
    assert_eq!(ended["result"]["sent"], 2);
    let outbox = client.get("/api/admin/outbox").expect(200).body;
    let mails = outbox["mails"].as_array().unwrap();
    let recipients: Vec<&Value> = mails
        .iter()
        .flat_map(|it| it["to"].as_array().unwrap())
        .collect();
    assert_eq!(recipients.len(), 2, "{outbox:#}");
    assert_eq!(mails[0]["subject"], "Report");
}

#[test]
fn people_named_by_a_job_are_told_how_it_ended() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_job(&json!({
        "name": "told", "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "parameters": {"failAttempts": 1},
        "notifications": {"on_success": ["well@example.com"], "on_failure": ["bad@example.com"]}
    }));
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "failed");
    let outbox = client.until("/api/admin/outbox", |body| body["mails"][0].is_object());
    assert_eq!(outbox["mails"][0]["to"], json!(["bad@example.com"]));
    assert_eq!(outbox["mails"][0]["subject"], "told: failed");
}

#[test]
fn a_template_imports_nothing_that_it_does_not_use() {
    let server = Server::start();
    let client = server.client();
    let templates = client.get("/api/admin/job-templates").expect(200).body;
    let capabilities: Vec<String> = templates["templates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|template| {
            let interfaces: Vec<&str> = template["imports"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|import| {
                    let name = import.as_str()?.strip_prefix("sandglass:job/")?;
                    let name = name.split('@').next()?;
                    ["database", "email", "artifacts", "http", "secrets"]
                        .contains(&name)
                        .then_some(name)
                })
                .collect();
            format!(
                "{} {}",
                template["_id"].as_str().unwrap(),
                interfaces.join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!(capabilities.join("\n"), @r"
    data_export artifacts database
    database_cleanup database
    email_notification database email
    test_scheduler 
    webhook_trigger http secrets
    ");
}
