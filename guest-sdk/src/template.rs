//! What the author of a template writes.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{CapabilityRequest, Context, Host, Issue, JobError, Metadata, Outcome};

/// A kind of job. All functions but [`execute`](Self::execute) are pure: the host runs them with no
/// capability, and the same input gives the same output.
pub trait JobTemplate {
    /// The parameters of a job. Their JSON Schema comes from `schemars`: doc comments become
    /// descriptions, serde's defaults become defaults. Use `#[serde(deny_unknown_fields)]`, so that a
    /// mistyped name is an error and not a default.
    type Parameters: DeserializeOwned + JsonSchema;

    /// What a catalogue shows of the template.
    fn metadata() -> Metadata;

    /// Everything that is wrong with parameters that the schema accepts; nothing by default.
    fn validate(parameters: &Self::Parameters) -> Vec<Issue> {
        let _ = parameters;
        Vec::new()
    }

    /// What a run with these parameters needs, and nothing more.
    fn capabilities(parameters: &Self::Parameters) -> Vec<CapabilityRequest>;

    /// Runs the job once.
    ///
    /// # Errors
    /// Whatever keeps the run from its purpose; retryable where another attempt may succeed.
    fn execute<H: Host>(
        host: &H,
        context: &Context,
        parameters: Self::Parameters,
    ) -> Result<Outcome, JobError>;
}

impl Issue {
    /// An issue at a JSON Pointer (RFC 6901) into the parameters, empty for the whole.
    #[must_use]
    pub fn new(
        path: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            code: code.into(),
            message: message.into(),
        }
    }
}

impl CapabilityRequest {
    /// Asks for `database` operations on a collection: `count`, `find`, `aggregate`, `insert`,
    /// `update`, `delete`.
    #[must_use]
    pub fn database(collection: impl Into<String>, operations: &[&str]) -> Self {
        Self::new("database", collection, operations)
    }

    /// Asks to send mail to an address, or to every address of a domain with `*@domain`.
    #[must_use]
    pub fn email(address: impl Into<String>) -> Self {
        Self::new("email", address, &["send"])
    }

    /// Asks for `artifacts` operations (`create`, `read`) on a file name, or on any with `*`.
    #[must_use]
    pub fn artifacts(name: impl Into<String>, operations: &[&str]) -> Self {
        Self::new("artifacts", name, operations)
    }

    /// Asks to send requests with a method to a URL. Its query, which no grant holds, is left out; a `*`
    /// at the end of the path stands for all that begin so.
    #[must_use]
    pub fn http(method: &str, url: &str) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        Self::new("http", format!("{method} {url}"), &["request"])
    }

    /// Asks to use a secret.
    #[must_use]
    pub fn secret(name: impl Into<String>) -> Self {
        Self::new("secrets", name, &["use"])
    }

    fn new(interface: &str, target: impl Into<String>, operations: &[&str]) -> Self {
        Self {
            interface: interface.into(),
            target: target.into(),
            operations: operations.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Context {
    /// The result of a job that this job depends on, by the job's name; absent where there is no such
    /// job, or its result is no JSON.
    #[must_use]
    pub fn parent(&self, job_name: &str) -> Option<serde_json::Value> {
        let parent = self
            .parents
            .iter()
            .find(|parent| parent.job_name == job_name)?;
        serde_json::from_str(&parent.result).ok()
    }
}
