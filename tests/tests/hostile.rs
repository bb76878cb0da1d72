//! Bytes that somebody uploads as a template and that are none.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server, template};
use serde_json::json;

const WASM: [(&str, &str); 1] = [("content-type", "application/wasm")];

fn upload(client: &Client, bytes: &[u8]) -> sandglass_tests::Answer {
    client.send("POST", "/api/admin/job-templates", &WASM, bytes)
}

#[test]
fn what_is_no_template_is_refused_and_the_server_goes_on() {
    let server = Server::start();
    let client = server.client();
    let core_module = b"\0asm\x01\0\0\0";
    let empty_component = b"\0asm\x0d\0\x01\0";
    let mut cut = template("test_scheduler");
    cut.truncate(cut.len() / 2);
    let mut flipped = template("test_scheduler");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let check = |bytes: &[u8], status: u16| {
        let answer = upload(&client, bytes);
        assert_eq!(answer.status, status, "{:#}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    };
    check(b"", 422);
    check(b"hello", 422);
    check(b"(component)", 422);
    check(core_module, 422);
    check(empty_component, 422);
    check(&cut, 422);
    check(&vec![0; 40 << 20], 413);
    let answer = upload(&client, &flipped);
    assert!(matches!(answer.status, 422 | 201), "{}", answer.status);
    let ended = client.run_job(
        &client.create_manual_job("test_scheduler", &json!({})),
        &json!({}),
    );
    assert_eq!(ended["status"], "success");
}

#[test]
fn the_same_version_is_not_taken_in_twice() {
    let server = Server::start();
    let client = server.client();
    let answer = upload(&client, &template("test_scheduler"));
    assert_eq!(answer.status, 409, "{:#}", answer.body);
    let text = client.send(
        "POST",
        "/api/admin/job-templates",
        &[("content-type", "text/plain")],
        &template("test_scheduler"),
    );
    assert_eq!(text.status, 415, "{:#}", text.body);
}
