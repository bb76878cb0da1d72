//! Guests whose answer to `execute` is too large, too deep, or no answer at all.

use sandglass_contract::OutcomeCode::{
    AbiViolation, Failed, FailedRetryable, InvalidResult, LimitExceeded,
};

use super::{
    Expect::{Answers, Ends},
    GOOD, Guest, Hostile,
};

const fn answering(execute: &'static str) -> Guest {
    Guest { execute, ..GOOD }
}

/// A guest that answers with `$depth` opening and as many closing brackets.
macro_rules! nested {
    ($depth:literal) => {
        answering(concat!(
            "(drop (memory.grow (i32.const 8)))
            (memory.fill (i32.const 65536) (i32.const 0x5b) (i32.const ",
            $depth,
            "))
            (memory.fill (i32.add (i32.const 65536) (i32.const ",
            $depth,
            ")) (i32.const 0x5d) (i32.const ",
            $depth,
            "))
            (call $answer (i32.const 65536) (i32.mul (i32.const ",
            $depth,
            ") (i32.const 2)))"
        ))
    };
}

/// A guest that fails: with the case of `job-error` and a message.
macro_rules! failing {
    ($case:literal, $delay:literal, $message:literal) => {
        answering(concat!(
            "(i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store8 (i32.const 1032) (i32.const ",
            $case,
            "))
            (call $text (i32.const 1040) «",
            $message,
            "»)
            (i32.store8 (i32.const 1048) (i32.const 1))
            (i64.store (i32.const 1056) (i64.const ",
            $delay,
            "))
            (i32.const 1024)"
        ))
    };
}

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "a_result_larger_than_its_limit_is_invalid",
        Ends(InvalidResult),
        answering("(call $ok)"),
    )
    .limits(&[("result_bytes", 10)]),
    Hostile::new(
        "a_result_larger_than_the_default_limit_is_invalid",
        Ends(InvalidResult),
        // A text of 300,000 letters.
        answering(
            "(drop (memory.grow (i32.const 8)))
            (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 300000))
            (i32.store8 (i32.const 65536) (i32.const 0x22))
            (i32.store8 (i32.const 365535) (i32.const 0x22))
            (call $answer (i32.const 65536) (i32.const 300000))",
        ),
    ),
    Hostile::new(
        "a_result_larger_than_a_call_may_carry_reaches_the_limit",
        Ends(LimitExceeded),
        answering("(call $answer (i32.const 0) (i32.const 100000))"),
    )
    .limits(&[("host_call_bytes", 65_536)]),
    Hostile::new(
        "a_result_of_all_memory_reaches_the_limit_of_a_call",
        Ends(LimitExceeded),
        answering(
            "(drop (memory.grow (i32.const 900))) (call $answer (i32.const 0) (i32.const 58000000))",
        ),
    ),
    Hostile::new(
        "a_result_that_is_not_json_is_invalid",
        Ends(InvalidResult),
        answering("(call $answer «not json»)"),
    ),
    Hostile::new(
        "an_empty_result_is_invalid",
        Ends(InvalidResult),
        answering("(call $answer (i32.const 0) (i32.const 0))"),
    ),
    Hostile::new(
        "a_number_that_no_json_reader_holds_is_invalid",
        Ends(InvalidResult),
        answering("(call $answer «1e999999»)"),
    ),
    Hostile::new(
        "half_a_surrogate_pair_in_a_result_is_invalid",
        Ends(InvalidResult),
        answering("(call $answer «\"\\5cud800\"»)"),
    ),
    Hostile::new(
        "two_results_in_one_are_invalid",
        Ends(InvalidResult),
        answering("(call $answer «{} {}»)"),
    ),
    Hostile::new(
        "a_result_that_no_store_keeps_is_invalid",
        Ends(InvalidResult),
        answering("(call $answer «{\"a\\5cu0000\":1}»)"),
    ),
    Hostile::new(
        "a_result_nested_deeper_than_is_kept_is_invalid",
        Ends(InvalidResult),
        nested!("65"),
    ),
    Hostile::new(
        "a_result_nested_a_hundred_thousand_deep_is_invalid",
        Ends(InvalidResult),
        nested!("100000"),
    ),
    Hostile::new(
        "a_result_that_names_a_field_twice_counts_the_last",
        Answers("{\"a\":2}"),
        answering("(call $answer «{\"a\":1,\"a\":2}»)"),
    ),
    Hostile::new(
        "a_result_that_is_not_utf8_breaks_the_rules",
        Ends(AbiViolation),
        answering("(call $answer «\"\\ff\"»)"),
    ),
    Hostile::new(
        "a_result_beyond_memory_breaks_the_rules",
        Ends(AbiViolation),
        answering("(call $answer (i32.const 131000) (i32.const 1000))"),
    ),
    Hostile::new(
        "an_answer_beyond_memory_breaks_the_rules",
        Ends(AbiViolation),
        answering("(i32.const 131064)"),
    ),
    Hostile::new(
        "an_answer_at_an_odd_address_breaks_the_rules",
        Ends(AbiViolation),
        answering("(i32.const 1027)"),
    ),
    Hostile::new(
        "an_answer_of_no_known_kind_breaks_the_rules",
        Ends(AbiViolation),
        answering("(i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024)"),
    ),
    Hostile::new(
        "a_failure_of_no_known_kind_breaks_the_rules",
        Ends(AbiViolation),
        failing!("7", "0", "failed"),
    ),
    Hostile::new(
        "a_message_of_control_characters_is_one_line",
        Ends(Failed),
        failing!("0", "0", "\\1b[2J\\0d\\0aforged\\00 line"),
    ),
    Hostile::new(
        "a_wait_of_half_a_billion_years_is_cut",
        Ends(FailedRetryable),
        failing!("1", "-1", "later"),
    ),
];
