//! Components that are small to upload and take much to compile: refused, while the service lives on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Server, ServerOptions, WatTemplate, idle_functions};
use serde_json::json;

const TEMPLATES: &str = "/api/admin/job-templates";
const WASM: [(&str, &str); 1] = [("content-type", "application/wasm")];

fn check(settings: &str, functions: usize, instructions: usize, expect: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandglass.toml");
    std::fs::write(&file, settings).unwrap();
    let server = Server::start_with(&ServerOptions {
        arguments: vec!["--config".to_owned(), file.to_str().unwrap().to_owned()],
        ..ServerOptions::default()
    });
    let client = server.client();
    let large = WatTemplate {
        definitions: idle_functions(functions, instructions),
        ..WatTemplate::new("large", "1.0.0")
    };
    let component = large.component();
    let refused = client.send("POST", TEMPLATES, &WASM, &component);
    assert_eq!(
        refused.body["code"], "INVALID_TEMPLATE",
        "{:#}",
        refused.body
    );
    assert_eq!(refused.status, 422);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(expect), "{detail}");

    let small = WatTemplate::new("small", "1.0.0").component();
    let _ = client.send("POST", TEMPLATES, &WASM, &small).expect(201);
    let job = client.create_manual_job("test_scheduler", &json!({}));
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "success", "{ended:#}");
}

#[test]
fn what_takes_too_much_memory_to_compile_is_refused() {
    let settings = "compile_memory_mib = 160";
    let expect = "needed more than 160 MiB of memory";
    check(settings, 1, 100_000, expect);
}

#[test]
fn what_takes_too_much_processor_time_to_compile_is_refused() {
    let settings = "compile_processor_seconds = 2";
    check(settings, 60_000, 3, "took longer than 2 seconds");
}
