//! Many jobs due at one moment: from the moment to the first instruction of each.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::Clock as _;
use serde_json::json;

use crate::{
    arguments::{Common, Spike},
    executions::{Lateness, listed},
    ground::{Ground, last_slot},
    plot::Plot,
    report::{Aim, Report},
    statistics::Sample,
};

/// The moment, by the servers' clocks.
const DUE: &str = "2030-01-15T12:00:00Z";
/// How long before it the server is started.
const BEFORE: Duration = Duration::from_secs(10);
/// The number of jobs that the aim is for.
const AIMED_AT: u32 = 1_000;

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Spike) {
    let mut report = Report::new("spike", common, json!({"jobs": arguments.jobs}));
    let mut lines = Vec::new();
    for jobs in &arguments.jobs {
        let started = measure(common, *jobs, &mut report);
        report.series(&format!("{jobs} jobs"), sampled(&started));
        lines.push((format!("{jobs} jobs"), started.cumulative()));
    }
    let plot = Plot {
        title: "From the top of the minute to the first instruction".to_owned(),
        x_axis: "time since the jobs were due (ms)",
        y_axis: "jobs that have begun (%)",
        lines,
    };
    report.finish(&[("top-of-the-minute", plot)]);
}

fn measure(common: &Common, jobs: u32, report: &mut Report) -> Sample {
    let due: Timestamp = DUE.parse().expect("a moment");
    let before = SignedDuration::try_from(BEFORE).expect("a short time");
    let ground = Ground::prepare(common, due - before * 10);
    let noon = json!({"cron": "0 12 * * *"});
    ground.fill((0..jobs).map(|number| ground.job(number, noon.clone(), Some(due))));
    let began = ground.clock().monotonic();
    let (mut server, _) = ground.serve(due - before);
    let left = BEFORE.checked_sub(ground.clock().monotonic() - began);
    Ground::pause(left.expect("the server was ready before the moment; repeat"));
    let last = last_slot(jobs, due);
    ground.wait_for_ended(&server.client(), &last, jobs.into());
    let executions = listed(&server.client());
    assert_eq!(server.terminate(), Some(0), "the server stops in order");
    assert_eq!(executions.len(), jobs as usize, "every slot is there once");

    let lateness: Vec<Lateness> = executions.iter().map(Lateness::of).collect();
    let queued = Sample::of(lateness.iter().map(|it| it.queued));
    let started = Sample::of(lateness.iter().map(|it| it.started));
    let figure = |report: &mut Report, what: &str, figure: f64, aim: Aim| {
        report.figure(format!("{jobs} jobs: {what}"), figure, "ms", aim);
    };
    let aim = match jobs {
        AIMED_AT => Aim::Below(200.0),
        _ => Aim::None,
    };
    figure(
        report,
        "due to queued, p99",
        queued.quantile(0.99),
        Aim::None,
    );
    figure(
        report,
        "due to started, p50",
        started.quantile(0.5),
        Aim::None,
    );
    figure(report, "due to started, p99", started.quantile(0.99), aim);
    figure(report, "due to started, max", started.max(), Aim::None);
    started
}

/// The percentiles of a sample.
fn sampled(sample: &Sample) -> Vec<f64> {
    (0..=100)
        .map(|percent| sample.quantile(f64::from(percent) / 100.0))
        .collect()
}
