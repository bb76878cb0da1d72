//! The rows and the OpenAPI document are about the same operations.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::openapi::document_text;

#[test]
fn every_operation_that_needs_a_caller_has_one_row() {
    let document: Value = serde_json::from_str(document_text()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("security").is_some() {
                documented.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let name = |row: &Row| format!("{} {}", row.method, row.path);
    let rows: BTreeSet<String> = TABLE.iter().map(name).collect();
    assert_eq!(rows, documented);
    assert_eq!(rows.len(), TABLE.len(), "an operation has two rows");
}

#[test]
fn a_super_admin_may_call_everything_and_a_user_only_the_own_account() {
    for row in TABLE {
        assert!(row.roles.contain(Role::SuperAdmin), "{row:?}");
        let own = row.path.starts_with("/api/auth/");
        assert_eq!(row.roles.contain(Role::User), own, "{row:?}");
    }
}

#[test]
fn what_changes_something_is_no_reading() {
    let asks = [
        "/api/admin/scheduler-jobs/preview",
        "/api/admin/schedules/preview",
        "/api/auth/logout",
        "/api/auth/password",
    ];
    for row in TABLE {
        let reads = row.method == Method::GET || asks.contains(&row.path);
        assert_eq!(row.scope == TokenScope::Read, reads, "{row:?}");
    }
}

#[test]
fn a_reviewer_runs_nothing_and_an_author_approves_nothing() {
    for row in TABLE.iter().filter(|row| row.method != Method::GET) {
        if row.roles.contain(Role::SecurityReviewer) {
            let reviews = matches!(row.scope, TokenScope::Templates | TokenScope::Read);
            assert!(reviews || row.path.starts_with("/api/auth/"), "{row:?}");
        }
        if row.roles.contain(Role::TemplateAuthor) {
            assert!(!row.path.contains("/versions/"), "{row:?}");
        }
    }
}
