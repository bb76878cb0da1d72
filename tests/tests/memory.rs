//! An export of many documents needs no more memory than one of few.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

use std::fmt::Write as _;

use sandglass_tests::Server;
use serde_json::{Value, json};

const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;

/// The resident memory of a process in bytes, as Linux counts it (proc(5), `VmRSS`), and its peak.
fn resident(process: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let read = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    };
    (read("VmRSS:"), read("VmHWM:"))
}

fn documents(count: u64) -> String {
    let mut lines = String::new();
    for number in 0..count {
        writeln!(
            lines,
            r#"{{"_id":{number},"name":"person {number}","email":"p{number}@example.com","age":{}}}"#,
            number % 90
        )
        .unwrap();
    }
    lines
}

#[test]
fn memory_stays_flat_from_ten_thousand_documents_to_a_million() {
    let server = Server::start();
    server.import("few", &documents(FEW));
    server.import("many", &documents(MANY));
    let client = server.client();
    let export = |collection: &str| -> Value {
        let job = client.create_manual_job(
            "data_export",
            &json!({"collection": collection, "format": "csv", "fields": ["_id", "name", "email"]}),
        );
        let ended = client.run_job(&job, &json!({}));
        assert_eq!(ended["status"], "success", "{ended:#}");
        ended
    };
    let few = export("few");
    let (_, peak_before) = resident(server.id());
    let many = export("many");
    let (_, peak_after) = resident(server.id());
    let memory = |ended: &Value| ended["peak_memory_bytes"].as_u64().unwrap();
    println!(
        "guest memory {} KiB for {FEW} documents, {} KiB for {MANY}; the server's peak grew by {} KiB; {} s",
        memory(&few) >> 10,
        memory(&many) >> 10,
        (peak_after - peak_before) >> 10,
        many["duration_seconds"]
    );
    assert!(memory(&many) <= memory(&few) * 5 / 4);
    assert!(
        peak_after - peak_before < 64 << 20,
        "the server's memory grew with the documents"
    );
    assert_eq!(server.count("many", "{}"), MANY);
}
