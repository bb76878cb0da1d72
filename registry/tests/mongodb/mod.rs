//! The MongoDB server that tests use: the one of `MONGODB_URI`.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may panic and read the environment, and each uses a part of this"
)]

use sandglass_registry::mongo::MongoConnection;

/// A name for a database that no other run has.
pub(crate) fn unique_name(purpose: &str) -> String {
    let random: u32 = rand::random();
    format!("sandglass_{purpose}_{}_{random:08x}", std::process::id())
}

/// The URL of a database on the server.
pub(crate) fn url(database: &str) -> String {
    let Ok(server) = std::env::var("MONGODB_URI") else {
        panic!("MONGODB_URI is not set: run `make test`, or start a server and set it");
    };
    let (before, options) = match server.split_once('?') {
        Some((before, options)) => (before, format!("?{options}")),
        None => (server.as_str(), String::new()),
    };
    let (scheme, rest) = before.split_once("://").expect("MONGODB_URI is a URL");
    let hosts = rest.split('/').next().unwrap_or(rest);
    format!("{scheme}://{hosts}/{database}{options}")
}

/// A connection to the server, with a database of its own.
pub(crate) async fn connection() -> MongoConnection {
    let url = url(&unique_name("test"));
    let opened = MongoConnection::open(&url).await;
    opened.expect("the server of MONGODB_URI takes connections")
}
