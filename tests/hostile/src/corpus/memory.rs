//! Guests that want more memory, tables or instances than there are, or leave them full of something.

use sandglass_contract::OutcomeCode::{
    FuelLimit, GuestFault, GuestPanic, LimitExceeded, MemoryLimit,
};

use super::{
    Expect::{Answers, Ends, Refused, Undescribed},
    GOOD, Guest, Hostile, Source, named,
};
use crate::component::with_core_modules;

const MEMORIES: &str = "growth_of_four_memories_is_summed";
const TOO_MANY_MEMORIES: &str = "a_component_with_five_memories_is_refused";
const TOO_MANY_INSTANCES: &str = "a_component_with_a_hundred_and_one_instances_is_refused";
const MANY_INSTANCES: &str = "a_component_with_thirty_instances_reaches_their_limit";

const TABLES: &str = "growth_of_two_tables_is_summed";

/// A module whose own table grows by 12,000 places as soon as it is an instance.
const GROWS_TABLE: &str = "(module (table 1 funcref)
    (func $grow (drop (table.grow 0 (ref.null func) (i32.const 12000)))) (start $grow))";

/// A module whose own memory grows by 7 MiB as soon as it is an instance.
const GROWS: &str = "(module (memory 1) (func $grow (drop (memory.grow (i32.const 112))))
    (start $grow))";

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "growing_memory_without_end_reaches_the_memory_limit",
        Ends(MemoryLimit),
        Guest {
            execute: "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable)",
            ..GOOD
        },
    ),
    Hostile::new(
        "asking_for_all_memory_at_once_reaches_the_memory_limit",
        Ends(MemoryLimit),
        Guest {
            execute: "(drop (memory.grow (i32.const 60000))) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "asking_for_more_than_an_address_reaches_uses_up_the_fuel",
        Ends(FuelLimit),
        Guest {
            execute: "(drop (memory.grow (i32.const -1))) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "starting_with_too_much_memory_reaches_the_memory_limit",
        Ends(MemoryLimit),
        GOOD,
    )
    .limits(&[("memory_bytes", 65_536)]),
    Hostile::new(
        "a_memory_that_says_it_ends_earlier_does_not_grow",
        Answers("1"),
        Guest {
            memory: r#"(memory (export "memory") 2 3)"#,
            execute: "(drop (memory.grow (i32.const 1)))
                (if (result i32) (i32.eq (memory.grow (i32.const 1)) (i32.const -1))
                    (then (call $answer «1»)) (else (call $answer «0»)))",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_memory_that_no_run_could_hold_is_refused",
        Refused("exceeds the limit"),
        Guest {
            memory: r#"(memory (export "memory") 8193)"#,
            ..GOOD
        },
    ),
    Hostile::from_source(
        MEMORIES,
        Ends(MemoryLimit),
        Source::Bytes(|| with_core_modules(named(MEMORIES).component(), &[GROWS; 3], 1)),
    )
    .limits(&[("memory_bytes", 20 << 20)]),
    Hostile::from_source(
        TOO_MANY_MEMORIES,
        Refused("memories"),
        Source::Bytes(|| with_core_modules(named(TOO_MANY_MEMORIES).component(), &[GROWS; 4], 1)),
    ),
    Hostile::from_source(
        MANY_INSTANCES,
        Undescribed("limit_exceeded"),
        Source::Bytes(|| with_core_modules(named(MANY_INSTANCES).component(), &["(module)"], 30)),
    ),
    Hostile::from_source(
        TOO_MANY_INSTANCES,
        Refused("instances"),
        Source::Bytes(|| {
            with_core_modules(named(TOO_MANY_INSTANCES).component(), &["(module)"], 100)
        }),
    ),
    Hostile::new(
        "growing_a_table_without_end_reaches_its_limit",
        Ends(LimitExceeded),
        Guest {
            definitions: "(table $table 1 funcref)",
            execute: "(loop $again
                (drop (table.grow $table (ref.null func) (i32.const 10))) (br $again))
                (unreachable)",
            ..GOOD
        },
    ),
    Hostile::from_source(
        TABLES,
        Undescribed("limit_exceeded"),
        Source::Bytes(|| with_core_modules(named(TABLES).component(), &[GROWS_TABLE], 2)),
    ),
    Hostile::new(
        "a_table_that_no_run_could_hold_is_refused",
        Refused("exceeds the limit"),
        Guest {
            definitions: "(table 100001 funcref)",
            ..GOOD
        },
    ),
    Hostile::new(
        "reading_beyond_memory_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(i32.load (i32.const 0x7fffffff))",
            ..GOOD
        },
    ),
    Hostile::new(
        "reading_far_beyond_memory_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(i32.load offset=0xffffffff (i32.const -1))",
            ..GOOD
        },
    ),
    Hostile::new(
        "filling_beyond_memory_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x7fffffff)) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "copying_from_beyond_memory_is_a_fault",
        Ends(GuestFault),
        Guest {
            execute: "(memory.copy (i32.const 0) (i32.const -16) (i32.const 64)) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "reading_beyond_a_table_is_a_fault",
        Ends(GuestFault),
        Guest {
            definitions: "(table $table 1 funcref)",
            execute: "(drop (table.get $table (i32.const 1))) (call $ok)",
            ..GOOD
        },
    ),
    Hostile::new(
        "a_data_segment_beyond_memory_is_a_fault",
        Undescribed("guest_fault"),
        Guest {
            definitions: r#"(data (i32.const 131071) "two")"#,
            ..GOOD
        },
    ),
    Hostile::new(
        "memory_full_of_a_pattern_is_left_behind_by_a_panic",
        Ends(GuestPanic),
        Guest {
            execute: "(drop (memory.grow (i32.const 1021)))
                (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 66977792))
                (unreachable)",
            ..GOOD
        },
    ),
    Hostile::new(
        "tables_and_globals_full_of_something_are_left_behind",
        Ends(GuestFault),
        Guest {
            definitions: "(func $left (result i32) (i32.const 7))
                (elem declare func $left)
                (table $table 19000 funcref)
                (global $a (mut i32) (i32.const 0)) (global $b (mut i64) (i64.const 0))",
            execute: "(table.fill $table (i32.const 0) (ref.func $left) (i32.const 19000))
                (global.set $a (i32.const -1)) (global.set $b (i64.const -1))
                (i32.load (i32.const -1))",
            ..GOOD
        },
    ),
];
