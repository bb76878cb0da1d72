//! What a run reports and what its journal says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod support;

use std::time::Duration;

use sandglass_contract::{CallOutcome, Grant, OutcomeCode, RunMode};
use sandglass_host::Run;
use serde_json::json;
use support::{DELETE, GOOD, Guest, bench};

#[tokio::test]
async fn a_good_run_reports_everything() {
    let bench = bench();
    let report = bench.run(&GOOD, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::Success);
    assert_eq!(report.result, Some(json!({"ok": true})));
    assert_eq!(report.message.as_deref(), Some("Test"));
    assert_eq!(report.retry_after, None);
    assert!(report.fuel_used > 0);
    let again = bench.run(&GOOD, &[]).await;
    assert_eq!(
        again.fuel_used, report.fuel_used,
        "the same run uses the same fuel"
    );
}

#[tokio::test]
async fn errors_of_the_template_are_told_apart() {
    let bench = bench();
    let permanent = Guest {
        execute: "(i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store8 (i32.const 1032) (i32.const 0))
            (call $text (i32.const 1040) (i32.const 16) (i32.const 4))
            (i32.const 1024)",
        ..GOOD
    };
    let report = bench.run(&permanent, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::Failed);
    assert_eq!(report.message.as_deref(), Some("Test"));
    let retryable = Guest {
        execute: "(i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store8 (i32.const 1032) (i32.const 1))
            (call $text (i32.const 1040) (i32.const 16) (i32.const 4))
            (i32.store8 (i32.const 1048) (i32.const 1))
            (i64.store (i32.const 1056) (i64.const 1500))
            (i32.const 1024)",
        ..GOOD
    };
    let report = bench.run(&retryable, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::FailedRetryable);
    assert_eq!(report.retry_after, Some(Duration::from_millis(1_500)));
}

#[tokio::test]
async fn an_effect_is_preceded_by_its_intent() {
    let bench = bench();
    let report = bench.run(&DELETE, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::Success);
    let entries = bench.recorder.entries.lock();
    assert_eq!(entries.len(), 2);
    let (intent, outcome) = (&entries[0], &entries[1]);
    assert_eq!((intent.seq, outcome.seq), (1, 1));
    assert_eq!(
        (intent.outcome, outcome.outcome),
        (CallOutcome::Pending, CallOutcome::Ok)
    );
    assert_eq!(intent.request_digest, outcome.request_digest);
    assert_eq!(
        (&*outcome.interface, &*outcome.function),
        ("database", "delete-many")
    );
    assert_eq!(outcome.target, "users");
    assert_eq!(outcome.detail.as_deref(), Some("0 deleted"));
    assert!(intent.response_digest.is_none() && outcome.response_digest.is_some());
}

#[tokio::test]
async fn a_denied_call_is_an_answer_and_no_trap() {
    let bench = bench();
    let template = bench.load(&DELETE).await;
    let run = Run {
        grant: Grant::default(),
        ..bench.a_run()
    };
    let report = bench.host.run(&template, run).await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
    let entries = bench.recorder.entries.lock();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].outcome, CallOutcome::Denied);
}

#[tokio::test]
async fn a_dry_run_is_marked_in_the_journal() {
    let bench = bench();
    let template = bench.load(&DELETE).await;
    let mut run = bench.a_run();
    run.context.mode = RunMode::Dry;
    let report = bench.host.run(&template, run).await;
    assert_eq!(report.outcome, OutcomeCode::Success);
    let entries = bench.recorder.entries.lock();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].simulated);
}

#[tokio::test]
async fn clock_and_random_and_control_answer_and_are_journaled() {
    let bench = bench();
    let guest = Guest {
        imports: r#"(import "sandglass:job/clock@0.1.0" "now" (func $now (result i64)))
            (import "sandglass:job/clock@0.1.0" "monotonic" (func $monotonic (result i64)))
            (import "sandglass:job/random@0.1.0" "bytes" (func $bytes (param i32 i32)))
            (import "sandglass:job/control@0.1.0" "remaining" (func $remaining (param i32)))
            (import "sandglass:job/progress@0.1.0" "report"
                (func $report (param i64 i32 i64 i32 i32 i32)))"#,
        execute: "
            (if (i64.lt_s (call $now) (i64.const 1600000000000)) (then (unreachable)))
            (if (i64.ne (i64.rem_u (call $monotonic) (i64.const 1000000)) (i64.const 0))
                (then (unreachable)))
            (call $bytes (i32.const 16) (i32.const 4096))
            (if (i32.ne (i32.load (i32.const 4100)) (i32.const 16)) (then (unreachable)))
            (call $remaining (i32.const 4096))
            (if (i64.lt_u (i64.load (i32.const 4096)) (i64.const 1000000)) (then (unreachable)))
            (if (i64.gt_u (i64.load (i32.const 4104)) (i64.const 30000)) (then (unreachable)))
            (if (i64.ne (i64.load (i32.const 4112)) (i64.const 66977792)) (then (unreachable)))
            (call $report (i64.const 3) (i32.const 1) (i64.const 4) (i32.const 1)
                (i32.const 16) (i32.const 4))
            (call $ok)",
        ..GOOD
    };
    let report = bench.run(&guest, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
    let entries = bench.recorder.entries.lock();
    let functions: Vec<&str> = entries
        .iter()
        .map(|entry| entry.function.as_str())
        .collect();
    assert_eq!(functions, ["now", "monotonic", "bytes", "remaining"]);
    assert_eq!(
        entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let progress = bench.recorder.progress.lock();
    assert_eq!((progress[0].done, progress[0].total), (3, Some(4)));
    assert_eq!(progress[0].note.as_deref(), Some("Test"));
}
