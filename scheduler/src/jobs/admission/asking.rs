//! What a version of a template says to parameters: its schema, its own `validate`, its `capabilities`.
//!
//! A template is not asked about parameters that break its schema.

use jsonschema::PatternOptions;
use sandglass_contract::Grant;
use sandglass_registry::{Scope, TemplateVersion};
use serde_json::{Map, Value};

use super::{AdmissionError, MAX_PROBLEMS};
use crate::{catalogue::Catalogue, jobs::Problem};

/// The most bytes that parameters may have as JSON.
const MAX_PARAMETER_BYTES: usize = 256 << 10;
/// The most bytes that a pattern of a schema takes when it is compiled, and again while it is matched.
const MAX_PATTERN_BYTES: usize = 256 << 10;

/// What a version says to parameters.
pub(crate) struct Answer {
    /// What is wrong with them, or beyond what is approved for the version.
    pub(crate) problems: Vec<Problem>,
    /// What a run with them needs; nothing where they are wrong.
    pub(crate) grant: Grant,
}

/// Asks a version about parameters.
pub(crate) async fn ask(
    catalogue: &Catalogue,
    scope: &Scope,
    version: &TemplateVersion,
    parameters: &Map<String, Value>,
) -> Result<Answer, AdmissionError> {
    let parameters = Value::Object(parameters.clone());
    let refused = |problems| Answer {
        problems,
        grant: Grant::default(),
    };
    let problems = judge(version, &parameters)?;
    if !problems.is_empty() {
        return Ok(refused(problems));
    }
    let template = catalogue
        .load(scope, &version.metadata.id, &version.digest)
        .await?;
    let host = catalogue.host();
    let issues = host.validate(&template, &parameters).await?;
    if !issues.is_empty() {
        let problem = |issue: sandglass_contract::Issue| {
            let pointer = format!("/parameters{}", issue.path);
            Problem::new(pointer, &issue.code, issue.message)
        };
        return Ok(refused(issues.into_iter().map(problem).collect()));
    }
    let grant = host.capabilities(&template, &parameters).await?;
    let beyond = grant.beyond(&version.ceiling).into_iter().map(|entry| {
        let detail = format!(
            "{}, which is beyond what is approved for this version of the template",
            entry.text()
        );
        Problem::new("/parameters", "beyond_ceiling", detail)
    });
    Ok(Answer {
        problems: beyond.collect(),
        grant,
    })
}

/// Judges parameters by the version's schema.
fn judge(version: &TemplateVersion, parameters: &Value) -> Result<Vec<Problem>, AdmissionError> {
    if parameters.to_string().len() > MAX_PARAMETER_BYTES {
        let detail = format!("parameters have at most {MAX_PARAMETER_BYTES} bytes");
        return Ok(vec![Problem::new("/parameters", "too_large", detail)]);
    }
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(MAX_PATTERN_BYTES)
                .dfa_size_limit(MAX_PATTERN_BYTES),
        )
        .build(&version.parameters_schema)
        .map_err(|error| AdmissionError::Schema(error.to_string()))?;
    let errors = validator.iter_errors(parameters).take(MAX_PROBLEMS);
    let problem = |error: jsonschema::ValidationError<'_>| {
        let pointer = format!("/parameters{}", error.instance_path());
        let detail: String = error.to_string().chars().take(1000).collect();
        Problem::new(pointer, "schema", detail)
    };
    Ok(errors.map(problem).collect())
}
