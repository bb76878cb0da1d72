//! The invariants of the architecture, read from the manifests and the sources.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{collections::BTreeMap, fs, path::Path};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use sandglass_tests::workspace;

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap()
}

/// Every Rust source below a folder of the workspace, as its path from there and its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_built_or_linked = path.ends_with("target") || path.is_symlink();
            if path.is_dir() && !is_built_or_linked {
                walk(&path, found);
            } else if !path.is_dir() && path.extension().is_some_and(|it| it == "rs") {
                let relative = path.strip_prefix(workspace()).unwrap();
                let relative = relative.to_string_lossy().into_owned();
                found.push((relative, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&workspace().join(folder), &mut found);
    found
}

const CRATES: [&str; 9] = [
    "contract",
    "query",
    "host",
    "registry",
    "scheduler",
    "api",
    "cli",
    "guest-sdk",
    "templates-wasm",
];

fn all_sources() -> Vec<(String, String)> {
    CRATES.iter().flat_map(|folder| sources(folder)).collect()
}

/// The lines of a source that are neither comments nor in its test module.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// Which sources name one of `words` in their code.
fn who_names(words: &[&str]) -> Vec<String> {
    let names = |text: &str| code_lines(text).any(|line| words.iter().any(|it| line.contains(it)));
    let mut found: Vec<String> = all_sources()
        .into_iter()
        .filter(|(path, text)| !path.contains("/tests") && names(text))
        .map(|(path, _)| path)
        .collect();
    found.sort();
    found
}

fn all_within(found: &[String], folders: &[&str]) {
    for path in found {
        let within = folders.iter().any(|folder| path.starts_with(folder));
        assert!(within, "{path} is not below {folders:?}");
    }
}

#[test]
fn crates_depend_on_each_other_in_one_direction_only() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("sandglass-contract", &[] as &[&str]),
        ("sandglass-query", &[]),
        ("sandglass-sdk", &["sandglass-query"]),
        ("sandglass-host", &["sandglass-contract", "sandglass-query"]),
        (
            "sandglass-registry",
            &["sandglass-contract", "sandglass-query"],
        ),
        (
            "sandglass-scheduler",
            &["sandglass-contract", "sandglass-host", "sandglass-registry"],
        ),
    ]);
    for package in metadata().workspace_packages() {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            continue;
        };
        for dependency in &package.dependencies {
            let ours = dependency.name.starts_with("sandglass-");
            if ours && dependency.kind == DependencyKind::Normal {
                assert!(
                    allowed.contains(&dependency.name.as_str()),
                    "{} depends on {}",
                    package.name,
                    dependency.name
                );
            }
        }
    }
}

#[test]
fn a_crate_of_a_chosen_part_is_named_in_one_place() {
    let check = |words: &[&str], folders: &[&str]| {
        let found = who_names(words);
        assert!(!found.is_empty(), "nobody names {words:?}");
        all_within(&found, folders);
    };
    check(
        &["wasmtime::", "wasmtime_wasi::"],
        &["host/src", "host/examples"],
    );
    check(&["rusqlite::"], &["registry/src/embedded"]);
    check(&["mongodb::"], &["registry/src/mongo"]);
    check(&["lettre::"], &["host/src"]);
    check(&["axum::", "use axum"], &["api/src"]);
}

#[test]
fn the_api_depends_on_no_sandbox_and_no_database_driver() {
    for package in metadata().workspace_packages() {
        for dependency in &package.dependencies {
            let holder = match dependency.name.as_str() {
                "wasmtime" | "wasmtime-wasi" => "sandglass-host",
                // The black-box suites write to the audit log behind the service's back.
                "rusqlite" if package.name.as_str() == "sandglass-tests" => continue,
                // They speak to their server in its wire protocol and without the driver.
                "rusqlite" | "mongodb" => "sandglass-registry",
                _ => continue,
            };
            assert_eq!(
                package.name.as_str(),
                holder,
                "depends on {}",
                dependency.name
            );
        }
    }
}

#[test]
fn only_the_command_line_reads_the_environment() {
    let words = ["std::env", "env::var", "env::args", "use std::env"];
    let found = who_names(&words);
    all_within(
        &found,
        &["cli/", "guest-sdk/componentize/", "host/examples/"],
    );
}

#[test]
fn only_the_clock_reads_time() {
    let words = [
        "Instant::now",
        "SystemTime::now",
        "Timestamp::now",
        "Zoned::now",
    ];
    let found = who_names(&words);
    assert_eq!(found, ["contract/src/clock.rs"]);
}

#[test]
fn unsafe_code_stands_in_the_artefact_cache_alone() {
    let found = who_names(&["unsafe {", "unsafe fn", "unsafe impl"]);
    assert_eq!(found.len(), 1, "{found:?}");
    all_within(&found, &["host/src"]);
    let (_, text) = all_sources()
        .into_iter()
        .find(|(path, _)| *path == found[0])
        .unwrap();
    let sites = text.matches("unsafe {").count();
    assert_eq!(text.matches("SAFETY:").count(), sites, "{}", found[0]);
}

#[test]
fn the_deciding_half_of_the_scheduler_does_no_input_or_output() {
    let forbidden = [
        "async ", ".await", "Store", "Clock", "tokio", "std::fs", "std::net", "rand", "tracing",
    ];
    for (path, text) in sources("scheduler/src/core") {
        for line in code_lines(&text) {
            for word in forbidden {
                assert!(!line.contains(word), "{path} says {word:?}: {line}");
            }
        }
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let mut files = all_sources();
    files.extend(sources("tests"));
    for (path, text) in files {
        let lines = text.lines().count();
        assert!(lines <= 400, "{path} has {lines} lines");
    }
}

#[test]
fn every_module_says_what_it_is() {
    for (path, text) in all_sources() {
        let start = text.trim_start();
        assert!(start.starts_with("//!"), "{path} has no header");
    }
}

#[test]
fn every_dependency_is_licensed_permissively() {
    const PERMISSIVE: [&str; 14] = [
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CDLA-Permissive-2.0",
        "ISC",
        "MIT",
        "MIT-0",
        "Unicode-3.0",
        "Unlicense",
        "Zlib",
    ];
    let metadata = metadata();
    for package in &metadata.packages {
        let licence = package
            .license
            .clone()
            .unwrap_or_default()
            .replace('/', " OR ");
        let all_of = licence.split(" AND ").all(|part| {
            let part = part.trim_matches(['(', ')', ' ']);
            part.split(" OR ")
                .any(|it| PERMISSIVE.contains(&it.trim_matches(['(', ')', ' '])))
        });
        assert!(all_of, "{} is licensed {licence:?}", package.name);
    }
}
