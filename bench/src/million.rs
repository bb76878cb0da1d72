//! A million jobs in the embedded store: how long the server takes to be ready, how much memory and
//! processor time it needs, and how late it fires the slots of one moment.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use sandglass_contract::Clock as _;
use sandglass_registry::Job;
use sandglass_tests::Server;
use serde_json::{Value, json};

use crate::{
    arguments::{Common, Million},
    executions::{Lateness, listed},
    ground::{Ground, last_slot},
    plot::Plot,
    process,
    report::{Aim, Report},
    statistics::Sample,
};

/// The moment, by the servers' clocks, at which jobs are due.
const DUE: &str = "2030-01-15T12:00:00Z";
/// How long a server is left alone before it is watched.
const SETTLE: Duration = Duration::from_secs(3);
/// How much time there is between watching the idle server and the moment.
const MARGIN: Duration = Duration::from_secs(10);
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Africa/Nairobi",
];

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Million) {
    let due: Timestamp = DUE.parse().expect("a moment");
    let long_before = due - 1.hour();
    let settings = json!({
        "jobs": arguments.jobs, "due": arguments.due, "idle_seconds": arguments.idle_seconds
    });
    let mut report = Report::new("million", common, settings);
    let ground = Ground::prepare(common, long_before);

    println!("storing {} jobs", arguments.jobs);
    let filled = ground.fill((0..arguments.jobs).map(|it| job(&ground, it, arguments.due, due)));
    report.figure("storing the jobs", filled.as_secs_f64(), "s", Aim::None);

    ground.forget_compiled();
    let (mut server, cold) = ground.serve(long_before);
    let memory = process::peak_memory_mib(server.id());
    assert_eq!(server.terminate(), Some(0), "the server stops in order");
    let aim = Aim::Below(5.0);
    report.figure(
        "ready, templates not compiled yet",
        cold.as_secs_f64(),
        "s",
        aim,
    );
    report.figure("most memory while starting so", memory, "MiB", Aim::None);

    let idle = Duration::from_secs(arguments.idle_seconds.into());
    let before = cold + SETTLE + idle + MARGIN;
    let before = SignedDuration::try_from(before).expect("a short time");
    let began = ground.clock().monotonic();
    let (mut server, warm) = ground.serve(due - before);
    report.figure(
        "ready, templates compiled before",
        warm.as_secs_f64(),
        "s",
        aim,
    );
    let share = idle_share(&ground, &server, idle);
    report.figure(
        "processor time while idle",
        share * 100.0,
        "% of one",
        Aim::Below(2.0),
    );
    let left = before
        .unsigned_abs()
        .checked_sub(ground.clock().monotonic() - began);
    assert!(
        left.is_some(),
        "the moment passed while the server was watched; repeat"
    );

    let last = last_slot(arguments.due, due);
    ground.wait_for_ended(&server.client(), &last, arguments.due.into());
    let executions = listed(&server.client());
    let memory = process::peak_memory_mib(server.id());
    assert_eq!(server.terminate(), Some(0), "the server stops in order");
    report.figure("most memory in all", memory, "MiB", Aim::Below(512.0));
    assert_eq!(
        executions.len(),
        arguments.due as usize,
        "every due slot is there once"
    );
    finish(report, &executions);
}

fn finish(mut report: Report, executions: &[Value]) {
    let lateness: Vec<Lateness> = executions.iter().map(Lateness::of).collect();
    let queued = Sample::of(lateness.iter().map(|it| it.queued));
    let started = Sample::of(lateness.iter().map(|it| it.started));
    for (what, sample, aim) in [
        ("slot to queued", &queued, Aim::Below(250.0)),
        ("slot to started", &started, Aim::None),
    ] {
        report.figure(
            format!("{what}, p50"),
            sample.quantile(0.5),
            "ms",
            Aim::None,
        );
        report.figure(format!("{what}, p99"), sample.quantile(0.99), "ms", aim);
        report.figure(format!("{what}, max"), sample.max(), "ms", Aim::None);
    }
    let jobs = "slots of one moment, among the jobs of a full store";
    let plot = Plot {
        title: format!("How late {} {jobs} are", executions.len()),
        x_axis: "lateness (ms)",
        y_axis: "slots (%)",
        lines: vec![
            ("queued".to_owned(), queued.cumulative()),
            ("started".to_owned(), started.cumulative()),
        ],
    };
    report.finish(&[("million", plot)]);
}

/// The share of one processor that a server uses when nothing is due.
fn idle_share(ground: &Ground, server: &Server, idle: Duration) -> f64 {
    Ground::pause(SETTLE);
    let (began, before) = (
        ground.clock().monotonic(),
        process::processor_time(server.id()),
    );
    Ground::pause(idle);
    let used = process::processor_time(server.id()) - before;
    used.as_secs_f64() / (ground.clock().monotonic() - began).as_secs_f64()
}

/// The first jobs are due at `due`; the others between two hours and a year later, or never.
fn job(ground: &Ground, number: u32, due_jobs: u32, due: Timestamp) -> Job {
    if number < due_jobs {
        let schedule = match number % 3 {
            0 => json!({"cron": "0 12 * * *"}),
            1 => json!({"interval_seconds": 86_400}),
            _ => json!({"run_at": due}),
        };
        return ground.job(number, schedule, Some(due));
    }
    let later = due + 2.hours() + (i64::from(number) * 7919 % 1200).minutes();
    let far = due + (i64::from(number) % 8760 + 24).hours();
    match number % 20 {
        0 => ground.job(number, json!({"type": "manual"}), None),
        1..=4 => ground.job(number, json!({"run_at": far}), Some(far)),
        5..=9 => {
            let seconds = 3600 + number % 82_800;
            ground.job(number, json!({"interval_seconds": seconds}), Some(later))
        }
        _ => {
            let zone = ZONES[number as usize % ZONES.len()];
            let local = later.in_tz(zone).expect("a zone");
            let (minute, hour) = (local.minute(), local.hour());
            let cron = format!("{minute} {hour} * * *");
            ground.job(number, json!({"cron": cron, "timezone": zone}), Some(later))
        }
    }
}
