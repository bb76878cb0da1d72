//! One guest of the corpus on its way through a server: uploaded, approved, made a job, run.

use sandglass_contract::Digest;
use sandglass_hostile::{CHECKER, Expect, Hostile};
use sandglass_tests::{Answer, Client};
use serde_json::{Value, json};

const TEMPLATES: &str = "/api/admin/job-templates";
const WASM: [(&str, &str); 1] = [("content-type", "application/wasm")];

/// Uploads a component.
pub(crate) fn upload(client: &Client, bytes: &[u8]) -> Answer {
    client.send("POST", TEMPLATES, &WASM, bytes)
}

/// Approves a version of a template.
fn approve(client: &Client, template: &str, component: &[u8]) {
    let digest = Digest::of(component);
    let path = format!("{TEMPLATES}/{template}/versions/{digest}/approve");
    let _ = client.post(&path, &json!({})).expect(200);
}

/// Takes a guest all the way, as often as one likes, and checks how it ends. `author` uploads it, and
/// `client` is somebody else, who approves and runs it.
pub(crate) fn check(client: &Client, author: &Client, hostile: &Hostile, component: &[u8]) {
    let name = hostile.name;
    let uploaded = upload(author, component);
    match (hostile.expect, uploaded.status) {
        (Expect::Refused(expect) | Expect::Undescribed(expect), 422) => {
            refused(name, &uploaded, expect);
        }
        (Expect::Refused(_) | Expect::Undescribed(_), status) => {
            panic!("{name} was answered with {status}: {:#}", uploaded.body);
        }
        (_, 201) => {
            approve(client, name, component);
            run(client, hostile);
        }
        // It is there, and approved, from the last time.
        (_, 409) => run(client, hostile),
        (_, status) => panic!("{name} was answered with {status}: {:#}", uploaded.body),
    }
}

fn run(client: &Client, hostile: &Hostile) {
    let name = hostile.name;
    let limits: serde_json::Map<String, Value> = hostile
        .limits
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let job = json!({
        "name": name, "template_type": name, "parameters": {}, "schedule": {"type": "manual"},
        "limits": limits, "timeout_seconds": hostile.timeout_seconds,
        "retry_policy": {"max_retries": 0},
    });
    let created = client.post("/api/admin/scheduler-jobs", &job);
    match (hostile.expect, created.status) {
        (Expect::NoJob(expect) | Expect::NoSchema(expect), 400..500) => {
            refused(name, &created, expect);
        }
        (Expect::Ends(outcome), 201) => {
            let ended = ended(client, &created);
            assert_eq!(ended["outcome"], outcome.as_str(), "{name}: {ended:#}");
            let message = ended["error"].as_str().unwrap_or_default();
            assert!(!message.is_empty(), "{name}: {ended:#}");
        }
        (Expect::Answers(result), 201) => {
            let ended = ended(client, &created);
            assert_eq!(ended["status"], "success", "{name}: {ended:#}");
            let result: Value = serde_json::from_str(result).unwrap();
            assert_eq!(ended["result"], result, "{name}: {ended:#}");
        }
        (expect, status) => {
            panic!(
                "{name}: {expect:?} was expected, and it is {status}: {:#}",
                created.body
            );
        }
    }
}

/// Runs the job that was just made, and removes it.
fn ended(client: &Client, created: &Answer) -> Value {
    let job = created.body["job"]["_id"].as_str().unwrap();
    let ended = client.run_job(job, &json!({}));
    let _ = client.delete(&format!("/api/admin/scheduler-jobs/{job}"));
    ended
}

fn refused(name: &str, answer: &Answer, expect: &str) {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{name}"
    );
    let text = answer.body.to_string().replace("\\\"", "\"");
    assert!(text.contains(expect), "{name}: {:#}", answer.body);
}

/// A job that looks for residue in all memory that it may have.
pub(crate) struct Look {
    job: String,
}

impl Look {
    pub(crate) fn new(client: &Client, author: &Client) -> Self {
        let component = CHECKER.component();
        let _ = upload(author, &component).expect(201);
        approve(client, CHECKER.id, &component);
        Self {
            job: client.create_manual_job(CHECKER.id, &json!({})),
        }
    }

    /// The server answers, and another job runs and finds nothing.
    pub(crate) fn look(&self, client: &Client, after: &str) {
        let _ = client.get("/livez").expect(200);
        let ended = client.run_job(&self.job, &json!({}));
        assert_eq!(ended["status"], "success", "after {after}: {ended:#}");
        assert_eq!(ended["result"], 0, "after {after}: {ended:#}");
    }
}
