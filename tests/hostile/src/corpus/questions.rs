//! Guests that are hostile before they run: when they are asked what they are, whether parameters are
//! right, and what they need.

use super::{
    Expect::{Answers, NoJob, Undescribed},
    GOOD, Guest, Hostile,
};

/// Computes without end, and uses up fuel fast: a byte that is filled is a unit.
macro_rules! without_end {
    () => {
        "(loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 65536)) (br $again))
        (unreachable)"
    };
}

const CLOCK: &str = r#"(import "sandglass:job/clock@0.1.0" "now" (func $now (result i64)))"#;
const RANDOM: &str =
    r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#;
const DELETE: &str = r#"(import "sandglass:job/database@0.1.0" "delete-many"
    (func $delete (param i32 i32 i32 i32 i32 i64 i32)))"#;

/// A guest that says of itself what `$at` and the text are: the fields of metadata are two words each
/// from 2048.
macro_rules! about {
    ($field:literal, $text:literal) => {
        Guest {
            metadata: concat!(
                "(drop (call $about)) (call $text (i32.const ",
                $field,
                ") «",
                $text,
                "») (i32.const 2048)"
            ),
            ..GOOD
        }
    };
}

/// A guest whose parameters are wrong in a way that it names: path, code, message.
const fn refusing(validate: &'static str) -> Guest {
    Guest { validate, ..GOOD }
}

/// A guest that needs something.
macro_rules! needing {
    ($interface:literal, $target:literal, $($operation:literal),*) => {
        Guest { requests: &[($interface, $target, &[$($operation),*])], ..GOOD }
    };
}

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "metadata_that_traps_is_refused",
        Undescribed("metadata failed (guest_panic)"),
        Guest {
            metadata: "(unreachable)",
            ..GOOD
        },
    ),
    Hostile::new(
        "metadata_without_end_is_refused",
        Undescribed("metadata failed (fuel_limit)"),
        Guest {
            metadata: without_end!(),
            ..GOOD
        },
    ),
    Hostile::new(
        "metadata_that_takes_all_memory_is_refused",
        Undescribed("metadata failed (memory_limit)"),
        Guest {
            metadata: "(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (unreachable)",
            ..GOOD
        },
    ),
    Hostile::new(
        "metadata_beyond_memory_is_refused",
        Undescribed("metadata failed (abi_violation)"),
        Guest {
            metadata: "(i32.const 131064)",
            ..GOOD
        },
    ),
    Hostile::new(
        "metadata_of_a_hundred_megabytes_is_refused",
        Undescribed("metadata failed (limit_exceeded)"),
        Guest {
            metadata: "(drop (memory.grow (i32.const 900))) (drop (call $about))
                (call $text (i32.const 2064) (i32.const 0) (i32.const 58000000)) (i32.const 2048)",
            ..GOOD
        },
    ),
    Hostile::new(
        "metadata_that_asks_for_the_time_is_refused",
        Undescribed("only `execute` may use imports"),
        Guest {
            imports: CLOCK,
            metadata: "(drop (call $now)) (call $about)",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_risk_of_no_known_level_is_refused",
        Undescribed("metadata failed (abi_violation)"),
        Guest {
            metadata: "(i32.store8 (i32.const 2105) (i32.const 9)) (call $about)",
            ..GOOD
        },
    ),
    Hostile::new(
        "an_id_with_a_path_is_refused",
        Undescribed("`id`"),
        about!("2048", "../evil"),
    ),
    Hostile::new(
        "an_id_in_another_alphabet_is_refused",
        Undescribed("`id`"),
        about!("2048", "tеst"),
    ),
    Hostile::new(
        "a_name_that_is_empty_is_refused",
        Undescribed("`name`"),
        about!("2056", "  "),
    ),
    Hostile::new(
        "a_name_with_an_escape_sequence_is_refused",
        Undescribed("`name`"),
        about!("2056", "\\1b]0;evil\\07"),
    ),
    Hostile::new(
        "a_description_with_a_line_break_is_refused",
        Undescribed("`description`"),
        about!("2064", "one\\0atwo"),
    ),
    Hostile::new(
        "a_name_that_turns_around_what_follows_is_refused",
        Undescribed("`name`"),
        about!("2056", "Backup \u{202e}eteled"),
    ),
    Hostile::new(
        "a_version_that_is_none_is_refused",
        Undescribed("`version`"),
        about!("2072", "latest"),
    ),
    Hostile::new(
        "a_start_function_that_traps_is_refused",
        Undescribed("metadata failed (guest_panic)"),
        Guest {
            definitions: "(func $start (unreachable)) (start $start)",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_start_function_without_end_is_refused",
        Undescribed("metadata failed (fuel_limit)"),
        Guest {
            definitions: concat!("(func $start ", without_end!(), ") (start $start)"),
            ..GOOD
        },
    ),
    Hostile::new(
        "validate_that_traps_makes_no_job",
        NoJob("validate failed (guest_panic)"),
        refusing("(unreachable)"),
    ),
    Hostile::new(
        "validate_without_end_makes_no_job",
        NoJob("validate failed (fuel_limit)"),
        refusing(without_end!()),
    ),
    Hostile::new(
        "validate_that_recurses_makes_no_job",
        NoJob("validate failed (stack_overflow)"),
        Guest {
            definitions: "(func $deeper (param i32) (result i32)
                (i32.add (i32.const 1) (call $deeper (local.get 0))))",
            ..refusing("(call $deeper (i32.const 0))")
        },
    ),
    Hostile::new(
        "validate_that_deletes_makes_no_job",
        NoJob("only `execute` may use imports"),
        Guest {
            imports: DELETE,
            ..refusing(
                "(call $delete «users» «{}» (i32.const 0) (i64.const 0) (i32.const 4096))
                (i32.store (i32.const 2192) (i32.const 0)) (i32.const 2192)",
            )
        },
    ),
    Hostile::new(
        "a_refusal_without_a_reason_makes_no_job",
        NoJob("without naming an issue"),
        refusing(
            "(i32.store (i32.const 2192) (i32.const 1))
            (call $texts (i32.const 2196) (i32.const 0) (i32.const 0)) (drop) (i32.const 2192)",
        ),
    ),
    Hostile::new(
        "a_million_issues_make_no_job",
        NoJob("validate failed (limit_exceeded)"),
        refusing(
            "(drop (memory.grow (i32.const 400)))
            (i32.store (i32.const 2192) (i32.const 1))
            (call $texts (i32.const 2196) (i32.const 65536) (i32.const 1000000)) (drop)
            (i32.const 2192)",
        ),
    ),
    Hostile::new(
        "issues_beyond_memory_make_no_job",
        NoJob("validate failed (abi_violation)"),
        refusing(
            "(i32.store (i32.const 2192) (i32.const 1))
            (call $texts (i32.const 2196) (i32.const 65536) (i32.const 1000000)) (drop)
            (i32.const 2192)",
        ),
    ),
    Hostile::new(
        "capabilities_that_trap_make_no_job",
        NoJob("capabilities failed (guest_panic)"),
        Guest {
            capabilities: "(unreachable)",
            ..GOOD
        },
    ),
    Hostile::new(
        "capabilities_without_end_make_no_job",
        NoJob("capabilities failed (fuel_limit)"),
        Guest {
            capabilities: without_end!(),
            ..GOOD
        },
    ),
    Hostile::new(
        "capabilities_by_chance_make_no_job",
        NoJob("only `execute` may use imports"),
        Guest {
            imports: RANDOM,
            capabilities: "(drop (call $number))
                (call $texts (i32.const 2208) (i32.const 0) (i32.const 0))",
            ..GOOD
        },
    ),
    Hostile::new(
        "ten_thousand_capabilities_make_no_job",
        NoJob("it asks for more than"),
        Guest {
            capabilities: "(drop (memory.grow (i32.const 4)))
                (call $texts (i32.const 2208) (i32.const 65536) (i32.const 10000))",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_capability_that_does_not_exist_makes_no_job",
        NoJob("the interface \"shell\""),
        needing!("shell", "*", "run"),
    ),
    Hostile::new(
        "an_operation_that_does_not_exist_makes_no_job",
        NoJob("the operation \"drop\""),
        needing!("database", "users", "drop"),
    ),
    Hostile::new(
        "an_operation_of_another_interface_makes_no_job",
        NoJob("the operation \"send\""),
        needing!("database", "users", "send"),
    ),
    Hostile::new(
        "a_target_with_a_line_break_makes_no_job",
        NoJob("no control characters"),
        needing!("database", "users\nMay do nothing", "find"),
    ),
    Hostile::new(
        "a_target_with_a_star_in_it_makes_no_job",
        NoJob("a target is a name, or * alone"),
        needing!("database", "u*", "find"),
    ),
    Hostile::new(
        "a_target_that_is_two_addresses_makes_no_job",
        NoJob("an address is name@domain"),
        needing!("email", "ada@example.org,eve@evil.test", "send"),
    ),
    Hostile::new(
        "a_target_with_a_star_in_its_domain_makes_no_job",
        NoJob("an address is name@domain"),
        needing!("email", "ada@*.org", "send"),
    ),
    Hostile::new(
        "a_target_that_turns_around_the_sentence_makes_no_job",
        NoJob("no control characters"),
        needing!("database", "users\u{202e}gnihton", "find"),
    ),
    Hostile::new(
        "a_capability_that_was_never_imported_makes_no_job",
        NoJob("beyond"),
        needing!("database", "users", "delete"),
    ),
    Hostile::new(
        "a_counter_that_lives_on_would_answer_otherwise",
        Answers("1"),
        // Each question and each run counts from nothing.
        Guest {
            definitions: "(global $asked (mut i32) (i32.const 0))
                (func $count (global.set $asked (i32.add (global.get $asked) (i32.const 1))))",
            schema: "(call $count)
                (if (result i32) (i32.eq (global.get $asked) (i32.const 1))
                    (then (call $texts (i32.const 2176) «{}»)) (else (unreachable)))",
            validate: "(call $count)
                (if (i32.ne (global.get $asked) (i32.const 1)) (then (unreachable)))
                (i32.store (i32.const 2192) (i32.const 0)) (i32.const 2192)",
            execute: "(call $count)
                (i32.store8 (i32.const 4096) (i32.add (i32.const 0x30) (global.get $asked)))
                (call $answer (i32.const 4096) (i32.const 1))",
            ..GOOD
        },
    ),
];
