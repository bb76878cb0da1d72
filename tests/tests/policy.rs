//! The policy of the system: what may be granted at all, when a job is saved and when it runs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server};
use serde_json::{Value, json};

const POLICY: &str = "/api/admin/settings/policy";
const JOBS: &str = "/api/admin/scheduler-jobs";

fn rule(target: &str, operations: &[&str]) -> Value {
    json!({"interface": "database", "target": target, "operations": operations})
}

fn cleanup(collection: &str, dry_run: bool) -> Value {
    json!({
        "name": "A cleanup", "template_type": "database_cleanup", "schedule": {"type": "manual"},
        "parameters": {"collection": collection, "condition": {"old": true}, "dryRun": dry_run}
    })
}

fn set_policy(client: &Client, policy: &Value) {
    let _ = client.put(POLICY, policy).expect(200);
}

fn texts(entries: &Value) -> Vec<&str> {
    let entries = entries.as_array().unwrap().iter();
    entries.map(|it| it["text"].as_str().unwrap()).collect()
}

#[test]
fn a_policy_is_set_as_a_whole_and_by_who_knows_its_version() {
    let server = Server::start();
    let client = server.client();
    let unset = client.get(POLICY).expect(200);
    assert_eq!(unset.header("etag"), "\"v0\"");
    assert_eq!(unset.body["policy"]["everybody"]["allow"], Value::Null);

    let wrong = json!({
        "everybody": {"allow": [rule("users", &["count", "send"])], "limits": {"cpu": 1}},
        "roles": {"king": {}}
    });
    let refused = client.put(POLICY, &wrong).expect(422).body;
    assert_eq!(refused["code"], "INVALID_BODY");
    let pointers = refused["errors"].as_array().unwrap().iter();
    let pointers: Vec<_> = pointers.map(|it| it["pointer"].as_str().unwrap()).collect();
    let expect = [
        "/everybody/limits/cpu",
        "/everybody/allow/0/operations/1",
        "/roles/king",
    ];
    assert_eq!(pointers, expect);

    let policy = json!({"everybody": {"allow": [rule("log_*", &["count"])]}, "roles": {}});
    let put = |version: &str| {
        let json = ("content-type", "application/json");
        let body = policy.to_string();
        client.send(
            "PUT",
            POLICY,
            &[json, ("if-match", version)],
            body.as_bytes(),
        )
    };
    assert_eq!(put("\"v1\"").expect(412).body["code"], "VERSION_MISMATCH");
    assert_eq!(put("\"v0\"").expect(200).header("etag"), "\"v1\"");
    let _ = put("\"v0\"").expect(412);
    let stored = client.get(POLICY).expect(200).body;
    assert_eq!(
        stored["policy"]["everybody"]["allow"],
        policy["everybody"]["allow"]
    );
    assert_eq!(
        (&stored["version"], &stored["updated_by"]),
        (&json!(1), &json!("admin"))
    );

    let audit = client.get("/api/admin/audit-log").expect(200).body;
    let line = &audit["entries"][0];
    assert_eq!(line["action"], "policy_changed");
    assert_eq!(line["detail"]["before"]["everybody"]["allow"], Value::Null);
    assert_eq!(line["detail"]["after"], stored["policy"]);
}

#[test]
fn a_job_beyond_the_policy_is_refused_with_the_exact_difference() {
    let server = Server::start();
    server.import("users", "{\"_id\": 1}\n");
    server.import("log_2026", "{\"_id\": 1}\n");
    let client = server.client();
    let rules = [rule("*", &["count", "find"]), rule("log_*", &["delete"])];
    let limits = json!({"artifact_bytes": 1000});
    set_policy(
        &client,
        &json!({"everybody": {"allow": rules, "limits": limits}}),
    );

    let refused = client.post(JOBS, &cleanup("users", false)).expect(422).body;
    let expect = json!([{
        "pointer": "/parameters", "code": "beyond_policy",
        "detail": "May delete documents in users, which the policy does not allow"
    }]);
    assert_eq!(
        (&refused["code"], &refused["errors"]),
        (&json!("INVALID_JOB"), &expect)
    );
    let preview = client.post(&format!("{JOBS}/preview"), &cleanup("users", false));
    let preview = preview.expect(200).body;
    assert_eq!(preview["issues"], expect);
    assert_eq!(
        preview["sentences"],
        json!(["May count and delete documents in `users`; nothing else"])
    );
    let _ = client.create_job(&cleanup("log_2026", false));
    let _ = client.create_job(&cleanup("users", true));

    let mut large = cleanup("users", true);
    large["limits"] = json!({"artifact_bytes": 1001});
    let refused = client.post(JOBS, &large).expect(422).body;
    assert_eq!(refused["errors"][0]["pointer"], "/limits/artifact_bytes");

    let schema = client.get("/api/admin/job-templates/database_cleanup");
    let schema = schema.expect(200).body["schema"].clone();
    let choices = &schema["properties"]["collection"]["enum"];
    assert_eq!(*choices, json!(["log_2026", "users"]));
    let only_logs = [
        rule("log_*", &["count", "delete"]),
        rule("log_next", &["count"]),
    ];
    set_policy(&client, &json!({"everybody": {"allow": only_logs}}));
    let schema = client.get("/api/admin/job-templates/database_cleanup");
    let schema = schema.expect(200).body["schema"].clone();
    let choices = &schema["properties"]["collection"]["enum"];
    assert_eq!(*choices, json!(["log_2026", "log_next"]));
}

#[test]
fn a_policy_that_becomes_narrower_binds_the_jobs_that_are_there() {
    let server = Server::start();
    server.import("users", "{\"_id\": 1, \"old\": true}\n");
    let client = server.client();
    let job = client.create_job(&cleanup("users", false));
    set_policy(
        &client,
        &json!({"everybody": {"allow": [rule("*", &["count"])]}}),
    );

    let refused = client.run_job(&job, &json!({}));
    assert_eq!(refused["status"], "failed", "{refused:#}");
    assert_eq!(refused["outcome"], "beyond_policy");
    assert_eq!(
        refused["error"],
        "the policy does not allow what the job was granted: May delete documents in users"
    );
    assert_eq!(refused["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(server.count("users", "{}"), 1);
    let audit = client.get("/api/admin/audit-log").expect(200).body;
    assert_eq!(audit["entries"][0]["action"], "run_beyond_policy");
    assert_eq!(audit["entries"][0]["target"], json!(job));

    // It can still be changed where that lets it touch nothing more.
    let path = format!("{JOBS}/{job}");
    let _ = client.put(&path, &json!({"enabled": false})).expect(200);
    let preview = format!("{JOBS}/preview?job_id={job}");
    let preview = client
        .post(&preview, &cleanup("users", false))
        .expect(200)
        .body;
    assert_eq!(preview["issues"], json!([]));
    assert_eq!(preview["warnings"][0]["code"], "beyond_policy");

    set_policy(&client, &json!({}));
    let ran = client.run_job(&job, &json!({}));
    assert_eq!(ran["status"], "success", "{ran:#}");
    assert_eq!(server.count("users", "{}"), 0);
}

#[test]
fn a_change_says_what_the_job_may_touch_more_and_less() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_job(&cleanup("users", false));
    let path = format!("{JOBS}/{job}");
    let change = json!({"parameters": cleanup("logs", true)["parameters"]});
    let preview = format!("{JOBS}/preview?job_id={job}");
    let preview = client
        .post(&preview, &cleanup("logs", true))
        .expect(200)
        .body;
    let changed = client.put(&path, &change).expect(200).body;
    for difference in [&preview["grant_difference"], &changed["grant_difference"]] {
        assert_eq!(texts(&difference["added"]), ["May count documents in logs"]);
        let removed = texts(&difference["removed"]);
        assert_eq!(removed, ["May count and delete documents in users"]);
    }
    assert_eq!(changed["job"]["granted_as"], "super_admin");
    let same = client.put(&path, &json!({"name": "Same"})).expect(200).body;
    assert_eq!(
        same["grant_difference"],
        json!({"added": [], "removed": []})
    );
    let unknown = format!("{JOBS}/preview?job_id=job_unknown");
    let _ = client.post(&unknown, &cleanup("logs", true)).expect(404);
}

#[test]
fn who_may_not_widen_is_told_what_would_be_added() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_job(&cleanup("users", true));
    let preview = format!("{JOBS}/preview?job_id={job}");
    let reviewer = client.as_user("rita", "security_reviewer");
    let wider = reviewer.post(&preview, &cleanup("users", false));
    let expect = json!([{
        "pointer": "/parameters", "code": "may_not_widen",
        "detail": "May delete documents in users, which the job may not do yet; only a super admin may let it"
    }]);
    assert_eq!(wider.expect(200).body["issues"], expect);
    let same = reviewer.post(&preview, &cleanup("users", true));
    assert_eq!(same.expect(200).body["issues"], json!([]));

    // What a job may touch now is not for those who may not see jobs.
    let author = client.as_user("tom", "template_author");
    let refused = author.post(&preview, &cleanup("users", false)).expect(403);
    assert_eq!(refused.body["code"], "FORBIDDEN");
    let alone = author.post(&format!("{JOBS}/preview"), &cleanup("users", false));
    assert_eq!(alone.expect(200).body["issues"], json!([]));
}
