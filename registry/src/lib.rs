//! What the service knows: jobs, executions, templates and accounts, their rules, and where they are
//! kept.
//!
//! The types here cannot hold what the rules forbid; [`store`] says what a place to keep them must
//! promise, and `embedded` keeps them in SQLite. Nothing here decides when a job runs, nor runs one.

pub mod account;
pub mod blackout;
pub mod embedded;
pub mod execution;
pub mod job;
pub mod page;
pub mod schedule;
pub mod scope;
pub mod store;
pub mod template;

pub use account::{Role, TokenRecord, User};
pub use blackout::{Blackout, BlackoutCalendar, BlackoutEntries, BlackoutEntry, Blackouts};
pub use execution::{
    ArtifactRecord, Attempt, CancelRequest, Execution, ExecutionStatus, Fence, Trigger,
};
pub use job::{Job, JobText, Notifications, RetryPolicy, Tag, TimeoutSeconds, Version};
pub use page::{Page, PageRequest};
pub use schedule::{CronError, CronExpression, Schedule, ScheduleError, TimeZoneName};
pub use scope::Scope;
pub use store::{Store, StoreError};
pub use template::{Template, TemplateVersion, VersionStatus};
