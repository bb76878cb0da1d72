//! Random histories of jobs and executions, and what holds after every step of them.
//!
//! A seed decides what users, schedulers and workers do. After each step the store is compared with
//! what the workers know; in the end every execution has to finish. `SEED=… cargo nextest run` repeats
//! the history of one seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests may panic"
)]

#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "conformance tests use all of it"
)]
#[path = "../conformance/sample.rs"]
mod sample;

mod checks;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::Arc,
    thread,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sandglass_contract::{ExecutionId, clock::testing::ManualClock};
use sandglass_registry::{
    Execution, LimitedBy, OverlapPolicy, Store, embedded::EmbeddedStore, store::Claim,
};
use tempfile::TempDir;

use sample::scope;

const HISTORIES: u64 = 200;
const THREADS: usize = 8;
const STEPS: usize = 60;
const JOBS: usize = 4;
const HOSTS: usize = 3;
const TEMPLATES: [&str; 2] = ["one", "two"];
const TAGS: [&str; 2] = ["slow", "big"];
const POLICIES: [OverlapPolicy; 5] = [
    OverlapPolicy::Skip,
    OverlapPolicy::BufferOne,
    OverlapPolicy::BufferAll,
    OverlapPolicy::CancelOther,
    OverlapPolicy::AllowAll,
];

#[test]
fn random_histories_keep_every_promise() {
    let chosen = env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let first: u64 = chosen.unwrap_or_else(|| rand::rng().next_u64() >> 16);
    let seeds = first..first + chosen.map_or(HISTORIES, |_| 1);
    eprintln!("seeds {seeds:?}");
    // Each history waits for the disk most of the time.
    thread::scope(|scope| {
        for number in 0..THREADS {
            let mine = seeds.clone().skip(number).step_by(THREADS);
            scope.spawn(|| mine.for_each(tell));
        }
    });
}

/// Goes through the history of a seed.
fn tell(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let _failing = Failing(seed);
    runtime.unwrap().block_on(History::begin(seed).run());
}

/// Says which seed it was whose history broke a promise.
struct Failing(u64);

impl Drop for Failing {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("SEED={} fails", self.0);
        }
    }
}

/// A claim that some worker believes in, with the moment at which its lease runs out.
struct Held {
    claim: Claim,
    until: jiff::Timestamp,
}

struct History {
    random: StdRng,
    store: Arc<dyn Store>,
    clock: ManualClock,
    _folder: TempDir,
    hosts: [Vec<Held>; HOSTS],
    /// Every execution as it was after the step before.
    before: BTreeMap<ExecutionId, Execution>,
    /// Limits that are set, and how many may run by them: what ran when they were lowered counts.
    limits: BTreeMap<LimitedBy, (u32, usize)>,
    accepted: BTreeSet<ExecutionId>,
    enqueued: u32,
}

impl History {
    fn begin(seed: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = sample::start();
        let store = EmbeddedStore::open(folder.path(), Arc::new(clock.clone())).unwrap();
        Self {
            random: StdRng::seed_from_u64(seed),
            store: Arc::new(store),
            clock,
            _folder: folder,
            hosts: Default::default(),
            before: BTreeMap::new(),
            limits: BTreeMap::new(),
            accepted: BTreeSet::new(),
            enqueued: 0,
        }
    }

    async fn run(mut self) {
        for number in 0..JOBS {
            let job = self.random_job(number);
            self.store.insert_job(&scope(), &job).await.unwrap();
        }
        for _ in 0..STEPS {
            self.step().await;
            self.check().await;
        }
        self.drain().await;
    }
}
