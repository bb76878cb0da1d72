//! The template that does nothing: a component of the world `template` whose `execute` only answers.
//!
//! It goes the way of every other template: it is uploaded, compiled, approved, and each run has a
//! sandbox of its own.

use sandglass_tests::workspace;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Its id.
pub(crate) const NO_OP: &str = "bench_no_op";

/// The bytes of its component.
pub(crate) fn no_op() -> Vec<u8> {
    let mut module = wat::parse_str(include_str!("no_op.wat")).expect("the module is valid");
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(workspace().join("wit"))
        .expect("the contract is valid");
    let world = resolve
        .select_world(&[package], Some("template"))
        .expect("the contract has the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .expect("the module takes the world");
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.validate(true).module(&module);
    let encoder = encoder.expect("a module of the world");
    encoder.encode().expect("the module becomes a component")
}
