//! Guests that call services which never answer, or answer late: they are ended like those that compute,
//! and hold up nobody else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod support;

use std::{future::pending, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::memory::InMemory;
use sandglass_contract::{
    CallOutcome, JournalEntry, LimitSettings, Limits, LogLevel, OutcomeCode, Progress, SystemClock,
};
use sandglass_host::{
    Host, HostSettings, HttpClient, HttpSettings, Mail, MailError, Mailer, Receipt, RecordLost,
    Run, RunObserver, RunReport, Services, SystemResolver,
};
use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, DeleteBound, Document, Filter,
    Find, Pipeline, Update, UpdateOutcome,
};
use serde_json::{Map, Value};
use support::{Bench, GOOD, Guest, Recorder, bench};
use tokio::sync::Notify;

/// A database and a mail server that take every call and never answer.
#[derive(Default)]
struct Silent {
    called: Notify,
}

impl Silent {
    async fn never<T>(&self) -> T {
        self.called.notify_one();
        pending().await
    }
}

#[async_trait]
impl ApplicationDatabase for Silent {
    async fn collections(&self) -> Result<Vec<CollectionName>, DatabaseError> {
        self.never().await
    }

    async fn count(&self, _: &CollectionName, _: &Filter) -> Result<u64, DatabaseError> {
        self.never().await
    }

    async fn find(&self, _: &CollectionName, _: Find) -> Result<Box<dyn Cursor>, DatabaseError> {
        self.never().await
    }

    async fn aggregate(
        &self,
        _: &CollectionName,
        _: Pipeline,
    ) -> Result<Box<dyn Cursor>, DatabaseError> {
        self.never().await
    }

    async fn insert_many(
        &self,
        _: &CollectionName,
        _: Vec<Document>,
    ) -> Result<u64, DatabaseError> {
        self.never().await
    }

    async fn update_many(
        &self,
        _: &CollectionName,
        _: &Filter,
        _: &Update,
    ) -> Result<UpdateOutcome, DatabaseError> {
        self.never().await
    }

    async fn delete_many(
        &self,
        _: &CollectionName,
        _: &Filter,
        _: DeleteBound,
    ) -> Result<u64, DatabaseError> {
        self.never().await
    }
}

#[async_trait]
impl Mailer for Silent {
    async fn send(&self, _: Mail) -> Result<Receipt, MailError> {
        self.never().await
    }
}

const COUNT: Guest = Guest {
    imports: r#"(import "sandglass:job/database@0.1.0" "count"
        (func $count (param i32 i32 i32 i32 i32)))"#,
    execute: "(call $count «users» «{}» (i32.const 4096)) (call $ok)",
    ..GOOD
};

const FIND: Guest = Guest {
    imports: r#"(import "sandglass:job/database@0.1.0" "aggregate"
        (func $aggregate (param i32 i32 i32 i32 i32)))"#,
    execute: "(call $aggregate «users» «[]» (i32.const 4096)) (call $ok)",
    ..GOOD
};

const SEND: Guest = Guest {
    imports: r#"(import "sandglass:job/email@0.1.0" "send" (func $send (param i32 i32)))"#,
    execute: "(call $text (i32.const 4400) «ada@example.org»)
        (call $text (i32.const 4096) (i32.const 4400) (i32.const 1))
        (call $text (i32.const 4132) «Hello»)
        (i32.store (i32.const 4140) (i32.const 1))
        (call $text (i32.const 4144) «Hello»)
        (call $send (i32.const 4096) (i32.const 4200)) (call $ok)",
    ..GOOD
};

/// A host whose services are silent, with the folder and the recorder of `bench`.
fn silent(bench: &Bench) -> (Host, Arc<Silent>) {
    let cache = bench.folder.path().join("cache");
    let mut settings = HostSettings::new(cache, "jobs@example.org".parse().unwrap());
    settings.concurrent_runs = 2.try_into().unwrap();
    let silent = Arc::new(Silent::default());
    let services = Services {
        database: Arc::clone(&silent) as Arc<dyn ApplicationDatabase>,
        mailer: Arc::clone(&silent) as Arc<dyn Mailer>,
        artifacts: Arc::new(InMemory::new()),
        http: HttpClient::new(HttpSettings::default(), Arc::new(SystemResolver)).unwrap(),
        clock: Arc::new(SystemClock::default()),
    };
    (Host::new(settings, services).unwrap(), silent)
}

async fn run(host: &Host, guest: &Guest, run: Run) -> RunReport {
    let template = host.load(&guest.component()).await.unwrap();
    host.run(&template, run).await
}

/// How the journal shows the one call: a read has failed, and of an effect nobody knows.
fn check_journal(bench: &Bench, expect: CallOutcome) {
    let entries = bench.recorder.entries.lock();
    let last = entries.last().unwrap();
    assert_eq!(last.outcome, expect, "{last:?}");
}

const GUESTS: [(Guest, CallOutcome); 3] = [
    (COUNT, CallOutcome::Failed),
    (FIND, CallOutcome::Failed),
    (SEND, CallOutcome::Pending),
];

#[tokio::test]
async fn a_service_that_never_answers_is_given_up_when_time_is_up() {
    for (guest, expect) in GUESTS {
        let bench = bench();
        let (host, _) = silent(&bench);
        let short = Run {
            timeout: Duration::from_millis(100),
            ..bench.a_run()
        };
        let report = run(&host, &guest, short).await;
        assert_eq!(report.outcome, OutcomeCode::TimedOut, "{report:?}");
        check_journal(&bench, expect);
        let good = run(&host, &GOOD, bench.a_run()).await;
        assert_eq!(good.outcome, OutcomeCode::Success, "{good:?}");
    }
}

#[tokio::test]
async fn a_service_that_never_answers_is_given_up_when_a_run_is_cancelled() {
    for (guest, expect) in GUESTS {
        let bench = bench();
        let (host, silent) = silent(&bench);
        let waiting = bench.a_run();
        let token = waiting.cancel.clone();
        let (report, ()) = tokio::join!(run(&host, &guest, waiting), async {
            silent.called.notified().await;
            token.cancel();
        });
        assert_eq!(report.outcome, OutcomeCode::Cancelled, "{report:?}");
        check_journal(&bench, expect);
    }
}

/// All threads but none of the places are taken by guests that wait.
#[tokio::test]
async fn guests_that_wait_leave_the_threads_to_others() {
    let bench = bench();
    let (host, silent) = silent(&bench);
    let waiting = bench.a_run();
    let token = waiting.cancel.clone();
    let (report, ()) = tokio::join!(run(&host, &COUNT, waiting), async {
        silent.called.notified().await;
        let good = run(&host, &GOOD, bench.a_run()).await;
        assert_eq!(good.outcome, OutcomeCode::Success, "{good:?}");
        token.cancel();
    });
    assert_eq!(report.outcome, OutcomeCode::Cancelled, "{report:?}");
}

/// Has no room for anything after the first call.
struct Full(Arc<Recorder>);

#[async_trait]
impl RunObserver for Full {
    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost> {
        self.0.intent(entry).await
    }

    fn call(&self, entry: JournalEntry) {
        self.0.call(entry);
    }

    fn log(&self, _: LogLevel, _: String, _: Map<String, Value>, _: Timestamp) {}

    fn progress(&self, _: Progress) {}

    async fn room(&self) {
        let calls = self.0.entries.lock().len();
        if calls > 0 {
            pending::<()>().await;
        }
    }
}

/// It would use up its calls long before its time.
#[tokio::test]
async fn a_guest_that_calls_faster_than_its_calls_are_stored_is_held_up() {
    const CALL: Guest = Guest {
        imports: r#"(import "sandglass:job/random@0.1.0" "number" (func $number (result i64)))"#,
        execute: "(loop $again (drop (call $number)) (br $again)) (unreachable)",
        ..GOOD
    };
    let bench = bench();
    let mut limits = LimitSettings::default();
    limits.set("host_calls", 500_000).unwrap();
    let held_up = Run {
        observer: Arc::new(Full(Arc::clone(&bench.recorder))),
        limits: Limits::with(&limits),
        timeout: Duration::from_secs(2),
        ..bench.a_run()
    };
    let report = run(&bench.host, &CALL, held_up).await;
    assert_eq!(report.outcome, OutcomeCode::TimedOut, "{report:?}");
}
