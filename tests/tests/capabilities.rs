//! The register of capabilities: which job may do what, and what it made of that.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server, ServerOptions};
use serde_json::{Value, json};

const REGISTER: &str = "/api/admin/capabilities";

fn cleanup(client: &Client, name: &str, collection: &str, dry_run: bool) -> String {
    client.create_job(&json!({
        "name": name, "template_type": "database_cleanup", "schedule": {"type": "manual"},
        "parameters": {"collection": collection, "condition": {"old": true}, "dryRun": dry_run}
    }))
}

fn register(client: &Client, query: &str) -> Value {
    client.get(&format!("{REGISTER}{query}")).expect(200).body
}

/// The rows in short: state, job, operation and target.
fn shown(answer: &Value) -> Vec<String> {
    let rows = answer["capabilities"].as_array().unwrap().iter();
    rows.map(|row| {
        let word = |member: &str| row[member].as_str().unwrap().to_owned();
        let words = ["state", "job_name", "operation", "target"].map(word);
        words.join(" ")
    })
    .collect()
}

#[test]
fn the_register_says_who_may_do_what_and_what_was_used() {
    let server = Server::start();
    server.import("users", "{\"_id\": 1, \"old\": true}\n{\"_id\": 2}\n");
    let client = server.client();
    let deleting = cleanup(&client, "deleting", "users", false);
    let counting = cleanup(&client, "counting", "users", true);
    let _ = cleanup(&client, "other", "logs", false);

    let who = "?interface=database&target=users&operation=delete";
    assert_eq!(
        shown(&register(&client, who)),
        ["unused deleting delete users"]
    );
    let dry = client.run_job(&deleting, &json!({"dry_run": true}));
    assert_eq!(dry["status"], "success");
    assert_eq!(
        shown(&register(&client, who)),
        ["unused deleting delete users"]
    );
    let ran = client.run_job(&deleting, &json!({}));
    assert_eq!(ran["status"], "success", "{ran:#}");

    let found = register(&client, who);
    let row = &found["capabilities"][0];
    assert_eq!(row["text"], "May delete documents in users");
    assert_eq!(row["state"], "used");
    assert!(row["used"]["count"].as_u64().unwrap() > 0, "{row:#}");
    assert_eq!(row["used"]["last_at"], ran["completed_at"]);
    assert_eq!(row["denied"], json!({"count": 0, "last_at": null}));
    for member in ["declared", "imported", "granted", "allowed", "destructive"] {
        assert_eq!(row[member], true, "{member}");
    }
    assert_eq!(
        (&row["saved_by"], &row["granted_as"]),
        (&json!("admin"), &json!("super_admin"))
    );

    let expect = [
        "unused other count logs",
        "unused counting count users",
        "unused other delete logs",
        "used deleting count users",
        "used deleting delete users",
    ];
    assert_eq!(shown(&register(&client, "")), expect);
    let second = register(&client, "?limit=2&page=2");
    assert_eq!(shown(&second), expect[2..4]);
    assert_eq!((&second["total"], &second["pages"]), (&json!(5), &json!(3)));
    let holder = register(&client, &format!("?job_id={counting}"));
    assert_eq!(shown(&holder), ["unused counting count users"]);
    let used = register(&client, "?state=used&template_type=database_cleanup");
    assert_eq!(shown(&used), expect[3..]);

    // A policy that forbids it shows before any run is refused.
    let rule = json!({"interface": "database", "target": "*", "operations": ["count"]});
    let policy = json!({"everybody": {"allow": [rule]}});
    let _ = client
        .put("/api/admin/settings/policy", &policy)
        .expect(200);
    assert_eq!(register(&client, who)["capabilities"][0]["allowed"], false);
    let _ = client.get(&format!("{REGISTER}?state=idle")).expect(400);
}

#[test]
fn what_was_used_is_known_after_a_restart() {
    let server = Server::start();
    server.import("users", "{\"_id\": 1, \"old\": true}\n");
    let client = server.client();
    let job = cleanup(&client, "deleting", "users", false);
    assert_eq!(client.run_job(&job, &json!({}))["status"], "success");
    let before = register(&client, "?state=used");
    let server = server.killed_and_started_again(&ServerOptions::default());
    assert_eq!(register(&server.client(), "?state=used"), before);
    assert_eq!(before["total"], 2);
}

#[test]
fn the_register_comes_as_a_table_in_which_nothing_is_a_formula() {
    let server = Server::start();
    let client = server.client();
    let _ = cleanup(&client, "=cmd|' /C calc'!A0, \"x\"", "users", true);
    let _ = cleanup(&client, "plain", "logs", true);
    let by_format = client
        .get(&format!("{REGISTER}?format=csv&limit=1"))
        .expect(200);
    let accept = [("accept", "text/csv")];
    let by_header = client.send("GET", REGISTER, &accept, b"").expect(200);
    for answer in [&by_format, &by_header] {
        assert!(answer.header("content-type").starts_with("text/csv"));
        let text = String::from_utf8(answer.bytes.clone()).unwrap();
        let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("state,job_id,job_name"));
        let columns = lines[0].split(',').count();
        assert_eq!(lines[1].split(',').count(), columns, "{text}");
        assert!(lines[1].contains(",plain,"), "{text}");
        assert!(
            lines[2].contains(",\"'=cmd|' /C calc'!A0, \"\"x\"\"\","),
            "{text}"
        );
    }
    assert_eq!(by_format.bytes, by_header.bytes);
}
