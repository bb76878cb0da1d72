//! The same sources give the same components.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use sandglass_contract::Digest;
use sandglass_tests::workspace;

/// The digest of every component in a folder, by file name.
fn digests(folder: &Path) -> BTreeMap<String, Digest> {
    let components = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    components
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "wasm"))
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, Digest::of(&fs::read(entry.path()).unwrap()))
        })
        .collect()
}

#[test]
fn two_builds_in_two_places_give_the_same_digests() {
    let elsewhere = tempfile::tempdir().unwrap();
    let source = elsewhere.path().join("copy");
    fs::create_dir(&source).unwrap();
    for part in ["wit", "guest-sdk", "templates-wasm", "query"] {
        let copied = Command::new("cp")
            .args(["-r", "--"])
            .arg(workspace().join(part))
            .arg(&source)
            .status()
            .unwrap();
        assert!(copied.success());
        fs::remove_dir_all(source.join(part).join("target")).ok();
    }
    let out = elsewhere.path().join("out");
    fs::copy(workspace().join("Cargo.toml"), source.join("Cargo.toml")).unwrap();
    let built = Command::new(workspace().join("scripts/build-templates.sh"))
        .arg(&out)
        .arg(&source)
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let here = digests(&workspace().join("target/templates"));
    assert!(here.len() >= 4);
    assert_eq!(digests(&out), here);
}
