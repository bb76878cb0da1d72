//! What tests of the capabilities need: a run that nobody runs, and an observer that keeps everything.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::memory::InMemory;
use parking_lot::Mutex;
use sandglass_contract::{
    CapabilityRequest, Clock, ExecutionId, Grant, JobId, JournalEntry, LimitSettings, Limits,
    LogLevel, Progress, RunContext, RunMode, SecretName, SecretValue, clock::testing::ManualClock,
};
use sandglass_query::MemoryDatabase;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::RunState;
use crate::{
    http::{HttpClient, HttpSettings, tests::ScriptedResolver},
    mail::{Mail, MailError, Mailer, Receipt},
    run::{RecordLost, Run, RunObserver},
    secrets::{RunSecrets, SecretError, SecretSource},
    settings::Services,
};

/// Knows these secrets.
pub(crate) struct KnownSecrets(BTreeMap<String, SecretValue>);

#[async_trait]
impl SecretSource for KnownSecrets {
    async fn secret(&self, name: &SecretName) -> Result<SecretValue, SecretError> {
        let unknown = || SecretError::Unknown(name.to_string());
        self.0.get(name.as_str()).cloned().ok_or_else(unknown)
    }
}

/// A line as an observer saw it.
pub(crate) struct Line {
    pub(crate) level: LogLevel,
    pub(crate) message: String,
}

/// Keeps everything that it is told, and the mails.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) lines: Mutex<Vec<Line>>,
    pub(crate) progress: Mutex<Vec<Progress>>,
    pub(crate) entries: Mutex<Vec<JournalEntry>>,
    pub(crate) mails: Mutex<Vec<Mail>>,
    pub(crate) lease_is_lost: bool,
}

#[async_trait]
impl RunObserver for Recorder {
    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost> {
        if self.lease_is_lost {
            return Err(RecordLost);
        }
        self.entries.lock().push(entry);
        Ok(())
    }

    fn call(&self, entry: JournalEntry) {
        self.entries.lock().push(entry);
    }

    fn log(&self, level: LogLevel, message: String, _: Map<String, Value>, _: Timestamp) {
        self.lines.lock().push(Line { level, message });
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
            accepted: u32::try_from(mail.recipients().count()).unwrap(),
        };
        self.mails.lock().push(mail);
        Ok(receipt)
    }
}

pub(crate) fn manual_clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH))
}

pub(crate) fn limits(settings: &[(&str, u64)]) -> Limits {
    let mut set = LimitSettings::default();
    for (name, value) in settings {
        set.set(name, *value).unwrap();
    }
    Limits::with(&set)
}

pub(crate) fn grant(entries: &[(&str, &str, &[&str])]) -> Grant {
    let request = |(interface, target, operations): &(&str, &str, &[&str])| CapabilityRequest {
        interface: (*interface).to_owned(),
        target: (*target).to_owned(),
        operations: operations.iter().map(|&word| word.to_owned()).collect(),
    };
    let requests: Vec<CapabilityRequest> = entries.iter().map(request).collect();
    Grant::from_requests(&requests).unwrap()
}

/// The state of a run, ready for calls of the host traits, and who watches it.
pub(crate) struct Fixture {
    pub(crate) state: RunState,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) services: Services,
}

impl Fixture {
    /// Gives the run secrets.
    pub(crate) fn secrets(&mut self, secrets: &[(&str, &str)]) {
        let value = |(name, text): &(&str, &str)| {
            let value = SecretValue::new((*text).to_owned()).unwrap();
            ((*name).to_owned(), value)
        };
        let known = KnownSecrets(secrets.iter().map(value).collect());
        self.state.secrets = RunSecrets::new(Arc::new(known));
    }
}

/// Everything granted.
pub(crate) fn anything() -> Grant {
    grant(&[
        (
            "database",
            "*",
            &["count", "find", "aggregate", "insert", "update", "delete"],
        ),
        ("email", "*", &["send"]),
        ("artifacts", "*", &["create", "read"]),
    ])
}

pub(crate) fn fixture(mode: RunMode, grant: Grant, settings: &[(&str, u64)]) -> Fixture {
    fixture_with(Recorder::default(), mode, grant, settings)
}

pub(crate) fn fixture_with(
    recorder: Recorder,
    mode: RunMode,
    grant: Grant,
    settings: &[(&str, u64)],
) -> Fixture {
    let recorder = Arc::new(recorder);
    let services = Services {
        database: Arc::new(MemoryDatabase::new(|| Timestamp::UNIX_EPOCH)),
        mailer: Arc::clone(&recorder) as _,
        artifacts: Arc::new(InMemory::new()),
        http: HttpClient::new(HttpSettings::default(), ScriptedResolver::saying(&[])).unwrap(),
        clock: manual_clock(),
    };
    let run = Run {
        context: RunContext {
            execution: ExecutionId::parse("job_1@1700").unwrap(),
            job: JobId::parse("job_1").unwrap(),
            job_name: "A job".to_owned(),
            attempt: 1,
            scheduled_at: Timestamp::UNIX_EPOCH,
            deadline: Timestamp::UNIX_EPOCH,
            mode,
            idempotency_key: "key".to_owned(),
            parents: Vec::new(),
        },
        parameters: Value::Null,
        grant,
        limits: limits(settings),
        timeout: Duration::from_secs(60),
        secrets: Arc::new(KnownSecrets(BTreeMap::new())),
        observer: Arc::clone(&recorder) as _,
        cancel: CancellationToken::new(),
    };
    Fixture {
        state: RunState::new(&run, &services, "jobs@example.org".parse().unwrap()),
        recorder,
        services,
    }
}
