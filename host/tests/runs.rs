//! What a run reports, and how it ends from outside: cancelled, timed out, dropped, shut down.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod support;

use std::{sync::Arc, time::Duration};

use sandglass_contract::{CallOutcome, Clock as _, Grant, OutcomeCode, RunMode, SystemClock};
use sandglass_host::{Run, TemplateError};
use serde_json::json;
use support::{Bench, GOOD, Guest, Recorder, bench, bench_with, component_of, host_in};

const LOOP: Guest = Guest {
    execute: "(loop $again (br $again)) (unreachable)",
    ..GOOD
};

/// Deletes from `users` and answers `ok` whatever comes of it.
const DELETE: Guest = Guest {
    imports: r#"(import "sandglass:job/database@0.1.0" "delete-many"
        (func $delete (param i32 i32 i32 i32 i32 i64 i32)))"#,
    execute: "(call $delete (i32.const 112) (i32.const 5) (i32.const 0) (i32.const 2)
            (i32.const 0) (i64.const 0) (i32.const 4096))
        (call $ok)",
    ..GOOD
};

/// Asks whether it is cancelled until it is.
const POLITE: Guest = Guest {
    imports: r#"(import "sandglass:job/control@0.1.0" "is-cancelled" (func $cancelled (result i32)))"#,
    execute: "(loop $again (br_if $again (i32.eqz (call $cancelled)))) (call $ok)",
    ..GOOD
};

/// Begins a run and cancels it once it is under way; gives how long ending it took.
async fn cancel(
    bench: &Bench,
    guest: &Guest,
    begun: impl Future<Output = ()>,
) -> (OutcomeCode, Duration) {
    let template = bench.load(guest).await;
    let run = bench.a_run();
    let token = run.cancel.clone();
    let host = bench.host.clone();
    let running = tokio::spawn(async move { host.run(&template, run).await });
    begun.await;
    let clock = SystemClock::default();
    token.cancel();
    let report = running.await.unwrap();
    (report.outcome, clock.monotonic())
}

fn a_moment() -> tokio::time::Sleep {
    tokio::time::sleep(Duration::from_millis(50))
}

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
async fn a_guest_that_computes_is_cancelled_within_100_ms() {
    let (outcome, took) = cancel(&bench(), &LOOP, a_moment()).await;
    assert_eq!(outcome, OutcomeCode::Cancelled);
    assert!(took < Duration::from_millis(250), "{took:?}");
}

#[tokio::test]
async fn a_guest_that_waits_is_cancelled_within_100_ms_and_its_effect_stays_unknown() {
    let bench = bench_with(Recorder {
        hangs: true,
        ..Recorder::default()
    });
    let recorder = Arc::clone(&bench.recorder);
    let begun = async move { recorder.intended.notified().await };
    let (outcome, took) = cancel(&bench, &DELETE, begun).await;
    assert_eq!(outcome, OutcomeCode::Cancelled);
    assert!(took < Duration::from_millis(250), "{took:?}");
    let entries = bench.recorder.entries.lock();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].outcome, CallOutcome::Pending);
}

#[tokio::test]
async fn a_guest_that_asks_ends_by_itself_and_keeps_its_result() {
    let bench = bench();
    let template = bench.load(&POLITE).await;
    let run = bench.a_run();
    let token = run.cancel.clone();
    let (report, ()) = tokio::join!(bench.host.run(&template, run), async {
        a_moment().await;
        token.cancel();
    });
    assert_eq!(report.outcome, OutcomeCode::Cancelled);
    assert_eq!(report.result, Some(json!({"ok": true})));
}

#[tokio::test]
async fn a_run_that_waits_for_a_place_can_be_cancelled_and_can_time_out() {
    let bench = bench();
    let template = bench.load(&LOOP).await;
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let (host, template, run) = (bench.host.clone(), Arc::clone(&template), bench.a_run());
            tokio::spawn(async move { host.run(&template, run).await })
        })
        .collect();
    a_moment().await;
    let short = Run {
        timeout: Duration::from_millis(50),
        ..bench.a_run()
    };
    let report = bench.host.run(&template, short).await;
    assert_eq!(report.outcome, OutcomeCode::HostBusy);
    let run = bench.a_run();
    run.cancel.cancel();
    let report = bench.host.run(&template, run).await;
    assert_eq!(report.outcome, OutcomeCode::Cancelled);
    for running in blocked {
        running.abort();
    }
}

#[tokio::test]
async fn time_is_up_for_guests_that_compute_and_guests_that_wait() {
    for (guest, hangs) in [(LOOP, false), (DELETE, true)] {
        let bench = bench_with(Recorder {
            hangs,
            ..Recorder::default()
        });
        let template = bench.load(&guest).await;
        let run = Run {
            timeout: Duration::from_millis(100),
            ..bench.a_run()
        };
        let report = bench.host.run(&template, run).await;
        assert_eq!(
            report.outcome,
            OutcomeCode::TimedOut,
            "{:?}",
            report.message
        );
        assert!(
            report.duration >= Duration::from_millis(100),
            "{:?}",
            report.duration
        );
        assert!(
            report.duration < Duration::from_millis(400),
            "{:?}",
            report.duration
        );
        assert!(report.fuel_used > 0);
        assert_eq!(report.peak_memory_bytes, 131_072);
    }
}

#[tokio::test]
async fn dropping_a_run_in_the_middle_frees_its_place() {
    let bench = bench_with(Recorder {
        hangs: true,
        ..Recorder::default()
    });
    let (looping, waiting) = (bench.load(&LOOP).await, bench.load(&DELETE).await);
    for template in [&looping, &waiting, &looping, &waiting, &looping, &waiting] {
        let run = bench.host.run(template, bench.a_run());
        assert!(
            tokio::time::timeout(Duration::from_millis(40), run)
                .await
                .is_err()
        );
    }
    let report = bench.run(&GOOD, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
}

#[tokio::test]
async fn a_panic_of_the_hosts_own_code_ends_one_run_only() {
    let bench = bench_with(Recorder {
        panics: true,
        ..Recorder::default()
    });
    let report = bench.run(&DELETE, &[]).await;
    assert_eq!(report.outcome, OutcomeCode::HostFault);
    assert!(report.fuel_used > 0);
    let good = bench.run(&GOOD, &[]).await;
    assert_eq!(good.outcome, OutcomeCode::Success);
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
            (if (i64.rem_u (call $monotonic) (i64.const 1000000)) (then (unreachable)))
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
async fn a_host_can_be_shut_down_and_dropped_anywhere() {
    let bench = bench();
    let template = bench.load(&LOOP).await;
    let (host, run) = (bench.host.clone(), bench.a_run());
    let running = tokio::spawn(async move { host.run(&template, run).await });
    a_moment().await;
    bench.host.clone().shutdown();
    let report = running.await.unwrap();
    assert_eq!(report.outcome, OutcomeCode::HostFault);
    drop(bench);
}
