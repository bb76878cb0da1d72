//! A database of its own for each test, on the server that MONGODB_URI names.

use std::env;

use sandglass_registry::mongo::MongoConnection;

/// A connection to a new, empty database with `name` in its name. Whoever opened it drops it.
pub(crate) async fn connection(name: &str) -> MongoConnection {
    MongoConnection::open(&url(name)).await.unwrap()
}

/// The URL of a new database.
pub(crate) fn url(name: &str) -> String {
    let base = env::var("MONGODB_URI")
        .expect("MONGODB_URI is not set: run `make test`, or start a server and set it");
    let database = format!("test_{name}_{}", ulid::Ulid::generate());
    // The database stands between the servers and the options.
    let (servers, options) = match base.split_once('?') {
        Some((servers, options)) => (servers, format!("?{options}")),
        None => (base.as_str(), String::new()),
    };
    format!("{}/{database}{options}", servers.trim_end_matches('/'))
}
