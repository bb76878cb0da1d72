//! Guests that compute without end, recurse, or do what a machine refuses.

use sandglass_contract::OutcomeCode::{
    FuelLimit, GuestFault, GuestPanic, LimitExceeded, StackOverflow, TimedOut,
};

use super::{Expect::Ends, GOOD, Guest, Hostile};

const FUEL: &[(&str, u64)] = &[("fuel", 100_000_000)];
const LOOP: &str = "(loop $again (br $again)) (unreachable)";

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "an_endless_loop_ends_with_its_fuel",
        Ends(FuelLimit),
        Guest {
            execute: LOOP,
            ..GOOD
        },
    )
    .limits(FUEL),
    Hostile::new(
        "an_endless_loop_with_fuel_to_spare_is_timed_out",
        Ends(TimedOut),
        Guest {
            execute: LOOP,
            ..GOOD
        },
    )
    .limits(&[("fuel", 10_000_000_000_000)])
    .timeout_seconds(1),
    Hostile::new(
        "filling_memory_again_and_again_ends_with_its_fuel",
        Ends(FuelLimit),
        Guest {
            execute: "(loop $again
                (memory.fill (i32.const 16384) (i32.const 1) (i32.const 65536)) (br $again))
                (unreachable)",
            ..GOOD
        },
    )
    .limits(FUEL),
    Hostile::new(
        "copying_memory_again_and_again_ends_with_its_fuel",
        Ends(FuelLimit),
        Guest {
            execute: "(loop $again
                (memory.copy (i32.const 16384) (i32.const 16385) (i32.const 65536)) (br $again))
                (unreachable)",
            ..GOOD
        },
    )
    .limits(FUEL),
    Hostile::new(
        "filling_a_table_again_and_again_ends_with_its_fuel",
        Ends(FuelLimit),
        Guest {
            definitions: "(table $table 19000 funcref)",
            execute: "(loop $again
                (table.fill $table (i32.const 0) (ref.null func) (i32.const 19000)) (br $again))
                (unreachable)",
            ..GOOD
        },
    )
    .limits(FUEL),
    Hostile::new(
        "deep_recursion_overflows_the_stack",
        Ends(StackOverflow),
        Guest {
            definitions: "(func $deeper (param i32) (result i32)
                (i32.add (i32.const 1) (call $deeper (i32.add (local.get 0) (i32.const 1)))))",
            execute: "(drop (call $deeper (i32.const 0))) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "recursion_through_a_table_overflows_the_stack",
        Ends(StackOverflow),
        Guest {
            definitions: "(type $step (func (param i64) (result i64)))
                (table $table funcref (elem $even $odd))
                (func $even (param i64) (result i64) (i64.add (i64.const 1)
                    (call_indirect $table (type $step) (local.get 0) (i32.const 1))))
                (func $odd (param i64) (result i64) (i64.add (i64.const 1)
                    (call_indirect $table (type $step) (local.get 0) (i32.const 0))))",
            execute: "(drop (call $even (i64.const 0))) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "recursion_that_calls_the_host_at_the_bottom_is_bounded",
        Ends(StackOverflow),
        Guest {
            imports: r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#,
            definitions: "(func $deeper (result i64) (i64.add (call $number) (call $deeper)))",
            execute: "(drop (call $deeper)) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "an_unreachable_instruction_is_a_panic",
        Ends(GuestPanic),
        Guest {
            execute: "(unreachable)",
            ..GOOD
        },
    ),
    Hostile::new(
        "dividing_by_zero_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(i32.div_u (i32.const 1) (i32.const 0))",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_quotient_that_does_not_fit_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(i32.div_s (i32.const 0x80000000) (i32.const -1))",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_number_that_no_integer_holds_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(i32.trunc_f64_s (f64.const nan))",
            ..GOOD
        },
    ),
    Hostile::new(
        "calling_nothing_is_a_fault",
        Ends(GuestFault),
        Guest {
            definitions: "(table $table 1 funcref) (type $answer (func (result i32)))",
            execute: "(call_indirect $table (type $answer) (i32.const 0))",
            ..GOOD
        },
    ),
    Hostile::new(
        "calling_beyond_a_table_is_a_fault",
        Ends(GuestFault),
        Guest {
            definitions: "(table $table 1 funcref) (type $answer (func (result i32)))",
            execute: "(call_indirect $table (type $answer) (i32.const -1))",
            ..GOOD
        },
    ),
    Hostile::new(
        "calling_a_function_as_another_is_a_fault",
        Ends(GuestFault),
        Guest {
            definitions: "(type $answer (func (result i32)))
                (func $other (param i64)) (table $table funcref (elem $other))",
            execute: "(call_indirect $table (type $answer) (i32.const 0))",
            ..GOOD
        },
    ),
    Hostile::new(
        "calls_without_end_reach_their_limit",
        Ends(LimitExceeded),
        Guest {
            imports: r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#,
            execute: "(loop $again (drop (call $number)) (br $again)) (unreachable)",
            ..GOOD
        },
    )
    .limits(&[("host_calls", 1_000)]),
    Hostile::new(
        "asking_whether_it_is_cancelled_without_end_reaches_the_limit",
        Ends(LimitExceeded),
        Guest {
            imports: r#"(import "sandglass:job/control@0.1.0" "is-cancelled"
                (func $cancelled (result i32)))"#,
            execute: "(loop $again (br_if $again (i32.eqz (call $cancelled)))) (unreachable)",
            ..GOOD
        },
    ),
];
