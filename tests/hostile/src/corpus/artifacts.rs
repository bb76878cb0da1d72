//! Guests that play tricks with the names, ids and numbers of artifacts. They may create artifacts of any
//! name, and read none but their own.

use super::{
    Expect::{self, Answers},
    GOOD, Guest, Hostile,
};

const CREATE: &str = r#"(import "sandglass:job/artifacts@0.1.0" "create"
    (func $create (param i32 i32 i32 i32 i32)))"#;
const READ: &str = r#"(import "sandglass:job/artifacts@0.1.0" "read"
    (func $read (param i32 i32 i64 i32 i32)))"#;
const WRITE: &str = r#"
    (import "sandglass:job/artifacts@0.1.0" "create" (func $create (param i32 i32 i32 i32 i32)))
    (import "sandglass:job/artifacts@0.1.0" "[method]writer.write"
        (func $write (param i32 i32 i32 i32)))
    (import "sandglass:job/artifacts@0.1.0" "[static]writer.finish"
        (func $finish (param i32 i32)))"#;

const fn using(imports: &'static str, execute: &'static str) -> Guest {
    Guest {
        imports,
        requests: &[("artifacts", "*", &["create"])],
        execute,
        ..GOOD
    }
}

/// A guest that creates an artifact of a name and a content type.
macro_rules! creating {
    ($name:literal, $content_type:literal) => {
        using(
            CREATE,
            concat!(
                "(call $create «",
                $name,
                "» «",
                $content_type,
                "» (i32.const 4096)) (call $case (i32.const 4096) (i32.const 4100))"
            ),
        )
    };
    ($name:literal) => {
        creating!($name, "text/plain")
    };
}

/// A guest that reads an artifact.
macro_rules! reading {
    ($id:literal, $offset:literal, $length:literal) => {
        using(
            READ,
            concat!(
                "(call $read «",
                $id,
                "» (i64.const ",
                $offset,
                ") (i32.const ",
                $length,
                ") (i32.const 4096)) (call $case (i32.const 4096) (i32.const 4100))"
            ),
        )
    };
}

const DENIED: Expect = Answers("\"access-denied\"");
const INVALID: Expect = Answers("\"invalid-argument\"");
const LIMIT: Expect = Answers("\"limit-exceeded\"");

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "a_path_upwards_is_no_name",
        INVALID,
        creating!("../../../etc/cron.d/evil"),
    ),
    Hostile::new(
        "a_path_from_the_root_is_no_name",
        INVALID,
        creating!("/etc/passwd"),
    ),
    Hostile::new("a_folder_is_no_name", INVALID, creating!("folder/a.txt")),
    Hostile::new(
        "a_folder_of_another_system_is_no_name",
        INVALID,
        creating!("..\\5c..\\5ca.txt"),
    ),
    Hostile::new("a_drive_is_no_name", INVALID, creating!("C:a.txt")),
    Hostile::new(
        "a_stream_beside_a_file_is_no_name",
        INVALID,
        creating!("a.txt:hidden"),
    ),
    Hostile::new("a_hidden_file_is_no_name", INVALID, creating!(".ssh")),
    Hostile::new("two_dots_are_no_name", INVALID, creating!("..")),
    Hostile::new("nothing_is_no_name", INVALID, creating!("")),
    Hostile::new(
        "a_nul_in_a_name_is_invalid",
        INVALID,
        creating!("a.txt\\00.exe"),
    ),
    Hostile::new(
        "a_line_break_in_a_name_is_invalid",
        INVALID,
        creating!("a\\0d\\0aX-Evil: 1"),
    ),
    Hostile::new(
        "a_name_that_turns_around_what_follows_is_invalid",
        INVALID,
        creating!("report\u{202e}fdp.exe"),
    ),
    Hostile::new(
        "a_name_of_a_hundred_and_twenty_nine_bytes_is_invalid",
        INVALID,
        creating!(
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
             aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ),
    ),
    Hostile::new(
        "a_header_in_a_content_type_is_invalid",
        INVALID,
        creating!("a.txt", "text/plain\\0d\\0aX-Evil: 1"),
    ),
    Hostile::new(
        "an_escaped_path_is_a_name_like_others",
        Answers("\"done\""),
        // It is kept whole, and under it nothing else is found.
        using(
            WRITE,
            "(call $create «%2e%2e%2fa.txt» «text/plain» (i32.const 4096))
            (call $write (i32.load (i32.const 4100)) «hello» (i32.const 4200))
            (call $finish (i32.load (i32.const 4100)) (i32.const 4304))
            (call $case (i32.const 4304) (i32.const 4312))",
        ),
    ),
    Hostile::new(
        "the_same_name_twice_is_invalid",
        INVALID,
        using(
            CREATE,
            "(call $create «a.txt» «text/plain» (i32.const 4096))
            (call $create «a.txt» «text/plain» (i32.const 4200))
            (call $case (i32.const 4200) (i32.const 4204))",
        ),
    ),
    Hostile::new(
        "reading_what_another_run_wrote_is_denied",
        DENIED,
        reading!("exec_01:1:a.txt", "0", "10"),
    ),
    Hostile::new(
        "reading_a_path_is_invalid",
        INVALID,
        reading!("exec_01:1:../../a.txt", "0", "10"),
    ),
    Hostile::new(
        "reading_what_has_no_id_is_invalid",
        INVALID,
        reading!("/etc/passwd", "0", "10"),
    ),
    Hostile::new(
        "reading_more_than_a_call_gives_is_invalid",
        INVALID,
        reading!("exec_01:1:a.txt", "-1", "-1"),
    ),
    Hostile::new(
        "more_artifacts_than_a_run_may_have_are_refused",
        LIMIT,
        // Each under another name: the first letter changes.
        using(
            WRITE,
            "(local $count i32)
            (loop $again
                (i32.store8 (i32.const 128) (i32.add (i32.const 0x41) (local.get $count)))
                (call $create (i32.const 128) (i32.const 5) «text/plain» (i32.const 4096))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (if (i32.eqz (i32.load8_u (i32.const 4096)))
                    (then
                        (call $finish (i32.load (i32.const 4100)) (i32.const 4200))
                        (br $again))))
            (call $case (i32.const 4096) (i32.const 4100))",
        ),
    ),
    Hostile::new(
        "more_bytes_than_artifacts_may_have_are_refused",
        LIMIT,
        using(
            WRITE,
            "(drop (memory.grow (i32.const 16)))
            (call $create «a.txt» «text/plain» (i32.const 4096))
            (loop $again
                (call $write (i32.load (i32.const 4100)) (i32.const 0) (i32.const 1048576)
                    (i32.const 4200))
                (br_if $again (i32.eqz (i32.load8_u (i32.const 4200)))))
            (call $case (i32.const 4200) (i32.const 4204))",
        ),
    )
    .limits(&[("artifact_bytes", 20 << 20)]),
];
