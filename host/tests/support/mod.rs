//! Hostile guests in a few lines: a core module in text around the body of `execute`, made a component
//! of the real world, and a host to run it in.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "each test file uses its part, and tests may panic"
)]

use std::{fmt::Write as _, path::Path, sync::Arc, time::Duration};

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
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A guest: what it imports, and its functions, as lines of a core module in text. Memory has texts at
/// the places that [`TEXTS`] names.
pub struct Guest {
    pub imports: &'static str,
    /// More definitions, such as functions and tables.
    pub definitions: &'static str,
    /// The body of `execute`: leaves the address of its answer.
    pub execute: &'static str,
    pub memory: &'static str,
    /// The body of `cabi_realloc`, whose arguments are $old $old_size $align $size.
    pub realloc: &'static str,
}

/// Places in memory: an answer of `execute` at 1024 ("done" with the result `{"ok":true}`), and some
/// texts to call with.
const TEXTS: [(u32, &str); 12] = [
    (0, "{}"),
    (16, "Test"),
    (32, "1.0.0"),
    (48, "test_guest"),
    (64, "{\"ok\":true}"),
    (96, "not json"),
    (112, "users"),
    (128, "a.txt"),
    (144, "text/plain"),
    (160, "1234567890"),
    (192, "ada@example.org"),
    (224, "{\"a\":1}"),
];

pub const GOOD: Guest = Guest {
    imports: "",
    definitions: "",
    execute: "(call $ok)",
    memory: "(memory (export \"memory\") 2)",
    realloc: "(local $at i32)
        (local.set $at (global.get $free))
        (global.set $free (i32.add (global.get $free)
            (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8))))
        (local.get $at)",
};

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

impl Guest {
    /// The component.
    pub fn component(&self) -> Vec<u8> {
        component_of(&self.text())
    }

    /// The core module.
    pub fn text(&self) -> String {
        let mut data = String::new();
        for (at, text) in TEXTS {
            let escaped = text.replace('"', "\\\"");
            writeln!(data, "(data (i32.const {at}) \"{escaped}\")").unwrap();
        }
        format!(
            "(module
                {imports}
                {memory}
                (global $free (mut i32) (i32.const 8192))
                {data}
                {definitions}
                (func $text (param $at i32) (param $text i32) (param $length i32)
                    (i32.store (local.get $at) (local.get $text))
                    (i32.store offset=4 (local.get $at) (local.get $length)))
                ;; Answers `ok` with the result at $text.
                (func $answer (param $text i32) (param $length i32) (result i32)
                    (i32.store8 (i32.const 1024) (i32.const 0))
                    (call $text (i32.const 1032) (local.get $text) (local.get $length))
                    (call $text (i32.const 1040) (i32.const 16) (i32.const 4))
                    (i32.const 1024))
                (func $ok (result i32) (call $answer (i32.const 64) (i32.const 11)))
                (func (export \"metadata\") (result i32)
                    (call $text (i32.const 2048) (i32.const 48) (i32.const 10))
                    (call $text (i32.const 2056) (i32.const 16) (i32.const 4))
                    (call $text (i32.const 2064) (i32.const 16) (i32.const 4))
                    (call $text (i32.const 2072) (i32.const 32) (i32.const 5))
                    (call $text (i32.const 2080) (i32.const 16) (i32.const 4))
                    (call $text (i32.const 2088) (i32.const 16) (i32.const 4))
                    (call $text (i32.const 2096) (i32.const 16) (i32.const 4))
                    (i32.const 2048))
                (func (export \"schema\") (result i32)
                    (call $text (i32.const 2176) (i32.const 0) (i32.const 2))
                    (i32.const 2176))
                (func (export \"validate\") (param i32 i32) (result i32)
                    (i32.store (i32.const 2192) (i32.const 0))
                    (i32.const 2192))
                (func (export \"capabilities\") (param i32 i32) (result i32)
                    (call $text (i32.const 2208) (i32.const 0) (i32.const 0))
                    (i32.const 2208))
                (func (export \"execute\")
                    (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32)
                    (result i32)
                    {execute})
                (func (export \"cabi_realloc\")
                    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32)
                    (result i32)
                    {realloc}))",
            imports = self.imports,
            memory = self.memory,
            definitions = self.definitions,
            execute = self.execute,
            realloc = self.realloc,
        )
    }
}

/// A core module in text as a component of the world `template`.
pub fn component_of(text: &str) -> Vec<u8> {
    component_with(text, &[], "template")
}

/// As [`component_of`], for `world`, with more WIT packages, each `(file name, text)`.
pub fn component_with(text: &str, packages: &[(&str, &str)], world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).expect("the guest's text is valid");
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let (mut package, _) = resolve.push_dir(wit).unwrap();
    for (name, text) in packages {
        package = resolve.push_str(*name, text).unwrap();
    }
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&module).unwrap().validate(true);
    encoder.encode().unwrap()
}

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
