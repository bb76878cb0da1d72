//! Requests that Schemathesis makes up from the OpenAPI document, with a token of each role: whatever is
//! sent, the service does not fail, and every answer is one that the document names.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

use std::{path::PathBuf, process::Command};

use sandglass_tests::{Server, people::ROLES, workspace};
use serde_json::json;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance";
/// What would end the token, or answers for as long as somebody listens.
const LEFT_OUT: &str = "/api/auth/logout|/logs/stream";
/// Takes a component, which is no JSON; components are made up by the suite `fuzz`.
const UPLOAD: &str = "upload_template";

fn program() -> PathBuf {
    let program = workspace().join("target/tools/python/bin/schemathesis");
    assert!(program.exists(), "run `make test-tools`, which installs it");
    program
}

/// The seed, which is printed and can be given again as `SEED`.
fn seed() -> String {
    let seed = std::env::var("SEED").unwrap_or_else(|_| "5".to_owned());
    println!("SEED={seed}");
    seed
}

fn check(role: &str) {
    let server = Server::start();
    let admin = server.client();
    server.import("users", "{\"_id\": 1}\n");
    let _ = admin.create_manual_job("test_scheduler", &json!({}));
    let user = format!("the_{role}");
    let made = json!({"id": user, "role": role});
    let _ = admin.post("/api/admin/users", &made).expect(201);
    let made = json!({"user": user, "name": "made up"});
    let token = admin.post("/api/admin/tokens", &made);
    let token = token.expect(201).body["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program())
        .current_dir(folder.path())
        .args(["run", &format!("{}/api/openapi.json", server.address())])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", CHECKS, "--exclude-path-regex", LEFT_OUT])
        .args(["--exclude-operation-id", UPLOAD])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "12",
        ])
        .args(["--seed", &seed(), "--suppress-health-check", "all"])
        .args(["--continue-on-failure", "--warnings", "off", "--no-color"])
        .args(["--generation-database", "none"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{role}: {said}");
    let livez = server.stranger().get("/livez");
    assert_eq!(livez.status, 200);
    println!("{role}: {}", said.lines().last().unwrap_or_default());
}

#[test]
fn made_up_requests_of_a_super_admin_are_answered_as_documented() {
    check(ROLES[0]);
}

#[test]
fn made_up_requests_of_an_admin_are_answered_as_documented() {
    check(ROLES[1]);
}

#[test]
fn made_up_requests_of_a_user_are_answered_as_documented() {
    check(ROLES[2]);
}

#[test]
fn made_up_requests_of_a_template_author_are_answered_as_documented() {
    check(ROLES[3]);
}

#[test]
fn made_up_requests_of_a_security_reviewer_are_answered_as_documented() {
    check(ROLES[4]);
}
