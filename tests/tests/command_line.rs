//! The command line as people and scripts use it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::process::{Command, Output};

use sandglass_tests::{Server, binary};
use serde_json::Value;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command on an empty data folder.
fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(binary())
        .args(arguments)
        .args(["--data-dir", folder.path().to_str().unwrap()])
        .output()
        .unwrap()
}

#[test]
fn documents_come_out_as_they_went_in() {
    let server = Server::start();
    let lines = concat!(
        r#"{"_id":{"$oid":"65f0a0a0a0a0a0a0a0a0a0a0"},"at":{"$date":"2026-01-01T00:00:00Z"},"n":1}"#,
        "\n",
        r#"{"_id":2,"price":{"$numberDecimal":"1.10"},"nested":{"list":[1,2.5,null,true]}}"#,
        "\n"
    );
    server.import("things", lines);
    let output = server.run(&["collection", "export", "things"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let parse = |text: &str| -> Vec<Value> {
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines.sort_by_key(Value::to_string);
        lines
    };
    assert_eq!(parse(&text(&output.stdout)), parse(lines));
    assert_eq!(server.count("things", r#"{"n": {"$exists": true}}"#), 1);

    server.import("things", lines);
    assert_eq!(server.count("things", "{}"), 2);
}

#[test]
fn a_bad_line_is_named_by_its_number() {
    let server = Server::start();
    let file = server.data_folder().join("bad.jsonl");
    std::fs::write(&file, "{\"_id\": 1}\n{\"_id\": \n").unwrap();
    let output = server.run(&["collection", "import", "things", file.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("line 2"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn wrong_arguments_end_with_the_usage_code_and_say_what_is_wrong() {
    let check = |arguments: &[&str], code: i32, part: &str| {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "");
    };
    check(&["nonsense"], 2, "nonsense");
    check(&["serve", "--listen", "nowhere"], 2, "nowhere");
    check(
        &["collection", "count", "users", "--filter", "{"],
        2,
        "filter",
    );
    check(
        &[
            "collection",
            "count",
            "users",
            "--filter",
            r#"{"a": {"$where": "1"}}"#,
        ],
        2,
        "$where",
    );
    check(&["collection", "count", "no/slash"], 2, "no/slash");
    check(
        &["collection", "import", "users", "/no/such/file"],
        1,
        "/no/such/file",
    );
}

#[test]
fn a_collection_that_nobody_filled_counts_zero() {
    let output = run(&["collection", "count", "nobody"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "0\n");
}
