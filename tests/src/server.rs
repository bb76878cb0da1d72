//! A real server: the binary, on a free port, in a folder of its own.

mod author;
mod process;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use tempfile::TempDir;

use crate::{Client, binary};
pub use process::ServerProcess;

/// The bearer token that every test server accepts.
pub const TOKEN: &str = "token-of-the-black-box-suites";

/// The suites do more than a user may; those about the limits set them.
pub const NO_LIMITS: [(&str, &str); 3] = [
    ("SANDGLASS_MAX_JOBS", "0"),
    ("SANDGLASS_MANUAL_RUNS_PER_HOUR", "0"),
    ("SANDGLASS_REQUESTS_PER_MINUTE", "0"),
];

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The loopback port to listen on; 0 takes a free one.
    pub port: u16,
    /// Arguments after `serve`.
    pub arguments: Vec<String>,
    /// Environment variables beside the token.
    pub environment: Vec<(String, String)>,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    process: ServerProcess,
    address: String,
}

impl Server {
    /// Starts a server in a new folder.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&ServerOptions::default())
    }

    /// Starts a server in a new folder, with options.
    #[must_use]
    pub fn start_with(options: &ServerOptions) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(Arc::new(folder), options)
    }

    /// Starts a server in a folder that an earlier one may have left.
    #[must_use]
    pub fn start_in(folder: Arc<TempDir>, options: &ServerOptions) -> Self {
        ServerProcess::start_in(folder, options).ready()
    }

    /// Kills the server as `kill -9` does, and starts another in the same folder.
    #[must_use]
    pub fn killed_and_started_again(mut self, options: &ServerOptions) -> Self {
        self.kill();
        Self::start_in(self.process.folder.clone(), options)
    }

    /// Kills the server as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks the server to stop (SIGTERM), and waits for it; returns its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.process.signal("TERM");
        self.process.wait()
    }

    /// A client with the server's token.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.address, Some(TOKEN))
    }

    /// A client without a token.
    #[must_use]
    pub fn stranger(&self) -> Client {
        Client::new(&self.address, None)
    }

    /// Where it listens: `http://127.0.0.1:…`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The server's data folder.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        data_folder(&self.process.folder)
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Fills a collection of the application database through the command line.
    pub fn import(&self, collection: &str, lines: &str) {
        let file = self
            .process
            .folder
            .path()
            .join(format!("{collection}.jsonl"));
        std::fs::write(&file, lines).expect("a file to import");
        let file = file.to_str().expect("a plain path");
        let output = self.run(&["collection", "import", collection, file]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// How many documents a collection has, by the command line.
    #[must_use]
    pub fn count(&self, collection: &str, filter: &str) -> u64 {
        let output = self.run(&["collection", "count", collection, "--filter", filter]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).expect("a number");
        text.trim().parse().expect("a number alone")
    }

    /// Runs another command of the binary on the server's data folder.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        command(&self.data_folder())
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data_folder())
            .output()
            .expect("the command runs")
    }
}

fn data_folder(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("HOME", folder)
        .env("SANDGLASS_BOOTSTRAP_TOKEN", TOKEN)
        .env("RUST_LOG", "info");
    for (name, value) in NO_LIMITS {
        command.env(name, value);
    }
    command
}
