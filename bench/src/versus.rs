//! Sandglass against Agenda, on the same MongoDB server and in the same run.
//!
//! Jobs that do nothing are stored beforehand: all due at one moment, which shows how many a second are
//! finished, and a few a second, which shows how late a run begins where nothing waits. The two sides
//! take turns with the same numbers of hosts and jobs, each in databases of its own. It compares what
//! users of either get: ours runs each in a sandbox and keeps the full record, theirs calls a function
//! and forgets.

mod agenda;
mod place;
mod sandglass;

use serde_json::{Value, json};

use crate::{
    arguments::{Common, Versus},
    plot::Plot,
    report::{Aim, Report},
    statistics::Sample,
};

use place::Place;

/// When the jobs of a measurement are due.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    /// All at one moment.
    AtOnce,
    /// So many in each second, spread over it evenly.
    Spread(u32),
}

impl Arrival {
    /// How it is called in reports.
    const fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "all at once",
            Self::Spread(_) => "one by one",
        }
    }

    /// How long after the first job the one with that number is due, in milliseconds.
    fn offset_ms(self, number: u32) -> i64 {
        match self {
            Self::AtOnce => 0,
            Self::Spread(per_second) => i64::from(number) * 1000 / i64::from(per_second),
        }
    }
}

/// What is asked of either side.
#[derive(Debug, Clone, Copy)]
struct Load {
    hosts: u32,
    jobs: u32,
    arrival: Arrival,
}

/// What a side made of it.
struct Measured {
    /// From the first due moment to the end of the last run.
    seconds: f64,
    /// From the due moment to the first instruction, in milliseconds.
    p50: f64,
    p99: f64,
    /// What the side was set to, as it tells.
    settings: Value,
}

impl Measured {
    fn per_second(&self, load: Load) -> f64 {
        f64::from(load.jobs) / self.seconds
    }
}

/// Both sides under one load.
struct Pair {
    load: Load,
    /// Nothing where Agenda does not end all jobs in two minutes.
    agenda: Option<Measured>,
    /// Agenda with few jobs in the store at a time, where throughput is measured.
    agenda_fed: Option<Measured>,
    sandglass: Measured,
}

impl Pair {
    fn measure(common: &Common, place: &Place, load: Load) -> Self {
        let (hosts, jobs, how) = (load.hosts, load.jobs, load.arrival.name());
        println!("{jobs} jobs due {how}, hosts: {hosts}");
        let agenda = agenda::measure(place, load);
        let agenda_fed = match load.arrival {
            Arrival::AtOnce => agenda::measure_fed(place, load),
            Arrival::Spread(_) => None,
        };
        let pair = Self {
            load,
            agenda,
            agenda_fed,
            sandglass: sandglass::measure(common, place, load),
        };
        for (name, it) in pair.sides() {
            let rate = it.per_second(load);
            println!(
                "  {name:<12} {rate:>9.1} /s   due to started: p50 {:>7.0} ms, p99 {:>7.0} ms",
                it.p50, it.p99
            );
        }
        pair
    }

    fn sides(&self) -> Vec<(&'static str, &Measured)> {
        let sides = [
            ("Agenda", self.agenda.as_ref()),
            ("Agenda, fed", self.agenda_fed.as_ref()),
            ("Sandglass", Some(&self.sandglass)),
        ];
        let measured = sides.into_iter().filter_map(|(name, it)| Some((name, it?)));
        measured.collect()
    }

    /// What Agenda was set to, and what else was tried.
    fn settings_of_agenda(&self) -> Value {
        let settings = |it: &Option<Measured>| it.as_ref().map(|it| it.settings.clone());
        json!({
            "hosts": self.load.hosts, "due": self.load.arrival.name(),
            "settings": settings(&self.agenda), "fed": settings(&self.agenda_fed),
        })
    }

    fn add_to(&self, report: &mut Report) {
        let what = format!("{} hosts, {}", self.load.hosts, self.load.arrival.name());
        if matches!(self.load.arrival, Arrival::AtOnce) {
            for (name, it) in self.sides() {
                let rate = it.per_second(self.load);
                report.figure(format!("{what}: {name} finished"), rate, "/s", Aim::None);
            }
            // The better of Agenda's two, so that a peculiarity of the server is no merit of ours.
            let both = self.agenda.iter().chain(&self.agenda_fed);
            let best = both.map(|it| it.seconds).reduce(f64::min);
            if let Some(best) = best {
                let what = format!("{what}: Sandglass to the better Agenda");
                let ratio = best / self.sandglass.seconds;
                report.figure(what, ratio, "times", Aim::AtLeast(1.0));
            }
        }
        for (name, it) in self.sides() {
            let mut figure = |quantile: &str, figure: f64| {
                let what = format!("{what}: {name} due to started, {quantile}");
                report.figure(what, figure, "ms", Aim::None);
            };
            figure("p50", it.p50);
            figure("p99", it.p99);
        }
    }
}

/// Measures.
pub(crate) fn run(common: &Common, arguments: &Versus) {
    let place = Place::prepare(arguments);
    let mut pairs = Vec::new();
    for hosts in arguments.hosts.iter().copied() {
        for (jobs, arrival) in [
            (arguments.jobs, Arrival::AtOnce),
            (arguments.spread_jobs, Arrival::Spread(arguments.per_second)),
        ] {
            let load = Load {
                hosts,
                jobs,
                arrival,
            };
            pairs.push(Pair::measure(common, &place, load));
        }
    }
    let settings = json!({
        "hosts": arguments.hosts, "jobs": arguments.jobs, "spread_jobs": arguments.spread_jobs,
        "per_second": arguments.per_second, "concurrent_runs": common.concurrent_runs,
        "server": place.server(),
    });
    let mut report = Report::new("versus", common, settings);
    for pair in &pairs {
        pair.add_to(&mut report);
    }
    let settings: Vec<Value> = pairs.iter().map(Pair::settings_of_agenda).collect();
    report.series("settings_of_agenda", settings);
    report.finish(&[
        ("versus-throughput", throughput(&pairs)),
        ("versus-latency", latency(&pairs)),
    ]);
}

/// One line for each side: a value over the number of hosts, where there is one.
fn line(
    pairs: &[Pair],
    is_meant: fn(Arrival) -> bool,
    of: impl Fn(&Pair) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let meant = pairs.iter().filter(|it| is_meant(it.load.arrival));
    meant
        .filter_map(|it| Some((f64::from(it.load.hosts), of(it)?)))
        .collect()
}

fn throughput(pairs: &[Pair]) -> Plot {
    let at_once = |arrival| matches!(arrival, Arrival::AtOnce);
    let rate = |pair: &Pair, it: &Option<Measured>| {
        let measured = it.as_ref();
        measured.map(|it| it.per_second(pair.load))
    };
    let agenda = line(pairs, at_once, |it| rate(it, &it.agenda));
    let fed = line(pairs, at_once, |it| rate(it, &it.agenda_fed));
    let sandglass = line(pairs, at_once, |it| Some(it.sandglass.per_second(it.load)));
    Plot {
        title: "Jobs that do nothing, all due at one moment, on one MongoDB server".to_owned(),
        x_axis: "hosts",
        y_axis: "jobs finished in a second",
        lines: vec![
            ("Agenda".to_owned(), agenda),
            ("Agenda, few jobs in the store".to_owned(), fed),
            ("Sandglass".to_owned(), sandglass),
        ],
    }
}

fn latency(pairs: &[Pair]) -> Plot {
    let spread = |arrival| matches!(arrival, Arrival::Spread(_));
    let mut lines = Vec::new();
    let mut add = |name: &str, of: fn(&Pair) -> Option<f64>| {
        lines.push((name.to_owned(), line(pairs, spread, of)));
    };
    add("Agenda, p99", |it| it.agenda.as_ref().map(|it| it.p99));
    add("Agenda, p50", |it| it.agenda.as_ref().map(|it| it.p50));
    add("Sandglass, p99", |it| Some(it.sandglass.p99));
    add("Sandglass, p50", |it| Some(it.sandglass.p50));
    Plot {
        title: "From due to started, a few jobs a second, on one MongoDB server".to_owned(),
        x_axis: "hosts",
        y_axis: "time (ms)",
        lines,
    }
}

/// The quantiles of a sample, in milliseconds, with the time it all took.
fn measured(seconds: f64, started: &Sample, settings: Value) -> Measured {
    Measured {
        seconds,
        p50: started.quantile(0.5),
        p99: started.quantile(0.99),
        settings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_spread_evenly_or_due_at_once() {
        let offsets = |arrival: Arrival| (0..4).map(|it| arrival.offset_ms(it)).collect::<Vec<_>>();
        assert_eq!(offsets(Arrival::AtOnce), [0, 0, 0, 0]);
        assert_eq!(offsets(Arrival::Spread(4)), [0, 250, 500, 750]);
    }
}
