//! From a request to run a job to the run, one at a time on an idle server.
//!
//! Records hold whole milliseconds. Where the server says in an attempt how long it took to the first
//! instruction, in microseconds, that is the figure; what the client sees by asking again and again
//! stands above it in any case, since it includes the asking.

use sandglass_contract::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::{
    arguments::{Common, Latency},
    executions::{milliseconds, moment},
    ground::{Ground, block_on},
    http::{Connection, Request},
    plot::Plot,
    report::{Aim, Report},
    statistics::Sample,
};

/// The member of an attempt that says how long it took from the trigger to the first instruction.
const START_DELAY: &str = "start_delay_us";

/// Runs that are not counted, so that everything is loaded.
const WARM_UP: u32 = 20;

/// What was seen of one run, in milliseconds from sending the request.
struct Seen {
    acknowledged: f64,
    begun: f64,
    ended: f64,
    execution: Value,
}

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Latency) {
    let mut report = Report::new("latency", common, json!({"runs": arguments.runs}));
    let now = SystemClock::default().now();
    let ground = Ground::prepare(common, now);
    let job = ground.job(0, json!({"type": "manual"}), None);
    let id = job.id.clone();
    ground.fill(std::iter::once(job));
    let (mut server, _) = ground.serve(ground.clock().now());
    let seen = block_on(async {
        let mut connection = Connection::open(server.address()).await;
        let request = Request::run(id.as_str());
        let mut seen = Vec::new();
        for number in 0..WARM_UP + arguments.runs {
            let run = one(&mut connection, &request, ground.clock()).await;
            seen.extend((number >= WARM_UP).then_some(run));
        }
        seen
    });
    assert_eq!(server.terminate(), Some(0), "the server stops in order");
    finish(report_of(&mut report, &seen), report);
}

async fn one(connection: &mut Connection, request: &Request, clock: &SystemClock) -> Seen {
    let began = clock.monotonic();
    let since = || (clock.monotonic() - began).as_secs_f64() * 1000.0;
    let id = connection.run(request).await;
    let acknowledged = since();
    let look = Request::execution(&id);
    let mut begun = None;
    loop {
        let (_, mut body) = connection.send(&look).await;
        let execution = body["execution"].take();
        match execution["status"].as_str() {
            Some("queued") => {}
            Some("running") => _ = begun.get_or_insert_with(since),
            Some("success") => {
                let ended = since();
                return Seen {
                    acknowledged,
                    begun: begun.unwrap_or(ended),
                    ended,
                    execution,
                };
            }
            _ => panic!("{execution:#}"),
        }
    }
}

fn report_of(report: &mut Report, seen: &[Seen]) -> Vec<(String, Sample)> {
    let recorded = seen.iter().map(|it| {
        let from = moment(&it.execution["queued_at"]);
        milliseconds(from, moment(&it.execution["attempts"][0]["started_at"]))
    });
    let delays: Vec<f64> = seen
        .iter()
        .filter_map(|it| it.execution["attempts"][0][START_DELAY].as_f64())
        .map(|microseconds| microseconds / 1000.0)
        .collect();
    let of = |moment: fn(&Seen) -> f64| Sample::of(seen.iter().map(moment));
    let mut samples = vec![
        ("trigger to answer", of(|it| it.acknowledged), Aim::None),
        ("trigger to seen begun", of(|it| it.begun), Aim::None),
        ("trigger to seen ended", of(|it| it.ended), Aim::None),
    ];
    if delays.len() == seen.len() {
        let name = "trigger to first instruction (server)";
        samples.insert(0, (name, Sample::of(delays), Aim::Below(1.5)));
    }
    for (what, sample, aim) in &samples {
        for (name, share, aim) in [("p50", 0.5, *aim), ("p99", 0.99, Aim::None)] {
            report.figure(format!("{what}, {name}"), sample.quantile(share), "ms", aim);
        }
        report.figure(format!("{what}, max"), sample.max(), "ms", Aim::None);
    }
    let recorded = Sample::of(recorded);
    let what = "recorded: queued to started, whole ms";
    report.figure(
        format!("{what}, p50"),
        recorded.quantile(0.5),
        "ms",
        Aim::None,
    );
    report.figure(
        format!("{what}, p99"),
        recorded.quantile(0.99),
        "ms",
        Aim::None,
    );
    let named = samples
        .into_iter()
        .map(|(name, sample, _)| (name.to_owned(), sample));
    named.collect()
}

fn finish(samples: Vec<(String, Sample)>, report: Report) {
    let cut = samples
        .iter()
        .map(|(_, it)| it.quantile(0.995))
        .fold(0.0, f64::max);
    let lines = samples.into_iter().map(|(name, sample)| {
        let mut points = sample.cumulative();
        points.retain(|(value, _)| *value <= cut);
        (name, points)
    });
    let plot = Plot {
        title: "From a request to run a job, one at a time on an idle server".to_owned(),
        x_axis: "time since the request was sent (ms)",
        y_axis: "runs (%)",
        lines: lines.collect(),
    };
    report.finish(&[("latency", plot)]);
}
