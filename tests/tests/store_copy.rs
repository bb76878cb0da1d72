//! Moving house from outside: a store is copied to another place, and a service goes on there; through
//! MongoDB and back, everything looks the same to those who ask.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use bson::doc;
use sandglass_tests::{Client, MongoServer, Server, ServerOptions, binary, hosts::RECORDS, jobs};
use serde_json::{Value, json};

const EXECUTIONS: &str = "/api/admin/job-executions";
/// What else people see in lists.
const LISTS: [&str; 4] = [
    "/api/admin/scheduler-jobs?limit=200",
    "/api/admin/job-templates",
    "/api/admin/audit-log?limit=200",
    "/api/admin/concurrency-limits",
];

/// Copies from one place to another; a URL of MongoDB is given like a path.
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

/// A server with documents, and a run that has exported them: it has a log, a journal and an artifact.
fn exporting() -> Server {
    let server = Server::start();
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
    server
}

/// A stopped server with jobs, documents, a finished run with an artifact, and one cut off.
fn left_behind() -> Server {
    let mut server = exporting();
    let client = server.client();
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

/// A stopped server where nothing was left to do, and what it showed.
fn at_rest() -> (Server, BTreeMap<String, Value>) {
    let mut server = exporting();
    let client = server.client();
    let flaky = jobs::job(
        &client,
        &json!({
            "parameters": {"steps": 3, "failAttempts": 1},
            "retry_policy": {"max_retries": 2, "retry_delay_seconds": 0}
        }),
    );
    let ended = client.run_job(&flaky, &json!({}));
    assert_eq!(ended["attempts"].as_array().unwrap().len(), 2, "{ended}");
    let nightly = jobs::job(&client, &json!({"schedule": {"cron": "0 2 * * *"}}));
    let path = format!("/api/admin/scheduler-jobs/{nightly}/pause");
    let _ = client
        .post(&path, &json!({"reason": "moving house"}))
        .expect(200);
    let limit = "/api/admin/concurrency-limits/tag/heavy";
    let _ = client.put(limit, &json!({"max_running": 3})).expect(200);
    let before = shown(&client);
    assert_eq!(server.terminate(), Some(0));
    (server, before)
}

/// What the API shows, by path: the lists, and of each execution its log, its journal and its files.
fn shown(client: &Client) -> BTreeMap<String, Value> {
    let executions = format!("{EXECUTIONS}?limit=200");
    let rows = client.get(&executions).expect(200).body["executions"].clone();
    let mut paths = vec![executions];
    paths.extend(LISTS.map(str::to_owned));
    for row in rows.as_array().unwrap() {
        let path = format!("{EXECUTIONS}/{}", row["_id"].as_str().unwrap());
        paths.push(format!("{path}/logs?limit=5000"));
        paths.push(format!("{path}/effects?limit=200"));
        for artifact in row["artifacts"].as_array().unwrap() {
            let id = artifact["id"].as_str().unwrap();
            paths.push(format!("{path}/artifacts/{id}"));
        }
    }
    let show = |path: String| {
        let answer = client.get(&path).expect(200);
        let shown = match answer.body {
            Value::Null => Value::from(text(&answer.bytes)),
            body => body,
        };
        (path, shown)
    };
    paths.into_iter().map(show).collect()
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
    let rows = client.get(&format!("{EXECUTIONS}?limit=200")).expect(200);
    let rows = rows.body["executions"].as_array().unwrap().clone();
    let finished = rows.iter().find(|it| it["status"] == "success").unwrap();
    let id = finished["_id"].as_str().unwrap();
    let artifact = finished["artifacts"][0]["id"].as_str().unwrap();
    let path = format!("{EXECUTIONS}/{id}/artifacts/{artifact}");
    assert!(text(&client.get(&path).expect(200).bytes).contains("grace"));
    // The run that was cut off is taken over: its second attempt has begun.
    let cut_off = rows.iter().find(|it| it["status"] != "success").unwrap();
    let path = format!("{EXECUTIONS}/{}", cut_off["_id"].as_str().unwrap());
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

#[test]
fn a_store_that_went_to_mongodb_and_back_shows_what_it_showed_before() {
    let (server, before) = at_rest();
    let mongodb = MongoServer::start();
    let database = PathBuf::from(mongodb.url(RECORDS));
    let there = copied(&server.data_folder(), &database);
    for part in [
        "jobs: 3 ",
        "executions: 2 ",
        "documents in users: 2 ",
        "artifacts: 1 ",
    ] {
        assert!(there.contains(part), "{there}");
    }
    for part in ["log lines: 0 ", "journal entries: 0 ", "audit entries: 0 "] {
        assert!(!there.contains(part), "{there}");
    }
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let back = copied(&database, &folder.path().join("data"));
    assert_eq!(back, there);

    let moved = Server::start_in(folder, &ServerOptions::default());
    assert_eq!(moved.count("users", "{}"), 2);
    let after = shown(&moved.client());
    assert!(after.keys().eq(before.keys()), "{:?}", after.keys());
    for (path, before) in &before {
        assert_eq!(after[path], *before, "{path}");
    }
}

#[test]
fn a_database_that_does_not_exist_is_no_source_and_is_not_made() {
    let mongodb = MongoServer::start();
    let name = "a_name_that_does_not_exist";
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("data");
    refused(
        &PathBuf::from(mongodb.url(name)),
        &to,
        3,
        "there is no store",
    );
    assert!(!to.exists());
    let listed = mongodb.run(name, doc! {"listCollections": 1});
    let collections = listed.get_document("cursor").unwrap();
    let collections = collections.get_array("firstBatch").unwrap();
    assert!(collections.is_empty(), "{listed}");
}
