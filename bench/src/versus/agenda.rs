//! The other side: `bench/agenda/drive.mjs` starts hosts of Agenda, tries several settings, and tells
//! what the best of them made.

use serde_json::{Value, json};

use super::{Arrival, Load, Measured, place::Place};

/// How many jobs wait where the collection is kept small.
const WAITING: u32 = 100;

/// Measures, but as the server suits Agenda best: a job comes only when another has ended, so that the
/// collection stays small.
pub(super) fn measure_fed(place: &Place, load: Load) -> Option<Measured> {
    let order = json!({
        "url": place.url(), "database": place.new_database(), "hosts": load.hosts,
        "jobs": load.jobs, "mode": "fed", "waiting": WAITING,
    });
    driven(place, load, &order)
}

/// Measures. There is nothing where no settings end all jobs in two minutes.
pub(super) fn measure(place: &Place, load: Load) -> Option<Measured> {
    let mut order = json!({
        "url": place.url(), "database": place.new_database(), "hosts": load.hosts,
        "jobs": load.jobs,
    });
    match load.arrival {
        Arrival::AtOnce => order["mode"] = json!("backlog"),
        Arrival::Spread(per_second) => {
            order["mode"] = json!("light");
            order["per_second"] = json!(per_second);
        }
    }
    driven(place, load, &order)
}

fn driven(place: &Place, load: Load, order: &Value) -> Option<Measured> {
    let printed = place.drive(order);
    let found: Value = serde_json::from_str(&printed).expect("JSON");
    if found["unfinished"] == true {
        println!("  Agenda does not end: {}", found["tried"]);
        return None;
    }
    let number = |value: &Value| value.as_f64().expect("a number");
    assert_eq!(found["jobs"], load.jobs, "every job has run");
    Some(Measured {
        seconds: number(&found["seconds"]),
        p50: number(&found["due_to_started_ms"]["p50"]),
        p99: number(&found["due_to_started_ms"]["p99"]),
        settings: json!({"best": found["settings"], "tried": found["tried"]}),
    })
}
