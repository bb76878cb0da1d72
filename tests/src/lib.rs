//! What the black-box suites share: a real server on a port of its own, and a client for it.
//!
//! The suites know the service only from outside: its binary, its REST API and its files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "everything here is for tests, which may panic and print"
)]

pub mod client;
pub mod components;
pub mod hook;
pub mod hosts;
pub mod jobs;
pub mod mongo;
pub mod people;
pub mod proxy;
pub mod random;
pub mod server;
pub mod sign_in_service;

pub use client::{Answer, Client};
pub use components::{WatTemplate, idle_functions};
pub use hook::HookServer;
pub use hosts::{Host, HostOptions};
pub use mongo::MongoServer;
pub use random::Random;
pub use server::{Server, ServerOptions, ServerProcess};

use std::path::PathBuf;

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the suites are in a folder of the workspace")
        .to_owned()
}

/// The `sandglass` binary that was built together with the running test or tool.
#[must_use]
pub fn binary() -> PathBuf {
    let running = std::env::current_exe().expect("a program has a path");
    // Tests are in target/<profile>/deps, tools in target/<profile>.
    let mut folders = running.ancestors().skip(1).take(2);
    let binary = folders.find_map(|it| Some(it.join("sandglass")).filter(|it| it.exists()));
    binary.unwrap_or_else(|| {
        panic!(
            "the sandglass binary is not beside {}: run `make build` first, or `make test` for both",
            running.display()
        )
    })
}

/// A built-in template, as `make templates` left it.
#[must_use]
pub fn template(id: &str) -> Vec<u8> {
    let path = workspace()
        .join("target/templates")
        .join(format!("{id}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{} cannot be read ({error}): run `make templates`",
            path.display()
        )
    })
}
