//! Guests built for WASI that look around: for files, variables, time and chance.

use sandglass_contract::OutcomeCode::GuestPanic;

use super::{
    Expect::{Answers, Ends},
    GOOD, Guest, Hostile,
};

/// The parts of WASI 0.2 that the guests here use, as its own files say them.
const PACKAGES: &[(&str, &str)] = &[
    (
        "clocks.wit",
        "package wasi:clocks@0.2.12;
        interface wall-clock {
            record datetime { seconds: u64, nanoseconds: u32 }
            now: func() -> datetime;
        }",
    ),
    (
        "random.wit",
        "package wasi:random@0.2.12;
        interface random { get-random-u64: func() -> u64; }",
    ),
    (
        "filesystem.wit",
        "package wasi:filesystem@0.2.3;
        interface types { resource descriptor; }
        interface preopens {
            use types.{descriptor};
            get-directories: func() -> list<tuple<descriptor, string>>;
        }",
    ),
    (
        "cli.wit",
        "package wasi:cli@0.2.3;
        interface environment {
            get-environment: func() -> list<tuple<string, string>>;
            get-arguments: func() -> list<string>;
        }
        interface exit { exit: func(status: result); }",
    ),
    (
        "guest.wit",
        "package test:guest;
        world guest {
            include sandglass:job/template@0.1.0;
            import wasi:clocks/wall-clock@0.2.12;
            import wasi:random/random@0.2.12;
            import wasi:filesystem/preopens@0.2.3;
            import wasi:cli/environment@0.2.3;
            import wasi:cli/exit@0.2.3;
        }",
    ),
];

/// Answers with the number at an address, which must be a digit.
const DIGIT: &str = "(func $digit (param $at i32) (result i32)
    (i32.store8 (i32.const 96) (i32.add (i32.const 0x30) (i32.load8_u (local.get $at))))
    (call $answer (i32.const 96) (i32.const 1)))";

const RANDOM: &str =
    r#"(import "wasi:random/random@0.2.12" "get-random-u64" (func $random (result i64)))"#;
const NOW: &str = r#"(import "wasi:clocks/wall-clock@0.2.12" "now" (func $now (param i32)))"#;

const fn looking(imports: &'static str, execute: &'static str) -> Guest {
    Guest {
        imports,
        definitions: DIGIT,
        execute,
        ..GOOD
    }
}

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::in_world(
        "no_folder_is_open",
        Answers("0"),
        looking(
            r#"(import "wasi:filesystem/preopens@0.2.3" "get-directories"
                (func $directories (param i32)))"#,
            "(call $directories (i32.const 6000)) (call $digit (i32.const 6004))",
        ),
        PACKAGES,
    ),
    Hostile::in_world(
        "the_environment_is_empty",
        Answers("0"),
        looking(
            r#"(import "wasi:cli/environment@0.2.3" "get-environment"
                (func $environment (param i32)))"#,
            "(call $environment (i32.const 6000)) (call $digit (i32.const 6004))",
        ),
        PACKAGES,
    ),
    Hostile::in_world(
        "there_are_no_arguments",
        Answers("0"),
        looking(
            r#"(import "wasi:cli/environment@0.2.3" "get-arguments"
                (func $arguments (param i32)))"#,
            "(call $arguments (i32.const 6000)) (call $digit (i32.const 6004))",
        ),
        PACKAGES,
    ),
    Hostile::in_world(
        "a_guest_that_exits_ends_itself_and_not_the_server",
        Ends(GuestPanic),
        looking(
            r#"(import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))"#,
            "(call $exit (i32.const 0)) (call $ok)",
        ),
        PACKAGES,
    ),
    // What these two say of themselves is the same however often they are asked.
    Hostile::in_world(
        "a_schema_by_the_chance_of_wasi_is_the_same_each_time",
        Answers("{\"ok\":true}"),
        Guest {
            // {"a": and a digit}
            schema: "(i64.store (i32.const 6000) (i64.and (call $random) (i64.const 7)))
                (i32.store8 (i32.const 4102) (i32.add (i32.const 0x30)
                    (i32.load8_u (i32.const 6000))))
                (i32.store8 (i32.const 4096) (i32.const 0x7b))
                (i32.store8 (i32.const 4097) (i32.const 0x22))
                (i32.store8 (i32.const 4098) (i32.const 0x61))
                (i32.store8 (i32.const 4099) (i32.const 0x22))
                (i32.store8 (i32.const 4100) (i32.const 0x3a))
                (i32.store8 (i32.const 4101) (i32.const 0x20))
                (i32.store8 (i32.const 4103) (i32.const 0x7d))
                (call $texts (i32.const 2176) (i32.const 4096) (i32.const 8))",
            ..looking(RANDOM, "(call $ok)")
        },
        PACKAGES,
    ),
    Hostile::in_world(
        "a_schema_by_the_clock_of_wasi_is_the_same_each_time",
        Answers("{\"ok\":true}"),
        Guest {
            schema: "(call $now (i32.const 6000))
                (if (result i32) (i64.eqz (i64.load (i32.const 6000)))
                    (then (call $texts (i32.const 2176) «{}»))
                    (else (unreachable)))",
            ..looking(NOW, "(call $ok)")
        },
        PACKAGES,
    ),
];
