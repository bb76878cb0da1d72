//! One run: what it is given, whom it reports to, and how it ended.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{
    CapabilityUse, Digest, Grant, JournalEntry, Limits, LogLevel, OutcomeCode, Progress, RunContext,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::secrets::SecretSource;

/// One attempt to run a template.
#[derive(Clone)]
pub struct Run {
    /// What the run is told about itself.
    pub context: RunContext,
    /// The parameters, a JSON value that satisfies the template's schema.
    pub parameters: Value,
    /// What the run may touch.
    pub grant: Grant,
    /// What it may use up.
    pub limits: Limits,
    /// How long it may take, from the moment that it has a place to run.
    pub timeout: Duration,
    /// Where the secrets come from that its grant names.
    pub secrets: Arc<dyn SecretSource>,
    /// Who is told what happens.
    pub observer: Arc<dyn RunObserver>,
    /// Cancelled by whoever wants the run to stop. A template that asks learns of it and may end by
    /// itself within 50 ms; then it is ended.
    pub cancel: CancellationToken,
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Run")
            .field("context", &self.context)
            .field("grant", &self.grant)
            .field("limits", &self.limits)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The record of a run can no longer be written: its lease belongs to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease of the run is lost, so that its record can no longer be written")]
pub struct RecordLost;

/// Who is told what happens in a run, as it happens.
///
/// The functions that do not wait are called from within the run: they hand on and return at once.
#[async_trait]
pub trait RunObserver: Send + Sync + 'static {
    /// Everything is ready and the template's first instruction comes next.
    fn began(&self) {}

    /// A call is about to have an effect. Returns once that is durable; only then the effect happens.
    ///
    /// # Errors
    /// Where the record cannot be written any more: the run ends at once, without the effect.
    async fn intent(&self, entry: JournalEntry) -> Result<(), RecordLost>;

    /// A call ended. An entry with an intent before it carries the same `seq`.
    fn call(&self, entry: JournalEntry);

    /// The run logged a line.
    fn log(
        &self,
        level: LogLevel,
        message: String,
        fields: Map<String, Value>,
        timestamp: Timestamp,
    );

    /// The run reported how far it has come.
    fn progress(&self, progress: Progress);

    /// Waits until there is room for more. Asked about every ten milliseconds of computing, so that a
    /// guest that calls faster than its calls can be stored is held up instead of filling memory.
    async fn room(&self) {}
}

/// How a run ended and what it used.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// How it ended.
    pub outcome: OutcomeCode,
    /// The result that the template returned.
    pub result: Option<Value>,
    /// One sentence for people: the template's own, or what ended the run.
    pub message: Option<String>,
    /// The least time to wait before the next attempt, where the template gave one.
    pub retry_after: Option<Duration>,
    /// Fuel used.
    pub fuel_used: u64,
    /// The most linear memory that the run had at once, in bytes, summed over all its memories.
    pub peak_memory_bytes: u64,
    /// How long it took, from the moment that it had a place to run.
    pub duration: Duration,
    /// Files that the run left behind.
    pub artifacts: Vec<ArtifactRecord>,
    /// Lines of the log that were beyond its limits.
    pub dropped_log_lines: u64,
    /// What it made of its grant.
    pub uses: Vec<CapabilityUse>,
}

/// A file that a run left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// What it is found by: see [`crate::ArtifactId`].
    pub id: String,
    /// Its file name.
    pub name: String,
    /// Its media type, as the template gave it.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}
