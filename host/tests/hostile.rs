//! Guests that try to take more than they were given. Each ends with its own outcome, and the host goes
//! on as if nothing had happened.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod support;

use sandglass_contract::OutcomeCode;
use support::{GOOD, Guest, bench};

const LOG: &str = r#"(import "sandglass:job/log@0.1.0" "log"
    (func $log (param i32 i32 i32 i32 i32)))"#;

/// Runs the guest, then a good one on the same host.
async fn check(name: &str, guest: Guest, limits: &[(&str, u64)], expect: OutcomeCode) {
    let bench = bench();
    let report = bench.run(&guest, limits).await;
    assert_eq!(report.outcome, expect, "{name}: {:?}", report.message);
    assert!(
        report.message.is_some_and(|message| !message.is_empty()),
        "{name}"
    );
    let good = bench.run(&GOOD, &[]).await;
    assert_eq!(
        good.outcome,
        OutcomeCode::Success,
        "after {name}: {:?}",
        good.message
    );
    assert!(
        good.fuel_used > 0 && good.peak_memory_bytes == 131_072,
        "after {name}"
    );
}

macro_rules! hostile {
    ($name:ident, $expect:ident, $limits:expr, $($field:ident: $value:expr),+ $(,)?) => {
        #[tokio::test]
        async fn $name() {
            let guest = Guest { $($field: $value,)+ ..GOOD };
            check(stringify!($name), guest, &$limits, OutcomeCode::$expect).await;
        }
    };
}

hostile!(an_endless_loop_ends_with_its_fuel, FuelLimit, [("fuel", 100_000_000)],
    execute: "(loop $again (br $again)) (unreachable)");

hostile!(filling_memory_again_and_again_ends_with_its_fuel, FuelLimit, [("fuel", 100_000_000)],
    execute: "(loop $again
        (memory.fill (i32.const 16384) (i32.const 1) (i32.const 65536)) (br $again))
        (unreachable)");

hostile!(growing_memory_without_end_reaches_the_memory_limit, MemoryLimit, [("memory_bytes", 1 << 20)],
    execute: "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable)");

hostile!(asking_for_all_memory_at_once_reaches_the_memory_limit, MemoryLimit, [],
    execute: "(drop (memory.grow (i32.const 60000))) (call $ok)");

hostile!(starting_with_too_much_memory_reaches_the_memory_limit, MemoryLimit, [("memory_bytes", 65_536)],
    memory: r#"(memory (export "memory") 2)"#);

hostile!(growing_a_table_without_end_reaches_its_limit, LimitExceeded, [("table_elements", 1_000)],
    definitions: "(table $table 1 funcref)",
    execute: "(loop $again
        (drop (table.grow $table (ref.null func) (i32.const 10))) (br $again)) (unreachable)");

hostile!(deep_recursion_overflows_the_stack, StackOverflow, [],
    definitions: "(func $deeper (param i32) (result i32)
        (i32.add (i32.const 1) (call $deeper (i32.add (local.get 0) (i32.const 1)))))",
    execute: "(drop (call $deeper (i32.const 0))) (call $ok)");

hostile!(an_unreachable_instruction_is_a_panic, GuestPanic, [], execute: "(unreachable)");

hostile!(reading_beyond_memory_is_a_fault, GuestFault, [],
    execute: "(i32.load (i32.const 0x7fffffff))");

hostile!(filling_beyond_memory_is_a_fault, GuestFault, [],
    execute: "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x7fffffff)) (call $ok)");

hostile!(dividing_by_zero_is_a_fault, GuestFault, [],
    execute: "(i32.div_u (i32.const 1) (i32.const 0))");

hostile!(calling_nothing_is_a_fault, GuestFault, [],
    definitions: "(table $table 1 funcref) (type $answer (func (result i32)))",
    execute: "(call_indirect $table (type $answer) (i32.const 0))");

hostile!(a_text_larger_than_a_call_may_carry_reaches_the_limit, LimitExceeded,
    [("host_call_bytes", 65_536)],
    imports: LOG,
    execute: "(call $log (i32.const 2) (i32.const 0) (i32.const 100000) (i32.const 0) (i32.const 0))
        (call $ok)");

hostile!(a_list_that_lies_about_its_length_breaks_the_rules, AbiViolation, [],
    imports: LOG,
    execute: "(call $log (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 100000))
        (call $ok)");

hostile!(a_list_longer_than_any_memory_ends_the_run, AbiViolation, [],
    imports: LOG,
    execute: "(call $log (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const -1))
        (call $ok)");

hostile!(a_text_beyond_memory_breaks_the_rules, AbiViolation, [],
    imports: LOG,
    execute: "(call $log (i32.const 2) (i32.const 131000) (i32.const 1000) (i32.const 0) (i32.const 0))
        (call $ok)");

hostile!(a_text_that_is_not_utf8_breaks_the_rules, AbiViolation, [],
    imports: LOG,
    execute: "(i32.store8 (i32.const 4096) (i32.const 0xff))
        (call $log (i32.const 2) (i32.const 4096) (i32.const 1) (i32.const 0) (i32.const 0))
        (call $ok)");

hostile!(a_level_that_does_not_exist_breaks_the_rules, AbiViolation, [],
    imports: LOG,
    execute: "(call $log (i32.const 99) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 0))
        (call $ok)");

hostile!(a_handle_that_does_not_exist_breaks_the_rules, AbiViolation, [],
    imports: r#"(import "sandglass:job/artifacts@0.1.0" "[method]writer.write"
        (func $write (param i32 i32 i32 i32)))
        (import "sandglass:job/artifacts@0.1.0" "[resource-drop]writer" (func $drop (param i32)))"#,
    execute: "(call $write (i32.const 7) (i32.const 0) (i32.const 2) (i32.const 4096)) (call $ok)");

hostile!(a_result_larger_than_its_limit_is_invalid, InvalidResult, [("result_bytes", 10)],
    execute: "(call $ok)");

hostile!(a_result_larger_than_a_call_may_carry_reaches_the_limit, LimitExceeded,
    [("host_call_bytes", 65_536)],
    execute: "(call $answer (i32.const 0) (i32.const 100000))");

hostile!(a_result_that_is_not_json_is_invalid, InvalidResult, [],
    execute: "(call $answer (i32.const 96) (i32.const 8))");

hostile!(a_result_that_no_store_keeps_is_invalid, InvalidResult, [],
    definitions: r#"(data (i32.const 4096) "{\"a\\u0000\":1}")"#,
    execute: "(call $answer (i32.const 4096) (i32.const 13))");

hostile!(a_result_beyond_memory_breaks_the_rules, AbiViolation, [],
    execute: "(call $answer (i32.const 131000) (i32.const 1000))");

hostile!(an_answer_beyond_memory_breaks_the_rules, AbiViolation, [],
    execute: "(i32.const 131064)");

hostile!(an_answer_of_no_known_kind_breaks_the_rules, AbiViolation, [],
    execute: "(i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024)");

hostile!(a_trap_while_the_host_asks_for_memory_is_a_panic, GuestPanic, [],
    realloc: "(unreachable)");

hostile!(memory_for_the_host_outside_of_memory_breaks_the_rules, AbiViolation, [],
    realloc: "(i32.const 0x7ffffff0)");

hostile!(calls_without_end_reach_their_limit, LimitExceeded, [("host_calls", 1_000)],
    imports: r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#,
    execute: "(loop $again (drop (call $number)) (br $again)) (unreachable)");

/// Each writer is opened under another name: `a.txt` with its first letter changed.
#[tokio::test]
async fn handles_without_end_are_refused_and_the_guest_may_go_on() {
    let bench = bench();
    let guest = Guest {
        imports: r#"(import "sandglass:job/artifacts@0.1.0" "create"
            (func $create (param i32 i32 i32 i32 i32)))
            (import "sandglass:job/artifacts@0.1.0" "[resource-drop]writer" (func $drop (param i32)))"#,
        execute: "(local $count i32)
            (loop $again
                (i32.store8 (i32.const 128) (i32.add (i32.const 0x41) (local.get $count)))
                (call $create (i32.const 128) (i32.const 5) (i32.const 144) (i32.const 10)
                    (i32.const 4096))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $again (i32.eqz (i32.load8_u (i32.const 4096)))))
            ;; The number of the last case: limit-exceeded.
            (i32.store8 (i32.const 4100) (i32.add (i32.const 0x30) (i32.load8_u (i32.const 4100))))
            (call $answer (i32.const 4100) (i32.const 1))",
        ..GOOD
    };
    let report = bench
        .run(&guest, &[("handles", 8), ("artifacts", 1_000)])
        .await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
    assert_eq!(report.result, Some(2.into()));
    assert_eq!(
        bench.recorder.entries.lock().len(),
        17,
        "an intent and an outcome for each, and the refusal"
    );
    assert!(report.artifacts.is_empty());
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_ends_no_run() {
    let bench = bench();
    let guest = Guest {
        imports: LOG,
        execute: "(local $count i32)
            (loop $again
                (call $log (i32.const 2) (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $count) (i32.const 5000))))
            (call $ok)",
        ..GOOD
    };
    let report = bench.run(&guest, &[("log_lines", 10)]).await;
    assert_eq!(report.outcome, OutcomeCode::Success);
    assert_eq!(report.dropped_log_lines, 4_990);
    let lines = bench.recorder.lines.lock();
    assert_eq!(lines.len(), 11);
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("4990 more lines were dropped")
    );
}

/// A guest that answers how many bytes of its fresh memory are not zero, then writes a pattern.
#[tokio::test]
async fn nothing_of_a_run_is_left_for_the_next() {
    let bench = bench();
    let guest = Guest {
        memory: r#"(memory (export "memory") 64)"#,
        execute: "(local $at i32) (local $seen i32)
            (local.set $at (i32.const 65536))
            (loop $again
                (local.set $seen (i32.or (local.get $seen) (i32.load (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 4)))
                (br_if $again (i32.lt_u (local.get $at) (i32.const 4194304))))
            (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 4128768))
            (i32.store8 (i32.const 4096)
                (i32.add (i32.const 0x30) (i32.ne (local.get $seen) (i32.const 0))))
            (call $answer (i32.const 4096) (i32.const 1))",
        ..GOOD
    };
    for _ in 0..20 {
        let report = bench.run(&guest, &[]).await;
        assert_eq!(report.outcome, OutcomeCode::Success, "{:?}", report.message);
        assert_eq!(report.result, Some(0.into()));
        assert_eq!(report.peak_memory_bytes, 64 * 65_536);
    }
}
