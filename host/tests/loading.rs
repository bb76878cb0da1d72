//! Which components become templates, and what they answer before they run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod support;

use std::sync::Arc;

use sandglass_contract::{Grant, OutcomeCode};
use sandglass_host::TemplateError;
use serde_json::json;
use support::{DELETE, GOOD, LOOP, bench, component_of, host_in};

#[tokio::test]
async fn a_template_describes_itself_and_is_loaded_once() {
    let bench = bench();
    let component = GOOD.component();
    let (first, second) = tokio::join!(bench.host.load(&component), bench.host.load(&component));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(Arc::ptr_eq(&first, &second));
    assert!(bench.host.loaded(&first.digest()).is_some());
    let description = bench.host.describe(&first).await.unwrap();
    assert_eq!(description.metadata.id.as_str(), "test_guest");
    assert_eq!(description.schema, json!({}));
    assert_eq!(bench.host.validate(&first, &json!({})).await.unwrap(), []);
    assert_eq!(
        bench.host.capabilities(&first, &json!({})).await.unwrap(),
        Grant::default()
    );
    let deleting = bench.load(&DELETE).await;
    assert_eq!(
        deleting.imports(),
        ["sandglass:job/database@0.1.0", "sandglass:job/types@0.1.0"]
    );
    assert_eq!(deleting.interfaces().len(), 1);
}

#[tokio::test]
async fn another_host_uses_what_this_one_compiled() {
    let bench = bench();
    bench.load(&GOOD).await;
    let cache = bench.folder.path().join("cache");
    let files = || std::fs::read_dir(&cache).unwrap().count();
    assert_eq!(files(), 1);
    let other = host_in(bench.folder.path(), &bench.recorder, &bench.database);
    let template = other.load(&GOOD.component()).await.unwrap();
    let report = other.run(&template, bench.a_run()).await;
    assert_eq!(report.outcome, OutcomeCode::Success);
    assert_eq!(files(), 1);
}

#[tokio::test]
async fn a_question_cannot_use_an_import() {
    let bench = bench();
    let asking = r#"(module
        (import "sandglass:job/clock@0.1.0" "now" (func $now (result i64)))
        (memory (export "memory") 1)
        (func (export "metadata") (result i32) (drop (call $now)) (i32.const 1024))
        (func (export "schema") (result i32) (loop $again (br $again)) (unreachable))
        (func (export "validate") (param i32 i32) (result i32) (unreachable))
        (func (export "capabilities") (param i32 i32) (result i32) (i32.const 65530))
        (func (export "execute")
            (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32) (result i32)
            (unreachable))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))"#;
    let template = bench.host.load(&component_of(asking)).await.unwrap();
    let error = bench
        .host
        .describe(&template)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("only `execute` may use imports"), "{error}");
    assert!(error.contains("sandglass:job/clock@0.1.0#now"), "{error}");
    let outcome = |error: TemplateError| match error {
        TemplateError::Call { outcome, .. } => outcome,
        other => panic!("{other}"),
    };
    let error = bench
        .host
        .validate(&template, &json!({}))
        .await
        .unwrap_err();
    assert_eq!(outcome(error), OutcomeCode::GuestPanic);
    let error = bench
        .host
        .capabilities(&template, &json!({}))
        .await
        .unwrap_err();
    assert_eq!(outcome(error), OutcomeCode::AbiViolation);
}

#[tokio::test]
async fn what_is_no_template_is_refused_with_the_reason() {
    let bench = bench();
    let check = async |bytes: Vec<u8>, expect: &str| {
        let error = bench.host.load(&bytes).await.unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    let component = |text: &str| wat::parse_str(text).unwrap();
    check(
        wat::parse_str("(module)").unwrap(),
        "wasm-tools component new",
    )
    .await;
    check(b"(component)".to_vec(), "WebAssembly text").await;
    check(component("(component)"), "`execute` is missing").await;
    let http = r#"(component (import "wasi:http/types@0.2.0" (instance)))"#;
    check(component(http), "wasi:http/types@0.2.0").await;
    let function = r#"(component (import "run" (func)))"#;
    check(component(function), "does not offer: run").await;
    let mut broken = GOOD.component();
    let middle = broken.len() / 2;
    broken[middle..middle + 8].fill(0xff);
    check(broken, "not valid").await;
    assert!(
        std::fs::read_dir(bench.folder.path().join("cache"))
            .unwrap()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn the_template_that_was_not_used_for_longest_makes_room() {
    let bench = bench();
    let first = bench.load(&GOOD).await.digest();
    let second = bench.load(&DELETE).await.digest();
    assert!(bench.host.loaded(&first).is_some());
    bench.load(&LOOP).await;
    assert!(bench.host.loaded(&first).is_some());
    assert!(bench.host.loaded(&second).is_none());
}
