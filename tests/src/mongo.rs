//! A MongoDB server of a suite's own, which it may break: a process on a free loopback port.
//!
//! The program is SecantusDB, named by `SANDGLASS_TEST_MONGOD` or installed by `make test-tools`. It is
//! licensed under the GPL and only ever a separate process. The suites speak to it in MongoDB's own wire
//! protocol and without its driver, so that what they do to the server does not reach themselves.

mod fail_point;
mod wire;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use bson::{Document, doc};
use tempfile::TempDir;

use crate::workspace;
pub use fail_point::{FailPoint, Failure};
use wire::Connection;

/// How long a server may take until it answers.
const LONGEST_START: Duration = Duration::from_secs(60);
/// How often is looked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How the server takes part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Topology {
    /// As the only member of a replica set.
    #[default]
    ReplicaSet,
    /// By itself, without transactions and retryable writes.
    Standalone,
}

/// Who may use the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Users with a password.
    Users,
}

/// What survives when the server is killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// What the operating system was handed.
    #[default]
    Fast,
    /// Everything that was acknowledged.
    Synced,
}

/// How a server is started.
#[derive(Debug, Clone, Copy, Default)]
pub struct MongoOptions {
    /// How it takes part.
    pub topology: Topology,
    /// Who may use it.
    pub access: Access,
    /// What survives when it is killed.
    pub durability: Durability,
}

/// A server. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct MongoServer {
    child: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl MongoServer {
    /// Starts an open replica set of one member.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(MongoOptions::default())
    }

    /// Starts a server with options.
    #[must_use]
    pub fn start_with(options: MongoOptions) -> Self {
        let mut server = Self::absent();
        server.start_again(options);
        server
    }

    /// A place for a server that is not started yet: its address is known and nobody answers there.
    #[must_use]
    pub fn absent() -> Self {
        Self {
            child: None,
            port: free_port(),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Starts the server on its folder and port, and waits until it answers.
    pub fn start_again(&mut self, options: MongoOptions) {
        assert!(self.child.is_none(), "the server runs already");
        let log = std::fs::File::create(self.log_file()).expect("a log file");
        let mut command = Command::new(program());
        command
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string()])
            .arg("--storage-path")
            .arg(self.folder.path().join("data"))
            .args(["--enable-test-commands", "--log-level", "WARNING"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("another handle of the log"))
            .stderr(log);
        if options.topology == Topology::Standalone {
            command.arg("--standalone");
        }
        if options.access == Access::Users {
            command.arg("--auth");
        }
        if options.durability == Durability::Synced {
            command.arg("--sync-on-commit");
        }
        self.child = Some(command.spawn().expect("the MongoDB server starts"));
        self.wait_until_it_answers();
    }

    /// Kills the server as `kill -9` does. Its folder stays.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The URL of a database on it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url_at(self.address(), database)
    }

    /// Runs a command and returns its answer, which must be good.
    pub fn run(&self, database: &str, command: Document) -> Document {
        let answer = self.try_run(database, command.clone());
        let answer = answer.expect("the MongoDB server answers");
        let good = answer
            .get("ok")
            .and_then(|ok| ok.as_f64().or(ok.as_i32().map(f64::from)));
        assert_eq!(good, Some(1.0), "{command} was answered with {answer}");
        answer
    }

    /// Runs a command and returns its answer.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn try_run(&self, database: &str, command: Document) -> std::io::Result<Document> {
        Connection::open(self.address())?.run(database, command)
    }

    /// Makes commands fail from now on.
    pub fn fail(&self, point: &FailPoint) {
        self.run("admin", point.command());
    }

    /// Makes no command fail any more.
    pub fn stop_failing(&self) {
        self.run("admin", FailPoint::off());
    }

    /// Adds documents to a collection.
    pub fn insert(&self, database: &str, collection: &str, documents: Vec<Document>) {
        let _ = self.run(
            database,
            doc! {"insert": collection, "documents": documents},
        );
    }

    fn wait_until_it_answers(&mut self) {
        for _ in 0..LONGEST_START.as_millis() / LOOK_EVERY.as_millis() {
            if self.try_run("admin", doc! {"hello": 1}).is_ok() {
                return;
            }
            let child = self.child.as_mut().expect("it was started");
            if child
                .try_wait()
                .expect("its state can be asked for")
                .is_some()
            {
                break;
            }
            thread::sleep(LOOK_EVERY);
        }
        let said = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        panic!("the MongoDB server did not come up; it said:\n{said}");
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for MongoServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The URL of a database on the server at an address, or on a proxy of it.
#[must_use]
pub fn url_at(address: SocketAddr, database: &str) -> String {
    format!("mongodb://{address}/{database}?directConnection=true")
}

/// A loopback port that nobody listens on.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn program() -> PathBuf {
    let named = std::env::var_os("SANDGLASS_TEST_MONGOD").map(PathBuf::from);
    let program = named.unwrap_or_else(|| workspace().join("target/tools/python/bin/secantusd-py"));
    assert!(
        program.exists(),
        "there is no MongoDB server {}: run `make test-tools`, or name one with \
         SANDGLASS_TEST_MONGOD",
        program.display()
    );
    program
}
