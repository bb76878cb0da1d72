//! What the mail interface accepts, and what it sends.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_contract::{CallOutcome, RunMode};

use crate::{
    bindings::sandglass::job::{
        artifacts::{Host as _, HostWriter as _},
        email::{Host as _, Message},
        types::Error,
    },
    state::testing::{Fixture, anything, fixture, grant},
};

type Spoil = fn(&mut Message);

fn message() -> Message {
    Message {
        to: vec!["ada@Example.org".to_owned()],
        cc: vec!["bob@example.org".to_owned()],
        bcc: vec!["eve@example.net".to_owned()],
        reply_to: None,
        subject: "Report".to_owned(),
        text: Some("Line one\nLine two\n".to_owned()),
        html: None,
        attachments: Vec::new(),
    }
}

async fn finished_artifact(fixture: &mut Fixture) -> String {
    let create = fixture
        .state
        .create("a.csv".to_owned(), "text/csv".to_owned());
    let writer = create.await.unwrap().unwrap();
    let again = wasmtime::component::Resource::new_borrow(writer.rep());
    fixture
        .state
        .write(again, b"a,b".to_vec())
        .await
        .unwrap()
        .unwrap();
    fixture.state.finish(writer).await.unwrap().unwrap().id
}

#[tokio::test]
async fn a_mail_is_sent_with_the_hosts_sender_and_id() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    let id = finished_artifact(&mut fixture).await;
    let mut with_file = message();
    with_file.attachments.push(id);
    let receipt = fixture.state.send(with_file).await.unwrap().unwrap();
    assert_eq!(receipt.accepted, 3);
    let second = fixture.state.send(message()).await.unwrap().unwrap();
    assert_ne!(receipt.message_id, second.message_id);
    let mails = fixture.recorder.mails.lock();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, receipt.message_id);
    assert!(
        receipt.message_id.ends_with(".1@example.org"),
        "{}",
        receipt.message_id
    );
    assert_eq!(mails[0].from.as_str(), "jobs@example.org");
    assert_eq!(mails[0].to[0].as_str(), "ada@example.org");
    assert_eq!(mails[0].attachments[0].bytes, b"a,b");
    let entries = fixture.recorder.entries.lock();
    let sends: Vec<CallOutcome> = entries
        .iter()
        .filter(|entry| entry.function == "send")
        .map(|entry| entry.outcome)
        .collect();
    use CallOutcome::{Ok, Pending};
    assert_eq!(sends, [Pending, Ok, Pending, Ok]);
    let target = &entries.last().unwrap().target;
    assert_eq!(target, "ada@Example.org, bob@example.org, eve@example.net");
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_promises_the_same_id() {
    let mut live = fixture(RunMode::Live, anything(), &[]);
    let mut dry = fixture(RunMode::Dry, anything(), &[]);
    let id = finished_artifact(&mut dry).await;
    assert!(id.starts_with("dry:"), "{id}");
    let mut with_file = message();
    with_file.attachments.push(id);
    let promised = dry.state.send(with_file).await.unwrap().unwrap();
    let sent = live.state.send(message()).await.unwrap().unwrap();
    assert_eq!(promised.message_id, sent.message_id);
    assert_eq!(promised.accepted, 3);
    assert!(dry.recorder.mails.lock().is_empty());
    let entries = dry.recorder.entries.lock();
    assert!(entries.last().unwrap().simulated);
}

#[tokio::test]
async fn one_recipient_that_is_not_granted_denies_the_whole_mail() {
    let some = grant(&[("email", "*@example.org", &["send"])]);
    let mut fixture = fixture(RunMode::Live, some, &[]);
    let error = fixture.state.send(message()).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::AccessDenied), "{error:?}");
    assert!(fixture.recorder.mails.lock().is_empty());
    let outcomes = |fixture: &Fixture| -> Vec<CallOutcome> {
        let entries = fixture.recorder.entries.lock();
        entries.iter().map(|entry| entry.outcome).collect()
    };
    assert_eq!(outcomes(&fixture), [CallOutcome::Denied]);
    let mut allowed = message();
    allowed.bcc.clear();
    assert!(fixture.state.send(allowed).await.unwrap().is_ok());
}

#[tokio::test]
async fn strings_that_could_become_headers_are_refused() {
    let mut fixture = fixture(RunMode::Live, anything(), &[]);
    let spoils: [(&str, Spoil); 10] = [
        ("recipients", |it| {
            it.to.clear();
            it.cc.clear();
            it.bcc.clear();
        }),
        ("recipients", |it| {
            it.to = vec!["a@example.org".to_owned(); 101];
        }),
        ("`text` or `html`", |it| it.text = None),
        ("one line", |it| {
            it.subject = "a\r\nBcc: x@y.example".to_owned();
        }),
        ("one line", |it| it.subject = "a\u{0}".to_owned()),
        ("one line", |it| it.subject = "x".repeat(501)),
        ("not a mail address", |it| {
            it.to[0] = "a@b.example\r\n".to_owned();
        }),
        ("not a mail address", |it| {
            it.reply_to = Some("A <a@b.example>".to_owned());
        }),
        ("no finished artifact", |it| {
            it.attachments = vec!["exec_2:1:a.csv".to_owned()];
        }),
        ("attachments", |it| it.attachments = vec![String::new(); 21]),
    ];
    for (expect, spoil) in spoils {
        let mut spoiled = message();
        spoil(&mut spoiled);
        match fixture.state.send(spoiled).await.unwrap() {
            Err(Error::InvalidArgument(text)) => assert!(text.contains(expect), "{text}"),
            other => panic!("{expect}: {other:?}"),
        }
    }
    assert!(fixture.recorder.mails.lock().is_empty());
}

#[tokio::test]
async fn recipients_are_limited_over_the_whole_run() {
    for mode in [RunMode::Live, RunMode::Dry] {
        let mut fixture = fixture(mode, anything(), &[("mail_recipients", 5)]);
        assert!(fixture.state.send(message()).await.unwrap().is_ok());
        let error = fixture.state.send(message()).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    }
}
