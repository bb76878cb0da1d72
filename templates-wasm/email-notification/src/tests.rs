//! The template, run natively on a host in memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "tests may panic, and read better with values"
)]

use super::*;
use sandglass_sdk::HostError;
use sandglass_sdk::testing::{Failure, MemoryHost, context, run};

const TEMPLATE: &str = "{{greeting}}: {{body}}\n{{count}} tickets\n\
                        {{#each documents}}* {{title}} ({{at}})\n{{/each}}";

fn host() -> MemoryHost {
    let tickets = (1..=5).map(|day| {
        json!({
            "_id": day,
            "title": format!("Ticket {day}"),
            "at": {"$date": format!("2025-10-{:02}T00:00:00Z", day + 10)},
        })
    });
    MemoryHost::new()
        .with_documents("tickets", tickets)
        .unwrap()
}

fn parameters(more: Value) -> Value {
    let mut all = json!({
        "recipients": ["ops@example.com", "admin@example.com"],
        "subject": "Report",
        "body": "See {{below}}",
    });
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

fn with_query() -> Value {
    parameters(json!({
        "template": TEMPLATE,
        "variables": {"greeting": "Hello"},
        "query": {
            "collection": "tickets",
            "condition": {"at": {"$gte": "4 days ago"}},
            "limit": 2,
        },
    }))
}

#[test]
fn without_a_template_every_recipient_gets_the_body_as_it_is() {
    let host = host();
    let outcome = run::<EmailNotification>(&host, &context(), &parameters(json!({}))).unwrap();
    assert_eq!(outcome.message, "Sent 2 emails");
    let recipients = ["ops@example.com", "admin@example.com"];
    assert_eq!(outcome.result, json!({"sent": 2, "recipients": recipients}));
    let outbox = host.outbox();
    let to: Vec<_> = outbox.iter().map(|message| message.to.clone()).collect();
    assert_eq!(to, [vec!["ops@example.com"], vec!["admin@example.com"]]);
    for message in outbox {
        assert_eq!(message.subject, "Report");
        assert_eq!(message.text.as_deref(), Some("See {{below}}"));
        assert_eq!(message.html, None);
    }
    assert_eq!(host.progress().last().unwrap().done, 2);
}

#[test]
fn a_template_shows_variables_and_documents() {
    let host = host();
    run::<EmailNotification>(&host, &context(), &with_query()).unwrap();
    assert_eq!(
        host.outbox()[0].text.as_deref().unwrap(),
        "Hello: See {{below}}\n3 tickets\n\
         * Ticket 3 (2025-10-13T00:00:00Z)\n* Ticket 4 (2025-10-14T00:00:00Z)\n"
    );
}

#[test]
fn a_run_may_mail_only_its_recipients_and_read_only_what_it_shows() {
    let request = |parameters: Value| {
        sandglass_sdk::export::capabilities::<EmailNotification>(&parameters.to_string())
    };
    let mails = [
        CapabilityRequest::email("ops@example.com"),
        CapabilityRequest::email("admin@example.com"),
    ];
    assert_eq!(request(parameters(json!({}))), mails);
    let with_database = |operations: &[&str]| {
        let mut all = vec![CapabilityRequest::database("tickets", operations)];
        all.extend(mails.clone());
        all
    };
    assert_eq!(request(with_query()), with_database(&["count", "find"]));
    let mut without_count = with_query();
    without_count["template"] = json!("{{#each documents}}{{title}}{{/each}}");
    assert_eq!(request(without_count.clone()), with_database(&["find"]));
    assert!(run::<EmailNotification>(&host(), &context(), &without_count).is_ok());
    without_count["template"] = json!("{{count}}");
    without_count["variables"] = json!({"count": "many"});
    assert_eq!(request(without_count.clone()), with_database(&["find"]));
    assert!(run::<EmailNotification>(&host(), &context(), &without_count).is_ok());
}

#[test]
fn an_unknown_placeholder_sends_nothing() {
    let host = host();
    let parameters = parameters(json!({"template": "Hello {{who}}"}));
    let failure = run::<EmailNotification>(&host, &context(), &parameters).unwrap_err();
    let expected = "the placeholder {{who}} stands for nothing: give it in the variables";
    assert_eq!(failure, Failure::Failed(JobError::permanent(expected)));
    assert_eq!(host.outbox(), vec![]);
}

#[test]
fn a_failing_mail_server_decides_about_another_attempt() {
    let host = host().with_failure("send", HostError::Unavailable("busy".into()));
    let failure = run::<EmailNotification>(&host, &context(), &parameters(json!({}))).unwrap_err();
    let expected = "after sending 0 of 2 emails, to ops@example.com: unavailable: busy";
    assert_eq!(failure, Failure::Failed(JobError::retryable(expected)));
}

#[test]
fn a_cancelled_run_stops_between_messages() {
    let host = host().cancelled_after(1);
    let failure = run::<EmailNotification>(&host, &context(), &parameters(json!({}))).unwrap_err();
    let expected = "The run was cancelled after sending 1 of 2 emails";
    assert_eq!(failure, Failure::Failed(JobError::permanent(expected)));
    assert_eq!(host.outbox().len(), 1);
}

#[test]
fn wrong_parameters_are_reported_where_they_stand() {
    let query = |limit: u32, condition: Value| {
        json!({
            "template": "{{count}}",
            "query": {"collection": "tickets", "condition": condition, "limit": limit},
        })
    };
    let many: Vec<_> = (0..101)
        .map(|number| format!("{number}@example.com"))
        .collect();
    for (more, path) in [
        (json!({"recipients": []}), "/recipients"),
        (json!({"recipients": many}), "/recipients"),
        (
            json!({"recipients": ["ops@example.com", "no address"]}),
            "/recipients/1",
        ),
        (
            json!({"recipients": ["a@example.com", "A@example.com"]}),
            "/recipients/1",
        ),
        (json!({"recipients": ["*@example.com"]}), "/recipients/0"),
        (json!({"subject": "a\r\nBcc: x@example.com"}), "/subject"),
        (json!({"subject": ""}), "/subject"),
        (json!({"template": "{{#each x}}"}), "/template"),
        (json!({"query": {"collection": "tickets"}}), "/query"),
        (query(0, json!({})), "/query/limit"),
        (query(1001, json!({})), "/query/limit"),
        (
            query(1, json!({"at": {"$lt": "1 moon ago"}})),
            "/query/condition/at/$lt",
        ),
        (json!({"html": "x"}), ""),
    ] {
        let result = run::<EmailNotification>(&host(), &context(), &parameters(more.clone()));
        let Err(Failure::Refused(issues)) = result else {
            unreachable!("{more}: {result:?}")
        };
        assert!(
            issues.iter().any(|issue| issue.path == path),
            "{more}: {issues:?}"
        );
    }
}

#[test]
fn the_schema_has_what_a_form_needs() {
    let schema = sandglass_sdk::export::schema::<EmailNotification>();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let properties = &schema["properties"];
    assert_eq!(properties["recipients"]["items"]["format"], "email");
    assert_eq!(properties["recipients"]["maxItems"], 100);
    let collection = &properties["query"]["properties"]["collection"];
    assert_eq!(collection["x-sandglass-source"], "collections");
    assert_eq!(schema["required"], json!(["recipients", "subject", "body"]));
    assert!(!schema.to_string().contains("null"), "{schema}");
}
