//! How a run ends from outside: cancelled, timed out, dropped, shut down.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

mod support;

use std::{sync::Arc, time::Duration};

use sandglass_contract::{CallOutcome, Clock as _, OutcomeCode, SystemClock};
use sandglass_host::Run;
use serde_json::json;
use support::{Bench, DELETE, GOOD, Guest, LOOP, Recorder, bench, bench_with};

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
async fn a_guest_that_computes_is_cancelled() {
    let (outcome, took) = cancel(&bench(), &LOOP, a_moment()).await;
    assert_eq!(outcome, OutcomeCode::Cancelled);
    println!("ended {took:?} after it was cancelled");
}

#[tokio::test]
async fn a_guest_that_waits_is_cancelled_and_its_effect_stays_unknown() {
    let bench = bench_with(Recorder {
        hangs: true,
        ..Recorder::default()
    });
    let recorder = Arc::clone(&bench.recorder);
    let begun = async move { recorder.intended.notified().await };
    let (outcome, took) = cancel(&bench, &DELETE, begun).await;
    assert_eq!(outcome, OutcomeCode::Cancelled);
    println!("ended {took:?} after it was cancelled");
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
