//! What requests may be sent, where to, and what comes back of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may panic"
)]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{CallOutcome, RunMode, clock::testing::ManualClock};

use crate::{
    bindings::sandglass::job::{
        http::{Host as _, Request, Response},
        types::Error,
    },
    http::{
        HttpClient, HttpSettings,
        tests::{LoopbackServer, ScriptedResolver, client_of},
    },
    state::testing::{Fixture, fixture, grant},
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-tag: a\r\n\r\nhi";

pub(super) fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// A run that may ask `hook.example` on a port for `/hook*`, and knows where it is.
pub(super) fn run(mode: RunMode, port: u16, limits: &[(&str, u64)]) -> Fixture {
    let url = format!("http://hook.example:{port}/hook*");
    let may = |method: &str| format!("{method} {url}");
    let (get, post) = (may("GET"), may("POST"));
    let grant = grant(&[
        ("http", get.as_str(), &["request"]),
        ("http", post.as_str(), &["request"]),
        ("secrets", "hook_token", &["use"]),
        ("secrets", "absent", &["use"]),
    ]);
    let mut fixture = fixture(mode, grant, limits);
    let here: &[&str] = &["127.0.0.1"];
    let answers = vec![("hook.example", here); 20];
    fixture.state.http = client_of(ScriptedResolver::saying(&answers));
    fixture
}

pub(super) async fn send(fixture: &mut Fixture, request: Request) -> Result<Response, Error> {
    fixture.state.send(request).await.unwrap()
}

fn outcomes(fixture: &Fixture) -> Vec<CallOutcome> {
    let entries = fixture.recorder.entries.lock();
    entries.iter().map(|entry| entry.outcome).collect()
}

pub(super) fn url(server: &LoopbackServer, rest: &str) -> String {
    format!("http://hook.example:{}{rest}", server.port)
}

#[tokio::test]
async fn a_request_arrives_as_it_was_made_and_its_answer_comes_back() {
    let server = LoopbackServer::answering(OK).await;
    let mut fixture = run(RunMode::Live, server.port, &[]);
    let mut post = request("POST", &url(&server, "/hook/a?token=x"));
    post.headers
        .push(("Content-Type".to_owned(), "text/plain".to_owned()));
    post.body = b"hello".to_vec();
    let response = send(&mut fixture, post).await.unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, &b"hi"[..])
    );
    assert!(
        response
            .headers
            .contains(&("x-tag".to_owned(), "a".to_owned()))
    );
    let seen = server.requests.lock()[0].clone();
    assert!(
        seen.starts_with("POST /hook/a?token=x HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(
        seen.contains(&format!("host: hook.example:{}\r\n", server.port)),
        "{seen}"
    );
    assert!(seen.contains("content-type: text/plain\r\n"), "{seen}");
    assert!(seen.contains("accept-encoding: identity\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\nhello"), "{seen}");
    let entries = fixture.recorder.entries.lock();
    let expect = format!("POST http://hook.example:{}/hook/a?…", server.port);
    assert_eq!(entries[1].target, expect);
    assert_eq!(entries[1].detail.as_deref(), Some("status 200, 2 bytes"));
    let outcomes: Vec<_> = entries.iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [CallOutcome::Pending, CallOutcome::Ok]);
}

#[tokio::test]
async fn what_is_not_granted_is_denied_before_anything_happens() {
    let server = LoopbackServer::answering(OK).await;
    let mut fixture = run(RunMode::Live, server.port, &[]);
    for (method, rest) in [
        ("DELETE", "/hook"),
        ("PUT", "/hook"),
        ("POST", "/"),
        ("POST", "/hook/../admin"),
        ("POST", "/hook/%2e%2e/admin"),
    ] {
        let error = send(&mut fixture, request(method, &url(&server, rest)))
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::AccessDenied),
            "{method} {rest} {error:?}"
        );
    }
    for other in [
        "http://hook.example/hook",
        "https://hook.example/hook",
        "http://127.0.0.1/hook",
    ] {
        let error = send(&mut fixture, request("POST", other))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::AccessDenied), "{other} {error:?}");
    }
    for (bad, expect) in [
        ("http://u:p4ssw0rd@hook.example/hook", "no user"),
        ("http://hook.example/hook#x", "no fragment"),
        ("http://hook.example/hook/..%2fadmin", "encoded slashes"),
        ("file:///etc/passwd", "begins with https://"),
        ("http://hook.example/\r\nx", "control"),
    ] {
        match send(&mut fixture, request("POST", bad)).await {
            Err(Error::InvalidArgument(text)) => assert!(text.contains(expect), "{text}"),
            other => panic!("{bad} {other:?}"),
        }
    }
    assert!(server.requests.lock().is_empty());
    let entries = fixture.recorder.entries.lock();
    assert!(entries.iter().all(|it| it.outcome != CallOutcome::Pending));
    assert!(entries.iter().all(|it| !it.target.contains("p4ssw0rd")));
}

#[tokio::test]
async fn no_address_but_a_public_one_is_reached_whatever_name_leads_there() {
    let server = LoopbackServer::answering(OK).await;
    let url = format!("http://hook.example:{}/", server.port);
    for addresses in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
        &["::ffff:127.0.0.1"],
        &["::1"],
        &["0.0.0.0"],
        &["10.0.0.1"],
        &["100.100.100.200"],
        &["169.254.169.254"],
        &["fd00:ec2::254"],
        &["64:ff9b::7f00:1"],
        &["64:ff9b:1::7f00:1"],
        &["2002:7f00:1::1"],
        &["2001:0:7f00:1::"],
        &["::127.0.0.1"],
        &["fec0::1"],
    ] {
        let granted = format!("POST {url}*");
        let mut fixture = fixture(
            RunMode::Live,
            grant(&[("http", granted.as_str(), &["request"])]),
            &[],
        );
        let resolver = ScriptedResolver::saying(&[("hook.example", addresses)]);
        fixture.state.http = HttpClient::new(HttpSettings::default(), resolver).unwrap();
        let error = send(&mut fixture, request("POST", &url)).await.unwrap_err();
        assert!(
            matches!(error, Error::AccessDenied),
            "{addresses:?} {error:?}"
        );
        assert_eq!(outcomes(&fixture), [CallOutcome::Denied]);
        let detail = fixture.recorder.entries.lock()[0].detail.clone().unwrap();
        assert!(detail.contains("hook.example has the address"), "{detail}");
        let line = fixture.recorder.lines.lock()[0].message.clone();
        assert!(
            line.starts_with("POST http://hook.example") && line.contains("was denied"),
            "{line}"
        );
    }
    assert!(server.requests.lock().is_empty());
}

#[tokio::test]
async fn a_name_is_asked_for_once_so_that_it_cannot_lead_elsewhere_the_second_time() {
    let server = LoopbackServer::answering(OK).await;
    let mut fixture = run(RunMode::Live, server.port, &[]);
    let resolver = ScriptedResolver::saying(&[
        ("hook.example", &["127.0.0.1"]),
        ("hook.example", &["10.0.0.1"]),
    ]);
    fixture.state.http = client_of(Arc::clone(&resolver));
    assert!(
        send(&mut fixture, request("GET", &url(&server, "/hook")))
            .await
            .is_ok()
    );
    assert_eq!(resolver.asked.lock().len(), 1);
    let rebound = send(&mut fixture, request("GET", &url(&server, "/hook"))).await;
    assert!(matches!(rebound, Err(Error::AccessDenied)), "{rebound:?}");
    let gone = send(&mut fixture, request("GET", &url(&server, "/hook"))).await;
    assert!(matches!(gone, Err(Error::Unavailable(_))), "{gone:?}");
    assert_eq!(server.requests.lock().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let server = LoopbackServer::answering(
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let mut fixture = run(RunMode::Live, server.port, &[]);
    let response = send(&mut fixture, request("GET", &url(&server, "/hook")))
        .await
        .unwrap();
    assert_eq!(response.status, 302);
    assert_eq!(server.requests.lock().len(), 1);
}

#[tokio::test]
async fn a_dry_run_reads_and_changes_nothing() {
    let server = LoopbackServer::answering(OK).await;
    let mut fixture = run(RunMode::Dry, server.port, &[]);
    let simulated = send(&mut fixture, request("POST", &url(&server, "/hook")))
        .await
        .unwrap();
    assert_eq!((simulated.status, simulated.body.len()), (204, 0));
    assert!(server.requests.lock().is_empty());
    let read = send(&mut fixture, request("GET", &url(&server, "/hook")))
        .await
        .unwrap();
    assert_eq!(read.status, 200);
    let denied = send(&mut fixture, request("POST", &url(&server, "/"))).await;
    assert!(matches!(denied, Err(Error::AccessDenied)));
    let simulated: Vec<bool> = fixture
        .recorder
        .entries
        .lock()
        .iter()
        .map(|entry| entry.simulated)
        .collect();
    assert_eq!(simulated, [true, false, true]);
}

#[tokio::test]
async fn answers_are_bounded_in_size_and_number() {
    let flood = |head: &str| {
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
        move |_: &str| Some([head.as_bytes(), vec![b'x'; 100_000].as_slice()].concat())
    };
    for head in [
        "content-length: 100000\r\n",
        "",
        "content-length: 99999999999\r\n",
    ] {
        let server = LoopbackServer::with(flood(head)).await;
        let mut fixture = run(
            RunMode::Live,
            server.port,
            &[("http_response_bytes", 50_000)],
        );
        let read = send(&mut fixture, request("GET", &url(&server, "/hook"))).await;
        assert!(matches!(read, Err(Error::LimitExceeded(_))), "{read:?}");
        let used_up = send(&mut fixture, request("GET", &url(&server, "/hook"))).await;
        assert!(
            matches!(used_up, Err(Error::LimitExceeded(_))),
            "{used_up:?}"
        );
        let mut fixture = run(
            RunMode::Live,
            server.port,
            &[("http_response_bytes", 50_000)],
        );
        match send(&mut fixture, request("POST", &url(&server, "/hook"))).await {
            Err(Error::Other(text)) => assert!(text.contains("may have arrived"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let many = "x: y\r\n".repeat(200);
    let server = LoopbackServer::with(flood(&many)).await;
    let mut fixture = run(RunMode::Live, server.port, &[("http_requests", 2)]);
    for expect in ["broke off", "broke off", "http_requests of 2"] {
        let error = send(&mut fixture, request("GET", &url(&server, "/hook")))
            .await
            .unwrap_err();
        assert!(format!("{error:?}").contains(expect), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let server = LoopbackServer::with(|_| None).await;
    for (method, expect) in [("GET", "Unavailable"), ("POST", "Other")] {
        let mut fixture = run(RunMode::Live, server.port, &[]);
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        fixture.state.clock = Arc::new(clock.clone());
        let seen = server.requests.lock().len();
        let waiting = async {
            while server.requests.lock().len() == seen {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(31));
            std::future::pending().await
        };
        let sending = send(&mut fixture, request(method, &url(&server, "/hook")));
        let answer: Result<Response, Error> = tokio::select! {
            answer = sending => answer,
            answer = waiting => answer,
        };
        let error = format!("{:?}", answer.unwrap_err());
        assert!(
            error.contains(expect) && error.contains("in time"),
            "{error}"
        );
    }
}
