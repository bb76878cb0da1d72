//! What a benchmark found: a table for people, a JSON file for programs.

use std::{fs, path::PathBuf};

use sandglass_contract::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};

use crate::{arguments::Common, plot::Plot};

/// What is aimed at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// Nothing in particular.
    None,
    /// Less than this.
    Below(f64),
    /// This or more.
    AtLeast(f64),
}

struct Figure {
    what: String,
    figure: f64,
    unit: &'static str,
    aim: Aim,
}

/// The findings of one benchmark.
pub(crate) struct Report {
    name: String,
    machine: String,
    date: String,
    folder: PathBuf,
    settings: Value,
    figures: Vec<Figure>,
    series: Map<String, Value>,
}

impl Report {
    /// An empty report; `settings` are what the benchmark was run with.
    pub(crate) fn new(name: &str, common: &Common, settings: Value) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let today = || {
            SystemClock::default()
                .now()
                .strftime("%Y-%m-%d")
                .to_string()
        };
        let results = || sandglass_tests::workspace().join("bench/results");
        Self {
            name: name.to_owned(),
            machine: common
                .machine
                .clone()
                .unwrap_or_else(|| format!("{cores} cores")),
            date: common.date.clone().unwrap_or_else(today),
            folder: common.results.clone().unwrap_or_else(results),
            settings,
            figures: Vec::new(),
            series: Map::new(),
        }
    }

    /// Adds a figure.
    pub(crate) fn figure(
        &mut self,
        what: impl Into<String>,
        figure: f64,
        unit: &'static str,
        aim: Aim,
    ) {
        let what = what.into();
        self.figures.push(Figure {
            what,
            figure,
            unit,
            aim,
        });
    }

    /// Adds the values behind a figure to the JSON file.
    pub(crate) fn series(&mut self, name: &str, values: impl Into<Value>) {
        self.series.insert(name.to_owned(), values.into());
    }

    /// Prints the table and writes the files `<name>.json` and, with `plots`, `<file name>.svg` each.
    pub(crate) fn finish(self, plots: &[(&str, Plot)]) {
        println!("\n{} ({}, {})", self.name, self.machine, self.date);
        for it in &self.figures {
            let aim = match it.aim {
                Aim::None => String::new(),
                Aim::Below(limit) => format!("aim < {limit}"),
                Aim::AtLeast(limit) => format!("aim ≥ {limit}"),
            };
            println!(
                "  {:<52} {:>12.2} {:<10} {aim}",
                it.what, it.figure, it.unit
            );
        }
        fs::create_dir_all(&self.folder).expect("a folder for results");
        let note = format!("{}, {}", self.machine, self.date);
        for (name, plot) in plots {
            let path = self.folder.join(format!("{name}.svg"));
            fs::write(path, plot.draw(&note)).expect("a plot is written");
        }
        let text = serde_json::to_string_pretty(&self.json()).expect("JSON");
        let path = self.folder.join(format!("{}.json", self.name));
        fs::write(&path, text + "\n").expect("results are written");
        println!("  written to {}", path.display());
    }

    fn json(&self) -> Value {
        let figures = self.figures.iter().map(|it| {
            let aim = match it.aim {
                Aim::None => Value::Null,
                Aim::Below(limit) => json!({"below": limit}),
                Aim::AtLeast(limit) => json!({"at_least": limit}),
            };
            json!({"what": it.what, "figure": it.figure, "unit": it.unit, "aim": aim})
        });
        json!({
            "benchmark": self.name, "machine": self.machine, "date": self.date,
            "settings": self.settings, "figures": figures.collect::<Vec<_>>(),
            "series": self.series,
        })
    }
}
