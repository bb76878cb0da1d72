//! Components that are hard to compile, or use parts of WebAssembly that templates have no need of.

use std::fmt::Write as _;

use super::{
    Expect::{Answers, Refused},
    GOOD, Guest, Hostile, Source, named,
};
use crate::component::with_core_modules;

const MANY_FUNCTIONS: &str = "twenty_thousand_functions_are_compiled";
const DEEP_BLOCKS: &str = "blocks_nested_ten_thousand_deep_are_compiled";
const WIDE_BRANCH: &str = "a_branch_of_sixty_thousand_ways_is_compiled";
const MANY_LOCALS: &str = "a_function_of_fifty_thousand_values_is_compiled";
const TOO_MANY_LOCALS: &str = "a_function_of_a_hundred_thousand_values_is_refused";
const FEATURES: [&str; 6] = [
    "memory_of_64_bits_is_refused",
    "two_memories_in_a_module_are_refused",
    "shared_memory_is_refused",
    "exceptions_are_refused",
    "garbage_collection_is_refused",
    "relaxed_vectors_are_refused",
];

const fn answered() -> super::Expect {
    Answers("{\"ok\":true}")
}

/// A good guest with one more module in it.
fn with(name: &'static str, module: &str) -> Vec<u8> {
    with_core_modules(named(name).component(), &[module], 1)
}

fn many_functions() -> Vec<u8> {
    let mut functions = String::new();
    for number in 0..20_000 {
        write!(functions, "(func (result i32) (i32.const {number}))").unwrap();
    }
    with(MANY_FUNCTIONS, &format!("(module {functions})"))
}

fn deep_blocks() -> Vec<u8> {
    let (open, close) = ("block ".repeat(10_000), "end ".repeat(10_000));
    with(DEEP_BLOCKS, &format!("(module (func {open} {close}))"))
}

fn wide_branch() -> Vec<u8> {
    let ways = "0 ".repeat(60_000);
    with(
        WIDE_BRANCH,
        &format!("(module (func (param i32) block local.get 0 br_table {ways} end))"),
    )
}

fn locals(name: &'static str, count: usize) -> Vec<u8> {
    let locals = "i64 ".repeat(count);
    with(name, &format!("(module (func (local {locals})))"))
}

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::from_source(MANY_FUNCTIONS, answered(), Source::Bytes(many_functions)),
    Hostile::from_source(DEEP_BLOCKS, answered(), Source::Bytes(deep_blocks)),
    Hostile::from_source(WIDE_BRANCH, answered(), Source::Bytes(wide_branch)),
    Hostile::from_source(
        MANY_LOCALS,
        answered(),
        Source::Bytes(|| locals(MANY_LOCALS, 49_999)),
    ),
    Hostile::from_source(
        TOO_MANY_LOCALS,
        Refused("too many locals"),
        Source::Bytes(|| locals(TOO_MANY_LOCALS, 100_000)),
    ),
    Hostile::from_source(
        FEATURES[0],
        Refused("not valid"),
        Source::Bytes(|| with(FEATURES[0], "(module (memory i64 1))")),
    ),
    Hostile::from_source(
        FEATURES[1],
        Refused("not valid"),
        Source::Bytes(|| with(FEATURES[1], "(module (memory 1) (memory 1))")),
    ),
    Hostile::from_source(
        FEATURES[2],
        Refused("not valid"),
        Source::Bytes(|| with(FEATURES[2], "(module (memory 1 1 shared))")),
    ),
    Hostile::from_source(
        FEATURES[3],
        Refused("not valid"),
        Source::Bytes(|| with(FEATURES[3], "(module (tag))")),
    ),
    Hostile::from_source(
        FEATURES[4],
        Refused("not valid"),
        Source::Bytes(|| with(FEATURES[4], "(module (type (struct (field i32))))")),
    ),
    Hostile::from_source(
        FEATURES[5],
        Refused("not valid"),
        Source::Bytes(|| {
            with(
                FEATURES[5],
                "(module (func (param v128) (result v128)
                    (i32x4.relaxed_trunc_f32x4_s (local.get 0))))",
            )
        }),
    ),
    Hostile::new(
        "a_guest_that_does_no_harm_is_not_harmed",
        answered(),
        Guest { ..GOOD },
    ),
];
