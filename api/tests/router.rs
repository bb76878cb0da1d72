//! The whole router over a real store: what holds for every operation, and how the first user gets in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use jiff::Timestamp;
use sandglass_api::{
    ApiParts, ApiState,
    auth::{BootstrapToken, Bootstrapped, Transport, bootstrap},
    openapi,
    sources::{ArtifactSource, FileStream, SourceError},
};
use sandglass_contract::{Clock, ExecutionId, HostInstanceId, SystemClock};
use sandglass_host::{
    FileOutbox, Host, HostSettings, HttpClient, HttpSettings, Services, SystemResolver,
};
use sandglass_registry::{
    ArtifactRecord, Labels, Store,
    embedded::{EmbeddedDatabase, EmbeddedStore},
};
use sandglass_scheduler::{Catalogue, HostIdentity, Notifier, Scheduler, SchedulerSettings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const TOKEN: &str = "a-token-for-the-router-tests";

struct NoArtifacts;

#[async_trait]
impl ArtifactSource for NoArtifacts {
    async fn open(
        &self,
        _execution: &ExecutionId,
        _artifact: &ArtifactRecord,
    ) -> Result<FileStream, SourceError> {
        Err(SourceError::Gone)
    }
}

struct Api {
    router: Router,
    scheduler: Scheduler,
    _folder: TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let store = EmbeddedStore::open(folder.path(), clock.clone()).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let database = Arc::new(EmbeddedDatabase::open(folder.path(), clock.clone()).unwrap());
        let mail_from: sandglass_host::MailAddress = "service@example.org".parse().unwrap();
        let mailer = Arc::new(FileOutbox::new(folder.path().join("outbox")));
        let services = Services {
            database: database.clone(),
            mailer: mailer.clone(),
            artifacts: Arc::new(object_store::memory::InMemory::new()),
            http: HttpClient::new(HttpSettings::default(), Arc::new(SystemResolver)).unwrap(),
            clock: clock.clone(),
        };
        let settings = HostSettings::new(folder.path().join("cache"), mail_from.clone());
        let host = Host::new(settings, services).unwrap();
        let token = BootstrapToken::parse(TOKEN).unwrap();
        let set = bootstrap(store.as_ref(), clock.now(), Some(&token))
            .await
            .unwrap();
        assert_eq!(set, Bootstrapped::Set);
        let scheduler = Scheduler::start(
            SchedulerSettings {
                host: HostIdentity {
                    name: "test".to_owned(),
                    instance: HostInstanceId::fresh(clock.now()),
                    labels: Labels::default(),
                    concurrent_runs: NonZeroUsize::MIN,
                    started_at: clock.now(),
                    version: "0.0.0-test".to_owned(),
                },
                lease: Duration::from_secs(30),
                vault: None,
                manual_runs: None,
            },
            store.clone(),
            Catalogue::new(store, host, clock.clone()),
            clock.clone(),
            Notifier::new(mailer, mail_from, clock),
        );
        let state = ApiState::new(ApiParts {
            scheduler: scheduler.clone(),
            database,
            artifacts: Arc::new(NoArtifacts),
            outbox: None,
            transport: Transport::Plain,
            trusted_proxies: Vec::new(),
            oidc: None,
            requests_per_minute: None,
            max_component_bytes: 1 << 20,
            version: "0.0.0-test",
            shutdown: CancellationToken::new(),
        });
        Self {
            router: sandglass_api::router(state),
            scheduler,
            _folder: folder,
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    async fn authorised(&self, method: &str, path: &str, body: &str) -> Answer {
        let token = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("x-request-id", "request-1"),
        ];
        self.send(method, path, &headers, body).await
    }
}

/// Every documented operation, its parameters filled in.
fn documented() -> Vec<(String, BTreeSet<String>)> {
    let document: Value = serde_json::from_str(openapi::document_text()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let filled = |path: &str| {
        let digest = "00".repeat(32);
        path.replace("{id}", "none")
            .replace("{type}", "none")
            .replace("{artifact_id}", "none")
            .replace("{digest}", &digest)
    };
    let methods = |item: &Value| {
        item.as_object()
            .unwrap()
            .keys()
            .map(|it| it.to_ascii_uppercase())
            .collect()
    };
    paths
        .iter()
        .map(|(path, item)| (filled(path), methods(item)))
        .collect()
}

#[tokio::test]
async fn every_operation_but_the_public_ones_needs_a_token() {
    let api = Api::start().await;
    for (path, methods) in documented() {
        for method in methods {
            let answer = api.send(&method, &path, &[], "").await;
            let signs_in = ["login", "oidc", "methods"]
                .iter()
                .any(|word| path.starts_with(&format!("/api/auth/{word}")));
            let admin = path.starts_with("/api/") && path != "/api/openapi.json" && !signs_in;
            assert_eq!(
                answer.status == 401,
                admin,
                "{method} {path}: {}",
                answer.status
            );
            let wrong = [("authorization", "Bearer sg_0123_4567890123456789")];
            let answer = api.send(&method, &path, &wrong, "").await;
            assert_eq!(
                answer.status == 401,
                admin,
                "{method} {path}: {}",
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn every_path_takes_the_documented_methods_and_says_so() {
    let api = Api::start().await;
    for (path, mut methods) in documented() {
        let answer = api.authorised("TRACE", &path, "").await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.body["code"], "METHOD_NOT_ALLOWED");
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        let allow = answer.headers["allow"].to_str().unwrap();
        let allowed: BTreeSet<String> = allow.split(',').map(|it| it.trim().to_owned()).collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[tokio::test]
async fn every_answer_keeps_browsers_careful_and_has_an_id() {
    let api = Api::start().await;
    for path in ["/", "/livez", "/nothing", "/api/admin/job-templates"] {
        let answer = api.send("GET", path, &[], "").await;
        for header in ["x-request-id", "content-security-policy", "cache-control"] {
            assert!(answer.headers.contains_key(header), "{path} {header}");
        }
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn problems_read_the_same_everywhere() {
    let api = Api::start().await;
    let jobs = "/api/admin/scheduler-jobs";
    let draft = json!({"name": "a", "template_type": "none", "schedule": {"type": "manual"}});
    let answers = [
        api.authorised("GET", "/nothing", "").await,
        api.authorised("GET", &format!("{jobs}/job_none"), "").await,
        api.authorised("GET", &format!("{jobs}?page=0"), "").await,
        api.authorised("POST", jobs, "{").await,
        api.authorised("POST", jobs, "{}").await,
        api.authorised("POST", jobs, &draft.to_string()).await,
        api.send("GET", jobs, &[("x-request-id", "request-1")], "")
            .await,
    ];
    for answer in &answers {
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    let bodies: Vec<Value> = answers.into_iter().map(|it| it.body).collect();
    insta::assert_json_snapshot!("problems", bodies);
}

#[tokio::test]
async fn a_service_that_is_about_to_stop_is_not_ready_and_still_lives() {
    let api = Api::start().await;
    assert_eq!(api.send("GET", "/readyz", &[], "").await.status, 200);
    api.scheduler.drain(Duration::from_secs(5)).await;
    let answer = api.send("GET", "/readyz", &[], "").await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (503, &json!("NOT_READY"))
    );
    assert!(answer.headers.contains_key("retry-after"));
    let alive = api.send("GET", "/livez", &[], "").await;
    assert_eq!(alive.status, StatusCode::OK.as_u16());
    assert_eq!(alive.body["version"], "0.0.0-test");
}

#[tokio::test]
async fn a_token_that_is_set_anew_replaces_the_one_before() {
    let api = Api::start().await;
    let path = "/api/admin/job-templates";
    let next = "another-token-for-the-tests";
    let token = BootstrapToken::parse(next).unwrap();
    let store = api.scheduler.store();
    let set = bootstrap(store.as_ref(), Timestamp::UNIX_EPOCH, Some(&token))
        .await
        .unwrap();
    assert_eq!(set, Bootstrapped::Set);
    assert_eq!(api.authorised("GET", path, "").await.status, 401);
    let header = format!("Bearer {next}");
    assert_eq!(
        api.send("GET", path, &[("authorization", &header)], "")
            .await
            .status,
        200
    );
    let unset = bootstrap(store.as_ref(), Timestamp::UNIX_EPOCH, None)
        .await
        .unwrap();
    assert_eq!(unset, Bootstrapped::Unchanged);
}

#[tokio::test]
async fn the_first_start_makes_a_token_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let store = EmbeddedStore::open(folder.path(), clock.clone()).unwrap();
    let made = bootstrap(&store, clock.now(), None).await.unwrap();
    let Bootstrapped::Made(token) = made else {
        panic!("{made:?}");
    };
    let id = token.reveal().split('_').nth(1).unwrap().parse().unwrap();
    let (record, user) = sandglass_registry::store::AccountStore::token(&store, &id)
        .await
        .unwrap()
        .expect("the token is stored");
    assert_eq!(user.id.as_str(), "admin");
    assert!(!token.reveal().contains(&record.secret_digest.to_string()));
    let again = bootstrap(&store, clock.now(), None).await.unwrap();
    assert_eq!(again, Bootstrapped::Unchanged);
}
