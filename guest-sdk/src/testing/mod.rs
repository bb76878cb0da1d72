//! A host in memory, for native unit tests of a template.
//!
//! [`run`] does what the service does with a job: holds the parameters against the schema, has the
//! template validate them, asks it what it needs, grants exactly that, and runs it. Filters, updates and pipelines are those of the service,
//! because it is the same query engine. What it leaves out: limits, dry runs and the sandbox.

mod artifacts;
mod database;
mod grant;
mod memory_host;
mod requests;

use serde_json::Value;

use crate::{Context, Issue, JobError, JobTemplate, Outcome, export, schema_of};

pub use artifacts::{MemoryArtifact, MemorySink};
pub use database::MemorySource;
pub use memory_host::{LogLine, MemoryHost, Progress};

/// Why [`run`] has no outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The parameters were refused.
    Refused(Vec<Issue>),
    /// The run failed.
    Failed(JobError),
}

/// A first attempt of a run scheduled for 2025-10-16T02:00:00Z, with an hour to its deadline.
#[must_use]
pub fn context() -> Context {
    let scheduled_at = 1_760_580_000_000;
    Context {
        run_id: "run-1".into(),
        job_id: "job-1".into(),
        job_name: "A job under test".into(),
        attempt: 1,
        scheduled_at,
        deadline: scheduled_at + 3_600_000,
        dry_run: false,
        idempotency_key: "key-1".into(),
        parents: Vec::new(),
    }
}

/// Runs a template with the parameters of a job, with exactly the capabilities it asks for.
///
/// # Errors
/// What is wrong with the parameters, or why the run failed.
pub fn run<T: JobTemplate>(
    host: &MemoryHost,
    context: &Context,
    parameters: &Value,
) -> Result<Outcome, Failure> {
    let issues = schema_issues::<T>(parameters);
    if !issues.is_empty() {
        return Err(Failure::Refused(issues));
    }
    let text = parameters.to_string();
    export::validate::<T>(&text).map_err(Failure::Refused)?;
    host.grant(export::capabilities::<T>(&text));
    let parameters =
        crate::parse_parameters(&text).map_err(|error| Failure::Refused(vec![error.into()]))?;
    T::execute(host, context, parameters).map_err(Failure::Failed)
}

fn schema_issues<T: JobTemplate>(parameters: &Value) -> Vec<Issue> {
    let schema = schema_of::<T::Parameters>();
    match jsonschema::options()
        .should_validate_formats(true)
        .build(schema.as_value())
    {
        Ok(validator) => validator
            .iter_errors(parameters)
            .map(|error| Issue::new(error.instance_path().as_str(), "schema", error.to_string()))
            .collect(),
        Err(error) => vec![Issue::new("", "invalid_schema", error.to_string())],
    }
}
