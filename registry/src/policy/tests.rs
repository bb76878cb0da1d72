//! What policies allow, and what they refuse to be.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use serde_json::{Value, json};

use super::*;

fn policy(draft: Value) -> Policy {
    let draft: PolicyDraft = serde_json::from_value(draft).unwrap();
    draft.read().unwrap()
}

fn grant(entries: Value) -> Grant {
    serde_json::from_value(entries).unwrap()
}

fn check(draft: Value, entries: Value, expect: &str) {
    let beyond = policy(draft.clone()).beyond(Role::SuperAdmin, &grant(entries));
    assert_eq!(told(&beyond), expect, "{draft}");
}

fn cleanup_of(collection: &str) -> Value {
    json!([{"interface": "database", "target": collection, "operations": ["count", "delete"]}])
}

#[test]
fn a_grant_within_the_rules_is_allowed_and_of_any_other_the_exact_rest_is_told() {
    let reading = json!({"interface": "database", "target": "*", "operations": ["count", "find"]});
    let deleting = json!({"interface": "database", "target": "log_*", "operations": ["delete"]});
    check(json!({}), cleanup_of("users"), "");
    check(
        json!({"everybody": {"allow": []}}),
        cleanup_of("users"),
        "May count and delete documents in users",
    );
    let both = json!({"everybody": {"allow": [reading, deleting]}});
    check(both.clone(), cleanup_of("log_2026"), "");
    check(
        both.clone(),
        cleanup_of("users"),
        "May delete documents in users",
    );
    check(
        both.clone(),
        cleanup_of("*"),
        "May delete documents in any collection other than log_*",
    );
    let mail = json!([{"interface": "email", "target": "a@acme.example", "operations": ["send"]}]);
    check(both, mail.clone(), "May send mail to a@acme.example");
    let to_acme = json!({"interface": "email", "target": "*@ACME.example", "operations": ["send"]});
    check(json!({"everybody": {"allow": [to_acme]}}), mail, "");
}

#[test]
fn the_rules_of_a_role_narrow_those_of_everybody() {
    let rule = |target| json!({"interface": "database", "target": target, "operations": ["count", "delete"]});
    let draft = json!({
        "everybody": {"allow": [rule("users"), rule("logs")], "limits": {"artifact_bytes": 100, "fuel": 5}},
        "roles": {"super_admin": {"allow": [rule("logs"), rule("sessions")], "limits": {"artifact_bytes": 7}}}
    });
    check(draft.clone(), cleanup_of("logs"), "");
    let refused = "May count and delete documents in users";
    check(draft.clone(), cleanup_of("users"), refused);
    let refused = "May count and delete documents in sessions";
    check(draft.clone(), cleanup_of("sessions"), refused);
    let refused = "May count and delete documents in other";
    check(draft.clone(), cleanup_of("other"), refused);

    let policy = policy(draft);
    let limits = policy.limits(Role::SuperAdmin).to_map();
    let limits: Vec<_> = limits
        .iter()
        .map(|(name, most)| (name.as_str(), *most))
        .collect();
    assert_eq!(limits, [("artifact_bytes", 7), ("fuel", 5)]);
    let names = ["users", "logs", "sessions", "other"];
    let names = names.map(|it| policy.allows_any(Role::SuperAdmin, Interface::Database, it));
    assert_eq!(names, [false, true, false, false]);
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let draft = json!({
        "everybody": {
            "allow": [
                {"interface": "sockets", "target": "x", "operations": ["open"]},
                {"interface": "database", "target": "", "operations": ["count", "send"]},
                {"interface": "email", "target": "nobody", "operations": []},
            ],
            "limits": {"cpu/time": 1, "fuel": 0}
        },
        "roles": {"king": {}}
    });
    let draft: PolicyDraft = serde_json::from_value(draft).unwrap();
    let faults: Vec<_> = draft.read().unwrap_err();
    let faults: Vec<_> = faults.iter().map(|it| it.pointer.as_str()).collect();
    let expect = [
        "/everybody/limits/cpu~1time",
        "/everybody/limits/fuel",
        "/everybody/allow/0/interface",
        "/everybody/allow/1/operations/1",
        "/everybody/allow/1/target",
        "/everybody/allow/2/operations",
        "/everybody/allow/2/target",
        "/roles/king",
    ];
    assert_eq!(faults, expect);
}

#[test]
fn a_policy_is_read_as_it_was_written() {
    let rule = json!({"interface": "database", "target": "log_*", "operations": ["count"]});
    let draft = json!({
        "everybody": {"allow": [rule], "limits": {"fuel": 5}},
        "roles": {"super_admin": {"allow": null, "limits": {}}}
    });
    let written = policy(draft.clone());
    assert_eq!(serde_json::to_value(&written).unwrap(), draft);
    let read: Policy = serde_json::from_value(draft).unwrap();
    assert_eq!(read, written);
}
