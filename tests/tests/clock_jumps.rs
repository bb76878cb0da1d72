//! A server whose wall clock is set while it runs: no storm of runs, no silence, and the audit log says
//! what happened.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

use std::{fs, path::PathBuf, process::Command};

use sandglass_tests::{Client, Server, ServerOptions, workspace};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server, and the clock that it reads.
struct Shifted {
    server: Server,
    file: PathBuf,
    _folder: TempDir,
}

impl Shifted {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("shifted_clock.so");
        let source = workspace().join("tests/clock/shifted_clock.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .status()
            .unwrap();
        assert!(compiled.success());
        let file = folder.path().join("offset");
        fs::write(&file, 0_i64.to_ne_bytes()).unwrap();
        let options = ServerOptions {
            environment: vec![
                (
                    "LD_PRELOAD".to_owned(),
                    library.to_string_lossy().into_owned(),
                ),
                (
                    "SHIFTED_CLOCK_FILE".to_owned(),
                    file.to_string_lossy().into_owned(),
                ),
            ],
            ..ServerOptions::default()
        };
        Self {
            server: Server::start_with(&options),
            file,
            _folder: folder,
        }
    }

    /// Sets the server's clock so far from the true time.
    fn set(&self, seconds: i64) {
        // In place, since the server has mapped the file.
        let mut file = fs::File::options().write(true).open(&self.file).unwrap();
        std::io::Write::write_all(&mut file, &(seconds * 1000).to_ne_bytes()).unwrap();
    }
}

fn job(client: &Client, schedule: Value) -> String {
    client.create_job(&json!({
        "name": "a job", "template_type": "test_scheduler", "schedule": schedule,
        "parameters": {"steps": 1}
    }))
}

/// How many executions of a job have each of two statuses.
fn counts(client: &Client, job: &str) -> (u64, u64) {
    let total = |status: &str| {
        let path = format!("/api/admin/scheduler-jobs/{job}/executions?status={status}&limit=1");
        client.get(&path).expect(200).body["total"]
            .as_u64()
            .unwrap()
    };
    (total("success"), total("missed"))
}

fn until_more_than(client: &Client, job: &str, before: u64) {
    let path = format!("/api/admin/scheduler-jobs/{job}/executions?status=success&limit=1");
    let _ = client.until(&path, |body| body["total"].as_u64().unwrap() > before);
}

/// The jump that the audit log tells of, in whole minutes.
fn audited(client: &Client, minutes: f64) {
    let body = client.until("/api/admin/audit-log", |body| {
        let entries = body["entries"].as_array().unwrap();
        entries.iter().any(|entry| {
            let by = entry["detail"]["by_seconds"].as_f64().unwrap_or_default() / 60.0;
            entry["action"] == "clock_jumped" && (by - minutes).abs() < 0.1
        })
    });
    assert_eq!(body["entries"][0]["by"], "system");
}

#[test]
fn a_clock_that_jumps_an_hour_makes_neither_a_storm_nor_silence() {
    let shifted = Shifted::start();
    let client = shifted.server.client();
    let often = job(&client, json!({"interval_seconds": 2}));
    let minutely = job(&client, json!({"cron": "* * * * *"}));
    until_more_than(&client, &often, 0);
    let (ran, missed) = counts(&client, &minutely);
    assert_eq!(missed, 0);

    shifted.set(3600);
    audited(&client, 60.0);
    let path = format!("/api/admin/scheduler-jobs/{minutely}/executions?status=missed&limit=1");
    let _ = client.until(&path, |body| body["total"].as_u64().unwrap() >= 58);
    let (ran_after, missed_after) = counts(&client, &minutely);
    assert!(
        ran_after - ran <= 3,
        "{ran_after} runs of {missed_after} slots"
    );
    assert!((58..=61).contains(&missed_after), "{missed_after}");
    // 1,800 slots of two seconds: the last thousand and the range before them are on record.
    let (often_ran, _) = counts(&client, &often);
    until_more_than(&client, &often, often_ran);
    let (_, often_missed) = counts(&client, &often);
    assert!((990..=1002).contains(&often_missed), "{often_missed}");

    shifted.set(0);
    audited(&client, -60.0);
    let (before, missed_before) = counts(&client, &often);
    until_more_than(&client, &often, before + 1);
    let (_, missed_now) = counts(&client, &often);
    assert_eq!(missed_now, missed_before);
    let by_hand = client.run_job(&minutely, &json!({}));
    assert_eq!(by_hand["status"], "success");
    println!("forwards: {missed_after} of 60 slots missed; back: the interval goes on");
}
