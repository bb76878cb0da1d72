//! Jobs of the template `test_scheduler`, as the suites on scheduling make them.

use serde_json::{Value, json};

use crate::Client;

/// Makes a job that differs from a plain manual one by `changes`.
#[must_use]
pub fn job(client: &Client, changes: &Value) -> String {
    let mut job = json!({
        "name": "a job", "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "parameters": {"steps": 1}
    });
    merge(&mut job, changes);
    client.create_job(&job)
}

/// Puts the members of `changes` in the place of those of `onto`.
pub fn merge(onto: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().expect("a list") {
        onto[name] = value.clone();
    }
}

/// Parameters and limits of a run that computes for minutes, so that others meet it.
#[must_use]
pub fn long() -> Value {
    json!({
        "parameters": {"steps": 1000, "workUnits": 100_000},
        "limits": {"fuel": 10_000_000_000_000_u64}
    })
}

/// The executions of a job, once they are as they should be.
#[must_use]
pub fn executions(client: &Client, job: &str, is_right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let path = format!("/api/admin/scheduler-jobs/{job}/executions?limit=200");
    let rows = |body: &Value| body["executions"].as_array().expect("a list").clone();
    rows(&client.until(&path, |body| is_right(&rows(body))))
}

/// How many of them have a status.
#[must_use]
pub fn with_status(rows: &[Value], status: &str) -> usize {
    rows.iter().filter(|it| it["status"] == status).count()
}
