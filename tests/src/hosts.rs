//! Hosts that share a MongoDB server: each a process of its own, with a data folder, a port, a clock and
//! a way to the server of its own.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;

use crate::{
    Client, MongoServer, ServerOptions, ServerProcess,
    mongo::{free_port, url_at},
    proxy::Proxy,
};

/// The database of the service's records.
pub const RECORDS: &str = "sandglass";
/// The database of the documents that templates work on.
pub const DOCUMENTS: &str = "app";

/// What hosts have in common.
#[derive(Debug, Clone, Copy)]
pub struct HostOptions {
    /// How long a claim holds unless it is renewed.
    pub lease: Duration,
    /// How many executions each runs at once.
    pub concurrent_runs: u32,
    /// How long runs may go on after a host was told to stop.
    pub drain: Duration,
    /// Which log lines hosts write.
    pub log: &'static str,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(3),
            concurrent_runs: 16,
            drain: Duration::from_secs(2),
            log: "info",
        }
    }
}

/// A host, running or not.
#[derive(Debug)]
pub struct Host {
    name: String,
    folder: Arc<TempDir>,
    proxy: Proxy,
    options: ServerOptions,
    process: Option<ServerProcess>,
}

impl Host {
    /// A host that is not started yet, whose own clock is so many milliseconds off.
    #[must_use]
    pub fn new(
        name: &str,
        server: &MongoServer,
        clock_offset_ms: i64,
        options: &HostOptions,
    ) -> Self {
        let proxy = Proxy::to(server.address());
        let variables = [
            ("SANDGLASS_STORE", url_at(proxy.address(), RECORDS)),
            ("SANDGLASS_APP_DATABASE", DOCUMENTS.to_owned()),
            ("SANDGLASS_HOST_NAME", name.to_owned()),
            ("SANDGLASS_CLOCK_OFFSET_MS", clock_offset_ms.to_string()),
            ("SANDGLASS_LEASE_MS", options.lease.as_millis().to_string()),
            (
                "SANDGLASS_CONCURRENT_RUNS",
                options.concurrent_runs.to_string(),
            ),
            (
                "SANDGLASS_DRAIN_SECONDS",
                options.drain.as_secs().to_string(),
            ),
            ("RUST_LOG", options.log.to_owned()),
        ];
        let environment = variables.map(|(name, value)| (name.to_owned(), value));
        Self {
            name: name.to_owned(),
            folder: Arc::new(tempfile::tempdir().expect("a temporary folder")),
            proxy,
            options: ServerOptions {
                port: free_port(),
                environment: environment.into(),
                ..ServerOptions::default()
            },
            process: None,
        }
    }

    /// The same host, not started yet, which says that about itself: `KEY=VALUE`.
    #[must_use]
    pub fn with_label(mut self, label: &str) -> Self {
        let arguments = ["--label", label].map(str::to_owned);
        self.options.arguments.extend(arguments);
        self
    }

    /// Starts it, and waits for nothing.
    pub fn start(&mut self) {
        let process = ServerProcess::start_in(self.folder.clone(), &self.options);
        self.process = Some(process);
    }

    /// Waits until it takes work.
    pub fn wait_until_ready(&self) {
        self.client().until_ready();
    }

    /// Its name in records.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The way to the MongoDB server.
    #[must_use]
    pub const fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Its process; it must have been started.
    #[must_use]
    pub fn process(&mut self) -> &mut ServerProcess {
        self.process.as_mut().expect("the host was started")
    }

    /// A client of it. It stays the same when the host is started again.
    #[must_use]
    pub fn client(&self) -> Client {
        self.process
            .as_ref()
            .expect("the host was started")
            .client()
    }
}
