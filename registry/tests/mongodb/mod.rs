//! A database of its own for each test, on the server that MONGODB_URI names.

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

/// The URL of a new database with `purpose` in its name. Whoever uses it drops it.
pub(crate) fn url(purpose: &str) -> String {
    let Ok(server) = std::env::var("MONGODB_URI") else {
        panic!("MONGODB_URI is not set: run `make test`, or start a server and set it");
    };
    // The database stands between the servers and the options.
    let (before, options) = match server.split_once('?') {
        Some((before, options)) => (before, format!("?{options}")),
        None => (server.as_str(), String::new()),
    };
    let (scheme, rest) = before.split_once("://").expect("MONGODB_URI is a URL");
    let servers = rest.split('/').next().unwrap_or(rest);
    format!("{scheme}://{servers}/{}{options}", unique_name(purpose))
}

/// A connection to the server, with a new, empty database. Whoever opened it drops it.
pub(crate) async fn connection(purpose: &str) -> MongoConnection {
    let opened = MongoConnection::open(&url(purpose)).await;
    opened.expect("the server of MONGODB_URI takes connections")
}
