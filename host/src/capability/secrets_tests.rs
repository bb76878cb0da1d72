//! Secrets in requests: put in where their placeholders stand, and shown to nobody.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_contract::RunMode;

use super::http_tests::{request, run, send, url};
use crate::{bindings::sandglass::job::secrets::Host as _, http::tests::LoopbackServer};

const SECRET: &str = "correct-horse-battery";

#[tokio::test]
async fn a_secret_is_put_in_where_its_placeholder_stands_and_is_shown_to_nobody() {
    let server = LoopbackServer::with(|request| {
        let body = request.replace("\r\n", "|");
        let head = format!(
            "HTTP/1.1 200 OK\r\nx-echo: {SECRET}\r\ncontent-length: {}\r\n",
            body.len()
        );
        Some(format!("{head}\r\n{body}").into_bytes())
    })
    .await;
    let mut fixture = run(RunMode::Live, server.port, &[]);
    fixture.secrets(&[("hook_token", SECRET)]);
    let placeholder = fixture
        .state
        .placeholder("hook_token".to_owned())
        .await
        .unwrap()
        .unwrap();
    assert!(!placeholder.contains(SECRET));
    let mut post = request("POST", &url(&server, "/hook"));
    post.headers
        .push(("Authorization".to_owned(), format!("Bearer {placeholder}")));
    post.body = format!("{{\"token\":\"{placeholder}\"}}").into_bytes();
    let response = send(&mut fixture, post).await.unwrap();
    let seen = server.requests.lock()[0].clone();
    assert!(
        seen.contains(&format!("authorization: Bearer {SECRET}\r\n")),
        "{seen}"
    );
    assert!(
        seen.ends_with(&format!("{{\"token\":\"{SECRET}\"}}")),
        "{seen}"
    );
    let told = format!(
        "{:?} {}",
        response.headers,
        String::from_utf8(response.body).unwrap()
    );
    assert!(
        !told.contains(SECRET) && told.contains("Bearer ***"),
        "{told}"
    );
    let message = format!("it was {SECRET}");
    fixture.state.log.line(
        sandglass_contract::LogLevel::Info,
        &message,
        serde_json::Map::new(),
    );
    assert_eq!(fixture.recorder.lines.lock()[0].message, "it was ***");
    let entries = serde_json::to_string(&*fixture.recorder.entries.lock()).unwrap();
    assert!(!entries.contains(SECRET), "{entries}");
}

#[tokio::test]
async fn secrets_are_refused_where_they_would_show() {
    let server = LoopbackServer::answering(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi",
    )
    .await;
    let mut fixture = run(RunMode::Live, server.port, &[]);
    fixture.secrets(&[("hook_token", SECRET)]);
    let mut bare = request("POST", &url(&server, "/hook"));
    bare.headers
        .push(("Authorization".to_owned(), "Bearer mine".to_owned()));
    let refused = send(&mut fixture, bare).await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("holds a secret"),
        "{refused:?}"
    );
    assert!(
        send(&mut fixture, request("GET", &url(&server, "/hook")))
            .await
            .is_ok()
    );
    for (name, expect) in [
        ("other", "AccessDenied"),
        ("absent", "there is no secret"),
        ("a/b", "a secret name is"),
    ] {
        let error = fixture
            .state
            .placeholder(name.to_owned())
            .await
            .unwrap()
            .unwrap_err();
        assert!(format!("{error:?}").contains(expect), "{error:?}");
    }
    let placeholder = fixture
        .state
        .placeholder("hook_token".to_owned())
        .await
        .unwrap()
        .unwrap();
    let in_url = url(&server, &format!("/hook?token={placeholder}"));
    let error = send(&mut fixture, request("POST", &in_url))
        .await
        .unwrap_err();
    assert!(
        format!("{error:?}").contains("cannot stand in a URL"),
        "{error:?}"
    );
    let packed = send(&mut fixture, request("GET", &url(&server, "/hook")))
        .await
        .unwrap_err();
    assert!(format!("{packed:?}").contains("packed"), "{packed:?}");
    let forged = format!("{{{{secret:hook_token:{}}}}}", "0".repeat(32));
    let mut post = request("POST", &url(&server, "/hook"));
    post.body = forged.clone().into_bytes();
    send(&mut fixture, post).await.unwrap_err();
    assert!(server.requests.lock().last().unwrap().ends_with(&forged));
}
