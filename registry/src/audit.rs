//! The audit log: what was decided, by whom, and what the service noticed about itself.

use jiff::Timestamp;
use sandglass_contract::{OrganisationId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// The wall clock of a host moved otherwise than time passed.
    ClockJumped,
    /// The schedule of a job was paused.
    JobPaused,
    /// The schedule of a job goes on.
    JobResumed,
    /// A backfill was begun.
    BackfillStarted,
    /// A backfill was paused, resumed or cancelled.
    BackfillChanged,
    /// A concurrency limit was set or removed.
    ConcurrencyLimitChanged,
    /// A host was told to begin nothing new, or to take part again.
    HostOrdered,
    /// A secret was set or removed.
    SecretChanged,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Whose it is.
    pub org: OrganisationId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it; `system` where the service did.
    pub by: UserId,
    /// What happened.
    pub action: AuditAction,
    /// What it happened to, such as a job's id or a host's name.
    pub target: String,
    /// The particulars.
    #[schema(value_type = Object)]
    pub detail: Value,
}
