//! The names of the collections.

/// Jobs.
pub(super) const JOBS: &str = "dynamic_jobs";
/// Every version of every job.
pub(super) const JOB_REVISIONS: &str = "job_revisions";
/// Executions.
pub(super) const EXECUTIONS: &str = "job_executions";
/// Lines of their logs.
pub(super) const LOGS: &str = "execution_logs";
/// Entries of their journals.
pub(super) const JOURNAL: &str = "effect_journal";
/// The ends of parents that a job waits to see together.
pub(super) const ARRIVALS: &str = "chain_arrivals";
/// Concurrency limits and who holds their places.
pub(super) const LIMITS: &str = "concurrency_limits";
/// Backfills.
pub(super) const BACKFILLS: &str = "backfills";
