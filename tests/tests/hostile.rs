//! Components that mean harm, uploaded to a real server: each ends as the corpus says, and the server
//! goes on as if nothing had happened.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

#[path = "hostile/corpus.rs"]
mod corpus;
#[path = "hostile/memory.rs"]
mod memory;

use corpus::{Look, check, upload};
use memory::{at_rest, resident};
use sandglass_hostile::{CORPUS, Hostile};
use sandglass_tests::{Client, Server, template};
use serde_json::json;

/// How much more memory the server may have however often it has met every guest: each of the 272 places
/// for a guest's memory keeps up to a mebibyte for the next, each of the 1,360 for a table 64 KiB, and up to
/// 64 compiled templates stay loaded.
const KEPT: u64 = 384 << 20;
/// How much more memory a round may leave behind than the one before and still count as the same: places
/// are taken in another order each time, and the store's caches fill.
const SLACK: u64 = 16 << 20;
/// How often the guests are sent through, until memory levels off. A leak in every run would not.
const MOST_ROUNDS: usize = 8;

/// Sends every guest through the server; `after` is called when each has ended.
fn round(client: &Client, author: &Client, guests: &[(Hostile, Vec<u8>)], after: impl Fn(&str)) {
    for (hostile, component) in guests {
        check(client, author, hostile, component);
        after(hostile.name);
    }
}

#[test]
fn every_guest_of_the_corpus_ends_as_it_must_and_the_server_keeps_nothing() {
    let guests = CORPUS.iter().flat_map(|(_, guests)| *guests);
    let guests: Vec<(Hostile, Vec<u8>)> = guests.map(|it| (*it, it.component())).collect();
    let (server, author) = Server::start_with_author();
    server.import(
        "users",
        "{\"_id\":1,\"a\":1}\n{\"_id\":2,\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaab\"}\n",
    );
    let client = server.client();
    let look = Look::new(&client, &author);
    for _ in 0..5 {
        look.look(&client, "the start");
    }
    let before = resident(server.id());
    let alive = |_: &str| {
        let _ = client.get("/livez").expect(200);
    };
    let mut kept = Vec::new();
    round(&client, &author, &guests, |name| look.look(&client, name));
    kept.push(resident(server.id()));
    while kept.len() < MOST_ROUNDS && !has_levelled_off(&kept) {
        round(&client, &author, &guests, alive);
        kept.push(at_rest(server.id(), kept[kept.len() - 1] + SLACK));
    }
    look.look(&client, "everything");
    let shown: Vec<u64> = kept.iter().map(|it| it >> 20).collect();
    println!(
        "{} guests; resident memory in MiB: {} before, after each round {shown:?}",
        guests.len(),
        before >> 20,
    );
    assert!(
        has_levelled_off(&kept),
        "it keeps more of every round: {shown:?} MiB"
    );
    assert!(
        kept.iter().all(|it| *it <= before + KEPT),
        "it keeps what guests used: {shown:?} MiB"
    );
}

/// Whether the last round left no more behind than the one before it.
fn has_levelled_off(kept: &[u64]) -> bool {
    match kept {
        [.., before, last] => *last <= before + SLACK,
        _ => false,
    }
}

#[test]
fn what_is_no_template_is_refused_and_the_server_goes_on() {
    let server = Server::start();
    let client = server.client();
    let core_module = b"\0asm\x01\0\0\0";
    let empty_component = b"\0asm\x0d\0\x01\0";
    let mut cut = template("test_scheduler");
    cut.truncate(cut.len() / 2);
    let mut flipped = template("test_scheduler");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let check = |bytes: &[u8], status: u16| {
        let answer = upload(&client, bytes);
        assert_eq!(answer.status, status, "{:#}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    };
    check(b"", 422);
    check(b"hello", 422);
    check(b"(component)", 422);
    check(core_module, 422);
    check(empty_component, 422);
    check(&cut, 422);
    check(&vec![0; 40 << 20], 413);
    let answer = upload(&client, &flipped);
    assert!(matches!(answer.status, 422 | 201), "{}", answer.status);
    let ended = client.run_job(
        &client.create_manual_job("test_scheduler", &json!({})),
        &json!({}),
    );
    assert_eq!(ended["status"], "success");
}

#[test]
fn the_same_version_is_not_taken_in_twice() {
    let server = Server::start();
    let client = server.client();
    let answer = upload(&client, &template("test_scheduler"));
    assert_eq!(answer.status, 409, "{:#}", answer.body);
    let text = client.send(
        "POST",
        "/api/admin/job-templates",
        &[("content-type", "text/plain")],
        &template("test_scheduler"),
    );
    assert_eq!(text.status, 415, "{:#}", text.body);
}
