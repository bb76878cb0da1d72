//! What the service knows: jobs, executions, templates and accounts, their rules, and where they are
//! kept.
//!
//! The types here cannot hold what the rules forbid; [`store`] says what a place to keep them must
//! promise, and `embedded` keeps them in SQLite. Nothing here decides when a job runs, nor runs one.

pub mod account;
mod application;
pub mod archive;
mod attempt_end;
pub mod audit;
pub mod backfill;
pub mod blackout;
pub mod capability;
pub mod concurrency;
pub mod embedded;
pub mod execution;
pub mod gate;
pub mod host;
pub mod job;
pub mod mongo;
mod overlap;
pub mod page;
pub mod policy;
pub mod rate;
pub mod retention;
pub mod schedule;
pub mod scope;
pub mod secret;
pub mod store;
pub mod template;
mod unclaimed;
pub mod vault;

pub use account::{
    PasswordHash, Role, TokenKind, TokenRecord, TokenScope, TokenState, User, UserStatus,
};
pub use audit::{Actor, AuditAction, AuditEntry, AuditHead, AuditLine, AuditVerdict};
pub use backfill::{Backfill, BackfillStatus};
pub use blackout::{Blackout, BlackoutCalendar, BlackoutEntries, BlackoutEntry, Blackouts};
pub use capability::{RegisterQuery, RegisterRow, UseState};
pub use concurrency::{ConcurrencyLimit, LimitedBy};
pub use execution::{
    ArtifactRecord, Attempt, CancelRequest, ChainLink, Execution, ExecutionStatus, Fence,
    ParentExecution, Trigger,
};
pub use gate::Gate;
pub use host::{HostOrder, HostRecord, HostReport, HostState, Labels, Placement};
pub use job::{
    Dependencies, Job, JobText, Notifications, OverlapPolicy, RetryPolicy, Tag, TimeoutSeconds,
    Version,
};
pub use page::{Page, PageRequest};
pub use policy::{Policy, PolicySetting};
pub use rate::{RateLimit, RateState, Use};
pub use retention::Retention;
pub use schedule::{CronError, CronExpression, Schedule, ScheduleError, TimeZoneName};
pub use scope::Scope;
pub use secret::SealedSecret;
pub use store::{Store, StoreError};
pub use template::{Decision, Reason, Ruling, Template, TemplateVersion, VersionStatus};
pub use vault::{SecretsKey, Vault, VaultError};
