//! A guest that looks for what an earlier run has left: it reads all memory that it may have, its tables
//! and its globals, and answers how many of the places that must be zero are not.

use crate::guest::{GOOD, Guest};

/// Where residue could be beside memory.
macro_rules! places {
    () => {
        "(table $table 19000 funcref)
        (global $a (mut i32) (i32.const 0)) (global $b (mut i64) (i64.const 0))
        (global $c (mut f64) (f64.const 0))"
    };
}

/// Looks for residue. Its result is the number of places where it found some: 0.
///
/// Its memory grows to the default limit of 64 MiB while it runs, so that pages beyond what it was
/// instantiated with are looked at too; places below 64 KiB hold its own texts and arguments.
pub const CHECKER: Guest = Guest {
    id: "residue_checker",
    definitions: places!(),
    execute: EXECUTE,
    ..GOOD
};

/// The same guest, with something where it looks: a place in memory and one in a table. Its result is 2.
pub const DIRTY_CHECKER: Guest = Guest {
    id: "dirty_residue_checker",
    definitions: concat!(
        places!(),
        r#"(data (i32.const 100000) "\01")
        (func $look)
        (elem (table $table) (i32.const 700) func $look)"#
    ),
    execute: EXECUTE,
    ..GOOD
};

const EXECUTE: &str = r"
    (local $at i32) (local $end i32) (local $found i32)
    (drop (memory.grow (i32.const 1022)))
    (local.set $end (i32.mul (memory.size) (i32.const 65536)))
    (local.set $at (i32.const 65536))
    (loop $again
        (local.set $found (i32.add (local.get $found)
            (i64.ne (i64.load (local.get $at)) (i64.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $again (i32.lt_u (local.get $at) (local.get $end))))
    (local.set $at (i32.const 0))
    (loop $again
        (local.set $found (i32.add (local.get $found)
            (i32.eqz (ref.is_null (table.get $table (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $at) (table.size $table))))
    (local.set $found (i32.add (local.get $found) (i32.ne (global.get $a) (i32.const 0))))
    (local.set $found (i32.add (local.get $found) (i64.ne (global.get $b) (i64.const 0))))
    (local.set $found (i32.add (local.get $found) (f64.ne (global.get $c) (f64.const 0))))
    ;; One digit; 9 stands for more.
    (if (i32.gt_u (local.get $found) (i32.const 9)) (then (local.set $found (i32.const 9))))
    (i32.store8 (i32.const 4096) (i32.add (i32.const 0x30) (local.get $found)))
    (call $answer (i32.const 4096) (i32.const 1))";
