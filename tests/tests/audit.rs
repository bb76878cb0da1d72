//! The audit log: what is in it, and that nobody changes it unseen.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::process::Output;

use rusqlite::Connection;
use sandglass_tests::{Client, Server};
use serde_json::{Value, json};

fn entries(client: &Client, query: &str) -> Vec<Value> {
    let path = format!("/api/admin/audit-log?limit=200&{query}");
    let body = client.get(&path).expect(200).body;
    body["entries"].as_array().unwrap().clone()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn verify(server: &Server, more: &[&str]) -> Output {
    let mut arguments = vec!["audit", "verify"];
    arguments.extend(more);
    server.run(&arguments)
}

#[test]
fn what_becomes_of_a_job_is_told_with_its_changes() {
    let server = Server::start();
    let client = server.client();
    let job = client.create_manual_job("test_scheduler", &json!({"steps": 1, "message": "a"}));
    let path = format!("/api/admin/scheduler-jobs/{job}");
    let change = json!({"parameters": {"steps": 2, "message": "a"}, "name": "renamed"});
    let _ = client.put(&path, &change).expect(200);
    let pause = json!({"reason": "the database moves"});
    let _ = client.post(&format!("{path}/pause"), &pause).expect(200);
    let _ = client
        .post(&format!("{path}/resume"), &json!({}))
        .expect(200);
    let execution = client.start_job(&job, &json!({"dry_run": true}));
    let _ = client.ended(&execution);
    let headers = [("sandglass-reason", "not needed any more")];
    let _ = client.send("DELETE", &path, &headers, b"").expect(200);
    let told = entries(&client, &format!("target={job}"));
    let actions: Vec<_> = told
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "job_deleted",
            "job_run",
            "job_resumed",
            "job_paused",
            "job_updated",
            "job_created"
        ]
    );
    for entry in &told {
        assert_eq!(
            (&entry["by"], &entry["token"]),
            (&json!("admin"), &json!("bootstrap"))
        );
        assert_eq!(entry["from"], "127.0.0.1");
    }
    assert_eq!(told[0]["detail"]["before"]["name"], "renamed");
    assert_eq!(told[0]["reason"], "not needed any more");
    assert_eq!(told[1]["detail"]["execution_id"], execution.as_str());
    assert_eq!(told[3]["reason"], "the database moves");
    assert_eq!(
        told[4]["detail"]["changes"],
        json!({
            "/name": {"before": "A test_scheduler job", "after": "renamed"},
            "/parameters/steps": {"before": 1, "after": 2},
        })
    );
    assert_eq!(told[5]["detail"]["after"]["parameters"]["steps"], 1);
}

#[test]
fn a_change_that_does_not_come_about_is_told_too() {
    let server = Server::start();
    let client = server.client();
    let parent = client.create_manual_job("test_scheduler", &json!({}));
    let _child = client.create_job(&json!({
        "name": "child", "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "depends_on": {"parents": [{"job_id": parent}]}
    }));
    let refused = client.delete(&format!("/api/admin/scheduler-jobs/{parent}"));
    assert_eq!(refused.status, 409, "{:#}", refused.body);
    let told = entries(&client, &format!("target={parent}"));
    let actions: Vec<_> = told
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["change_failed", "job_deleted", "job_created"]);
    assert_eq!(told[0]["detail"]["number"], told[1]["number"]);
}

#[test]
fn every_way_in_is_told() {
    let server = Server::start();
    let admin = server.client();
    let user = json!({"id": "ada", "role": "admin", "password": "several good words"});
    let _ = admin.post("/api/admin/users", &user).expect(201);
    let sign_in = |password: &str| {
        let body = json!({"user": "ada", "password": password});
        server.stranger().post("/api/auth/login", &body).status
    };
    assert_eq!(
        (sign_in("wrong"), sign_in("several good words")),
        (401, 200)
    );
    let told = entries(&admin, "target=ada");
    let actions: Vec<_> = told
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["login_succeeded", "login_failed", "user_created"]);
    let whole = admin.get("/api/admin/audit-log/export").expect(200).bytes;
    assert!(!text(&whole).contains("several good words"));
}

#[test]
fn the_log_is_checked_beside_the_service_and_without_it() {
    let server = Server::start();
    let client = server.client();
    for _ in 0..3 {
        let _ = client.create_manual_job("test_scheduler", &json!({}));
    }
    let output = verify(&server, &["-o", "json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_rest = client.get("/api/admin/audit-log/verify").expect(200).body;
    assert_eq!(verdict, by_rest);
    assert_eq!(
        (&verdict["lines"], &verdict["fault_count"]),
        (&json!(3), &json!(0))
    );
    let head = verdict["head"].as_str().unwrap().to_owned();
    let _ = client.create_manual_job("test_scheduler", &json!({}));
    assert!(verify(&server, &["--head", &head]).status.success());
    let unknown = format!("2{}", &head[1..]);
    assert_eq!(
        verify(&server, &["--head", &unknown]).status.code(),
        Some(1)
    );
    let path = format!("/api/admin/audit-log/verify?head={unknown}");
    assert_eq!(client.get(&path).expect(200).body["fault_count"], 1);
    let _ = client.get("/api/admin/audit-log/verify?head=x").expect(400);

    let exported = server.run(&["audit", "export"]);
    let by_rest = client.get("/api/admin/audit-log/export").expect(200);
    assert_eq!(text(&exported.stdout), text(&by_rest.bytes));
    let file = server.data_folder().join("log.jsonl");
    let check = |lines: String, sound: bool| {
        std::fs::write(&file, lines).unwrap();
        let output = verify(&server, &["--file", file.to_str().unwrap()]);
        assert_eq!(output.status.success(), sound, "{}", text(&output.stdout));
    };
    let lines = text(&exported.stdout);
    check(lines.clone(), true);
    check(lines.replacen("test_scheduler", "test_schedules", 1), false);
    check(
        lines.lines().skip(1).map(|it| format!("{it}\n")).collect(),
        false,
    );
    check("{}\n".to_owned(), false);
}

#[test]
fn whoever_writes_to_the_file_is_found_out() {
    let mut server = Server::start();
    let client = server.client();
    for _ in 0..4 {
        let _ = client.create_manual_job("test_scheduler", &json!({}));
    }
    assert_eq!(server.terminate(), Some(0));
    let path = server.data_folder().join("sandglass.sqlite");
    let whole = "PRAGMA wal_checkpoint(TRUNCATE)";
    let opened = Connection::open(&path).unwrap();
    opened.query_row(whole, [], |_| Ok(())).unwrap();
    drop(opened);
    let kept = std::fs::read(&path).unwrap();
    let check = |sql: &str, fault: &str| {
        // A write-ahead log that a reader has left belongs to the file of the time before.
        for log in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{log}", path.display()));
        }
        std::fs::write(&path, &kept).unwrap();
        let file = Connection::open(&path).unwrap();
        // The triggers keep out who does not mean it.
        assert!(file.execute_batch(sql).is_err(), "{sql}");
        let triggers = "DROP TRIGGER audit_log_is_not_changed; DROP TRIGGER audit_log_is_not_cut;";
        file.execute_batch(triggers).unwrap();
        file.execute_batch(sql).unwrap();
        drop(file);
        let output = verify(&server, &[]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
        let told = text(&output.stdout);
        assert!(told.contains(fault), "{sql}: {told}");
    };
    check(
        "UPDATE audit_log SET entry = replace(entry, 'admin', 'eve') WHERE number = 2",
        "line 2 was edited",
    );
    check(
        "UPDATE audit_log SET by_user = 'eve' WHERE number = 2",
        "line 2 is found under",
    );
    check(
        "DELETE FROM audit_log WHERE number = 2",
        "lines 2 to 2 are missing",
    );
    check(
        "DELETE FROM audit_log WHERE number = 4",
        "the log ends with line 3",
    );
    check("DELETE FROM audit_log", "the log ends with line 0");
    check(
        "UPDATE audit_log SET number = 99 WHERE number = 3",
        "lines 3 to 3 are missing",
    );
}
