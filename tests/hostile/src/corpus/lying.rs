//! Guests that flood the host, or lie to it: about the length of texts and lists, about the kind of a
//! value, about the handles that they hold.

use sandglass_contract::OutcomeCode::{AbiViolation, LimitExceeded};

use super::{
    Expect::{Answers, Ends},
    GOOD, Guest, Hostile,
};

const LOG: &str = r#"(import "sandglass:job/log@0.1.0" "log"
    (func $log (param i32 i32 i32 i32 i32)))"#;
const REPORT: &str = r#"(import "sandglass:job/progress@0.1.0" "report"
    (func $report (param i64 i32 i64 i32 i32 i32)))"#;
const BYTES: &str =
    r#"(import "sandglass:job/random@0.1.0" "bytes" (func $bytes (param i32 i32)))"#;
const WRITER: &str = r#"
    (import "sandglass:job/artifacts@0.1.0" "create" (func $create (param i32 i32 i32 i32 i32)))
    (import "sandglass:job/artifacts@0.1.0" "[method]writer.write"
        (func $write (param i32 i32 i32 i32)))
    (import "sandglass:job/artifacts@0.1.0" "[static]writer.finish" (func $finish (param i32 i32)))
    (import "sandglass:job/artifacts@0.1.0" "[resource-drop]writer" (func $drop (param i32)))"#;
const CURSOR: &str = r#"
    (import "sandglass:job/database@0.1.0" "find"
        (func $find (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i32)))
    (import "sandglass:job/database@0.1.0" "[method]cursor.next" (func $next (param i32 i32 i32)))
    (import "sandglass:job/database@0.1.0" "[resource-drop]cursor"
        (func $drop_cursor (param i32)))"#;
/// The handle of a cursor over `users` is at 4100.
const FOUND: &str = "(func $found (call $find «users» «{}» (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0)
    (i32.const 4096)))";

const MAY_CREATE: &[crate::Request] = &[("artifacts", "*", &["create"])];
const MAY_FIND: &[crate::Request] = &[("database", "users", &["find"])];

const fn logging(execute: &'static str) -> Guest {
    Guest {
        imports: LOG,
        execute,
        ..GOOD
    }
}

const fn writing(execute: &'static str) -> Guest {
    Guest {
        imports: WRITER,
        requests: MAY_CREATE,
        execute,
        ..GOOD
    }
}

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "a_text_larger_than_a_call_may_carry_reaches_the_limit",
        Ends(LimitExceeded),
        logging(
            "(call $log (i32.const 2) (i32.const 0) (i32.const 100000) (i32.const 0) (i32.const 0))
            (call $ok)",
        ),
    )
    .limits(&[("host_call_bytes", 65_536)]),
    Hostile::new(
        "a_list_that_lies_about_its_length_breaks_the_rules",
        Ends(AbiViolation),
        logging(
            "(call $log (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 100000))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_list_longer_than_any_memory_breaks_the_rules",
        Ends(AbiViolation),
        logging(
            "(call $log (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const -1))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_list_at_an_odd_address_breaks_the_rules",
        Ends(AbiViolation),
        logging(
            "(call $log (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 4097) (i32.const 1))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_text_beyond_memory_breaks_the_rules",
        Ends(AbiViolation),
        logging(
            "(call $log (i32.const 2) (i32.const 131000) (i32.const 1000) (i32.const 0) (i32.const 0))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_text_that_wraps_around_memory_breaks_the_rules",
        Ends(AbiViolation),
        logging(
            "(call $log (i32.const 2) (i32.const -16) (i32.const 64) (i32.const 0) (i32.const 0))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_text_that_is_not_utf8_breaks_the_rules",
        Ends(AbiViolation),
        logging("(call $log (i32.const 2) «\\ff» (i32.const 0) (i32.const 0)) (call $ok)"),
    ),
    Hostile::new(
        "half_a_surrogate_pair_breaks_the_rules",
        Ends(AbiViolation),
        logging("(call $log (i32.const 2) «\\ed\\a0\\80» (i32.const 0) (i32.const 0)) (call $ok)"),
    ),
    Hostile::new(
        "an_overlong_slash_breaks_the_rules",
        Ends(AbiViolation),
        writing(
            "(call $create «a\\c0\\afb» «text/plain» (i32.const 4096))
            (call $case (i32.const 4096) (i32.const 4100))",
        ),
    ),
    Hostile::new(
        "a_level_that_does_not_exist_breaks_the_rules",
        Ends(AbiViolation),
        logging("(call $log (i32.const 99) «hello» (i32.const 0) (i32.const 0)) (call $ok)"),
    ),
    Hostile::new(
        "an_option_that_is_neither_breaks_the_rules",
        Ends(AbiViolation),
        Guest {
            imports: REPORT,
            execute: "(call $report (i64.const 1) (i32.const 7) (i64.const 2)
                    (i32.const 0) (i32.const 0) (i32.const 0))
                (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "an_answer_to_be_written_beyond_memory_breaks_the_rules",
        Ends(AbiViolation),
        writing("(call $create «a.txt» «text/plain» (i32.const 131068)) (call $ok)"),
    ),
    Hostile::new(
        "more_random_bytes_than_a_call_gives_are_not_given",
        Answers("0"),
        Guest {
            imports: BYTES,
            execute: "(call $bytes (i32.const -1) (i32.const 4096))
                (if (result i32) (i32.eq (i32.load (i32.const 4100)) (i32.const 65536))
                    (then (call $answer «0»)) (else (call $answer «1»)))",
            memory: r#"(memory (export "memory") 4)"#,
            ..GOOD
        },
    ),
    Hostile::new(
        "random_bytes_without_end_reach_the_limit_of_calls",
        Ends(LimitExceeded),
        Guest {
            imports: BYTES,
            realloc: "(i32.const 65536)",
            execute: "(loop $again (call $bytes (i32.const 65536) (i32.const 4096)) (br $again))
                (unreachable)",
            ..GOOD
        },
    )
    .limits(&[("host_calls", 5_000)]),
    Hostile::new(
        "a_flood_of_log_lines_is_cut_and_ends_no_run",
        Answers("1"),
        logging(
            "(local $count i32)
            (loop $again
                (call $log (i32.const 2) «a line of a flood» (i32.const 0) (i32.const 0))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $count) (i32.const 200000))))
            (call $answer «1»)",
        ),
    ),
    Hostile::new(
        "a_flood_of_calls_is_held_up_and_stored",
        Answers("5"),
        Guest {
            imports: r#"(import "sandglass:job/clock@0.1.0" "now" (func $now (result i64)))"#,
            execute: "(local $count i32)
                (loop $again
                    (drop (call $now))
                    (local.set $count (i32.add (local.get $count) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $count) (i32.const 100000))))
                (call $answer «5»)",
            ..GOOD
        },
    ),
    Hostile::new(
        "log_lines_with_more_fields_than_are_kept_end_no_run",
        Answers("2"),
        // Twenty thousand fields, all of them empty: zeros from 65536.
        logging(
            "(local $count i32)
            (drop (memory.grow (i32.const 4)))
            (loop $again
                (call $log (i32.const 2) «fields» (i32.const 65536) (i32.const 20000))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $count) (i32.const 100))))
            (call $answer «2»)",
        ),
    ),
    Hostile::new(
        "log_lines_of_control_characters_end_no_run",
        Answers("3"),
        logging(
            "(call $log (i32.const 5) «\\1b[2J\\0d\\0a2026 ERROR forged\\00»
                (i32.const 0) (i32.const 0))
            (call $answer «3»)",
        ),
    ),
    Hostile::new(
        "a_flood_of_progress_ends_no_run",
        Answers("4"),
        Guest {
            imports: REPORT,
            execute: "(local $count i32)
                (loop $again
                    (call $report (i64.const -1) (i32.const 1) (i64.const 0) (i32.const 1) «note»)
                    (local.set $count (i32.add (local.get $count) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $count) (i32.const 200000))))
                (call $answer «4»)",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_handle_that_does_not_exist_breaks_the_rules",
        Ends(AbiViolation),
        writing("(call $write (i32.const 7) «hello» (i32.const 4096)) (call $ok)"),
    ),
    Hostile::new(
        "a_forged_handle_of_every_number_breaks_the_rules",
        Ends(AbiViolation),
        writing("(call $write (i32.const -1) «hello» (i32.const 4096)) (call $ok)"),
    ),
    Hostile::new(
        "a_handle_dropped_twice_breaks_the_rules",
        Ends(AbiViolation),
        writing(
            "(call $create «a.txt» «text/plain» (i32.const 4096))
            (call $drop (i32.load (i32.const 4100)))
            (call $drop (i32.load (i32.const 4100)))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_handle_used_after_it_was_given_away_breaks_the_rules",
        Ends(AbiViolation),
        writing(
            "(call $create «a.txt» «text/plain» (i32.const 4096))
            (call $finish (i32.load (i32.const 4100)) (i32.const 4200))
            (call $write (i32.load (i32.const 4100)) «hello» (i32.const 4300))
            (call $ok)",
        ),
    ),
    Hostile::new(
        "a_cursor_passed_off_as_a_writer_breaks_the_rules",
        Ends(AbiViolation),
        Guest {
            imports: r#"
                (import "sandglass:job/database@0.1.0" "find"
                    (func $find (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i32)))
                (import "sandglass:job/artifacts@0.1.0" "[method]writer.write"
                    (func $write (param i32 i32 i32 i32)))"#,
            requests: MAY_FIND,
            definitions: FOUND,
            execute: "(call $found)
                (call $write (i32.load (i32.const 4100)) «hello» (i32.const 4200))
                (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_flood_of_cursors_is_refused",
        Answers("\"limit-exceeded\""),
        Guest {
            imports: CURSOR,
            requests: MAY_FIND,
            definitions: FOUND,
            execute: "(loop $again (call $found)
                    (br_if $again (i32.eqz (i32.load8_u (i32.const 4096)))))
                (call $case (i32.const 4096) (i32.const 4100))",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_cursor_asked_for_nothing_is_an_invalid_argument",
        Answers("\"invalid-argument\""),
        Guest {
            imports: CURSOR,
            requests: MAY_FIND,
            definitions: FOUND,
            execute: "(call $found)
                (call $next (i32.load (i32.const 4100)) (i32.const 0) (i32.const 4200))
                (call $case (i32.const 4200) (i32.const 4204))",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_flood_of_writers_is_refused",
        Answers("\"limit-exceeded\""),
        // Each under another name: the first letter changes.
        writing(
            "(local $count i32)
            (loop $again
                (i32.store8 (i32.const 128) (i32.add (i32.const 0x41) (local.get $count)))
                (call $create (i32.const 128) (i32.const 5) «text/plain» (i32.const 4096))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $again (i32.eqz (i32.load8_u (i32.const 4096)))))
            (call $case (i32.const 4096) (i32.const 4100))",
        ),
    )
    .limits(&[("handles", 8), ("artifacts", 1_000)]),
];
