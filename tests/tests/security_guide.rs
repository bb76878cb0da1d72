//! The guide to security names what the code has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_contract::limits::Limit;
use sandglass_registry::Role;
use sandglass_tests::workspace;

fn guide() -> String {
    std::fs::read_to_string(workspace().join("docs/SECURITY.md")).unwrap()
}

/// A number as the guide writes it: thousands are set apart by commas.
fn written(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .collect();
    groups.join(",")
}

#[test]
fn every_limit_of_a_run_is_in_the_guide_with_its_default_and_maximum() {
    let guide = guide();
    for limit in Limit::ALL {
        let row = format!(
            "| `{limit}` | {} | {} |",
            written(limit.default_value()),
            written(limit.maximum())
        );
        assert!(guide.contains(&row), "docs/SECURITY.md has no row {row}");
    }
    let rows = guide.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, Limit::ALL.len(), "a row is of no limit");
}

#[test]
fn every_role_is_in_the_guide() {
    let guide = guide();
    for role in Role::ALL {
        let words = role.as_str().replace('_', " ");
        assert!(guide.contains(&format!("\n| {words} | ")), "{words}");
    }
}
