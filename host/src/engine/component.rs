//! What a component must be to be a template: its form, its imports, its exports and its size.

use wasmtime::{
    Engine,
    component::{Component, types::ComponentItem},
};

use super::{MAX_MEMORIES, MAX_TABLES, nesting};
use crate::error::TemplateError;
use sandglass_contract::Limit;

const PAGE_BYTES: u64 = 64 << 10;
const JOB_INTERFACES: [&str; 11] = [
    "types",
    "database",
    "email",
    "artifacts",
    "log",
    "progress",
    "control",
    "clock",
    "random",
    "http",
    "secrets",
];
const WASI_PACKAGES: [&str; 5] = [
    "wasi:cli/",
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:filesystem/",
];
const EXPORTS: [&str; 5] = ["metadata", "schema", "validate", "capabilities", "execute"];

/// The form of uploaded bytes, judged by their first bytes (Component Model, Binary.md, preamble).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape;

impl Shape {
    /// Refuses whatever is too large or is no component.
    pub(crate) fn check(bytes: &[u8], maximum: u64) -> Result<(), TemplateError> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > maximum {
            return Err(TemplateError::TooLarge { size, maximum });
        }
        let (found, advice) = match bytes {
            _ if Engine::detect_precompiled(bytes).is_some() => (
                "compiled machine code",
                "upload the component it was compiled from",
            ),
            [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => return check_nesting(bytes),
            [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => (
                "a core WebAssembly module",
                "make a component of it with `wasm-tools component new`",
            ),
            [b'\0', b'a', b's', b'm', ..] => (
                "WebAssembly of an unknown version",
                "build it with tools for the component model, version 0x0d",
            ),
            _ if bytes.trim_ascii_start().starts_with(b"(") => {
                ("WebAssembly text", "encode it with `wasm-tools parse`")
            }
            _ => (
                "something unknown",
                "upload a .wasm file that is a component",
            ),
        };
        Err(TemplateError::NotAComponent { found, advice })
    }
}

fn check_nesting(bytes: &[u8]) -> Result<(), TemplateError> {
    nesting::check(bytes).map_err(
        |nesting::TooMany { what, maximum }| TemplateError::Invalid {
            reason: format!("it has more than {maximum} {what}"),
        },
    )
}

/// Judges a compiled component; returns the names of what it imports, sorted.
pub(crate) fn inspect(
    engine: &Engine,
    component: &Component,
) -> Result<Vec<String>, TemplateError> {
    let kind = component.component_type();
    let mut imports = Vec::new();
    let mut forbidden = Vec::new();
    for (name, item) in kind.imports(engine) {
        let is_instance = matches!(item.ty, ComponentItem::ComponentInstance(_));
        let place = if is_instance && is_allowed(name) {
            &mut imports
        } else {
            &mut forbidden
        };
        place.push(name.to_owned());
    }
    if !forbidden.is_empty() {
        forbidden.sort();
        return Err(TemplateError::ForbiddenImports { names: forbidden });
    }
    check_exports(kind.exports(engine).map(|(name, item)| {
        let is_function = matches!(item.ty, ComponentItem::ComponentFunc(_));
        (name, is_function)
    }))?;
    check_needs(component)?;
    imports.sort();
    Ok(imports)
}

fn is_allowed(name: &str) -> bool {
    let Some((path, version)) = name.split_once('@') else {
        return false;
    };
    let job = path
        .strip_prefix("sandglass:job/")
        .is_some_and(|interface| JOB_INTERFACES.contains(&interface));
    let wasi = WASI_PACKAGES
        .iter()
        .any(|package| path.starts_with(package));
    job && version.starts_with("0.1.") || wasi && version.starts_with("0.2.")
}

fn check_exports<'a>(exports: impl Iterator<Item = (&'a str, bool)>) -> Result<(), TemplateError> {
    let mut missing = EXPORTS.to_vec();
    let mut problems = Vec::new();
    for (name, is_function) in exports {
        match (EXPORTS.contains(&name), is_function) {
            (true, true) => missing.retain(|wanted| *wanted != name),
            (true, false) => problems.push(format!("`{name}` is not a function")),
            (false, _) => problems.push(format!("`{name}` is not part of the world")),
        }
    }
    problems.extend(missing.iter().map(|name| format!("`{name}` is missing")));
    if problems.is_empty() {
        return Ok(());
    }
    Err(TemplateError::WrongExports { problems })
}

fn check_needs(component: &Component) -> Result<(), TemplateError> {
    let Some(needs) = component.resources_required() else {
        return Err(TemplateError::Invalid {
            reason: "it takes core modules from outside, which cannot be judged".to_owned(),
        });
    };
    let check = |what, needed: u64, maximum: u64| {
        if needed <= maximum {
            return Ok(());
        }
        Err(TemplateError::TooDemanding {
            what,
            needed,
            maximum,
        })
    };
    let memory = needs
        .max_initial_memory_size
        .unwrap_or(0)
        .saturating_mul(PAGE_BYTES);
    check("memories", needs.num_memories.into(), MAX_MEMORIES.into())?;
    check(
        "bytes of memory at the start",
        memory,
        Limit::MemoryBytes.maximum(),
    )?;
    check("tables", needs.num_tables.into(), MAX_TABLES.into())?;
    check(
        "table elements at the start",
        needs.max_initial_table_size.unwrap_or(0),
        Limit::TableElements.maximum(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn only_a_component_has_the_right_shape() {
        let check = |bytes: &[u8], expect: &str| {
            let error = Shape::check(bytes, 100).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        assert!(Shape::check(&wat::parse_str("(component)").unwrap(), 100).is_ok());
        check(
            &wat::parse_str("(module)").unwrap(),
            "wasm-tools component new",
        );
        check(b"  (component)", "WebAssembly text");
        check(b"\0asm\x0e\0\x01\0", "unknown version");
        check(b"hello", "something unknown");
        check(b"", "something unknown");
        check(&[0; 101], "at most 100");
    }

    #[test]
    fn compiled_code_is_refused() {
        let engine = crate::engine::start(NonZeroUsize::MIN).unwrap();
        let component = wat::parse_str("(component)").unwrap();
        let compiled = engine.precompile_component(&component).unwrap();
        let error = Shape::check(&compiled, u64::MAX).unwrap_err().to_string();
        assert!(error.contains("compiled machine code"), "{error}");
    }

    #[test]
    fn the_list_of_imports_is_closed() {
        let check = |name: &str, expect: bool| assert_eq!(is_allowed(name), expect, "{name}");
        check("sandglass:job/database@0.1.0", true);
        check("sandglass:job/types@0.1.7", true);
        check("sandglass:job/database@0.2.0", false);
        check("sandglass:job/database", false);
        check("sandglass:job/http@0.1.0", true);
        check("sandglass:job/secrets@0.1.0", true);
        check("sandglass:job/shell@0.1.0", false);
        check("sandglass:jobs/database@0.1.0", false);
        check("wasi:cli/environment@0.2.3", true);
        check("wasi:filesystem/preopens@0.2.0", true);
        check("wasi:sockets/tcp@0.2.0", false);
        check("wasi:http/outgoing-handler@0.2.0", false);
        check("wasi:clocks/wall-clock@0.3.0", false);
        check("env", false);
    }

    #[test]
    fn every_wrong_export_is_named() {
        let check = |exports: &[(&str, bool)], expect: &str| {
            let error = check_exports(exports.iter().copied()).unwrap_err();
            assert!(error.to_string().ends_with(expect), "{error}");
        };
        assert!(check_exports(EXPORTS.map(|name| (name, true)).into_iter()).is_ok());
        check(
            &[("metadata", true), ("schema", true), ("validate", true)],
            "`capabilities` is missing; `execute` is missing",
        );
        let mut exports = EXPORTS.map(|name| (name, name != "schema")).to_vec();
        exports.push(("run", true));
        check(
            &exports,
            "`schema` is not a function; `run` is not part of the world; `schema` is missing",
        );
    }

    #[test]
    fn a_component_that_no_run_could_hold_is_refused() {
        let engine = crate::engine::start(NonZeroUsize::MIN).unwrap();
        let check = |module: &str, instances: usize, expect: bool| {
            let instantiate = "(core instance (instantiate $m))".repeat(instances);
            let text = format!("(component (core module $m {module}) {instantiate})");
            // The pool of the engine refuses some of them by itself.
            let accepted = Component::from_binary(&engine, &wat::parse_str(text).unwrap())
                .is_ok_and(|component| check_needs(&component).is_ok());
            assert_eq!(accepted, expect, "{module} {instances}");
        };
        check("(memory 1)", 4, true);
        check("(memory 1)", 5, false);
        check("(memory 8192)", 1, true);
        check("(memory 8193)", 1, false);
        check("(table 1 funcref)", 20, true);
        check("(table 1 funcref)", 21, false);
        check("(table 100000 funcref)", 1, true);
        check("(table 100001 funcref)", 1, false);
    }
}
