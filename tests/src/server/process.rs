//! The process of a server, which may not be ready yet, or never.

use std::{
    io::{BufRead as _, BufReader},
    net::Ipv4Addr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

use super::{Server, ServerOptions, TOKEN, command, data_folder};
use crate::Client;

/// A process. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    port: u16,
    stdout: Option<BufReader<ChildStdout>>,
    pub(super) folder: Arc<TempDir>,
    log: PathBuf,
}

impl ServerProcess {
    /// Starts a server in a folder that an earlier one may have left, and waits for nothing.
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
            .args(["--listen", &format!("127.0.0.1:{}", options.port)])
            .arg("--data-dir")
            .arg(data_folder(&folder))
            .args(&options.arguments)
            .envs(options.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .expect("the server starts");
        Self {
            stdout: child.stdout.take().map(BufReader::new),
            child,
            port: options.port,
            folder,
            log,
        }
    }

    /// The server, once it says that it is ready.
    #[must_use]
    pub fn ready(mut self) -> Server {
        let mut line = String::new();
        let mut stdout = self.stdout.take().expect("standard output is piped");
        stdout.read_line(&mut line).expect("standard output");
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let Some(address) = address else {
            panic!("the server did not come up; it printed {line:?}");
        };
        Server {
            process: self,
            address,
        }
    }

    /// A client with the server's token, for a server whose port was chosen.
    #[must_use]
    pub fn client(&self) -> Client {
        assert_ne!(self.port, 0, "the server chooses its port itself");
        let address = format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port);
        Client::new(&address, Some(TOKEN))
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success(), "the process is gone");
    }

    /// Kills the process as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Waits until the process has ended; returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("the server ends").code()
    }

    /// The exit code of a process that has ended; -1 where a signal ended it.
    pub fn exit_code(&mut self) -> Option<i32> {
        let status = self.child.try_wait().expect("its state can be asked for");
        status.map(|status| status.code().unwrap_or(-1))
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the server has logged, and those before it in the folder.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).expect("the log");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            println!("the log of the server:\n{}", self.log());
        }
    }
}
