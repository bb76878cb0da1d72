//! Terms of a schedule as they are written: what is refused, kept, changed and taken away.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{
    Server,
    jobs::{job, merge},
};
use serde_json::{Value, json};

#[test]
fn terms_that_are_out_of_bounds_or_contradict_each_other_are_refused_with_their_place() {
    let server = Server::start();
    let client = server.client();
    let check = |changes: Value, pointer: &str, reason: &str| {
        let mut job = json!({
            "name": "a job", "template_type": "test_scheduler", "schedule": {"interval_seconds": 60}
        });
        merge(&mut job, &changes);
        let answer = client.post("/api/admin/scheduler-jobs", &job).expect(422);
        let error = &answer.body["errors"][0];
        assert_eq!(error["pointer"], pointer, "{changes}: {}", answer.body);
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(reason), "{changes}: {detail}");
    };
    check(
        json!({"overlap_policy": "forbid"}),
        "/overlap_policy",
        "buffer_one",
    );
    check(json!({"catch_up": "some"}), "/catch_up", "last");
    check(
        json!({"catch_up_window_seconds": 0}),
        "/catch_up_window_seconds",
        "from 1 to",
    );
    check(
        json!({"max_catch_up_runs": 1001}),
        "/max_catch_up_runs",
        "from 1 to 1000",
    );
    check(
        json!({"starting_deadline_seconds": 0}),
        "/starting_deadline_seconds",
        "from 1",
    );
    check(
        json!({"jitter_seconds": 86_401}),
        "/jitter_seconds",
        "from 0 to 86400",
    );
    check(
        json!({"jitter_seconds": 60}),
        "/jitter_seconds",
        "give less",
    );
    check(
        json!({"queue_timeout_seconds": -1}),
        "/queue_timeout_seconds",
        "invalid",
    );
    check(json!({"priority": 10}), "/priority", "from 0 to 9");
    check(
        json!({"pause_on_failure": "yes"}),
        "/pause_on_failure",
        "invalid type",
    );
    let retry = |policy: Value| json!({"retry_policy": policy});
    check(
        retry(json!({"backoff": "exponential", "retry_delay_seconds": 0})),
        "/retry_policy/retry_delay_seconds",
        "first wait",
    );
    check(
        retry(
            json!({"backoff": "exponential", "retry_delay_seconds": 60, "max_delay_seconds": 30}),
        ),
        "/retry_policy/max_delay_seconds",
        "shorter than the first",
    );
    check(
        retry(json!({"backoff": "linear"})),
        "/retry_policy/backoff",
        "exponential",
    );
    check(
        retry(json!({"max_retries": 101})),
        "/retry_policy/max_retries",
        "0 to 100",
    );
    check(
        retry(json!({"jitter": 5})),
        "/retry_policy/jitter",
        "invalid type",
    );
    let parents = |parents: Value| json!({"depends_on": {"parents": parents}});
    check(
        parents(json!([{"job_id": "job_none"}])),
        "/depends_on/parents/0/job_id",
        "no job",
    );
    check(
        parents(json!([{"job_id": "job_none", "on": "sometimes"}])),
        "/depends_on/parents/0/on",
        "always",
    );
    check(
        parents(json!([{"job_id": "job_none", "condition": {"a": {"$where": "1"}}}])),
        "/depends_on/parents/0/condition",
        "$where",
    );
    check(
        json!({"depends_on": {"require": "most"}}),
        "/depends_on/require",
        "any",
    );
    let mut manual = json!({"schedule": {"type": "manual"}, "jitter_seconds": 5});
    check(manual.clone(), "/jitter_seconds", "no slots");
    merge(
        &mut manual,
        &json!({"jitter_seconds": 0, "starting_deadline_seconds": 5}),
    );
    check(
        manual,
        "/starting_deadline_seconds",
        "queue_timeout_seconds",
    );
}

#[test]
fn terms_are_kept_changed_and_taken_away() {
    let server = Server::start();
    let client = server.client();
    let id = job(
        &client,
        &json!({"schedule": {"interval_seconds": 600}, "jitter_seconds": 90,
                "queue_timeout_seconds": 30, "overlap_policy": "buffer_one", "priority": 7}),
    );
    let path = format!("/api/admin/scheduler-jobs/{id}");
    let body = client.get(&path).expect(200).body;
    assert_eq!(body["job"]["queue_timeout_seconds"], 30);
    let body = client
        .put(
            &path,
            &json!({"queue_timeout_seconds": null, "priority": 3}),
        )
        .expect(200)
        .body;
    assert_eq!(body["job"]["queue_timeout_seconds"], Value::Null);
    assert_eq!(body["job"]["priority"], 3);
    assert_eq!(body["job"]["jitter_seconds"], 90);
    assert_eq!(body["job"]["overlap_policy"], "buffer_one");
}
