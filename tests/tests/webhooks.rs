//! Requests of real runs, and the secrets in them, which nobody sees.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::path::Path;

use sandglass_tests::{Client, HookServer, Server, ServerOptions};
use serde_json::{Value, json};

const SECRETS: &str = "/api/admin/secrets";
const SECRET: &str = "correct-horse-battery-staple";
/// `user:` and the secret in Base64.
const IN_BASE64: &str = "dXNlcjpjb3JyZWN0LWhvcnNlLWJhdHRlcnktc3RhcGxl";

fn options(variables: &[(&str, &str)]) -> ServerOptions {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ServerOptions {
        environment: variables.iter().map(owned).collect(),
        ..ServerOptions::default()
    }
}

fn with_everything() -> Server {
    Server::start_with(&options(&[
        ("SANDGLASS_HTTP_ALLOWED_NETWORKS", "127.0.0.1/32"),
        ("SANDGLASS_SECRETS_KEY", &"5e".repeat(32)),
    ]))
}

fn set_secret(client: &Client, name: &str) {
    let path = format!("{SECRETS}/{name}");
    let set = client.put(&path, &json!({"value": SECRET})).expect(200);
    assert_eq!(set.body["readable"], true);
}

/// Whether a text stands in any file below a folder.
fn stands_in_files(folder: &Path, text: &str) -> bool {
    let mut entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.any(|entry| match entry.path() {
        path if path.is_dir() => stands_in_files(&path, text),
        path => {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.windows(text.len()).any(|it| it == text.as_bytes())
        }
    })
}

#[test]
fn a_secret_reaches_the_hook_and_nobody_else() {
    let hook = HookServer::start(|request| {
        let body = format!("you said {request} and {IN_BASE64}");
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nx-echo: {SECRET}\r\ncontent-length: {length}\r\n\r\n{body}")
    });
    let server = with_everything();
    let client = server.client();
    set_secret(&client, "hook_token");
    let job = client.create_manual_job(
        "webhook_trigger",
        &json!({
            "url": hook.url("/deploy?ref=main"),
            "body": {"ref": "main"},
            "secretHeader": {"prefix": "Bearer ", "secret": "hook_token"},
        }),
    );
    let saved = client
        .get(&format!("/api/admin/scheduler-jobs/{job}"))
        .expect(200)
        .body;
    let texts: Vec<&str> = saved["job"]["grant"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["text"].as_str().unwrap())
        .collect();
    let may_send = format!("May send POST requests to {}", hook.url("/deploy"));
    assert_eq!(texts, [may_send.as_str(), "May use the secret hook_token"]);

    let dry = client.run_job(&job, &json!({"dry_run": true}));
    assert_eq!(dry["status"], "success", "{dry:#}");
    assert!(hook.requests().is_empty());

    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "success", "{ended:#}");
    let requests = hook.requests();
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0].starts_with("POST /deploy?ref=main HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(requests[0].contains(&format!("authorization: Bearer {SECRET}\r\n")));
    assert!(requests[0].ends_with("{\"ref\":\"main\"}"));

    let shown = ended["result"]["body"].as_str().unwrap();
    assert!(shown.contains("authorization: Bearer ***"), "{shown}");
    let path = format!(
        "/api/admin/job-executions/{}",
        ended["_id"].as_str().unwrap()
    );
    let effects = client.get(&format!("{path}/effects")).expect(200).body;
    let functions: Vec<&str> = effects["effects"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["function"].as_str())
        .collect();
    assert!(
        functions.contains(&"placeholder") && functions.contains(&"send"),
        "{effects:#}"
    );
    let places = [
        path.clone(),
        format!("{path}/effects"),
        format!("{path}/logs"),
        format!("/api/admin/scheduler-jobs/{job}/executions"),
        "/api/admin/audit-log".to_owned(),
        SECRETS.to_owned(),
    ];
    for text in [SECRET, &IN_BASE64[8..40]] {
        for place in &places {
            let answer = String::from_utf8(client.get(place).expect(200).bytes).unwrap();
            assert!(!answer.contains(text), "{place} shows {text}: {answer}");
        }
        assert!(!stands_in_files(&server.data_folder(), text), "{text}");
        assert!(!server.log().contains(text), "{text}");
    }
}

#[test]
fn a_hook_inside_is_not_reached_unless_its_network_is_allowed() {
    let hook = HookServer::start(|_| "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned());
    let server = Server::start();
    let client = server.client();
    let job = client.create_manual_job("webhook_trigger", &json!({"url": hook.url("/")}));
    let ended = client.run_job(&job, &json!({}));
    assert_eq!(ended["status"], "failed", "{ended:#}");
    assert!(hook.requests().is_empty());
    let path = format!(
        "/api/admin/job-executions/{}",
        ended["_id"].as_str().unwrap()
    );
    let effects = client.get(&format!("{path}/effects")).expect(200).body;
    let denied = &effects["effects"][0];
    assert_eq!(denied["outcome"], "denied", "{effects:#}");
    let detail = denied["detail"].as_str().unwrap();
    assert!(
        detail.contains("127.0.0.1 (loopback)") && detail.contains("http.allowed_networks"),
        "{detail}"
    );
}

#[test]
fn a_job_names_one_place_and_no_wildcard_host() {
    let server = Server::start();
    let client = server.client();
    for url in [
        "https://*/",
        "https://u:p@hooks.example.org/",
        "https://hooks.example.org/a/..%2fb",
    ] {
        let job = json!({
            "name": "hook", "template_type": "webhook_trigger", "schedule": {"type": "manual"},
            "parameters": {"url": url}
        });
        let refused = client.post("/api/admin/scheduler-jobs", &job);
        assert_eq!(refused.status, 422, "{url} {}", refused.body);
    }
}

#[test]
fn secrets_are_set_listed_and_removed_without_being_shown() {
    let server = with_everything();
    let client = server.client();
    set_secret(&client, "b.token");
    set_secret(&client, "a-token");
    set_secret(&client, "b.token");
    let names = || -> Vec<String> {
        let list = client.get(SECRETS).expect(200).body;
        let names = list["secrets"].as_array().unwrap().clone();
        names
            .iter()
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(), ["a-token", "b.token"]);
    let template = client
        .get("/api/admin/job-templates/webhook_trigger")
        .expect(200)
        .body;
    let secret = &template["schema"]["properties"]["secretHeader"]["properties"]["secret"];
    assert_eq!(
        secret["enum"],
        json!(["a-token", "b.token"]),
        "{template:#}"
    );
    assert_eq!(
        client
            .delete(&format!("{SECRETS}/a-token"))
            .expect(200)
            .body["message"],
        "Secret removed"
    );
    assert_eq!(client.delete(&format!("{SECRETS}/a-token")).status, 404);
    assert_eq!(names(), ["b.token"]);
    let short = client
        .put(&format!("{SECRETS}/x"), &json!({"value": "hunter2"}))
        .expect(422);
    assert!(short.body["detail"].as_str().unwrap().contains("8 to 8192"));
    assert!(!String::from_utf8(short.bytes).unwrap().contains("hunter2"));
    assert_eq!(
        client
            .put(&format!("{SECRETS}/a%2Fb"), &json!({"value": SECRET}))
            .status,
        422
    );
    let changes: Vec<Value> = client.get("/api/admin/audit-log").expect(200).body["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["action"] == "secret_changed")
        .map(|it| json!([it["target"], it["detail"]["change"]]))
        .collect();
    let expected = json!([
        ["a-token", "removed"],
        ["b.token", "replaced"],
        ["a-token", "created"],
        ["b.token", "created"]
    ]);
    assert_eq!(json!(changes), expected);
}

#[test]
fn without_its_key_a_secret_is_refused_and_says_what_to_do() {
    let server = with_everything();
    set_secret(&server.client(), "hook_token");
    let parameters =
        json!({"url": "https://hooks.example.org/", "secretHeader": {"secret": "hook_token"}});
    let job = server
        .client()
        .create_manual_job("webhook_trigger", &parameters);
    let check = |server: &Server, expect: &str| {
        let client = server.client();
        let secrets = client.get(SECRETS).expect(200).body;
        assert_eq!(secrets["secrets"][0]["readable"], false);
        let ended = client.run_job(&job, &json!({}));
        let error = ended["error"].as_str().unwrap();
        assert!(error.contains(expect), "{error}");
    };
    let no_key = options(&[]);
    let server = server.killed_and_started_again(&no_key);
    check(&server, "SANDGLASS_SECRETS_KEY");
    let refused = server
        .client()
        .put(&format!("{SECRETS}/other"), &json!({"value": SECRET}));
    assert_eq!(refused.expect(409).body["code"], "NO_SECRETS_KEY");
    let other_key = options(&[("SANDGLASS_SECRETS_KEY", &"77".repeat(32))]);
    let server = server.killed_and_started_again(&other_key);
    check(&server, "sealed under the key");
}
