//! Signing in, tokens, and what becomes of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::sync::Arc;

use sandglass_tests::{Answer, Client, Server, ServerOptions};
use serde_json::{Value, json};

const PASSWORD: &str = "several good words";
const HOUR: i64 = 60 * 60 * 1000;

fn sign_in(stranger: &Client, user: &str, password: &str) -> Answer {
    stranger.post(
        "/api/auth/login",
        &json!({"user": user, "password": password}),
    )
}

/// The session that an answer sets, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    set.split(';').next().unwrap().to_owned()
}

fn with_cookie(client: &Client, method: &str, path: &str, cookie: &str) -> Answer {
    let headers = [("cookie", cookie), ("content-type", "application/json")];
    client.send(method, path, &headers, b"")
}

fn make_user(admin: &Client, id: &str, role: &str) {
    let user = json!({"id": id, "role": role, "password": PASSWORD});
    let made = admin.post("/api/admin/users", &user).expect(201);
    assert_eq!(made.body["user"]["has_password"], true);
    assert!(!String::from_utf8_lossy(&made.bytes).contains("argon2"));
}

#[test]
fn a_user_signs_in_and_out() {
    let server = Server::start();
    make_user(&server.client(), "ada", "admin");
    let browser = server.stranger();
    let answer = sign_in(&browser, "ada", PASSWORD).expect(200);
    assert_eq!(
        (&answer.body["user"], &answer.body["role"]),
        (&json!("ada"), &json!("admin"))
    );
    let set = answer.header("set-cookie");
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Lax"),
        "{set}"
    );
    let session = cookie(&answer);
    let me = with_cookie(&browser, "GET", "/api/auth/me", &session)
        .expect(200)
        .body;
    assert_eq!(
        (&me["user"], &me["kind"]),
        (&json!("ada"), &json!("session"))
    );
    let secret = session.split_once('=').unwrap().1.to_owned();
    // A session is no bearer token.
    let bearer = browser.clone().with_token(&secret);
    let _ = bearer.get("/api/auth/me").expect(401);
    let _ = with_cookie(&browser, "POST", "/api/auth/logout", &session).expect(200);
    let _ = with_cookie(&browser, "GET", "/api/auth/me", &session).expect(401);
}

#[test]
fn a_wrong_user_and_a_wrong_password_are_answered_alike() {
    let server = Server::start();
    let admin = server.client();
    make_user(&admin, "ada", "admin");
    let _ = admin.as_user("tokens_only", "admin");
    let check = |user: &str, password: &str| {
        let answer = sign_in(&server.stranger(), user, password);
        let body = answer.expect(401).body;
        (body["code"].clone(), body["detail"].clone())
    };
    let expect = check("ada", "another good word");
    assert_eq!(check("nobody", PASSWORD), expect);
    assert_eq!(check("not an id", PASSWORD), expect);
    assert_eq!(check("tokens_only", ""), expect);
    let _ = admin
        .put("/api/admin/users/ada", &json!({"status": "disabled"}))
        .expect(200);
    assert_eq!(check("ada", PASSWORD), expect);
}

#[test]
fn sessions_end_by_themselves() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let at = |offset: i64| {
        let offset = ("SANDGLASS_CLOCK_OFFSET_MS".to_owned(), offset.to_string());
        let options = ServerOptions {
            environment: vec![offset],
            ..ServerOptions::default()
        };
        Server::start_in(folder.clone(), &options)
    };
    let mut server = at(0);
    make_user(&server.client(), "ada", "admin");
    let idle = cookie(&sign_in(&server.stranger(), "ada", PASSWORD).expect(200));
    assert_eq!(server.terminate(), Some(0));
    let mut server = at(HOUR - 60_000);
    let used = with_cookie(&server.stranger(), "GET", "/api/auth/me", &idle);
    assert_eq!(used.status, 200);
    assert_eq!(server.terminate(), Some(0));
    // It was used a moment before it would have ended, and holds for an hour from then.
    let mut server = at(HOUR + 60_000);
    let used = with_cookie(&server.stranger(), "GET", "/api/auth/me", &idle);
    assert_eq!(used.status, 200);
    assert_eq!(server.terminate(), Some(0));
    let server = at(3 * HOUR);
    let over = with_cookie(&server.stranger(), "GET", "/api/auth/me", &idle);
    assert_eq!(
        over.expect(401).body["detail"],
        "the session is over; sign in again"
    );
}

#[test]
fn who_is_disabled_or_gets_another_password_is_signed_out() {
    let server = Server::start();
    let admin = server.client();
    make_user(&admin, "ada", "admin");
    let browser = server.stranger();
    let token = admin.with_new_token(&json!({"user": "ada", "name": "script"}));
    let session = cookie(&sign_in(&browser, "ada", PASSWORD).expect(200));
    let other = "other words, and more";
    let headers = [
        ("cookie", session.as_str()),
        ("content-type", "application/json"),
    ];
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new}).to_string();
        browser.send("POST", "/api/auth/password", &headers, body.as_bytes())
    };
    let _ = change("wrong", other).expect(403);
    let short = change(PASSWORD, "short").expect(422).body;
    assert_eq!(short["errors"][0]["pointer"], "/new");
    let _ = change(PASSWORD, other).expect(200);
    let _ = with_cookie(&browser, "GET", "/api/auth/me", &session).expect(401);
    let _ = sign_in(&browser, "ada", PASSWORD).expect(401);
    let session = cookie(&sign_in(&browser, "ada", other).expect(200));
    let _ = token.get("/api/auth/me").expect(200);
    let _ = admin
        .put("/api/admin/users/ada", &json!({"status": "disabled"}))
        .expect(200);
    let _ = with_cookie(&browser, "GET", "/api/auth/me", &session).expect(401);
    let told = token.get("/api/auth/me").expect(401).body;
    assert_eq!(told["detail"], "the user is disabled");
}

#[test]
fn nobody_locks_the_service_up() {
    let server = Server::start();
    let admin = server.client();
    for change in [json!({"role": "user"}), json!({"status": "disabled"})] {
        let refused = admin.put("/api/admin/users/admin", &change).expect(422);
        assert_eq!(refused.body["errors"][0]["code"], "own_account");
    }
    let reserved = json!({"id": "system", "role": "super_admin"});
    let _ = admin.post("/api/admin/users", &reserved).expect(422);
    let _ = admin.put("/api/admin/users/nobody", &json!({})).expect(404);
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let server = Server::start();
    make_user(&server.client(), "ada", "super_admin");
    let browser = server.stranger();
    let session = cookie(&sign_in(&browser, "ada", PASSWORD).expect(200));
    let send = |site: &str| {
        let headers = [
            ("cookie", session.as_str()),
            ("sec-fetch-site", site),
            ("content-type", "application/json"),
        ];
        let body = br#"{"id": "eve", "role": "super_admin"}"#;
        browser.send("POST", "/api/admin/users", &headers, body)
    };
    assert_eq!(send("cross-site").expect(403).body["code"], "FORBIDDEN");
    assert_eq!(send("same-site").status, 403);
    assert_eq!(send("same-origin").status, 201);
}

#[test]
fn a_token_has_an_end_a_role_and_a_last_use() {
    let server = Server::start();
    let admin = server.client();
    let make = |token: Value| admin.post("/api/admin/tokens", &token);
    let _ = admin.as_user("grace", "admin");
    let over = json!({"user": "grace", "name": "x", "expires_at": "2020-01-01T00:00:00Z"});
    assert_eq!(
        make(over).expect(422).body["errors"][0]["code"],
        "in_the_past"
    );
    let wide = json!({"user": "grace", "name": "x", "role": "super_admin"});
    assert_eq!(
        make(wide).expect(422).body["errors"][0]["code"],
        "role_too_wide"
    );
    let none = json!({"user": "grace", "name": "x", "scopes": []});
    assert_eq!(make(none).expect(422).body["errors"][0]["code"], "no_scope");
    let unknown = json!({"user": "nobody", "name": "x"});
    assert_eq!(make(unknown).status, 404);

    let lent = admin.with_new_token(&json!({"name": "lent", "role": "security_reviewer"}));
    let me = lent.get("/api/auth/me").expect(200).body;
    assert_eq!(
        (&me["user"], &me["role"]),
        (&json!("admin"), &json!("security_reviewer"))
    );
    // What a token lacks, the tokens made with it lack too.
    let narrow = admin.with_new_token(&json!({"name": "narrow", "scopes": ["read", "administer"]}));
    let made = narrow
        .post("/api/auth/tokens", &json!({"name": "child"}))
        .expect(201);
    assert_eq!(made.body["token"]["scopes"], json!(["read", "administer"]));
    let others = narrow.post("/api/auth/tokens", &json!({"name": "x", "user": "grace"}));
    assert_eq!(others.status, 422);
    let id = made.body["token"]["_id"].as_str().unwrap();
    let child = admin
        .clone()
        .with_token(made.body["secret"].as_str().unwrap());
    let _ = child.get("/api/auth/me").expect(200);
    let tokens = admin.get("/api/admin/tokens").expect(200);
    assert!(!String::from_utf8_lossy(&tokens.bytes).contains("secret"));
    let listed = tokens.body["tokens"].as_array().unwrap();
    let listed = listed.iter().find(|it| it["_id"] == id).unwrap();
    assert!(listed["last_used_at"].is_string(), "{listed}");
    let _ = admin.delete(&format!("/api/auth/tokens/{id}")).expect(200);
    let _ = child.get("/api/auth/me").expect(401);
    let _ = admin.delete(&format!("/api/admin/tokens/{id}")).expect(404);
}
