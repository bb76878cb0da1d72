//! Guests that misuse the moments in which the host is in the middle of something: when it asks them for
//! memory, and when it lets them clean up.

use sandglass_contract::OutcomeCode::{
    AbiViolation, FuelLimit, GuestPanic, MemoryLimit, StackOverflow,
};

use super::{Expect::Ends, GOOD, Guest, Hostile};

const NUMBER: &str =
    r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#;
const CREATE: &str = r#"(import "sandglass:job/artifacts@0.1.0" "create"
    (func $create (param i32 i32 i32 i32 i32)))"#;

/// Questions are asked too, and they need memory; only what a run allocates is hostile.
macro_rules! in_runs {
    ($code:literal) => {
        concat!(
            "(local $at i32)
            (if (global.get $runs) (then ",
            $code,
            "))
            (local.set $at (global.get $free))
            (global.set $free (i32.add (global.get $free)
                (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8))))
            (local.get $at)"
        )
    };
}

/// A guest whose `cabi_realloc` is hostile once `execute` has begun and calls for bytes from the host.
const fn asked_for_memory(imports: &'static str, realloc: &'static str) -> Guest {
    Guest {
        imports,
        definitions: "(global $runs (mut i32) (i32.const 0))",
        execute: "(global.set $runs (i32.const 1))
            (call $bytes (i32.const 64) (i32.const 4096))
            (call $ok)",
        realloc,
        ..GOOD
    }
}

const BYTES: &str =
    r#"(import "sandglass:job/random@0.1.0" "bytes" (func $bytes (param i32 i32)))"#;
const BYTES_AND_NUMBER: &str = r#"
    (import "sandglass:job/random@0.1.0" "bytes" (func $bytes (param i32 i32)))
    (import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#;

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "a_trap_while_the_host_asks_for_memory_is_a_panic",
        Ends(GuestPanic),
        asked_for_memory(BYTES, in_runs!("(unreachable)")),
    ),
    Hostile::new(
        "memory_for_the_host_outside_of_memory_breaks_the_rules",
        Ends(AbiViolation),
        asked_for_memory(BYTES, in_runs!("(return (i32.const 0x7ffffff0))")),
    ),
    Hostile::new(
        "memory_for_the_host_at_the_end_of_memory_breaks_the_rules",
        Ends(AbiViolation),
        asked_for_memory(BYTES, in_runs!("(return (i32.const 131071))")),
    ),
    Hostile::new(
        "a_loop_while_the_host_asks_for_memory_ends_with_its_fuel",
        Ends(FuelLimit),
        asked_for_memory(BYTES, in_runs!("(loop $again (br $again))")),
    )
    .limits(&[("fuel", 100_000_000)]),
    Hostile::new(
        "growing_while_the_host_asks_for_memory_reaches_the_limit",
        Ends(MemoryLimit),
        asked_for_memory(
            BYTES,
            in_runs!("(loop $again (drop (memory.grow (i32.const 16))) (br $again))"),
        ),
    ),
    Hostile::new(
        "calling_the_host_while_it_asks_for_memory_breaks_the_rules",
        Ends(AbiViolation),
        asked_for_memory(BYTES_AND_NUMBER, in_runs!("(drop (call $number))")),
    ),
    Hostile::new(
        "an_effect_while_the_host_asks_for_memory_does_not_happen",
        Ends(AbiViolation),
        Guest {
            requests: &[("artifacts", "*", &["create"])],
            ..asked_for_memory(
                r#"(import "sandglass:job/random@0.1.0" "bytes" (func $bytes (param i32 i32)))
                (import "sandglass:job/artifacts@0.1.0" "create"
                    (func $create (param i32 i32 i32 i32 i32)))"#,
                in_runs!(
                    "(call $create (i32.const 128) (i32.const 5) (i32.const 144) (i32.const 10)
                        (i32.const 4096))"
                ),
            )
        },
    ),
    Hostile::new(
        "asking_itself_for_memory_without_end_overflows_the_stack",
        Ends(StackOverflow),
        Guest {
            definitions: "(global $runs (mut i32) (i32.const 0))
                (func $more (param i32) (result i32)
                    (i32.add (call $more (local.get 0)) (i32.const 1)))",
            ..asked_for_memory(BYTES, in_runs!("(drop (call $more (i32.const 0)))"))
        },
    ),
    Hostile::new(
        "a_trap_while_cleaning_up_is_a_panic",
        Ends(GuestPanic),
        Guest {
            definitions: r#"(func (export "cabi_post_execute") (param i32) (unreachable))"#,
            ..GOOD
        },
    ),
    Hostile::new(
        "a_loop_while_cleaning_up_ends_with_its_fuel",
        Ends(FuelLimit),
        Guest {
            definitions: r#"(func (export "cabi_post_execute") (param i32)
                (loop $again (br $again)))"#,
            ..GOOD
        },
    )
    .limits(&[("fuel", 100_000_000)]),
    Hostile::new(
        "calling_the_host_while_cleaning_up_breaks_the_rules",
        Ends(AbiViolation),
        Guest {
            imports: NUMBER,
            definitions: r#"(func (export "cabi_post_execute") (param i32) (drop (call $number)))"#,
            ..GOOD
        },
    ),
    Hostile::new(
        "an_effect_while_cleaning_up_does_not_happen",
        Ends(AbiViolation),
        Guest {
            imports: CREATE,
            requests: &[("artifacts", "*", &["create"])],
            definitions: r#"(func (export "cabi_post_execute") (param i32)
                (call $create «a.txt» «text/plain» (i32.const 4096)))"#,
            ..GOOD
        },
    ),
];
