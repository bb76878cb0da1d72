//! A real server: the binary, on a free port, in a folder of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

use crate::{Client, binary};

/// The bearer token that every test server accepts.
pub const TOKEN: &str = "token-of-the-black-box-suites";

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Arguments after `serve`.
    pub arguments: Vec<String>,
    /// Environment variables beside the token.
    pub environment: Vec<(String, String)>,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
    folder: Arc<TempDir>,
    log: PathBuf,
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
        let log = folder.path().join("server.log");
        let log_file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let mut child = command(&data_folder(&folder))
            .arg("serve")
            .args(["--listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(data_folder(&folder))
            .args(&options.arguments)
            .envs(options.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("a line on standard output");
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            child.kill().ok();
            child.wait().ok();
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("the server did not come up; it printed {line:?} and logged:\n{said}");
        };
        Self {
            address: address.to_owned(),
            child,
            folder,
            log,
        }
    }

    /// Kills the server as `kill -9` does, and starts another in the same folder.
    #[must_use]
    pub fn killed_and_started_again(mut self, options: &ServerOptions) -> Self {
        self.kill();
        Self::start_in(self.folder.clone(), options)
    }

    /// Kills the server as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Asks the server to stop (SIGTERM), and waits for it; returns its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        self.child.wait().expect("the server ends").code()
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
        self.child.id()
    }

    /// The server's data folder.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        data_folder(&self.folder)
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let mut text = String::new();
        let mut file = std::fs::File::open(&self.log).expect("the log");
        file.read_to_string(&mut text).ok();
        text
    }

    /// Fills a collection of the application database through the command line.
    pub fn import(&self, collection: &str, lines: &str) {
        let file = self.folder.path().join(format!("{collection}.jsonl"));
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

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("the log of the server:\n{}", self.log());
        }
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
    command
}
