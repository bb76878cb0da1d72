//! Signing in at another service.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_tests::{
    Answer, Client, Server, ServerOptions,
    sign_in_service::{CLIENT, SECRET, SignInService, Signer},
};
use serde_json::{Value, json};

fn start(service: &SignInService) -> (Server, tempfile::TempDir) {
    start_with(service, "")
}

/// A service whose settings of the sign-in service go on with `more`.
fn start_with(service: &SignInService, more: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let text = format!(
        "public_url = \"http://127.0.0.1:1\"\n\
         [oidc]\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\n\
         {more}[oidc.roles]\nops = \"admin\"\nsecurity = \"security_reviewer\"\n",
        service.issuer()
    );
    std::fs::write(&file, text).unwrap();
    let options = ServerOptions {
        arguments: ["--config", file.to_str().unwrap()]
            .map(str::to_owned)
            .into(),
        ..ServerOptions::default()
    };
    (Server::start_with(&options), folder)
}

fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.map(|value| {
        value
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    });
    pairs.collect::<Vec<_>>().join("; ")
}

fn go(client: &Client, path: &str, cookies: &str) -> Answer {
    client.send("GET", path, &[("cookie", cookies)], b"")
}

/// Signs in as whoever has these claims.
fn sign_in(server: &Server, service: &SignInService, claims: &Value, signed_by: Signer) -> Answer {
    let browser = server.stranger();
    let begun = go(&browser, "/api/auth/oidc/login", "").expect(303);
    let query = service.sign_in(begun.header("location"), claims, signed_by);
    go(
        &browser,
        &format!("/api/auth/oidc/callback?{query}"),
        &cookies(&begun),
    )
}

#[test]
fn whoever_signs_in_gets_the_role_of_the_groups_anew_each_time() {
    let service = SignInService::start();
    let (server, _folder) = start(&service);
    let methods = server.stranger().get("/api/auth/methods").expect(200).body;
    assert_eq!(methods, json!({"password": true, "oidc": true}));
    let check = |groups: Value, role: &str| {
        let claims = json!({"preferred_username": "ada", "groups": groups});
        let back = sign_in(&server, &service, &claims, Signer::Service).expect(303);
        assert_eq!(back.header("location"), "/");
        let me = go(&server.stranger(), "/api/auth/me", &cookies(&back))
            .expect(200)
            .body;
        assert_eq!((&me["user"], &me["role"]), (&json!("ada"), &json!(role)));
    };
    check(json!(["ops", "others"]), "admin");
    check(json!(["security", "ops"]), "security_reviewer");
    let user = server.client().get("/api/admin/users/ada").expect(200).body;
    assert_eq!(user["user"]["identity"], format!("{} 7", service.issuer()));
    let log = server
        .client()
        .get("/api/admin/audit-log?target=ada")
        .expect(200)
        .body;
    let entries = log["entries"].as_array().unwrap().iter();
    let actions: Vec<_> = entries.map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "login_succeeded",
            "user_updated",
            "login_succeeded",
            "user_created"
        ]
    );
}

#[test]
fn other_claims_can_give_the_id_and_the_role_and_an_address_only_where_it_is_verified() {
    let service = SignInService::start();
    let more = "user_claim = \"email\"\nrole_claim = \"team\"\n";
    let (server, _folder) = start_with(&service, more);
    let sign_in = |verified: Value| {
        let claims = json!({
            "preferred_username": "eve", "groups": "security", "team": "ops",
            "email": "ada@example.com", "email_verified": verified,
        });
        sign_in(&server, &service, &claims, Signer::Service)
    };
    for verified in [json!(false), Value::Null] {
        let refused = sign_in(verified).expect(403);
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("gives no id"), "{detail}");
    }
    let back = sign_in(json!(true)).expect(303);
    let me = go(&server.stranger(), "/api/auth/me", &cookies(&back));
    let me = me.expect(200).body;
    assert_eq!(
        (&me["user"], &me["role"]),
        (&json!("ada@example.com"), &json!("admin"))
    );
}

#[test]
fn nobody_gets_in_with_a_sign_in_that_is_not_right() {
    let service = SignInService::start();
    let (server, _folder) = start(&service);
    let good = json!({"preferred_username": "ada", "groups": "ops"});
    let check = |change: Value, signed_by, status: u16, text: &str| {
        let mut claims = good.clone();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let answer = sign_in(&server, &service, &claims, signed_by).expect(status);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(text), "{detail}");
        assert!(!cookies(&answer).contains("sandglass-session"));
    };
    check(json!({}), Signer::Stranger, 401, "not valid");
    check(
        json!({"iss": "http://127.0.0.1:9"}),
        Signer::Service,
        401,
        "not valid",
    );
    check(json!({"aud": "another"}), Signer::Service, 401, "not valid");
    check(
        json!({"nonce": "another"}),
        Signer::Service,
        401,
        "not valid",
    );
    check(json!({"exp": 1000}), Signer::Service, 401, "not valid");
    check(
        json!({"groups": "others"}),
        Signer::Service,
        403,
        "given you a role",
    );
    check(
        json!({"preferred_username": null}),
        Signer::Service,
        403,
        "gives no id",
    );
    // A name that people choose takes over nobody's account.
    check(
        json!({"preferred_username": "admin"}),
        Signer::Service,
        403,
        "somebody else here",
    );
    check(
        json!({"preferred_username": "system"}),
        Signer::Service,
        403,
        "somebody else here",
    );
}

#[test]
fn a_sign_in_belongs_to_the_browser_that_began_it() {
    let service = SignInService::start();
    let (server, _folder) = start(&service);
    let browser = server.stranger();
    let claims = json!({"preferred_username": "ada", "groups": "ops"});
    let begun = go(&browser, "/api/auth/oidc/login", "").expect(303);
    let query = service.sign_in(begun.header("location"), &claims, Signer::Service);
    let path = format!("/api/auth/oidc/callback?{query}");
    let _ = go(&browser, &path, "").expect(401);
    let another = go(&browser, "/api/auth/oidc/login", "").expect(303);
    let _ = go(&browser, &path, &cookies(&another)).expect(401);
    let _ = go(&browser, &path, "sandglass-sign-in=damaged").expect(401);
    let _ = go(
        &browser,
        "/api/auth/oidc/callback?error=access_denied",
        &cookies(&begun),
    )
    .expect(401);
    let _ = go(&browser, &path, &cookies(&begun)).expect(303);
    // The code is used up.
    let _ = go(&browser, &path, &cookies(&begun)).expect(401);
}

#[test]
fn without_a_sign_in_service_there_is_none() {
    let server = Server::start();
    let _ = server.stranger().get("/api/auth/oidc/login").expect(404);
    let _ = server.stranger().get("/api/auth/oidc/callback").expect(404);
}

#[test]
fn a_sign_in_service_that_does_not_answer_is_told_so() {
    let service = SignInService::start();
    let (server, folder) = start(&service);
    drop(server);
    let file = folder.path().join("settings.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(service.issuer(), "http://127.0.0.1:1")).unwrap();
    let options = ServerOptions {
        arguments: ["--config", file.to_str().unwrap()]
            .map(str::to_owned)
            .into(),
        ..ServerOptions::default()
    };
    let server = Server::start_with(&options);
    let answer = server.stranger().get("/api/auth/oidc/login").expect(503);
    assert_eq!(answer.body["code"], "UNAVAILABLE");
}
