//! The template, run natively on a host in memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "tests may panic, and read better with values"
)]

use super::*;
use sandglass_sdk::testing::{Failure, MemoryHost, context, run};

const URL: &str = "https://hooks.example.org/deploy";

fn parameters(more: Value) -> Value {
    let mut all = json!({"url": URL});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn a_request_is_sent_as_the_parameters_say() {
    let host = MemoryHost::new()
        .with_secret("token")
        .with_answer(201, &[], "made");
    let parameters = parameters(json!({
        "url": format!("{URL}?ref=main"),
        "headers": {"X-Env": "test"},
        "body": {"ref": "main"},
        "secretHeader": {"prefix": "Bearer ", "secret": "token"},
    }));
    let outcome = run::<WebhookTrigger>(&host, &context(), &parameters).unwrap();
    let expected = json!({"sent": 1, "status": 201, "body": "made"});
    assert_eq!(outcome.result, expected);
    assert_eq!(outcome.message, format!("{URL} answered with status 201"));
    let requests = host.requests();
    let request = &requests[0];
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("POST", &*format!("{URL}?ref=main"))
    );
    assert_eq!(request.body, br#"{"ref":"main"}"#);
    let header = |name| header(&request.headers, name);
    assert_eq!(header("X-Env"), Some("test"));
    assert_eq!(header("Content-Type"), Some("application/json"));
    assert_eq!(header("Idempotency-Key"), Some("key-1"));
    assert_eq!(header("Authorization"), Some("Bearer {{secret:token}}"));
}

#[test]
fn a_run_may_send_this_request_and_use_this_secret() {
    let asked = |parameters: Value| {
        sandglass_sdk::export::capabilities::<WebhookTrigger>(&parameters.to_string())
    };
    let plain = parameters(json!({"method": "PUT", "url": format!("{URL}?a=b")}));
    assert_eq!(asked(plain), [CapabilityRequest::http("PUT", URL)]);
    let secret = parameters(json!({"secretHeader": {"secret": "token"}}));
    let expected = [
        CapabilityRequest::http("POST", URL),
        CapabilityRequest::secret("token"),
    ];
    assert_eq!(asked(secret), expected);
}

#[test]
fn the_answer_decides_about_success_and_another_attempt() {
    let check =
        |status: u16, headers: &[(&str, &str)], expected: &[u16], failure: Option<JobError>| {
            let host = MemoryHost::new().with_answer(status, headers, "");
            let parameters = parameters(json!({"expectedStatus": expected}));
            let ended = run::<WebhookTrigger>(&host, &context(), &parameters);
            assert_eq!(
                ended.err(),
                failure.map(Failure::Failed),
                "{status} {expected:?}"
            );
        };
    let said = |status: u16| format!("{URL} answered with status {status}");
    check(204, &[], &[], None);
    check(302, &[], &[], Some(JobError::permanent(said(302))));
    check(302, &[], &[200, 302], None);
    check(200, &[], &[202], Some(JobError::permanent(said(200))));
    check(404, &[], &[], Some(JobError::permanent(said(404))));
    check(503, &[], &[], Some(JobError::retryable(said(503))));
    let later = JobError::retryable_after(said(429), 30_000);
    check(429, &[("retry-after", "30")], &[], Some(later));
}

#[test]
fn a_dry_run_says_what_it_would_do() {
    let mut dry = context();
    dry.dry_run = true;
    let parameters = parameters(json!({"expectedStatus": [200]}));
    let outcome = run::<WebhookTrigger>(&MemoryHost::new(), &dry, &parameters).unwrap();
    assert_eq!(
        outcome.message,
        format!("Would send a POST request to {URL}")
    );
}

#[test]
fn what_may_have_arrived_is_tried_again() {
    let lost = HostError::Other("it may have arrived".into());
    let host = MemoryHost::new().with_failure("request", lost);
    let failure = run::<WebhookTrigger>(&host, &context(), &parameters(json!({}))).unwrap_err();
    let expected = JobError::retryable("it may have arrived");
    assert_eq!(failure, Failure::Failed(expected));
}

#[test]
fn wrong_parameters_are_reported_where_they_stand() {
    let check = |more: Value, path: &str, code: &str| {
        let ended = run::<WebhookTrigger>(&MemoryHost::new(), &context(), &parameters(more));
        let Err(Failure::Refused(issues)) = ended else {
            unreachable!("{ended:?}");
        };
        let places: Vec<_> = issues
            .iter()
            .map(|it| (it.path.as_str(), it.code.as_str()))
            .collect();
        assert_eq!(places, [(path, code)]);
    };
    check(json!({"url": "ftp://a.example/"}), "/url", "invalid_url");
    check(
        json!({"headers": {"authorization": "x"}}),
        "/headers",
        "credential_in_header",
    );
    check(
        json!({"headers": {"COOKIE": "x"}}),
        "/headers",
        "credential_in_header",
    );
    let twice =
        json!({"headers": {"x-token": "x"}, "secretHeader": {"name": "X-Token", "secret": "t"}});
    check(twice, "/secretHeader/name", "duplicate_header");
    check(
        json!({"method": "GET", "body": "x"}),
        "/body",
        "body_of_get",
    );
    check(json!({"method": "TRACE"}), "/method", "schema");
    check(
        json!({"expectedStatus": [99]}),
        "/expectedStatus/0",
        "schema",
    );
}
