//! Every operation, called in every role.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_api::access::TABLE;
use sandglass_registry::Role;
use sandglass_tests::{Client, Server, people::ROLES};
use serde_json::{Value, json};

/// Calls an operation with made-up ids, so that nothing comes of it where it is allowed.
fn call(client: &Client, method: &str, path: &str) -> (u16, Value) {
    let path = path
        .replace("{id}", "none")
        .replace("{type}", "none")
        .replace("{kind}", "tag")
        .replace("{name}", "none")
        .replace("{artifact_id}", "none")
        .replace("{digest}", &"0".repeat(64));
    let headers = [("content-type", "application/json")];
    let body: &[u8] = match method {
        "GET" | "DELETE" => b"",
        _ => b"{}",
    };
    let answer = client.send(method, &path, &headers, body);
    (answer.status, answer.body)
}

fn role(word: &str) -> Role {
    serde_json::from_value(word.into()).unwrap()
}

#[test]
fn every_operation_is_open_to_its_roles_and_to_nobody_else() {
    let server = Server::start();
    let admin = server.client();
    for word in ROLES {
        // Signing out ends the token, so every operation gets one of its own.
        let user = format!("the_{word}");
        let _ = admin.as_user(&user, word);
        for row in TABLE {
            let client = admin.with_new_token(&json!({"user": user, "name": row.path}));
            let (status, body) = call(&client, row.method.as_str(), row.path);
            let allowed = row.roles.contain(role(word));
            let expect = |it: u16| match allowed {
                true => !matches!(it, 401 | 403 | 405) && it < 500,
                false => it == 403,
            };
            // There is no password to be changed, which is no matter of the role.
            let is_own_password = row.path == "/api/auth/password" && status == 422;
            assert!(
                is_own_password || expect(status),
                "{word}: {} {} is {status} {body:#}",
                row.method,
                row.path
            );
            if !allowed {
                assert_eq!(body["code"], "FORBIDDEN");
                let detail = body["detail"].as_str().unwrap();
                assert!(
                    detail.starts_with(&format!("your role is {word};")),
                    "{detail}"
                );
            }
        }
    }
    let stranger = server.stranger();
    for row in TABLE {
        let (status, _) = call(&stranger, row.method.as_str(), row.path);
        assert_eq!(status, 401, "{} {}", row.method, row.path);
    }
    // Everything that was refused to somebody known is in the audit log.
    let refused = TABLE.iter().flat_map(|row| {
        let roles = ROLES
            .into_iter()
            .filter(|word| !row.roles.contain(role(word)));
        roles.map(|word| format!("{word} {} {}", row.method, row.path))
    });
    let refused: Vec<String> = refused.collect();
    let path = "/api/admin/audit-log?action=access_denied&limit=1";
    let log = admin.get(path).expect(200).body;
    assert_eq!(log["total"], refused.len(), "{refused:?}");
}

#[test]
fn a_token_is_good_for_its_scopes_alone() {
    let server = Server::start();
    let admin = server.client();
    let reads = admin.with_new_token(&json!({"name": "reads", "scopes": ["read"]}));
    let _ = reads.get("/api/admin/scheduler-jobs").expect(200);
    let job = admin.create_manual_job("test_scheduler", &json!({}));
    let path = format!("/api/admin/scheduler-jobs/{job}/run");
    let refused = reads.post(&path, &json!({})).expect(403).body;
    assert_eq!(
        refused["detail"],
        "your token is not good for run; make one that has this scope"
    );
    let runs = admin.with_new_token(&json!({"name": "runs", "scopes": ["run"]}));
    let _ = runs.post(&path, &json!({})).expect(202);
    let _ = runs.get("/api/admin/scheduler-jobs").expect(403);
    let me = runs.get("/api/auth/me");
    assert_eq!(me.status, 403);
    let me = reads.get("/api/auth/me").expect(200).body;
    assert_eq!(me["scopes"], json!(["read"]));
    let operations = me["operations"].as_array().unwrap();
    assert!(operations.contains(&json!("GET /api/admin/hosts")));
    assert!(!operations.contains(&json!("POST /api/admin/users")));
}

#[test]
fn an_admin_runs_dry_what_destroys_and_a_super_admin_runs_it() {
    let server = Server::start();
    let owner = server.client();
    server.import("users", "{\"_id\": 1}\n");
    let admin = owner.as_user("grace", "admin");
    let cleanup = owner.create_manual_job(
        "database_cleanup",
        &json!({"collection": "users", "condition": {"_id": {"$gte": 0}}, "dryRun": false}),
    );
    let path = format!("/api/admin/scheduler-jobs/{cleanup}/run");
    let refused = admin.post(&path, &json!({})).expect(403).body;
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains("May count and delete documents in users"),
        "{detail}"
    );
    let dry = admin.run_job(&cleanup, &json!({"dry_run": true}));
    assert_eq!(
        (&dry["status"], &dry["dry_run"]),
        (&json!("success"), &json!(true))
    );
    assert_eq!(server.count("users", "{}"), 1);
    let backfill = json!({"start": "2025-10-01T00:00:00Z", "end": "2025-10-02T00:00:00Z"});
    let path = format!("/api/admin/scheduler-jobs/{cleanup}/backfill");
    let _ = admin.post(&path, &backfill).expect(403);
    let harmless = owner.create_manual_job("test_scheduler", &json!({}));
    assert_eq!(admin.run_job(&harmless, &json!({}))["status"], "success");
    assert_eq!(owner.run_job(&cleanup, &json!({}))["status"], "success");
    assert_eq!(server.count("users", "{}"), 0);
    let log = owner
        .get(&format!(
            "/api/admin/audit-log?action=access_denied&target={cleanup}"
        ))
        .body;
    assert_eq!(
        (&log["total"], &log["entries"][0]["by"]),
        (&json!(2), &json!("grace"))
    );
}
