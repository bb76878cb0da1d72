//! The embedded database and MongoDB give the same answers: generated documents, filters, sorts,
//! projections, pipelines and updates are put to both, and every difference is a failure.
//!
//! `SEED` repeats one run. What the test server is known to do otherwise than MongoDB's manual says is
//! listed in [`departures`] and left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests may panic, print and read the environment"
)]

mod departures;
mod documents;
mod filters;
#[path = "../mongodb/mod.rs"]
mod mongodb;
mod pair;
mod pipelines;
mod shapes;
mod updates;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use pair::Pair;

const ROUNDS: u32 = 24;

/// How much was asked.
#[derive(Default)]
struct Counts {
    documents: usize,
    filters: usize,
    shapes: usize,
    pipelines: usize,
    updates: usize,
    matched: u64,
}

#[tokio::test]
async fn answers_are_the_same_with_a_fixed_seed() {
    compare(20_251_016).await;
}

#[tokio::test]
async fn answers_are_the_same_with_a_random_seed() {
    let given = std::env::var("SEED").ok();
    let seed = given.map_or_else(|| rand::rng().next_u64(), |seed| seed.parse().unwrap());
    compare(seed).await;
}

async fn compare(seed: u64) {
    println!("seed {seed}");
    for departure in &departures::KNOWN {
        let departures::Departure {
            case,
            manual,
            server,
        } = departure;
        println!("left out: {case} (manual: {manual}; test server: {server})");
    }
    let pair = Pair::open().await;
    let mut counts = Counts::default();
    let mut differences = Vec::new();
    for round in 0..ROUNDS {
        // Each round has a seed of its own, so that one can be looked at alone.
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(u64::from(round)));
        let collection = format!("round_{round}").parse().unwrap();
        let found = pair.round(&collection, &mut random, &mut counts).await;
        differences.extend(found.into_iter().map(|it| format!("round {round}: {it}")));
    }
    pair.close().await;
    println!(
        "{} documents, {} filters ({} matches), {} finds, {} pipelines, {} updates, {} differences",
        counts.documents,
        counts.filters,
        counts.matched,
        counts.shapes,
        counts.pipelines,
        counts.updates,
        differences.len(),
    );
    let shown: Vec<_> = differences.iter().take(15).cloned().collect();
    assert!(
        differences.is_empty(),
        "seed {seed} (SEED={seed} repeats it)\n{}",
        shown.join("\n\n")
    );
}
