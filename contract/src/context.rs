//! What a run is told about itself, and whether its effects are real.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::{ExecutionId, JobId};

/// Whether effectful host calls are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// Effects happen.
    Live,
    /// The host answers every effectful call itself and nothing outside the record changes.
    Dry,
}

impl RunMode {
    /// The mode for a `dry_run` member as the REST API spells it.
    #[must_use]
    pub const fn from_dry_run(dry_run: bool) -> Self {
        if dry_run { Self::Dry } else { Self::Live }
    }

    /// Whether this is [`RunMode::Dry`].
    #[must_use]
    pub const fn is_dry(self) -> bool {
        matches!(self, Self::Dry)
    }
}

/// What one attempt of an execution knows about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RunContext {
    /// The execution.
    pub execution: ExecutionId,
    /// The job.
    pub job: JobId,
    /// The job's name.
    pub job_name: String,
    /// Which attempt this is; the first is 1.
    pub attempt: u32,
    /// The moment that the run stands for; the same for every attempt.
    pub scheduled_at: Timestamp,
    /// When the attempt is ended by the host.
    pub deadline: Timestamp,
    /// Whether effects are real.
    pub mode: RunMode,
    /// The same for every attempt of the execution, and for no other execution.
    pub idempotency_key: String,
    /// Results of the jobs that this one depends on.
    pub parents: Vec<ParentResult>,
}

/// The result of a job that the running job depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct ParentResult {
    /// The parent job.
    pub job: JobId,
    /// Its name.
    pub job_name: String,
    /// Its execution.
    pub execution: ExecutionId,
    /// How it ended, such as `success`.
    pub status: String,
    /// Its result.
    pub result: Value,
}
