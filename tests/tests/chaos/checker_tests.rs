//! The checker finds what it is there to find: records that are right pass, and each that was tampered
//! with does not.

use std::{collections::BTreeSet, panic};

use sandglass_contract::{Digest, JobId, LogLine};
use sandglass_registry::Execution;
use serde_json::{Value, json};

use crate::{
    checker::{check_execution, check_slots, check_traces},
    load::{LoadedJob, Role},
    records::Traces,
};

fn job(role: Role) -> LoadedJob {
    LoadedJob {
        id: JobId::parse("job_1").unwrap(),
        role,
        interval_ms: Some(1000),
        parents: Vec::new(),
    }
}

fn second(second: u32) -> String {
    format!("2030-01-01T00:00:{second:02}Z")
}

fn attempt(number: u32, host: &str, from: u32, to: u32, outcome: &str) -> Value {
    json!({
        "attempt": number, "execution_host": host, "started_at": second(from),
        "completed_at": second(to), "outcome": outcome, "error": null, "fuel_used": 0,
        "peak_memory_bytes": 0
    })
}

/// An execution of the slot at that second, which lost its host once and then succeeded.
fn taken_over(slot: u32) -> Value {
    let at = 1_893_456_000_000_u64 + u64::from(slot) * 1000;
    json!({
        "_id": format!("job_1@{at}"), "org": "default", "job_id": "job_1", "job_name": "a job",
        "job_version": 1, "template_type": "test_scheduler", "template_version": "1.0.0",
        "template_digest": Digest::of(b""), "grant": [], "status": "success",
        "scheduled_for": second(slot), "queued_at": second(slot), "available_at": second(slot),
        "attempt": 2, "fuel_used": 0, "peak_memory_bytes": 0, "artifacts": [], "dry_run": false,
        "triggered_by": "scheduler", "fence": 2, "outcome": "success",
        "attempts": [
            attempt(1, "host-1", 10, 20, "lease_lost"),
            attempt(2, "host-2", 21, 22, "success")
        ]
    })
}

fn read(execution: &Value) -> Execution {
    serde_json::from_value(execution.clone()).unwrap()
}

fn is_refused(check: impl FnOnce() + panic::UnwindSafe) -> bool {
    panic::catch_unwind(check).is_err()
}

/// Whether the checker refuses the execution after `tamper`.
fn refuses(tamper: impl Fn(&mut Value)) -> bool {
    let mut execution = taken_over(5);
    tamper(&mut execution);
    let execution = read(&execution);
    let hosts: BTreeSet<String> = ["host-1", "host-2"].map(str::to_owned).into();
    is_refused(move || check_execution(&execution, &job(Role::Single), &hosts))
}

#[test]
fn an_execution_is_refused_once_it_breaks_a_promise() {
    assert!(!refuses(|_| {}));
    assert!(refuses(
        |it| it["attempts"][1]["started_at"] = json!(second(15))
    ));
    assert!(refuses(|it| it["attempts"][0]["outcome"] = json!("success")));
    assert!(refuses(|it| it["attempts"][1]["attempt"] = json!(3)));
    assert!(refuses(
        |it| it["attempts"][1]["execution_host"] = json!("host-9")
    ));
    assert!(refuses(|it| it["status"] = json!("running")));
    assert!(refuses(|it| it["status"] = json!("cancelled")));
    assert!(refuses(|it| it["attempts"][1]["outcome"] = json!("failed")));
    assert!(refuses(|it| it["fence"] = json!(1)));
}

#[test]
fn a_slot_that_is_lost_or_there_twice_is_found() {
    let slots = |seconds: &[u32]| {
        let executions: Vec<Execution> = seconds.iter().map(|it| read(&taken_over(*it))).collect();
        is_refused(move || {
            assert_eq!(
                check_slots(&job(Role::Single), &executions),
                executions.len()
            );
        })
    };
    assert!(!slots(&[7, 5, 6]));
    assert!(slots(&[5, 7]));
    assert!(slots(&[5, 6, 6]));
}

#[test]
fn a_line_that_a_lost_attempt_wrote_later_is_found() {
    let lines = |lines: &[(u64, u32, u32)]| {
        let line = |(seq, attempt, at): &(u64, u32, u32)| {
            serde_json::from_value::<LogLine>(json!({
                "seq": seq, "attempt": attempt, "timestamp": second(*at), "level": "INFO",
                "message": "a line"
            }))
        };
        let traces = Traces {
            log: lines.iter().map(|it| line(it).unwrap()).collect(),
            journal: Vec::new(),
        };
        is_refused(move || check_traces(&read(&taken_over(5)), &traces))
    };
    assert!(!lines(&[(1, 1, 11), (5, 2, 22)]));
    assert!(lines(&[(1, 1, 24)]));
    assert!(lines(&[(1, 1, 11), (5, 2, 22), (6, 1, 12)]));
    assert!(lines(&[(1, 3, 22)]));
    assert!(lines(&[(1, 1, 11), (1, 2, 22)]));
}
