//! Moving house from outside: a store is copied to another place, and a service goes on there.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use sandglass_tests::{Server, ServerOptions, binary, jobs};
use serde_json::json;

fn copy(from: &Path, to: &Path) -> Output {
    Command::new(binary())
        .args(["store", "copy"])
        .args([
            "--from".as_ref(),
            from.as_os_str(),
            "--to".as_ref(),
            to.as_os_str(),
        ])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn copied(from: &Path, to: &Path) -> String {
    let output = copy(from, to);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(from: &Path, to: &Path, code: i32, part: &str) {
    let output = copy(from, to);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(part), "{said}");
    assert_eq!(text(&output.stdout), "");
}

/// A stopped server with jobs, documents, a finished run with an artifact, and one cut off.
fn left_behind() -> Server {
    let mut server = Server::start();
    let client = server.client();
    server.import(
        "users",
        "{\"_id\": 1, \"name\": \"ada\"}\n{\"_id\": 2, \"name\": \"grace\"}\n",
    );
    let export = client.create_manual_job(
        "data_export",
        &json!({"collection": "users", "format": "csv"}),
    );
    let ended = client.run_job(&export, &json!({}));
    assert_eq!(ended["status"], "success", "{ended}");
    let long = jobs::job(&client, &jobs::long());
    let path = format!("/api/admin/scheduler-jobs/{long}");
    let asked = client.post(&format!("{path}/run"), &json!({}));
    assert_eq!(asked.status, 202);
    let path = format!("{path}/executions");
    let running = client.until(&path, |body| body["executions"][0]["status"] == "running");
    assert_eq!(running["executions"][0]["attempt"], 1);
    server.kill();
    server
}

#[test]
fn a_service_goes_on_where_its_store_was_moved() {
    let server = left_behind();
    let other = Arc::new(tempfile::tempdir().unwrap());
    let to = other.path().join("data");
    let first = copied(&server.data_folder(), &to);
    for part in [
        "jobs: 2 ",
        "executions: 2 ",
        "documents in users: 2 ",
        "artifacts: 1 ",
    ] {
        assert!(first.contains(part), "{first}");
    }
    // Done again, it changes nothing and says the same.
    assert_eq!(copied(&server.data_folder(), &to), first);

    let moved = Server::start_in(other, &ServerOptions::default());
    assert_eq!(moved.count("users", "{}"), 2);
    let client = moved.client();
    let rows = client
        .get("/api/admin/job-executions?limit=200")
        .expect(200);
    let rows = rows.body["executions"].as_array().unwrap().clone();
    let finished = rows.iter().find(|it| it["status"] == "success").unwrap();
    let id = finished["_id"].as_str().unwrap();
    let artifact = finished["artifacts"][0]["id"].as_str().unwrap();
    let path = format!("/api/admin/job-executions/{id}/artifacts/{artifact}");
    assert!(text(&client.get(&path).expect(200).bytes).contains("grace"));
    // The run that was cut off is taken over: its second attempt has begun.
    let cut_off = rows.iter().find(|it| it["status"] != "success").unwrap();
    let path = format!(
        "/api/admin/job-executions/{}",
        cut_off["_id"].as_str().unwrap()
    );
    let again = client.until(&path, |body| body["execution"]["attempt"] == 2);
    let lost = &again["execution"]["attempts"][0];
    assert_eq!(lost["outcome"], "lease_lost", "{lost}");
}

#[test]
fn a_source_in_use_and_a_target_with_something_else_are_refused() {
    let mut server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    refused(
        &server.data_folder(),
        &empty,
        1,
        "another sandglass process uses",
    );
    refused(&folder.path().join("none"), &empty, 3, "there is no store");
    refused(
        &server.data_folder(),
        &server.data_folder(),
        2,
        "the same place",
    );
    server.kill();
    let mut other = Server::start();
    other.import("things", "{\"_id\": 1}\n");
    other.kill();
    refused(
        &server.data_folder(),
        &other.data_folder(),
        1,
        "choose a place that holds nothing",
    );
    // Nothing was written to it.
    assert_eq!(other.count("things", "{}"), 1);
}
