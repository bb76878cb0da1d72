//! Guests built for WASI: they start and print, and see nothing of the machine.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use sandglass_contract::OutcomeCode;
use support::{Bench, GOOD, Guest, bench, component_with};

/// The parts of WASI 0.2 that the guests here use, as its own files say them.
const PACKAGES: [(&str, &str); 3] = [
    (
        "io.wit",
        "package wasi:io@0.2.3;
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream {
                blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            }
        }",
    ),
    (
        "cli.wit",
        "package wasi:cli@0.2.3;
        interface environment { get-environment: func() -> list<tuple<string, string>>; }
        interface exit { exit: func(status: result); }
        interface stdout {
            use wasi:io/streams@0.2.3.{output-stream};
            get-stdout: func() -> output-stream;
        }",
    ),
    (
        "guest.wit",
        "package test:guest;
        world guest {
            include sandglass:job/template@0.1.0;
            import wasi:cli/environment@0.2.3;
            import wasi:cli/exit@0.2.3;
            import wasi:cli/stdout@0.2.3;
        }",
    ),
];

const PRINT: &str = r#"(import "wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))"#;

async fn run(bench: &Bench, guest: &Guest) -> sandglass_host::RunReport {
    let component = component_with(&guest.text(), &PACKAGES, "guest");
    let template = bench.host.load(&component).await.unwrap();
    bench.host.describe(&template).await.unwrap();
    bench.host.run(&template, bench.a_run()).await
}

#[tokio::test]
async fn what_a_guest_prints_is_in_its_log() {
    let bench = bench();
    let guest = Guest {
        imports: PRINT,
        definitions: r#"(data (i32.const 4096) "hello\nworld\nand more")"#,
        execute: "(call $write (call $stdout) (i32.const 4096) (i32.const 20) (i32.const 6000))
            (i32.store8 (i32.const 96) (i32.add (i32.const 0x30) (i32.load8_u (i32.const 6000))))
            (call $answer (i32.const 96) (i32.const 1))",
        ..GOOD
    };
    let report = run(&bench, &guest).await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
    assert_eq!(report.result, Some(0.into()));
    assert_eq!(*bench.recorder.lines.lock(), ["hello", "world", "and more"]);
}

#[tokio::test]
async fn the_environment_is_empty() {
    let bench = bench();
    let guest = Guest {
        imports: r#"(import "wasi:cli/environment@0.2.3" "get-environment"
            (func $environment (param i32)))"#,
        execute: "(call $environment (i32.const 6000))
            (i32.store8 (i32.const 96) (i32.add (i32.const 0x30) (i32.load8_u (i32.const 6004))))
            (call $answer (i32.const 96) (i32.const 1))",
        ..GOOD
    };
    let report = run(&bench, &guest).await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
    assert_eq!(report.result, Some(0.into()));
}

#[tokio::test]
async fn a_guest_that_exits_has_not_returned_a_result() {
    let bench = bench();
    let guest = Guest {
        imports: r#"(import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))"#,
        execute: "(call $exit (i32.const 0)) (call $ok)",
        ..GOOD
    };
    let report = run(&bench, &guest).await;
    assert_eq!(
        report.outcome,
        OutcomeCode::GuestPanic,
        "{:?}",
        report.message
    );
}
