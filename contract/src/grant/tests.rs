//! What grants cover and what they refuse.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::*;

fn request(interface: &str, target: &str, operations: &[&str]) -> CapabilityRequest {
    CapabilityRequest {
        interface: interface.to_owned(),
        target: target.to_owned(),
        operations: operations.iter().map(|&word| word.to_owned()).collect(),
    }
}

fn grant(requests: &[CapabilityRequest]) -> Grant {
    Grant::from_requests(requests).unwrap()
}

#[test]
fn an_entry_reads_as_the_fixed_surface_says() {
    let cleanup = grant(&[request("database", "users", &["delete", "count"])]);
    insta::assert_json_snapshot!(cleanup, @r#"
    [
      {
        "interface": "database",
        "target": "users",
        "operations": [
          "count",
          "delete"
        ],
        "text": "May count and delete documents in users"
      }
    ]
    "#);
    let read: Grant = serde_json::from_str(&serde_json::to_string(&cleanup).unwrap()).unwrap();
    assert_eq!(read, cleanup);
}

#[test]
fn equal_needs_give_equal_grants() {
    let first = grant(&[
        request("email", "a@B.example", &["send"]),
        request("database", "users", &["count"]),
        request("database", "users", &["delete"]),
    ]);
    let second = grant(&[
        request("database", "users", &["delete", "count"]),
        request("email", "a@b.EXAMPLE", &["send"]),
        request("artifacts", "x.csv", &[]),
    ]);
    assert_eq!(first, second);
}

#[test]
fn only_what_is_listed_is_allowed() {
    let grant = grant(&[
        request("database", "users", &["count"]),
        request("email", "*@acme.example", &["send"]),
        request("artifacts", "*", &["create"]),
    ]);
    let check = |operation, target: &str, expect: bool| {
        assert_eq!(
            grant.allows(operation, target),
            expect,
            "{operation:?} {target}"
        );
    };
    check(Operation::Count, "users", true);
    check(Operation::Count, "Users", false);
    check(Operation::Count, "users ", false);
    check(Operation::Delete, "users", false);
    check(Operation::Send, "anyone@ACME.example", true);
    check(Operation::Send, "anyone@sub.acme.example", false);
    check(Operation::Send, "anyone@notacme.example", false);
    check(Operation::Send, "a@b@acme.example", false);
    check(Operation::Send, "<a@acme.example>", false);
    check(Operation::Create, "anything.csv", true);
    check(Operation::Read, "anything.csv", false);
}

#[test]
fn words_that_do_not_exist_are_refused() {
    let check = |request: CapabilityRequest, expect: &str| {
        let error = Grant::from_requests(&[request]).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(request("sockets", "x", &["open"]), "does not have");
    check(request("database", "users", &["drop"]), "\"drop\"");
    check(request("database", "users", &["send"]), "\"send\"");
    check(
        request("database", "us*rs", &["count"]),
        "alone for any name",
    );
    check(request("database", "", &["count"]), "1 to 320");
    check(request("email", "nobody", &["send"]), "name@domain");
    check(request("email", "a@b,c@d", &["send"]), "name@domain");
    check(request("email", "a\r\nBcc: x@y", &["send"]), "control");
    check(request("email", "a*@b.example", &["send"]), "name@domain");
}

#[test]
fn a_ceiling_shows_what_goes_beyond_it() {
    let wanted = grant(&[
        request("database", "users", &["count"]),
        request("email", "a@b.example", &["send"]),
    ]);
    let ceiling = Grant::everything_in(&[Interface::Database]);
    let beyond = wanted.beyond(&ceiling);
    assert_eq!(beyond.len(), 1);
    assert_eq!(beyond.first().unwrap().interface, Interface::Email);
    assert!(wanted.is_destructive());
    assert!(!grant(&[request("database", "users", &["insert"])]).is_destructive());
}
