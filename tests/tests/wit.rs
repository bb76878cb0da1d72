//! The contract in `wit/` is valid and every item of it is documented.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sandglass_tests::workspace;
use wit_parser::{Docs, Resolve};

fn package() -> (Resolve, wit_parser::PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(workspace().join("wit")).unwrap();
    (resolve, package)
}

fn check(docs: &Docs, what: &str) {
    let text = docs.contents.as_deref().unwrap_or_default().trim();
    assert!(!text.is_empty(), "{what} is not documented");
}

#[test]
fn the_package_has_the_interfaces_that_the_design_names() {
    let (resolve, package) = package();
    let package = resolve.packages.get(package).unwrap();
    assert_eq!(package.name.to_string(), "sandglass:job@0.1.0");
    let interfaces: Vec<&String> = package.interfaces.keys().collect();
    insta::assert_json_snapshot!(interfaces);
    let world = resolve
        .worlds
        .get(*package.worlds.get("template").unwrap())
        .unwrap();
    let exports: Vec<String> = world
        .exports
        .keys()
        .map(|it| resolve.name_world_key(it))
        .collect();
    assert_eq!(
        exports,
        ["metadata", "schema", "validate", "capabilities", "execute"]
    );
}

#[test]
fn every_item_is_documented() {
    let (resolve, package) = package();
    let package = resolve.packages.get(package).unwrap();
    for (name, world) in &package.worlds {
        let world = resolve.worlds.get(*world).unwrap();
        check(&world.docs, name);
        for (key, item) in &world.exports {
            if let wit_parser::WorldItem::Function(function) = item {
                check(&function.docs, &resolve.name_world_key(key));
            }
        }
    }
    for (name, interface) in &package.interfaces {
        let interface = resolve.interfaces.get(*interface).unwrap();
        check(&interface.docs, name);
        for (function_name, function) in &interface.functions {
            check(&function.docs, &format!("{name}.{function_name}"));
        }
        for (type_name, type_id) in &interface.types {
            let definition = resolve.types.get(*type_id).unwrap();
            check_type(&definition.kind, &format!("{name}.{type_name}"));
            let is_use = matches!(
                definition.kind,
                wit_parser::TypeDefKind::Type(wit_parser::Type::Id(_))
            );
            if !is_use {
                check(&definition.docs, &format!("{name}.{type_name}"));
            }
        }
    }
}

fn check_type(kind: &wit_parser::TypeDefKind, what: &str) {
    use wit_parser::TypeDefKind::{Enum, Record, Variant};
    match kind {
        Record(record) => {
            for field in &record.fields {
                check(&field.docs, &format!("{what}.{}", field.name));
            }
        }
        Variant(variant) => {
            for case in &variant.cases {
                check(&case.docs, &format!("{what}.{}", case.name));
            }
        }
        Enum(cases) => {
            for case in &cases.cases {
                check(&case.docs, &format!("{what}.{}", case.name));
            }
        }
        _ => {}
    }
}
