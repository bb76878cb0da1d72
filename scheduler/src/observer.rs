//! Writes down what a run says, while it runs.
//!
//! Log lines, finished reads and progress are gathered and stored several times a second. The intent of
//! an effect is stored at once and with everything gathered before it, so that the journal never shows
//! an effect without the calls that led to it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use sandglass_contract::{JournalEntry, LogLevel, LogLine, Progress};
use sandglass_host::{RecordLost, RunObserver};
use sandglass_registry::{StoreError, store::Records};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{core::Stop, denials::Denials, service::Shared, shell::Lease};

/// How often what was gathered is stored.
const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// How many lines and calls are gathered before a run waits until they are stored.
const MAX_GATHERED: usize = 2_000;
/// The wait after the store did not answer.
const WAIT_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// The log lines of an attempt are numbered from here times the attempts before it, above every limit
/// on lines, so that numbers rise over all attempts.
const LINES_PER_ATTEMPT: u64 = 1_000_000;

/// Gathers and stores the record of one attempt.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    lease: Arc<Lease>,
    attempt: u32,
    gathered: Mutex<Gathered>,
    /// Held while records are being stored, so that they are stored in order.
    storing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Gathered {
    records: Records,
    denials: Denials,
    lines: u64,
    /// When the template's first instruction came, on the monotonic clock.
    began_at: Option<Duration>,
    /// The task that stores what is gathered, from the first that is.
    flushing: Option<Flushing>,
}

struct Flushing {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Recorder {
    pub(crate) fn new(shared: Arc<Shared>, lease: Arc<Lease>, attempt: u32) -> Self {
        Self(Arc::new(Inner {
            shared,
            lease,
            attempt,
            gathered: Mutex::default(),
            storing: tokio::sync::Mutex::default(),
        }))
    }

    /// The recorder as the host sees it.
    pub(crate) fn observer(&self) -> Arc<dyn RunObserver> {
        Arc::new(self.clone())
    }

    /// Takes what is gathered and not stored.
    pub(crate) fn take(&self) -> Records {
        std::mem::take(&mut self.0.gathered.lock().records)
    }

    /// Takes what was refused.
    pub(crate) fn take_denials(&self) -> Denials {
        std::mem::take(&mut self.0.gathered.lock().denials)
    }

    /// When the template's first instruction came, on the monotonic clock.
    pub(crate) fn began_at(&self) -> Option<Duration> {
        self.0.gathered.lock().began_at
    }

    /// Ends the task that stores what is gathered, once what it is storing is stored.
    pub(crate) async fn stop_flushing(&self) {
        let flushing = self.0.gathered.lock().flushing.take();
        if let Some(flushing) = flushing {
            flushing.stop.cancel();
            flushing.task.await.ok();
        }
    }

    /// Adds to what is gathered, and sees to it that it is stored before long.
    fn gather(&self, add: impl FnOnce(&mut Gathered)) {
        let mut gathered = self.0.gathered.lock();
        add(&mut gathered);
        if gathered.flushing.is_none() {
            gathered.flushing = Some(self.flush_regularly());
        }
    }

    fn flush_regularly(&self) -> Flushing {
        let stop = CancellationToken::new();
        let (recorder, stopped) = (self.clone(), stop.clone());
        let task = self.0.shared.runtime.spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.cancelled() => return,
                    () = recorder.0.shared.clock.sleep(FLUSH_EVERY) => {}
                }
                recorder.flush().await.ok();
            }
        });
        Flushing { stop, task }
    }

    /// Stores what is gathered. While the store does not answer it is tried again until the claim can
    /// no longer be trusted.
    async fn flush(&self) -> Result<(), RecordLost> {
        let inner = &*self.0;
        let _storing = inner.storing.lock().await;
        let records = self.take();
        if records.is_empty() {
            return Ok(());
        }
        loop {
            match inner
                .shared
                .store
                .record(&inner.lease.claim, records.clone())
                .await
            {
                Ok(()) => break,
                Err(StoreError::Fenced) => {
                    inner.lease.stop(Stop::Lost);
                    return Err(RecordLost);
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "records.store.failed"
                    );
                    if inner.lease.is_lost() {
                        return Err(RecordLost);
                    }
                    inner.shared.clock.sleep(WAIT_AFTER_FAILURE).await;
                }
            }
        }
        inner.shared.changes.announce(&inner.lease.claim.execution);
        Ok(())
    }
}

#[async_trait]
impl RunObserver for Recorder {
    fn began(&self) {
        self.0.gathered.lock().began_at = Some(self.0.shared.clock.monotonic());
    }

    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost> {
        self.call(entry);
        self.flush().await
    }

    fn call(&self, entry: JournalEntry) {
        self.gather(|gathered| {
            gathered.denials.note(&entry);
            gathered.records.journal.push(entry);
        });
    }

    fn log(
        &self,
        level: LogLevel,
        message: String,
        fields: Map<String, Value>,
        timestamp: Timestamp,
    ) {
        let attempt = self.0.attempt;
        self.gather(|gathered| {
            gathered.lines += 1;
            let seq = u64::from(attempt.saturating_sub(1)) * LINES_PER_ATTEMPT + gathered.lines;
            gathered.records.log.push(LogLine {
                seq,
                attempt,
                timestamp,
                level,
                message,
                fields,
            });
        });
    }

    fn progress(&self, progress: Progress) {
        self.gather(|gathered| gathered.records.progress = Some(progress));
    }

    async fn room(&self) {
        let waiting = {
            let records = &self.0.gathered.lock().records;
            records.journal.len() + records.log.len()
        };
        if waiting > MAX_GATHERED {
            self.flush().await.ok();
        }
    }
}
