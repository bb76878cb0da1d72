//! Components that want what no template may have, or are something else than they say.

use super::{Expect::Refused, GOOD, Guest, Hostile, Source, named};
use crate::component::section;

/// A world that has the template's and one more interface, which the guest imports.
macro_rules! importing {
    ($name:literal, $refusal:literal, $package:literal, $interface:literal) => {
        Hostile::in_world(
            $name,
            Refused($refusal),
            Guest {
                imports: concat!(
                    "(import \"",
                    $interface,
                    "\" \"call\" (func $call (result i32)))"
                ),
                execute: "(drop (call $call)) (call $ok)",
                ..GOOD
            },
            &[
                ("other.wit", concat!($package, " { call: func() -> u32; }")),
                (
                    "guest.wit",
                    concat!(
                        "package test:guest; world guest {
                            include sandglass:job/template@0.1.0;
                            import ",
                        $interface,
                        "; }"
                    ),
                ),
            ],
        )
    };
    ($name:literal, $package:literal, $interface:literal) => {
        importing!($name, $interface, $package, $interface)
    };
}

/// The bytes of a component nested in components, `depth` of them.
fn nested(depth: usize) -> Vec<u8> {
    const PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";
    const COMPONENT: u8 = 4;
    // From the inside out, reversed, so that every byte is written once.
    let mut reversed: Vec<u8> = PREAMBLE.iter().rev().copied().collect();
    for _ in 0..depth {
        let mut head = PREAMBLE.to_vec();
        section(&mut head, COMPONENT, &vec![0; reversed.len()]);
        head.truncate(head.len() - reversed.len());
        reversed.extend(head.iter().rev());
    }
    reversed.reverse();
    reversed
}

const TRAILING: &str = "bytes_behind_a_component_are_refused";
const CUT: &str = "a_component_that_was_cut_is_refused";
const LYING_LENGTH: &str = "a_section_longer_than_the_component_is_refused";

pub(super) const GUESTS: &[Hostile] = &[
    importing!(
        "importing_sockets_is_refused",
        "package wasi:sockets@0.2.3; interface tcp-create-socket",
        "wasi:sockets/tcp-create-socket@0.2.3"
    ),
    importing!(
        "importing_a_name_service_is_refused",
        "package wasi:sockets@0.2.3; interface ip-name-lookup",
        "wasi:sockets/ip-name-lookup@0.2.3"
    ),
    importing!(
        "importing_http_of_wasi_is_refused",
        "package wasi:http@0.2.3; interface outgoing-handler",
        "wasi:http/outgoing-handler@0.2.3"
    ),
    importing!(
        "importing_a_key_value_store_is_refused",
        "package wasi:keyvalue@0.2.0; interface store",
        "wasi:keyvalue/store@0.2.0"
    ),
    importing!(
        "importing_threads_is_refused",
        "package wasi:threads@0.2.0; interface spawn",
        "wasi:threads/spawn@0.2.0"
    ),
    importing!(
        "importing_a_clock_of_another_wasi_is_refused",
        "package wasi:clocks@0.3.0; interface system-clock",
        "wasi:clocks/system-clock@0.3.0"
    ),
    importing!(
        "importing_what_is_named_like_the_contract_is_refused",
        "package sandglass:jobs@0.1.0; interface database",
        "sandglass:jobs/database@0.1.0"
    ),
    importing!(
        "importing_a_shell_is_refused",
        "package evil:host@1.0.0; interface shell",
        "evil:host/shell@1.0.0"
    ),
    importing!(
        "a_part_of_wasi_that_does_not_exist_is_refused",
        "its imports do not fit",
        "package wasi:filesystem@0.2.3; interface everything",
        "wasi:filesystem/everything@0.2.3"
    ),
    importing!(
        "a_function_that_wasi_does_not_have_is_refused",
        "its imports do not fit",
        "package wasi:filesystem@0.2.3; interface preopens",
        "wasi:filesystem/preopens@0.2.3"
    ),
    Hostile::in_world(
        "importing_a_function_of_no_interface_is_refused",
        Refused("does not offer: run-command"),
        Guest {
            imports: r#"(import "$root" "run-command" (func $call (result i32)))"#,
            execute: "(drop (call $call)) (call $ok)",
            ..GOOD
        },
        &[(
            "guest.wit",
            "package test:guest; world guest {
                include sandglass:job/template@0.1.0;
                import run-command: func() -> u32;
            }",
        )],
    ),
    Hostile::in_world(
        "exporting_more_than_the_world_is_refused",
        Refused("`backdoor` is not part of the world"),
        Guest {
            definitions: r#"(func (export "backdoor") (result i32) (i32.const 1))"#,
            ..GOOD
        },
        &[(
            "guest.wit",
            "package test:guest; world guest {
                include sandglass:job/template@0.1.0;
                export backdoor: func() -> u32;
            }",
        )],
    ),
    Hostile::from_source(
        "a_component_without_exports_is_refused",
        Refused("`execute` is missing"),
        Source::Bytes(|| wat::parse_str("(component)").unwrap()),
    ),
    Hostile::from_source(
        "exports_of_another_type_are_refused",
        Refused("world sandglass:job/template"),
        Source::Bytes(|| {
            let export = |name: &str| format!(r#"(export "{name}" (func $f))"#);
            let exports: String = ["metadata", "schema", "validate", "capabilities", "execute"]
                .map(export)
                .concat();
            let text = format!(
                "(component
                    (core module $m (func (export \"f\") (result i32) (i32.const 0)))
                    (core instance $i (instantiate $m))
                    (func $f (result u32) (canon lift (core func $i \"f\")))
                    {exports})"
            );
            wat::parse_str(text).unwrap()
        }),
    ),
    Hostile::from_source(
        "a_core_module_is_refused",
        Refused("wasm-tools component new"),
        Source::Bytes(|| wat::parse_str("(module)").unwrap()),
    ),
    Hostile::from_source(
        "webassembly_text_is_refused",
        Refused("WebAssembly text"),
        Source::Bytes(|| b"(component)".to_vec()),
    ),
    Hostile::from_source(
        "a_program_of_another_kind_is_refused",
        Refused("something unknown"),
        Source::Bytes(|| b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec()),
    ),
    Hostile::from_source(
        "webassembly_of_the_future_is_refused",
        Refused("unknown version"),
        Source::Bytes(|| b"\0asm\x0e\0\x01\0".to_vec()),
    ),
    Hostile::from_source(
        CUT,
        Refused("not valid"),
        Source::Bytes(|| {
            let mut component = named(CUT).component();
            component.truncate(component.len() / 2);
            component
        }),
    ),
    Hostile::from_source(
        TRAILING,
        Refused("not valid"),
        Source::Bytes(|| [named(TRAILING).component(), b"\xff\xff evil".to_vec()].concat()),
    ),
    Hostile::from_source(
        LYING_LENGTH,
        Refused("not valid"),
        Source::Bytes(|| {
            let mut component = named(LYING_LENGTH).component();
            // A custom section of four gigabytes.
            component.extend_from_slice(b"\0\xff\xff\xff\xff\x0f");
            component
        }),
    ),
    Hostile::from_source(
        "components_nested_fifty_thousand_deep_are_refused",
        Refused("levels of nested components"),
        Source::Bytes(|| nested(50_000)),
    ),
];
