//! Guests that put bombs and commands into filters, updates, pipelines and documents, or reach for
//! collections that they were not given.

use sandglass_contract::OutcomeCode::LimitExceeded;

use super::{
    Expect::{Answers, Ends},
    GOOD, Guest, Hostile,
};
use crate::Request;

const COUNT: &str = r#"(import "sandglass:job/database@0.1.0" "count"
    (func $count (param i32 i32 i32 i32 i32)))"#;
const DELETE: &str = r#"(import "sandglass:job/database@0.1.0" "delete-many"
    (func $delete (param i32 i32 i32 i32 i32 i64 i32)))"#;
const AGGREGATE: &str = r#"(import "sandglass:job/database@0.1.0" "aggregate"
    (func $aggregate (param i32 i32 i32 i32 i32)))"#;
const UPDATE: &str = r#"(import "sandglass:job/database@0.1.0" "update-many"
    (func $update (param i32 i32 i32 i32 i32 i32 i32)))"#;
const INSERT: &str = r#"(import "sandglass:job/database@0.1.0" "insert-many"
    (func $insert (param i32 i32 i32 i32 i32)))"#;

/// Writes a text $count times from $at; returns the address behind the last.
const REPEAT: &str = "
    (func $repeat (param $at i32) (param $text i32) (param $length i32) (param $count i32)
        (result i32)
        (loop $again
            (memory.copy (local.get $at) (local.get $text) (local.get $length))
            (local.set $at (i32.add (local.get $at) (local.get $length)))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br_if $again (local.get $count)))
        (local.get $at))";

const USERS: &[Request] = &[(
    "database",
    "users",
    &["count", "aggregate", "insert", "update"],
)];

/// A guest that may do anything to `users` but delete, and calls once.
const fn calling(imports: &'static str, execute: &'static str) -> Guest {
    Guest {
        imports,
        requests: USERS,
        execute,
        ..GOOD
    }
}

/// A guest that counts what matches a filter.
macro_rules! counting {
    ($collection:literal, $filter:literal) => {
        calling(
            COUNT,
            concat!(
                "(call $count «",
                $collection,
                "» «",
                $filter,
                "» (i32.const 4096)) (call $case (i32.const 4096) (i32.const 4104))"
            ),
        )
    };
}

/// A guest that counts what matches a filter made of a text again and again between two others.
macro_rules! repeating {
    ($begin:literal, $text:literal, $count:literal, $end:literal) => {
        Guest {
            definitions: REPEAT,
            ..calling(
                COUNT,
                concat!(
                    "(local $at i32)
                    (drop (memory.grow (i32.const 16)))
                    (local.set $at (call $repeat (i32.const 131072) «",
                    $begin,
                    "» (i32.const 1)))
                    (local.set $at (call $repeat (local.get $at) «",
                    $text,
                    "» (i32.const ",
                    $count,
                    ")))
                    (local.set $at (call $repeat (local.get $at) «",
                    $end,
                    "» (i32.const 1)))
                    (call $count «users» (i32.const 131072)
                        (i32.sub (local.get $at) (i32.const 131072)) (i32.const 4096))
                    (call $case (i32.const 4096) (i32.const 4104))"
                ),
            )
        }
    };
}

/// A guest that runs a pipeline over `users`.
macro_rules! aggregating {
    ($pipeline:literal) => {
        calling(
            AGGREGATE,
            concat!(
                "(call $aggregate «users» «",
                $pipeline,
                "» (i32.const 4096)) (call $case (i32.const 4096) (i32.const 4100))"
            ),
        )
    };
}

/// A guest that changes every document of `users`.
macro_rules! updating {
    ($update:literal) => {
        calling(
            UPDATE,
            concat!(
                "(call $update «users» «{}» «",
                $update,
                "» (i32.const 4096)) (call $case (i32.const 4096) (i32.const 4104))"
            ),
        )
    };
}

const DENIED: super::Expect = Answers("\"access-denied\"");
const INVALID: super::Expect = Answers("\"invalid-argument\"");
const DONE: super::Expect = Answers("\"done\"");

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new("another_collection_is_denied", DENIED, counting!("secrets", "{}")),
    Hostile::new("the_same_collection_in_capitals_is_denied", DENIED, counting!("Users", "{}")),
    Hostile::new("a_collection_with_a_blank_is_another", INVALID, counting!("users ", "{}")),
    Hostile::new("a_collection_that_looks_the_same_is_invalid", INVALID, counting!("uѕers", "{}")),
    Hostile::new("a_collection_of_the_system_is_invalid", INVALID, counting!("system.users", "{}")),
    Hostile::new("a_collection_with_a_nul_is_invalid", INVALID, counting!("users\\00x", "{}")),
    Hostile::new("a_collection_of_commands_is_invalid", INVALID, counting!("$cmd", "{}")),
    Hostile::new("a_collection_without_a_name_is_invalid", INVALID, counting!("", "{}")),
    Hostile::new(
        "an_operation_that_was_not_granted_is_denied",
        DENIED,
        calling(
            DELETE,
            "(call $delete «users» «{}» (i32.const 0) (i64.const 0) (i32.const 4096))
            (call $case (i32.const 4096) (i32.const 4104))",
        ),
    ),
    Hostile::new(
        "code_in_a_filter_is_invalid",
        INVALID,
        counting!("users", r#"{"$where":"sleep(100000)"}"#),
    ),
    Hostile::new(
        "an_expression_in_a_filter_is_invalid",
        INVALID,
        counting!("users", r#"{"$expr":{"$function":{"body":"f","args":[],"lang":"js"}}}"#),
    ),
    Hostile::new(
        "javascript_as_a_value_is_invalid",
        INVALID,
        counting!("users", r#"{"a":{"$code":"while(1);"}}"#),
    ),
    Hostile::new(
        "a_filter_of_no_object_is_invalid",
        INVALID,
        counting!("users", "[]"),
    ),
    Hostile::new(
        "a_filter_with_a_field_twice_is_invalid",
        INVALID,
        counting!("users", r#"{"a":1,"a":{"$gt":""}}"#),
    ),
    Hostile::new(
        "a_filter_nested_deeper_than_allowed_is_invalid",
        INVALID,
        repeating!("{\"a\":", "[", "30", "]"),
    ),
    Hostile::new(
        "a_filter_nested_twenty_thousand_deep_is_invalid",
        INVALID,
        repeating!("", r#"{"$nor":["#, "8000", ""),
    ),
    Hostile::new(
        "a_filter_of_a_megabyte_is_invalid",
        INVALID,
        repeating!(r#"{"a":""#, "aaaaaaaaaaaaaaaa", "60000", "\"}"),
    ),
    Hostile::new(
        "a_filter_of_five_thousand_operators_is_invalid",
        INVALID,
        repeating!(r#"{"$or":["#, r#"{"a":1},"#, "5000", r#"{"a":1}]}"#),
    ),
    Hostile::new(
        "a_filter_with_five_thousand_alternatives_is_invalid",
        INVALID,
        repeating!(r#"{"a":{"$in":["#, "1,", "5000", "1]}}"),
    ),
    Hostile::new(
        "a_pattern_that_other_machines_never_finish_is_matched",
        DONE,
        counting!("users", r#"{"a":{"$regex":"^(a+)+$"}}"#),
    ),
    Hostile::new(
        "a_pattern_that_unfolds_to_a_billion_states_is_invalid",
        INVALID,
        counting!("users", r#"{"a":{"$regex":"((((a{100}){100}){100}){100}){10}"}}"#),
    ),
    Hostile::new(
        "a_pattern_of_many_classes_that_unfold_is_invalid",
        INVALID,
        counting!("users", r#"{"a":{"$regex":"(\5c\5cpL\5c\5cpN\5c\5cpP){200}"}}"#),
    ),
    Hostile::new(
        "a_pattern_longer_than_allowed_is_invalid",
        INVALID,
        repeating!(r#"{"a":{"$regex":""#, "a?", "200", "\"}}"),
    ),
    Hostile::new(
        "a_pattern_that_looks_around_is_invalid",
        INVALID,
        counting!("users", r#"{"a":{"$regex":"(?=a)(a)\5c\5c1"}}"#),
    ),
    Hostile::new(
        "fifty_large_patterns_in_one_filter_end",
        DONE,
        repeating!(
            r#"{"$or":["#,
            r#"{"a":{"$regex":"(a|b|c|d|e|f|g|h){200}"}},"#,
            "50",
            r#"{"a":1}]}"#
        ),
    ),
    Hostile::new(
        "writing_by_a_pipeline_is_invalid",
        INVALID,
        aggregating!(r#"[{"$out":"secrets"}]"#),
    ),
    Hostile::new(
        "merging_by_a_pipeline_is_invalid",
        INVALID,
        aggregating!(r#"[{"$merge":{"into":"secrets"}}]"#),
    ),
    Hostile::new(
        "reading_another_collection_by_a_pipeline_is_invalid",
        INVALID,
        aggregating!(
            r#"[{"$lookup":{"from":"secrets","localField":"a","foreignField":"a","as":"b"}}]"#
        ),
    ),
    Hostile::new(
        "another_collection_united_by_a_pipeline_is_invalid",
        INVALID,
        aggregating!(r#"[{"$unionWith":"secrets"}]"#),
    ),
    Hostile::new(
        "an_update_by_code_is_invalid",
        INVALID,
        updating!(r#"[{"$set":{"a":{"$function":{"body":"f","args":[],"lang":"js"}}}}]"#),
    ),
    Hostile::new(
        "an_update_that_fills_a_billion_places_is_refused",
        INVALID,
        Guest {
            requests: USERS,
            imports: r#"
                (import "sandglass:job/database@0.1.0" "insert-many"
                    (func $insert (param i32 i32 i32 i32 i32)))
                (import "sandglass:job/database@0.1.0" "update-many"
                    (func $update (param i32 i32 i32 i32 i32 i32 i32)))"#,
            execute: r#"
                (call $text (i32.const 4200) «{"a":[1]}»)
                (call $insert «users» (i32.const 4200) (i32.const 1) (i32.const 4096))
                (call $update «users» «{}» «{"$set":{"a.1000000000":1}}» (i32.const 4096))
                (call $case (i32.const 4096) (i32.const 4104))"#,
            ..GOOD
        },
    ),
    Hostile::new(
        "a_document_nested_deeper_than_allowed_is_invalid",
        INVALID,
        Guest {
            definitions: REPEAT,
            ..calling(
                INSERT,
                r#"(local $at i32)
                (local.set $at (call $repeat (i32.const 65536) «{"a":» (i32.const 3000)))
                (drop (call $repeat (local.get $at) «}» (i32.const 3000)))
                (call $text (i32.const 4200) (i32.const 65536) (i32.const 18000))
                (call $insert «users» (i32.const 4200) (i32.const 1) (i32.const 4096))
                (call $case (i32.const 4096) (i32.const 4104))"#,
            )
        },
    ),
    Hostile::new(
        "a_field_that_is_a_command_is_invalid",
        INVALID,
        calling(
            INSERT,
            r#"(call $text (i32.const 4200) «{"$set":1}»)
            (call $insert «users» (i32.const 4200) (i32.const 1) (i32.const 4096))
            (call $case (i32.const 4096) (i32.const 4104))"#,
        ),
    ),
    Hostile::new(
        "more_documents_than_may_be_written_are_refused",
        Answers("\"limit-exceeded\""),
        // The same text twenty times: a list of records that are all alike.
        Guest {
            definitions: REPEAT,
            ..calling(
                INSERT,
                r#"(call $text (i32.const 4200) «{"a":1}»)
                (drop (call $repeat (i32.const 65536) (i32.const 4200) (i32.const 8) (i32.const 20)))
                (call $insert «users» (i32.const 65536) (i32.const 20) (i32.const 4096))
                (call $case (i32.const 4096) (i32.const 4104))"#,
            )
        },
    )
    .limits(&[("documents_written", 10)]),
    Hostile::new(
        "counting_without_end_reaches_the_limit_of_calls",
        Ends(LimitExceeded),
        calling(
            COUNT,
            "(loop $again (call $count «users» «{}» (i32.const 4096)) (br $again)) (unreachable)",
        ),
    )
    .limits(&[("host_calls", 300)]),
];
