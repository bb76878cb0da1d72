//! A host whose MongoDB server is away, goes away, or is not one to work with: what it says, and that
//! nothing is lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{sync::Arc, thread, time::Duration};

use bson::doc;
use sandglass_tests::{
    Client, Host, HostOptions, MongoServer, ServerOptions, ServerProcess,
    hosts::{DOCUMENTS, RECORDS},
    jobs::{job, long, merge},
    mongo::{Access, Durability, MongoOptions, Topology, free_port},
    proxy::Passage,
};
use serde_json::{Value, json};

/// A password that nobody may see again.
const PASSWORD: &str = "a-password-of-the-suite";

fn host(server: &MongoServer) -> Host {
    Host::new("host-1", server, 0, &HostOptions::default())
}

/// A host on a server that it cannot work with: its exit code and what it said.
fn refused(url: &str) -> (Option<i32>, String) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let options = ServerOptions {
        port: free_port(),
        environment: vec![("SANDGLASS_STORE".to_owned(), url.to_owned())],
        ..ServerOptions::default()
    };
    let mut process = ServerProcess::start_in(folder, &options);
    (process.wait(), process.log())
}

fn until_logged(host: &mut Host, part: &str) {
    for _ in 0..1200 {
        if host.process().log().contains(part) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{part:?} is not in the log");
}

fn execution(client: &Client, id: &str) -> Value {
    let path = format!("/api/admin/job-executions/{id}");
    client.get(&path).expect(200).body["execution"].clone()
}

fn start(client: &Client, job: &str) -> String {
    client.start_job(job, &json!({}))
}

#[test]
fn a_host_waits_for_a_server_that_is_not_there_yet_and_says_so() {
    let mut server = MongoServer::absent();
    let mut host = host(&server);
    host.start();
    let client = host.client();
    client.until_health("/livez", 200);
    client.until_health("/readyz", 503);
    until_logged(&mut host, "MongoDB does not answer at");
    assert_eq!(client.get("/livez").status, 200);
    assert_eq!(host.process().exit_code(), None);
    server.start_again(MongoOptions::default());
    client.until_ready();
    let job = job(&client, &json!({}));
    assert_eq!(client.run_job(&job, &json!({}))["status"], "success");
}

#[test]
fn a_host_that_waits_for_its_server_stops_when_it_is_told_to() {
    let server = MongoServer::absent();
    let mut host = host(&server);
    host.start();
    host.client().until_health("/livez", 200);
    host.process().signal("TERM");
    assert_eq!(host.process().wait(), Some(0));
}

#[test]
fn without_its_server_a_host_claims_nothing_and_ends_its_runs_before_others_may_begin_them() {
    let server = MongoServer::start();
    let mut host = host(&server);
    host.start();
    host.wait_until_ready();
    let client = host.client();
    let mut endless = long();
    merge(&mut endless, &json!({"name": "endless"}));
    let endless = job(&client, &endless);
    let often = job(
        &client,
        &json!({
            "schedule": {"interval_seconds": 1}, "overlap_policy": "allow_all",
            "catch_up": "all", "max_catch_up_runs": 1000
        }),
    );
    let run = start(&client, &endless);
    let path = format!("/api/admin/job-executions/{run}");
    // The host knows of it, and not only the store.
    let _ = client.until(&path, |body| body["logs"][0].is_object());

    host.proxy().set(Passage::Refused);
    host.proxy().cut();
    client.until_health("/readyz", 503);
    client.until_health("/livez", 200);
    // The run is stopped at nine tenths of its lease; the host says so.
    until_logged(&mut host, "execution.lease.lost");

    host.proxy().set(Passage::Open);
    client.until_ready();
    // It is begun anew, and the lost attempt is on record.
    let body = client.until(&path, |body| body["execution"]["attempt"] == 2);
    assert_eq!(body["execution"]["attempts"][0]["outcome"], "lease_lost");
    let _ = client
        .post(&format!("{path}/cancel"), &json!({}))
        .expect(202);
    assert_eq!(client.ended(&run)["status"], "cancelled");
    let path = format!("/api/admin/scheduler-jobs/{often}/pause");
    let _ = client.post(&path, &json!({})).expect(200);
    let path = format!("/api/admin/scheduler-jobs/{often}/executions?status=queued,running");
    let _ = client.until(&path, |body| body["total"] == 0);
    check_slots(&client, &often);
}

/// Every second from the first slot to the last is on record once.
fn check_slots(client: &Client, job: &str) {
    let path = format!("/api/admin/scheduler-jobs/{job}/executions?limit=200");
    let body = client.get(&path).expect(200).body;
    let rows = body["executions"].as_array().unwrap();
    assert_eq!(body["total"], rows.len(), "more than a page");
    let mut slots: Vec<i64> = rows
        .iter()
        .map(|row| {
            row["scheduled_for"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .unwrap()
        })
        .map(jiff::Timestamp::as_second)
        .collect();
    slots.sort_unstable();
    assert!(
        slots.windows(2).all(|pair| pair[1] - pair[0] == 1),
        "{slots:?}"
    );
    assert!(slots.len() > 3, "{slots:?}");
}

#[test]
fn a_host_stops_when_it_is_told_to_though_its_server_does_not_answer() {
    let server = MongoServer::start();
    let mut host = host(&server);
    host.start();
    host.wait_until_ready();
    let client = host.client();
    let endless = job(&client, &long());
    let run = start(&client, &endless);
    let path = format!("/api/admin/job-executions/{run}");
    let _ = client.until(&path, |body| body["execution"]["status"] == "running");
    host.proxy().set(Passage::Held);
    host.process().signal("TERM");
    assert_eq!(host.process().wait(), Some(0));

    host.proxy().set(Passage::Open);
    host.start();
    host.wait_until_ready();
    let again = host
        .client()
        .until(&path, |body| body["execution"]["attempt"] == 2);
    assert_eq!(again["execution"]["attempts"][0]["outcome"], "lease_lost");
}

#[test]
fn a_short_absence_of_the_server_ends_no_run() {
    let server = MongoServer::start();
    let options = HostOptions {
        lease: Duration::from_secs(20),
        ..HostOptions::default()
    };
    let mut host = Host::new("host-1", &server, 0, &options);
    host.start();
    host.wait_until_ready();
    let client = host.client();
    let run = start(&client, &job(&client, &long()));
    let path = format!("/api/admin/job-executions/{run}");
    let _ = client.until(&path, |body| body["execution"]["progress"]["done"].is_u64());
    host.proxy().set(Passage::Refused);
    host.proxy().cut();
    client.until_health("/readyz", 503);
    host.proxy().set(Passage::Open);
    client.until_ready();
    let before = execution(&client, &run)["progress"]["done"]
        .as_u64()
        .unwrap();
    let body = client.until(&path, |body| {
        body["execution"]["progress"]["done"]
            .as_u64()
            .is_some_and(|done| done > before)
    });
    assert_eq!(body["execution"]["attempt"], 1);
    assert_eq!(body["execution"]["status"], "running");
}

#[test]
fn a_killed_server_that_comes_back_has_everything_that_was_acknowledged() {
    let options = MongoOptions {
        durability: Durability::Synced,
        ..MongoOptions::default()
    };
    let mut server = MongoServer::start_with(options);
    let mut host = host(&server);
    host.start();
    host.wait_until_ready();
    let client = host.client();
    let job = job(&client, &json!({"parameters": {"steps": 2}}));
    let runs: Vec<String> = (0..10).map(|_| start(&client, &job)).collect();
    server.kill();
    client.until_health("/readyz", 503);
    assert_eq!(client.get("/livez").status, 200);
    server.start_again(options);
    client.until_ready();
    for run in &runs {
        assert_eq!(client.ended(run)["status"], "success");
    }
}

#[test]
fn wrong_credentials_end_the_start_with_what_to_do_and_without_the_password() {
    let mut server = MongoServer::start();
    let roles = vec![
        doc! {"role": "readWrite", "db": RECORDS},
        doc! {"role": "readWrite", "db": DOCUMENTS},
    ];
    let _ = server.run(
        "admin",
        doc! {"createUser": "sandglass", "pwd": PASSWORD, "roles": roles},
    );
    server.kill();
    server.start_again(MongoOptions {
        access: Access::Users,
        ..MongoOptions::default()
    });
    let url = |user: &str| {
        let address = server.address();
        format!("mongodb://{user}@{address}/{RECORDS}?authSource=admin&directConnection=true")
    };
    let check = |url: &str| {
        let (code, said) = refused(url);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("refuses the user or the password"), "{said}");
        assert!(said.contains("authSource"), "{said}");
        assert!(
            !said.contains("wrong-") && !said.contains(PASSWORD),
            "{said}"
        );
    };
    check(&url("sandglass:wrong-password"));
    check(&url(&format!("nobody:{PASSWORD}")));
    check(&server.url(RECORDS));
}

#[test]
fn a_standalone_server_is_refused_with_the_command_that_puts_it_right() {
    let options = MongoOptions {
        topology: Topology::Standalone,
        ..MongoOptions::default()
    };
    let server = MongoServer::start_with(options);
    let (code, said) = refused(&server.url(RECORDS));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--replSet"), "{said}");
    assert!(said.contains("rs.initiate()"), "{said}");
}

#[test]
fn a_url_that_is_none_is_refused_without_repeating_it() {
    let (code, said) = refused(&format!("postgres://user:{PASSWORD}@localhost/x"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("mongodb://"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[test]
fn a_collection_with_foreign_documents_is_left_alone() {
    let server = MongoServer::start();
    let foreign = doc! {"_id": 7, "order": "three boxes of nails"};
    server.insert(RECORDS, "job_executions", vec![foreign]);
    let (code, said) = refused(&server.url(RECORDS));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("job_executions"), "{said}");
    let left = server.run(RECORDS, doc! {"count": "job_executions"});
    assert_eq!(left.get_i32("n").unwrap(), 1);
    let found = server.run(RECORDS, doc! {"find": "job_executions"});
    let first = found
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let order = first[0].as_document().unwrap().get_str("order").unwrap();
    assert_eq!(order, "three boxes of nails");
}

#[test]
fn data_of_a_newer_version_is_left_alone() {
    let server = MongoServer::start();
    let mut first = host(&server);
    first.start();
    first.wait_until_ready();
    first.process().signal("TERM");
    assert_eq!(first.process().wait(), Some(0));
    raise_version(&server);
    let (code, said) = refused(&server.url(RECORDS));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("newer"), "{said}");
}

/// Writes a later version of the data than any that there is.
fn raise_version(server: &MongoServer) {
    let set = doc! {"q": {"_id": "sandglass"}, "u": {"$set": {"version": 1_000_000}}};
    let answer = server.run(RECORDS, doc! {"update": "data_version", "updates": [set]});
    assert_eq!(answer.get_i32("nModified").unwrap(), 1, "{answer}");
}
