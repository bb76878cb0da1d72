//! Core modules as components of the world `template`, and components with more in them than tools make.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Sections of a component (Component Model, Binary.md).
const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
/// The bytes before the first section.
const PREAMBLE_BYTES: usize = 8;

/// A core module in text as a component of the world `template`.
#[must_use]
pub fn component_of(text: &str) -> Vec<u8> {
    component_with(text, &[], "template")
}

/// As [`component_of`], for `world`, with more WIT packages, each `(file name, text)`.
#[must_use]
pub fn component_with(text: &str, packages: &[(&str, &str)], world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).expect("the guest's text is valid");
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (mut package, _) = resolve.push_dir(wit).unwrap();
    for (name, text) in packages {
        package = resolve.push_str(*name, text).unwrap();
    }
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&module).unwrap().validate(true);
    encoder.encode().unwrap()
}

/// The component with more core modules in it, each made an instance `instances` times.
#[must_use]
pub fn with_core_modules(mut component: Vec<u8>, modules: &[&str], instances: u32) -> Vec<u8> {
    let present = core_modules_in(&component);
    for (number, text) in (present..).zip(modules) {
        let module = wat::parse_str(text).expect("the module's text is valid");
        section(&mut component, CORE_MODULE, &module);
        let mut made = Vec::new();
        leb128(&mut made, instances);
        for _ in 0..instances {
            made.push(0);
            leb128(&mut made, number);
            made.push(0);
        }
        section(&mut component, CORE_INSTANCE, &made);
    }
    component
}

fn core_modules_in(component: &[u8]) -> u32 {
    let mut rest = component.get(PREAMBLE_BYTES..).unwrap();
    let mut count = 0;
    while let Some((kind, after)) = rest.split_first() {
        let (length, after) = read_leb128(after);
        count += u32::from(*kind == CORE_MODULE);
        rest = after.get(length..).unwrap();
    }
    count
}

/// Appends a section.
pub(crate) fn section(component: &mut Vec<u8>, kind: u8, content: &[u8]) {
    component.push(kind);
    leb128(component, u32::try_from(content.len()).unwrap());
    component.extend_from_slice(content);
}

fn leb128(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
}

fn read_leb128(bytes: &[u8]) -> (usize, &[u8]) {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let (number, rest) = bytes.split_at(last + 1);
    let groups = number.iter().rev().map(|byte| usize::from(byte & 0x7f));
    (groups.fold(0, |sum, group| sum << 7 | group), rest)
}
