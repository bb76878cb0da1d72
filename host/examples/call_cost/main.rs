//! What the checks of a host call cost: the call as a run makes it, with limits, grant, journal and
//! digests, beside the same call through a linker that has none of them.
//!
//! `cargo run --release --workspace --example call_cost -- [CALLS] [ROUNDS]`. The two are measured in turn,
//! in one process and on the same engine settings; the figures are medians over the rounds. What the
//! service does with the journal afterwards, which is to store it, is not in them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "an example that measures prints what it found, and ends at the first thing that is wrong"
)]

mod bare;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::memory::InMemory;
use parking_lot::Mutex;
use sandglass_contract::{
    Clock as _, ExecutionId, JobId, JournalEntry, LimitSettings, Limits, LogLevel, OutcomeCode,
    Progress, RunContext, RunMode, SecretName, SecretValue, SystemClock,
};
use sandglass_host::{
    FileOutbox, Host, HostSettings, HttpClient, HttpSettings, RecordLost, Run, RunObserver,
    SecretError, SecretSource, Services, SystemResolver, Template,
};
use sandglass_hostile::{GOOD, Guest};
use sandglass_query::{ApplicationDatabase, MemoryDatabase};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

/// A call that is measured: its name, and a guest that makes it as often as stands for `@CALLS@`.
struct Measured {
    name: &'static str,
    guest: Guest,
}

/// A guest that repeats a call.
macro_rules! repeated {
    ($call:literal) => {
        concat!(
            "(local $left i32)
            (local.set $left (i32.const @CALLS@))
            (loop $again ",
            $call,
            " (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $again (i32.gt_s (local.get $left) (i32.const 0))))
            (call $ok)"
        )
    };
}

const CALLS: [Measured; 3] = [
    Measured {
        name: "random.number",
        guest: Guest {
            imports: r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#,
            execute: repeated!("(drop (call $number))"),
            ..GOOD
        },
    },
    Measured {
        name: "clock.now",
        guest: Guest {
            imports: r#"(import "sandglass:job/clock@0.1.0" "now" (func $now (result i64)))"#,
            execute: repeated!("(drop (call $now))"),
            ..GOOD
        },
    },
    Measured {
        name: "database.count",
        guest: Guest {
            imports: r#"(import "sandglass:job/database@0.1.0" "count"
                (func $count (param i32 i32 i32 i32 i32)))"#,
            requests: &[("database", "users", &["count"])],
            execute: repeated!(
                "(call $count «users» «{\"lastActive\":{\"$lt\":5}}» (i32.const 4096))"
            ),
            ..GOOD
        },
    },
];

/// Gathers the journal as the service does before it stores it.
#[derive(Default)]
struct Gathering(Mutex<Vec<JournalEntry>>);

#[async_trait]
impl RunObserver for Gathering {
    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost> {
        self.call(entry);
        Ok(())
    }

    fn call(&self, entry: JournalEntry) {
        self.0.lock().push(entry);
    }

    fn log(&self, _: LogLevel, _: String, _: Map<String, Value>, _: Timestamp) {}

    fn progress(&self, _: Progress) {}
}

#[async_trait]
impl SecretSource for Gathering {
    async fn secret(&self, name: &SecretName) -> Result<SecretValue, SecretError> {
        Err(SecretError::Unknown(name.to_string()))
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|it| it.parse::<u32>().unwrap());
    let calls = arguments.next().unwrap_or(20_000);
    let rounds = arguments.next().unwrap_or(15);
    let folder = tempfile::tempdir().unwrap();
    let database = Arc::new(MemoryDatabase::new(|| Timestamp::UNIX_EPOCH));
    let host = host_in(folder.path(), &database);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    println!("{calls} calls a run, {rounds} rounds; nanoseconds a call, median");
    for measured in &CALLS {
        let component = |calls: u32| {
            let text = measured.guest.text().replace("@CALLS@", &calls.to_string());
            sandglass_hostile::component_of(&text)
        };
        let bare = bare::Bare::new(Arc::clone(&database) as Arc<dyn ApplicationDatabase>);
        let (mut with, mut without) = (Vec::new(), Vec::new());
        runtime.block_on(async {
            let template = host.load(&component(calls)).await.unwrap();
            let linked = bare.load(&component(calls));
            for _ in 0..rounds {
                with.push(checked(&host, &template).await);
                without.push(bare.run(&linked).await);
            }
        });
        let each = |mut times: Vec<Duration>| {
            times.sort();
            times[times.len() / 2].as_nanos() as f64 / f64::from(calls)
        };
        let (with, without) = (each(with), each(without));
        println!(
            "{:<16} checked and journaled {with:>8.0}   bare {without:>8.0}   ratio {:.2}",
            measured.name,
            with / without
        );
    }
}

fn host_in(folder: &std::path::Path, database: &Arc<MemoryDatabase>) -> Host {
    let mut settings = HostSettings::new(folder.join("cache"), "jobs@example.org".parse().unwrap());
    settings.guest_threads = NonZeroUsize::MIN;
    let services = Services {
        database: Arc::clone(database) as Arc<dyn ApplicationDatabase>,
        mailer: Arc::new(FileOutbox::new(folder.join("outbox"))),
        artifacts: Arc::new(InMemory::new()),
        http: HttpClient::new(HttpSettings::default(), Arc::new(SystemResolver)).unwrap(),
        clock: Arc::new(SystemClock::default()),
    };
    Host::new(settings, services).unwrap()
}

/// One run as the service makes it; how long it took.
async fn checked(host: &Host, template: &Arc<Template>) -> Duration {
    let grant = host
        .capabilities(template, &Value::Object(Map::new()))
        .await;
    let gathering = Arc::new(Gathering::default());
    let mut limits = LimitSettings::default();
    limits.set("host_calls", 100_000_000).unwrap();
    let run = Run {
        context: RunContext {
            execution: ExecutionId::parse("exec_1").unwrap(),
            job: JobId::parse("job_1").unwrap(),
            job_name: "A job".to_owned(),
            attempt: 1,
            scheduled_at: Timestamp::UNIX_EPOCH,
            deadline: Timestamp::UNIX_EPOCH,
            mode: RunMode::Live,
            idempotency_key: "key".to_owned(),
            parents: Vec::new(),
        },
        parameters: Value::Object(Map::new()),
        grant: grant.unwrap(),
        limits: Limits::with(&limits),
        timeout: Duration::from_secs(300),
        secrets: Arc::clone(&gathering) as Arc<dyn SecretSource>,
        observer: gathering,
        cancel: CancellationToken::new(),
    };
    let clock = SystemClock::default();
    let began = clock.monotonic();
    let report = host.run(template, run).await;
    assert_eq!(report.outcome, OutcomeCode::Success, "{report:?}");
    clock.monotonic().saturating_sub(began)
}
