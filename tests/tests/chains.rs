//! Chains: jobs that follow other jobs, seen from outside.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{Client, Server};
use serde_json::{Value, json};

fn job(client: &Client, name: &str, parameters: Value, depends_on: Value) -> String {
    client.create_job(&json!({
        "name": name, "template_type": "test_scheduler", "schedule": {"type": "manual"},
        "parameters": parameters, "depends_on": depends_on
    }))
}

fn root(client: &Client, name: &str, parameters: Value) -> String {
    job(client, name, parameters, json!({}))
}

fn after(parents: &[&str]) -> Value {
    let parents: Vec<Value> = parents.iter().map(|id| json!({"job_id": id})).collect();
    json!({"parents": parents})
}

fn start(client: &Client, job: &str, body: &Value) -> String {
    client.start_job(job, body)
}

fn nodes<'a>(node: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(node);
    for child in node["children"].as_array().unwrap() {
        nodes(child, found);
    }
}

/// The chain of an execution once it has so many nodes and all have ended, as `name: status`, from the
/// root down.
fn chain(client: &Client, execution: &str, count: usize) -> (Value, Vec<String>) {
    let path = format!("/api/admin/job-executions/{execution}/chain");
    let body = client.until(&path, |body| {
        let mut found = Vec::new();
        nodes(&body["chain"], &mut found);
        found.len() == count && found.iter().all(|it| it["completed_at"].is_string())
    });
    let mut found = Vec::new();
    nodes(&body["chain"], &mut found);
    let names = found.iter().map(|it| {
        let (name, status) = (&it["job_name"], &it["status"]);
        format!("{}: {}", name.as_str().unwrap(), status.as_str().unwrap())
    });
    let names = names.collect();
    (body["chain"].clone(), names)
}

#[test]
fn a_diamond_runs_its_last_job_once_with_the_results_of_both_parents() {
    let server = Server::start();
    let client = server.client();
    let top = root(&client, "top", json!({"steps": 1}));
    let left = job(&client, "left", json!({"steps": 2}), after(&[&top]));
    let right = job(&client, "right", json!({"steps": 3}), after(&[&top]));
    let bottom = job(
        &client,
        "bottom",
        json!({"steps": 1}),
        after(&[&left, &right]),
    );
    for _ in 0..3 {
        let execution = start(&client, &top, &json!({}));
        let (tree, names) = chain(&client, &execution, 4);
        assert_eq!(names[0], "top: success");
        assert_eq!(
            names.iter().filter(|it| *it == "bottom: success").count(),
            1
        );
        assert_eq!(tree["execution_id"], execution);
    }
    let path = format!("/api/admin/scheduler-jobs/{bottom}/executions");
    let body = client.get(&path).expect(200).body;
    assert_eq!(body["total"], 3);
    let last = &body["executions"][0];
    assert_eq!(last["triggered_by"], "chain");
    let parents = last["chain"]["parents"].as_array().unwrap();
    let steps: Vec<u64> = parents
        .iter()
        .map(|it| it["result"]["steps"].as_u64().unwrap())
        .collect();
    assert_eq!(steps.iter().sum::<u64>(), 5);
}

#[test]
fn what_does_not_follow_is_skipped_with_the_reason_and_so_is_what_follows_from_it() {
    let server = Server::start();
    let client = server.client();
    let failing = root(&client, "failing", json!({"failAttempts": 5}));
    let well = job(&client, "when well", json!({}), after(&[&failing]));
    let _next = job(&client, "next", json!({}), after(&[&well]));
    let on = |on: &str| json!({"parents": [{"job_id": failing, "on": on}]});
    let _handler = job(&client, "handler", json!({}), on("failure"));
    let _always = job(&client, "always", json!({}), on("always"));
    let execution = start(&client, &failing, &json!({}));
    let (tree, mut names) = chain(&client, &execution, 5);
    names.sort();
    assert_eq!(
        names,
        [
            "always: success",
            "failing: failed",
            "handler: success",
            "next: skipped",
            "when well: skipped"
        ]
    );
    let mut found = Vec::new();
    nodes(&tree, &mut found);
    let skipped = found
        .iter()
        .find(|it| it["job_name"] == "when well")
        .unwrap();
    let reason = skipped["reason"].as_str().unwrap();
    assert!(
        reason.contains("failed") && reason.contains("success"),
        "{reason}"
    );
}

#[test]
fn a_condition_on_the_result_decides_and_a_dry_run_stays_dry() {
    let server = Server::start();
    let client = server.client();
    let first = root(&client, "first", json!({"steps": 2}));
    let when = |steps: u64| json!({"parents": [{"job_id": first, "condition": {"steps": {"$gte": steps}}}]});
    let _few = job(&client, "few", json!({}), when(2));
    let _many = job(&client, "many", json!({}), when(3));
    let execution = start(&client, &first, &json!({"dry_run": true}));
    let (tree, mut names) = chain(&client, &execution, 3);
    names.sort();
    assert_eq!(names, ["few: success", "first: success", "many: skipped"]);
    let few = tree["children"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["job_name"] == "few");
    let path = format!(
        "/api/admin/job-executions/{}",
        few.unwrap()["execution_id"].as_str().unwrap()
    );
    assert_eq!(
        client.get(&path).expect(200).body["execution"]["dry_run"],
        true
    );
}

#[test]
fn parents_of_different_chains_are_joined_by_their_latest_ends_or_start_the_job_each() {
    let server = Server::start();
    let client = server.client();
    let one = root(&client, "one", json!({"steps": 1}));
    let two = root(&client, "two", json!({"steps": 1}));
    let both = job(&client, "both", json!({}), after(&[&one, &two]));
    let mut any = after(&[&one, &two]);
    any["require"] = json!("any");
    let either = job(&client, "either", json!({}), any);
    let total = |job: &str, expect: u64| {
        let path = format!("/api/admin/scheduler-jobs/{job}/executions");
        let _ = client.until(&path, |body| body["total"].as_u64() == Some(expect));
    };
    let _ = client.run_job(&one, &json!({}));
    let _ = client.run_job(&one, &json!({}));
    total(&either, 2);
    total(&both, 0);
    let _ = client.run_job(&two, &json!({}));
    total(&either, 3);
    total(&both, 1);
    let _ = client.run_job(&two, &json!({}));
    total(&either, 4);
    total(&both, 1);
}

#[test]
fn a_circle_is_refused_and_named_and_a_parent_is_not_deleted() {
    let server = Server::start();
    let client = server.client();
    let first = root(&client, "first", json!({}));
    let second = job(&client, "second", json!({}), after(&[&first]));
    let third = job(&client, "third", json!({}), after(&[&second]));
    let path = format!("/api/admin/scheduler-jobs/{first}");
    let answer = client
        .put(&path, &json!({"depends_on": after(&[&third])}))
        .expect(422);
    let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("{first} → {second} → {third} → {first}")),
        "{detail}"
    );
    let answer = client
        .put(&path, &json!({"depends_on": after(&[&first])}))
        .expect(422);
    assert_eq!(answer.body["errors"][0]["code"], "circle");

    let answer = client.delete(&path).expect(409);
    assert_eq!(answer.body["code"], "IN_USE");
    assert!(answer.body["detail"].as_str().unwrap().contains(&second));
    for job in [&third, &second, &first] {
        let _ = client
            .delete(&format!("/api/admin/scheduler-jobs/{job}"))
            .expect(200);
    }
}
