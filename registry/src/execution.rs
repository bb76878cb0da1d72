//! An execution: what became of one slot of a schedule, or of one request to run a job.

use jiff::Timestamp;
pub use sandglass_contract::Progress;
use sandglass_contract::{
    BackfillId, Digest, ExecutionId, Grant, JobId, OrganisationId, OutcomeCode, TemplateId, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use crate::gate::Gate;
use crate::{
    host::Placement,
    job::{Priority, Tag, Version},
};

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// It waits for a worker, or for its next attempt.
    Queued,
    /// A worker runs it.
    Running,
    /// It ended with a result.
    Success,
    /// It ended with an error.
    Failed,
    /// Its last attempt took too long.
    TimedOut,
    /// Somebody ended it.
    Cancelled,
    /// It never ran, because of a rule; the reason says which.
    Skipped,
    /// It never ran, because nobody was there when it was due.
    Missed,
}

impl ExecutionStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Success,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Skipped,
        Self::Missed,
    ];

    /// Its word in records and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// The status of an execution whose last attempt ended so.
    #[must_use]
    pub const fn after(outcome: OutcomeCode) -> Self {
        match outcome {
            OutcomeCode::Success => Self::Success,
            OutcomeCode::Cancelled => Self::Cancelled,
            OutcomeCode::TimedOut => Self::TimedOut,
            _ => Self::Failed,
        }
    }
}

/// What made an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A slot of the job's schedule.
    Scheduler,
    /// Somebody asked.
    User,
    /// A slot that passed while no host was there.
    CatchUp,
    /// The end of another job that it depends on.
    Chain,
    /// A backfill, which runs slots of the past again.
    Backfill,
}

/// The execution of a parent that an execution follows, as it had ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParentExecution {
    /// The parent job.
    pub job_id: JobId,
    /// Its name at the time.
    pub job_name: String,
    /// Its execution.
    pub execution_id: ExecutionId,
    /// How that ended.
    pub status: ExecutionStatus,
    /// What it returned.
    #[schema(value_type = Object, nullable)]
    pub result: Option<Value>,
}

/// The place of an execution in a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainLink {
    /// The execution that the chain began with.
    pub root: ExecutionId,
    /// The job of that execution.
    pub root_job: JobId,
    /// How many links lie between the root and this one; a child of the root has 1.
    pub depth: u32,
    /// The executions that it follows.
    pub parents: Vec<ParentExecution>,
}

/// How often an execution has been claimed. A worker's writes carry the fence of its claim, and the
/// store refuses those of an older one.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Fence(pub u64);

/// One try at an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Its number; the first is 1.
    pub attempt: u32,
    /// The host that ran it.
    pub execution_host: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Timestamp,
    /// How it ended.
    pub outcome: OutcomeCode,
    /// What went wrong.
    pub error: Option<String>,
    /// Fuel it used.
    pub fuel_used: u64,
    /// The most linear memory it had, in bytes.
    pub peak_memory_bytes: u64,
    /// From the request, or from the moment at which the slot was due, to the template's first
    /// instruction, in microseconds. Only of a first attempt on the host that heard of it first.
    #[serde(default)]
    pub start_delay_us: Option<u64>,
}

/// A file that an execution left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactRecord {
    /// Its id.
    pub id: String,
    /// Its file name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// Somebody's wish that an execution ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelRequest {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// An execution. Its members are those of the `job_executions` collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Execution {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: ExecutionId,
    /// Whose it is.
    pub org: OrganisationId,
    /// The job.
    pub job_id: JobId,
    /// The job's name at the time.
    pub job_name: String,
    /// The version of the job that it runs.
    pub job_version: Version,
    /// The template.
    pub template_type: TemplateId,
    /// The template's version.
    pub template_version: String,
    /// The digest of the component.
    pub template_digest: Digest,
    /// What it may touch.
    pub grant: Grant,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Why it never ran, for a skipped or missed one.
    pub reason: Option<String>,
    /// The moment it stands for.
    pub scheduled_for: Timestamp,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// The earliest moment for its next attempt.
    pub available_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// From `started_at` to `completed_at`, in seconds.
    pub duration_seconds: Option<f64>,
    /// What the template returned.
    #[schema(value_type = Object, nullable)]
    pub result: Option<Value>,
    /// The template's sentence about the result.
    pub message: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// How the last attempt ended.
    pub outcome: Option<OutcomeCode>,
    /// How far the run has come.
    pub progress: Option<Progress>,
    /// The number of the current or last attempt; 0 before the first.
    pub attempt: u32,
    /// The attempts that have ended.
    pub attempts: Vec<Attempt>,
    /// Fuel used by all attempts.
    pub fuel_used: u64,
    /// The most linear memory that an attempt had, in bytes.
    pub peak_memory_bytes: u64,
    /// Files left behind.
    pub artifacts: Vec<ArtifactRecord>,
    /// Whether effects were only simulated.
    pub dry_run: bool,
    /// What made it.
    pub triggered_by: Trigger,
    /// Who asked for it, where somebody did.
    pub triggered_by_user: Option<UserId>,
    /// The host that runs it or ran it last.
    pub execution_host: Option<String>,
    /// How often it has been claimed.
    pub fence: Fence,
    /// Somebody's wish that it ends.
    pub cancel_requested: Option<CancelRequest>,
    /// Who goes first where several wait.
    #[serde(default)]
    pub priority: Priority,
    /// The job's tags at the time; limits count by them.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub tags: Vec<Tag>,
    /// What it waits for, beside a free worker.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "job:job_1")]
    pub waits_for: Option<Gate>,
    /// When it is missed unless its first attempt has begun.
    #[serde(default)]
    pub queue_deadline: Option<Timestamp>,
    /// Its place in a chain, where it follows from another execution.
    #[serde(default)]
    pub chain: Option<ChainLink>,
    /// The backfill that made it.
    #[serde(default)]
    pub backfill_id: Option<BackfillId>,
    /// The labels that a host must have to run it.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub placement: Placement,
}

impl Execution {
    /// The execution that its chain began with: itself, where it follows from none.
    #[must_use]
    pub fn chain_root(&self) -> &ExecutionId {
        self.chain.as_ref().map_or(&self.id, |chain| &chain.root)
    }
}
