//! A host to run guests in, and what stands behind it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses its part, and tests may panic"
)]

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::memory::InMemory;
use parking_lot::Mutex;
use sandglass_contract::{
    ExecutionId, Grant, Interface, JobId, JournalEntry, LimitSettings, Limits, LogLevel, Progress,
    RunContext, RunMode, SecretName, SecretValue, SystemClock,
};
use sandglass_host::{
    Host, HostSettings, HttpClient, HttpSettings, Mail, MailError, Mailer, Receipt, RecordLost,
    Run, RunObserver, RunReport, SecretError, SecretSource, Services, SystemResolver, Template,
};
use sandglass_query::{ApplicationDatabase, MemoryDatabase};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

#[allow(unused_imports, reason = "each test file uses its part")]
pub use sandglass_hostile::{GOOD, Guest, component_of, component_with};

pub const LOOP: Guest = Guest {
    execute: "(loop $again (br $again)) (unreachable)",
    ..GOOD
};

/// Deletes from `users` and answers `ok` whatever comes of it.
pub const DELETE: Guest = Guest {
    imports: r#"(import "sandglass:job/database@0.1.0" "delete-many"
        (func $delete (param i32 i32 i32 i32 i32 i64 i32)))"#,
    execute: "(call $delete (i32.const 112) (i32.const 5) (i32.const 0) (i32.const 2)
            (i32.const 0) (i64.const 0) (i32.const 4096))
        (call $ok)",
    ..GOOD
};

/// Keeps everything that it is told.
#[derive(Default)]
pub struct Recorder {
    pub lines: Mutex<Vec<String>>,
    pub entries: Mutex<Vec<JournalEntry>>,
    pub mails: Mutex<Vec<Mail>>,
    pub progress: Mutex<Vec<Progress>>,
    /// Told when a call is about to have an effect.
    pub intended: Notify,
    /// An intent never becomes durable.
    pub hangs: bool,
    /// Telling of a call panics.
    pub panics: bool,
}

#[async_trait]
impl RunObserver for Recorder {
    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost> {
        self.entries.lock().push(entry);
        self.intended.notify_one();
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    fn call(&self, entry: JournalEntry) {
        assert!(!self.panics, "the observer was told to panic");
        self.entries.lock().push(entry);
    }

    fn log(&self, _: LogLevel, message: String, _: Map<String, Value>, _: Timestamp) {
        self.lines.lock().push(message);
    }

    fn progress(&self, progress: Progress) {
        self.progress.lock().push(progress);
    }
}

#[async_trait]
impl Mailer for Recorder {
    async fn send(&self, mail: Mail) -> Result<Receipt, MailError> {
        let receipt = Receipt {
            message_id: mail.message_id.clone(),
            accepted: 1,
        };
        self.mails.lock().push(mail);
        Ok(receipt)
    }
}

#[async_trait]
impl SecretSource for Recorder {
    async fn secret(&self, name: &SecretName) -> Result<SecretValue, SecretError> {
        Err(SecretError::Unknown(name.to_string()))
    }
}

/// A host with a folder of its own.
pub struct Bench {
    pub host: Host,
    pub recorder: Arc<Recorder>,
    pub database: Arc<MemoryDatabase>,
    pub folder: tempfile::TempDir,
}

pub fn bench() -> Bench {
    bench_with(Recorder::default())
}

pub fn bench_with(recorder: Recorder) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Arc::new(recorder);
    let database = Arc::new(MemoryDatabase::new(|| Timestamp::UNIX_EPOCH));
    let host = host_in(folder.path(), &recorder, &database);
    Bench {
        host,
        recorder,
        database,
        folder,
    }
}

pub fn host_in(folder: &Path, recorder: &Arc<Recorder>, database: &Arc<MemoryDatabase>) -> Host {
    let mut settings = HostSettings::new(folder.join("cache"), "jobs@example.org".parse().unwrap());
    settings.concurrent_runs = 2.try_into().unwrap();
    settings.guest_threads = 2.try_into().unwrap();
    settings.loaded_templates = 2.try_into().unwrap();
    let services = Services {
        database: Arc::clone(database) as Arc<dyn ApplicationDatabase>,
        mailer: Arc::clone(recorder) as Arc<dyn Mailer>,
        artifacts: Arc::new(InMemory::new()),
        http: HttpClient::new(HttpSettings::default(), Arc::new(SystemResolver)).unwrap(),
        clock: Arc::new(SystemClock::default()),
    };
    Host::new(settings, services).unwrap()
}

impl Bench {
    pub async fn load(&self, guest: &Guest) -> Arc<Template> {
        self.host.load(&guest.component()).await.unwrap()
    }

    pub fn a_run(&self) -> Run {
        Run {
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
            grant: Grant::everything_in(&Interface::ALL),
            limits: Limits::default(),
            timeout: Duration::from_secs(30),
            secrets: Arc::clone(&self.recorder) as Arc<dyn SecretSource>,
            observer: Arc::clone(&self.recorder) as Arc<dyn RunObserver>,
            cancel: CancellationToken::new(),
        }
    }

    /// Runs a guest with some limits set.
    pub async fn run(&self, guest: &Guest, limits: &[(&str, u64)]) -> RunReport {
        let template = self.load(guest).await;
        let mut settings = LimitSettings::default();
        for (name, value) in limits {
            settings.set(name, *value).unwrap();
        }
        let run = Run {
            limits: Limits::with(&settings),
            ..self.a_run()
        };
        self.host.run(&template, run).await
    }
}
