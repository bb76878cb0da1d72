//! What a service does whose store is MongoDB and does not answer, or is not one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{
    io::Read as _,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use sandglass_tests::{Client, binary};

fn serve(store: &str, folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
        .arg("--data-dir")
        .arg(folder)
        .env("SANDGLASS_STORE", store);
    command
}

fn refused(store: &str, code: i32, part: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output: Output = serve(store, folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(part), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

/// Waits for the address that a service logs when it begins to listen.
fn address(log: &Path) -> String {
    loop {
        let mut text = String::new();
        let mut file = std::fs::File::open(log).unwrap();
        file.read_to_string(&mut text).unwrap();
        let line = text.lines().find(|line| line.contains("serve.starting"));
        if let Some(line) = line {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            return line["fields"]["address"].as_str().unwrap().to_owned();
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn terminate(child: &mut Child) -> Option<i32> {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    child.wait().unwrap().code()
}

#[test]
fn a_service_whose_store_is_not_there_listens_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // A port that nobody listens on.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut child = serve(&format!("mongodb://ada:hunter2@{closed}/x"), folder.path())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let client = Client::new(&format!("http://{}", address(&log)), None);
    assert_eq!(client.get("/livez").expect(200).body["status"], "alive");
    for path in ["/readyz", "/api/admin/scheduler-jobs"] {
        let answer = client.get(path).expect(503);
        assert_eq!(answer.body["code"], "NOT_READY");
        assert_eq!(answer.body["detail"], "the store does not answer yet");
        assert_eq!(answer.header("retry-after"), "2");
    }
    assert_eq!(terminate(&mut child), Some(0));
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(!said.contains("hunter2"), "{said}");
    let mut printed = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut printed)
        .unwrap();
    assert_eq!(printed, "");
}

#[test]
fn a_store_that_waiting_does_not_help_ends_the_service() {
    refused("mongo://ada:hunter2@host", 2, "mongodb://host");
    refused("mongodb://ada:hunter2@host:port/x", 2, "not valid");
    refused("mongodb://", 2, "not valid");
}
