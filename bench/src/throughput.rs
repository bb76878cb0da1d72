//! Runs that do nothing, end to end, as many as possible: each is stored before it is acknowledged,
//! claimed, run in a sandbox of its own, and its end is stored.

mod backlog;
mod rest;
mod slots;

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt as _;
use jiff::Timestamp;
use sandglass_contract::{Clock as _, JobId, SystemClock};
use sandglass_registry::{Execution, ExecutionStatus};
use sandglass_tests::Server;
use serde_json::json;

use crate::{
    arguments::{Common, Mode, Store, Throughput},
    executions::{milliseconds, stored},
    ground::{Ground, block_on},
    plot::Plot,
    process,
    report::{Aim, Report},
    statistics::{Sample, by_second, series},
    store,
};

/// How many runs a second are aimed at.
const AIM: Aim = Aim::AtLeast(5_000.0);
const MANUAL_JOBS: u32 = 64;
const SLOT_JOBS: u32 = 5_000;
/// How many jobs' executions are read at once.
const READERS: usize = 4;
/// How many executions the store is measured with.
const STORE_EXECUTIONS: u32 = 50_000;
const STORE_CALLERS: u32 = 256;

/// What a mode leaves for the report.
pub(crate) struct Measured {
    /// Every execution that counts; all have succeeded.
    executions: Vec<Execution>,
    /// When the measuring began, by the server's clock.
    began: Timestamp,
    /// How long runs were asked for, or how long it took.
    window: Duration,
    /// Runs a second.
    rate: f64,
    /// Lines of the plot beside the finished runs.
    lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Throughput) {
    let name = match arguments.mode {
        Mode::Rest => "throughput-rest",
        Mode::Slots => "throughput-slots",
        Mode::Backlog => "throughput-backlog",
    };
    let jobs = arguments.jobs.unwrap_or(match arguments.mode {
        Mode::Slots => SLOT_JOBS,
        Mode::Rest | Mode::Backlog => MANUAL_JOBS,
    });
    let settings = json!({
        "seconds": arguments.seconds, "connections": arguments.connections, "jobs": jobs,
        "backlog": arguments.backlog, "concurrent_runs": common.concurrent_runs,
    });
    let mut report = Report::new(name, common, settings);
    let ground = Ground::prepare(common, SystemClock::default().now());
    let measured = match arguments.mode {
        Mode::Rest => rest::measure(&ground, arguments, jobs, &mut report),
        Mode::Slots => slots::measure(&ground, arguments, jobs, &mut report),
        Mode::Backlog => backlog::measure(&ground, arguments, jobs, &mut report),
    };
    drop(ground);
    let most = STORE_EXECUTIONS.min(u32::try_from(measured.executions.len()).unwrap_or(u32::MAX));
    let costs = store::measure(
        common,
        &Store {
            executions: most.max(1),
            callers: STORE_CALLERS,
        },
    );
    costs.add_to(&mut report);
    let share = measured.rate / costs.insert.per_second * 100.0;
    report.figure(
        "runs/s as a share of the store's inserts/s",
        share,
        "%",
        Aim::None,
    );
    finish(name, report, measured);
}

fn finish(name: &str, mut report: Report, measured: Measured) {
    let since_began = |at: Timestamp| milliseconds(measured.began, at) / 1000.0;
    let ended = measured.executions.iter().filter_map(|it| it.completed_at);
    let finished = by_second(ended.map(since_began));
    report.series("finished_by_second", finished.clone());
    let whole_seconds = finished.len().saturating_sub(1).max(1);
    let most = finished.iter().take(whole_seconds).max().copied();
    report.figure(
        "runs in the best second",
        f64::from(most.unwrap_or(0)),
        "/s",
        Aim::None,
    );
    let mut lines = vec![("finished".to_owned(), series(&finished))];
    lines.extend(measured.lines);
    let plot = Plot {
        title: format!(
            "Runs that do nothing, {}: {:.0} a second over {:.0} s",
            name.rsplit('-').next().unwrap_or(name),
            measured.rate,
            measured.window.as_secs_f64()
        ),
        x_axis: "time (s)",
        y_axis: "runs in a second",
        lines,
    };
    report.finish(&[(name, plot)]);
}

/// Every execution of some jobs that is stored.
pub(crate) fn all_stored(ground: &Ground, jobs: &[JobId]) -> Vec<Execution> {
    let store = &ground.store();
    block_on(
        futures::stream::iter(jobs)
            .map(|job| stored(store, job))
            .buffer_unordered(READERS)
            .concat(),
    )
}

/// Fails unless every execution has succeeded.
pub(crate) fn all_succeeded(executions: &[Execution]) {
    for it in executions {
        assert_eq!(it.status, ExecutionStatus::Success, "{it:?}");
    }
}

/// How long each execution took from some moment to its first attempt, in milliseconds.
pub(crate) fn to_start(executions: &[Execution], from: fn(&Execution) -> Timestamp) -> Sample {
    let delays = executions.iter().filter_map(|it| {
        let attempt = it.attempts.first()?;
        Some(milliseconds(from(it), attempt.started_at))
    });
    Sample::of(delays)
}

/// Adds the median, the 99th percentile and the largest value to a report.
pub(crate) fn quantiles(report: &mut Report, what: &str, sample: &Sample) {
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        let figure = sample.quantile(share);
        report.figure(format!("{what}, {name}"), figure, "ms", Aim::None);
    }
}

/// What a server has used of the machine since some moment.
pub(crate) struct Usage {
    began: Duration,
    before: BTreeMap<String, Duration>,
}

impl Usage {
    /// Begins to count.
    pub(crate) fn of(ground: &Ground, server: &Server) -> Self {
        Self {
            began: ground.clock().monotonic(),
            before: process::time_by_thread(server.id()),
        }
    }

    /// Adds to the report what each run has cost, thread by thread.
    pub(crate) fn add_to(self, report: &mut Report, ground: &Ground, server: &Server, runs: usize) {
        let spent = ground.clock().monotonic() - self.began;
        let mut all = Duration::ZERO;
        for (name, time) in process::time_by_thread(server.id()) {
            let before = self.before.get(&name).copied().unwrap_or_default();
            let used = time.saturating_sub(before);
            all += used;
            let each = used.as_secs_f64() * 1e6 / runs as f64;
            if each >= 1.0 {
                let what = format!("processor time of threads {name:?} for each run");
                report.figure(what, each, "µs", Aim::None);
            }
        }
        let share = all.as_secs_f64() / spent.as_secs_f64() * 100.0;
        report.figure("processor time of the server", share, "% of one", Aim::None);
        let memory = process::peak_memory_mib(server.id());
        report.figure("most memory of the server", memory, "MiB", Aim::None);
    }
}
