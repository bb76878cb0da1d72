//! What a run says of itself while it goes: lines and progress.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How much a line matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Single steps.
    Trace,
    /// For finding faults.
    Debug,
    /// What a reader of the record wants to know.
    Info,
    /// Something is odd and the run goes on.
    Warn,
    /// Something failed.
    Error,
    /// The run cannot go on.
    Critical,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// The number of the line: it rises over all attempts, with gaps between them; the first is 1.
    pub seq: u64,
    /// The attempt that wrote it.
    pub attempt: u32,
    /// When it was written.
    pub timestamp: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// The text, without control characters.
    pub message: String,
    /// Names and values beside the text.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where that is known.
    pub total: Option<u64>,
    /// What is being done.
    pub note: Option<String>,
}
