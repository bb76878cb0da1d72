//! Guests whose schema is a bomb, leads elsewhere, or is not the same twice.

use super::{
    Expect::{Answers, NoSchema, Undescribed},
    GOOD, Guest, Hostile,
};

const NUMBER: &str =
    r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#;

/// A guest with this schema.
macro_rules! schema {
    ($text:literal) => {
        Guest {
            schema: concat!("(call $texts (i32.const 2176) «", $text, "»)"),
            ..GOOD
        }
    };
}

/// A guest whose schema is code that leaves the address of its answer.
const fn answering(schema: &'static str) -> Guest {
    Guest { schema, ..GOOD }
}

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "a_schema_that_traps_is_refused",
        Undescribed("schema failed (guest_panic)"),
        answering("(unreachable)"),
    ),
    Hostile::new(
        "a_schema_without_end_is_refused",
        Undescribed("schema failed (fuel_limit)"),
        answering(
            "(loop $again
                (memory.fill (i32.const 65536) (i32.const 1) (i32.const 65536)) (br $again))
            (unreachable)",
        ),
    ),
    Hostile::new(
        "a_schema_that_takes_all_memory_is_refused",
        Undescribed("schema failed (memory_limit)"),
        answering("(drop (memory.grow (i32.const 20000))) (unreachable)"),
    ),
    Hostile::new(
        "a_schema_beyond_memory_is_refused",
        Undescribed("schema failed (abi_violation)"),
        answering("(call $texts (i32.const 2176) (i32.const 131000) (i32.const 1000))"),
    ),
    Hostile::new(
        "a_schema_of_fifty_megabytes_is_refused",
        Undescribed("schema failed (limit_exceeded)"),
        answering(
            "(drop (memory.grow (i32.const 900)))
            (call $texts (i32.const 2176) (i32.const 65536) (i32.const 50000000))",
        ),
    ),
    Hostile::new(
        "a_schema_of_half_a_megabyte_is_refused",
        Undescribed("bytes"),
        // Blanks, and braces at the end.
        answering(
            "(drop (memory.grow (i32.const 10)))
            (memory.fill (i32.const 65536) (i32.const 0x20) (i32.const 500000))
            (i32.store16 (i32.const 565534) (i32.const 0x7d7b))
            (call $texts (i32.const 2176) (i32.const 65536) (i32.const 500000))",
        ),
    ),
    Hostile::new(
        "a_schema_nested_ten_thousand_deep_is_refused",
        Undescribed("it is not JSON"),
        answering(
            "(memory.fill (i32.const 65536) (i32.const 0x5b) (i32.const 10000))
            (memory.fill (i32.const 75536) (i32.const 0x5d) (i32.const 10000))
            (call $texts (i32.const 2176) (i32.const 65536) (i32.const 20000))",
        ),
    ),
    Hostile::new(
        "a_schema_that_is_no_json_is_refused",
        Undescribed("it is not JSON"),
        schema!("{"),
    ),
    Hostile::new(
        "a_schema_that_is_a_list_is_refused",
        Undescribed("it is not a JSON object"),
        schema!("[]"),
    ),
    Hostile::new(
        "a_schema_that_asks_for_chance_is_refused",
        Undescribed("only `execute` may use imports"),
        Guest {
            imports: NUMBER,
            ..answering("(drop (call $number)) (call $texts (i32.const 2176) «{}»)")
        },
    ),
    Hostile::new(
        "a_schema_that_leads_to_a_file_is_refused",
        Undescribed("another document"),
        schema!(r#"{"$ref":"file:///etc/passwd"}"#),
    ),
    Hostile::new(
        "a_schema_that_leads_to_a_server_is_refused",
        Undescribed("another document"),
        schema!(r#"{"properties":{"a":{"$ref":"http://169.254.169.254/latest/meta-data"}}}"#),
    ),
    Hostile::new(
        "a_schema_with_another_base_is_refused",
        Undescribed("another document"),
        schema!(r##"{"properties":{"a":{"$id":"http://127.0.0.1:1/","$ref":"#"}}}"##),
    ),
    Hostile::new(
        "a_schema_of_another_dialect_is_refused",
        Undescribed("another document"),
        schema!(r#"{"$schema":"http://127.0.0.1:1/dialect"}"#),
    ),
    Hostile::new(
        "a_schema_that_is_itself_is_refused",
        Undescribed("leads back"),
        schema!(r##"{"$ref":"#"}"##),
    ),
    Hostile::new(
        "a_schema_that_leads_around_is_refused",
        Undescribed("leads back"),
        schema!(
            r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}"##
        ),
    ),
    Hostile::new(
        "a_schema_that_repeats_in_every_item_is_refused",
        Undescribed("leads back"),
        schema!(r##"{"items":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}}"##),
    ),
    Hostile::new(
        "a_schema_that_leads_back_dynamically_is_refused",
        Undescribed("$dynamicRef"),
        schema!(r##"{"$dynamicAnchor":"a","items":{"$dynamicRef":"#a"}}"##),
    ),
    Hostile::new(
        "a_schema_that_leads_nowhere_is_refused",
        Undescribed("leads nowhere"),
        schema!(r##"{"$ref":"#/$defs/nothing"}"##),
    ),
    Hostile::new(
        "a_schema_that_unfolds_to_a_billion_parts_is_refused",
        Undescribed("unfolds"),
        schema!(
            r##"{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{
            "a":{"allOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},
            "b":{"allOf":[{"$ref":"#/$defs/c"},{"$ref":"#/$defs/c"},{"$ref":"#/$defs/c"}]},
            "c":{"allOf":[{"$ref":"#/$defs/d"},{"$ref":"#/$defs/d"},{"$ref":"#/$defs/d"}]},
            "d":{"allOf":[{"$ref":"#/$defs/e"},{"$ref":"#/$defs/e"},{"$ref":"#/$defs/e"}]},
            "e":{"allOf":[{"$ref":"#/$defs/f"},{"$ref":"#/$defs/f"},{"$ref":"#/$defs/f"}]},
            "f":{"allOf":[{"$ref":"#/$defs/g"},{"$ref":"#/$defs/g"},{"$ref":"#/$defs/g"}]},
            "g":{"allOf":[{"$ref":"#/$defs/h"},{"$ref":"#/$defs/h"},{"$ref":"#/$defs/h"}]},
            "h":{"allOf":[{"$ref":"#/$defs/i"},{"$ref":"#/$defs/i"},{"$ref":"#/$defs/i"}]},
            "i":{"allOf":[{"$ref":"#/$defs/j"},{"$ref":"#/$defs/j"},{"$ref":"#/$defs/j"}]},
            "j":{"not":{}}}}"##
        ),
    ),
    Hostile::new(
        "a_schema_whose_words_mean_nothing_makes_no_job",
        NoSchema("is not a JSON Schema"),
        schema!(r#"{"type":7}"#),
    ),
    Hostile::new(
        "a_schema_with_a_pattern_that_is_a_bomb_makes_no_job",
        NoSchema("is not a JSON Schema"),
        schema!(r#"{"properties":{"a":{"pattern":"((((a{100}){100}){100}){100}){10}"}}}"#),
    ),
    Hostile::new(
        "a_schema_with_a_pattern_of_the_slow_kind_is_read",
        Answers("{\"ok\":true}"),
        schema!(r#"{"properties":{"a":{"pattern":"^(a+)+$"}}}"#),
    ),
];
