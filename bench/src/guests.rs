//! Whether guests that compute without end, or mean harm, slow down the API.
//!
//! Requests are sent at a fixed rate, whether or not the earlier ones are answered, and each is timed from
//! the moment at which it was due, so that a slow answer does not hide the next. Windows of three kinds
//! follow each other again and again: idle, every place taken by a guest that computes without end, and
//! every place taken by guests of the hostile corpus. All are measured in one run against one server.

mod load;
mod probe;

use std::time::Duration;

use sandglass_contract::{Clock as _, SystemClock};
use sandglass_tests::{Server, ServerOptions};
use serde_json::json;

use crate::{
    arguments::{Common, Guests},
    ground::{block_on, take_in_no_op},
    plot::Plot,
    report::{Aim, Report},
    statistics::Sample,
};

use load::{Busy, Hostiles};
use probe::{CALLS, Probe, Timed};

/// What the guests do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    Idle,
    Busy,
    Hostile,
}

impl Window {
    const ALL: [Self; 3] = [Self::Idle, Self::Busy, Self::Hostile];

    const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy guests",
            Self::Hostile => "hostile guests",
        }
    }
}

/// How much higher the 99th percentile may be with guests than without.
const AIM: Aim = Aim::Below(2.0);
/// What is not counted at the beginning of a window, until places are taken or free.
const SETTLING: Duration = Duration::from_millis(1500);

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Guests) {
    let settings = json!({
        "rounds": arguments.rounds, "seconds": arguments.seconds, "rate": arguments.rate,
    });
    let mut report = Report::new("guests", common, settings);
    let mut server = start(common);
    let client = server.client();
    let job = take_in_no_op(&client);
    let (mut busy, mut hostiles) = (Busy::prepare(&client), Hostiles::prepare(&client));
    let clock = SystemClock::default();
    let window = Duration::from_secs(arguments.seconds.into());
    let mut timed: Vec<(Window, Timed)> = Vec::new();
    block_on(async {
        let mut probe = Probe::open(server.address(), &job, arguments.rate, clock.clone()).await;
        // Everything is loaded, and nothing of it is counted.
        probe.measure(SETTLING).await;
        for _ in 0..arguments.rounds {
            for kind in Window::ALL {
                let _ = match kind {
                    Window::Idle => Vec::new(),
                    Window::Busy => {
                        busy.begin(&client);
                        probe.measure(SETTLING).await
                    }
                    Window::Hostile => {
                        hostiles.feed(&client);
                        probe.measure(SETTLING).await
                    }
                };
                let seen = match kind {
                    Window::Idle | Window::Busy => probe.measure(window).await,
                    Window::Hostile => {
                        let until = clock.monotonic() + window;
                        let feeding = hostiles.keep_fed(server.address(), until, &clock);
                        let (seen, ()) = tokio::join!(probe.measure(window), feeding);
                        seen
                    }
                };
                timed.extend(seen.into_iter().map(|it| (kind, it)));
                match kind {
                    Window::Idle => {}
                    Window::Busy => busy.end(&client),
                    Window::Hostile => hostiles.end(&client),
                }
            }
        }
    });
    report.figure(
        "runs of hostile guests",
        hostiles.runs() as f64,
        "",
        Aim::None,
    );
    assert_eq!(server.terminate(), Some(0), "the server stops in order");
    report_on(report, &timed);
}

fn start(common: &Common) -> Server {
    let mut environment = vec![("RUST_LOG".to_owned(), common.log.clone())];
    let runs = common.concurrent_runs.iter();
    environment.extend(runs.map(|it| ("SANDGLASS_CONCURRENT_RUNS".to_owned(), it.to_string())));
    Server::start_with(&ServerOptions {
        environment,
        ..ServerOptions::default()
    })
}

fn report_on(mut report: Report, timed: &[(Window, Timed)]) {
    let sample = |window: Window, call: Option<&str>| {
        let of_it = timed
            .iter()
            .filter(move |(kind, it)| *kind == window && call.is_none_or(|call| it.call == call));
        Sample::of(of_it.map(|(_, it)| it.milliseconds))
    };
    let calls = CALLS.map(|(name, _)| Some(name));
    for call in std::iter::once(None).chain(calls) {
        let what = call.unwrap_or("all calls");
        let samples = Window::ALL.map(|window| (window, sample(window, call)));
        for (window, sample) in &samples {
            for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
                let text = format!("{what}, {}, {name}", window.name());
                report.figure(text, sample.quantile(share), "ms", Aim::None);
            }
        }
        let [(_, idle), busy, hostile] = samples;
        for (window, sample) in [busy, hostile] {
            let text = format!("{what}, {}: p99 to idle p99", window.name());
            report.figure(
                text,
                sample.quantile(0.99) / idle.quantile(0.99),
                "times",
                AIM,
            );
        }
    }
    let lines = Window::ALL.map(|window| {
        let sample = sample(window, None);
        let cut = sample.quantile(0.995);
        let mut points = sample.cumulative();
        points.retain(|(value, _)| *value <= cut);
        (window.name().to_owned(), points)
    });
    let plot = Plot {
        title: "Answers of the API while guests compute without end or mean harm".to_owned(),
        x_axis: "time since the request was due (ms)",
        y_axis: "requests (%)",
        lines: lines.to_vec(),
    };
    report.finish(&[("guests", plot)]);
}
