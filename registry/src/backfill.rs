//! A backfill: slots of the past, run again on purpose.

use jiff::Timestamp;
use sandglass_contract::{BackfillId, JobId, OrganisationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::job::OverlapPolicy;

/// The most slots that one backfill may run.
pub const MAX_BACKFILL_RUNS: u32 = 10_000;

/// Where a backfill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackfillStatus {
    /// Its slots become executions, a few at a time.
    Running,
    /// No more of them do until somebody resumes it.
    Paused,
    /// All of them have.
    Done,
    /// Somebody ended it; the executions that it made go on.
    Cancelled,
}

impl BackfillStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Running, Self::Paused, Self::Done, Self::Cancelled];

    /// Its word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// A backfill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backfill {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: BackfillId,
    /// Whose it is.
    pub org: OrganisationId,
    /// The job.
    pub job_id: JobId,
    /// The first moment whose slots run.
    pub start: Timestamp,
    /// The first moment whose slots no longer run.
    pub end: Timestamp,
    /// What happens to a slot while an earlier execution of the job is not finished.
    pub overlap_policy: OverlapPolicy,
    /// Whether effects are only simulated.
    pub dry_run: bool,
    /// How many slots it has in all.
    pub total: u32,
    /// How many of them have become executions.
    pub made: u32,
    /// The slot that comes next.
    pub next_slot: Option<Timestamp>,
    /// Where it stands.
    pub status: BackfillStatus,
    /// Who asked for it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}
