//! What must hold before a job is saved.
//!
//! Everything that is wrong is found in one go and named with its place, except what cannot be judged
//! before something else is right: a template is not asked about parameters that break its schema.

mod references;

use std::sync::Arc;

use jiff::Timestamp;
use jsonschema::PatternOptions;
use sandglass_contract::{
    Digest, Grant, Interface, JobId, LimitSettings, OrganisationId, UserId, grant::Target,
};
use sandglass_host::TemplateError;
use sandglass_registry::{
    Job, Schedule, Scope, Store, StoreError, TemplateVersion, Version, VersionStatus,
    job::{MAX_NOTIFIED, MAX_TAGS},
};
use serde_json::{Map, Value};

use super::{JobDraft, JobError, Problem, terms::judge_terms};
use crate::{
    calendar::Calendar,
    catalogue::{Catalogue, CatalogueError},
};

/// The most bytes that parameters may have as JSON.
const MAX_PARAMETER_BYTES: usize = 256 << 10;
/// The most problems that are listed.
const MAX_PROBLEMS: usize = 50;
/// The most bytes that a pattern of a schema takes when it is compiled, and again while it is matched.
const MAX_PATTERN_BYTES: usize = 256 << 10;

/// Why a draft could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// The template did not answer.
    #[error("the template could not be asked about the parameters")]
    Template(#[source] CatalogueError),
    /// The template's schema is not one.
    #[error("the schema of the template is not a JSON Schema: {0}")]
    Schema(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AdmissionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CatalogueError> for AdmissionError {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Store(error) => Self::Store(error),
            other => Self::Template(other),
        }
    }
}

impl From<TemplateError> for AdmissionError {
    fn from(error: TemplateError) -> Self {
        Self::Template(CatalogueError::Template(error))
    }
}

/// What was found out about a draft.
pub(super) struct Verdict {
    pub(super) problems: Vec<Problem>,
    pub(super) grant: Grant,
    pub(super) calendar: Option<Calendar>,
    version: Option<TemplateVersion>,
    limits: LimitSettings,
}

/// A draft that may be saved.
pub(super) struct Admitted {
    pub(super) draft: JobDraft,
    pub(super) parameters: Map<String, Value>,
    pub(super) template_version: String,
    pub(super) template_digest: Digest,
    pub(super) limits: LimitSettings,
    pub(super) grant: Grant,
    pub(super) next_run_at: Option<Timestamp>,
}

impl Admitted {
    /// The job that the draft makes, in its first version.
    pub(super) fn into_job(
        self,
        id: JobId,
        org: OrganisationId,
        by: &UserId,
        now: Timestamp,
    ) -> Job {
        let draft = self.draft;
        Job {
            id,
            org,
            name: draft.name,
            description: draft.description,
            template_type: draft.template_type,
            template_version: self.template_version,
            template_digest: self.template_digest,
            parameters: self.parameters,
            schedule: draft.schedule,
            enabled: draft.enabled,
            pause: None,
            overlap_policy: draft.overlap_policy,
            catch_up: draft.catch_up,
            catch_up_window_seconds: draft.catch_up_window_seconds,
            max_catch_up_runs: draft.max_catch_up_runs,
            starting_deadline_seconds: draft.starting_deadline_seconds,
            jitter_seconds: draft.jitter_seconds,
            queue_timeout_seconds: draft.queue_timeout_seconds,
            pause_on_failure: draft.pause_on_failure,
            priority: draft.priority,
            depends_on: draft.depends_on,
            blackout_calendars: draft.blackout_calendars,
            placement: draft.placement,
            timeout_seconds: draft.timeout_seconds,
            retry_policy: draft.retry_policy,
            notifications: draft.notifications,
            limits: self.limits,
            tags: draft.tags,
            grant: self.grant,
            created_by: by.clone(),
            updated_by: by.clone(),
            created_at: now,
            updated_at: now,
            last_run_at: None,
            next_run_at: self.next_run_at.filter(|_| draft.enabled),
            version: Version::FIRST,
        }
    }
}

/// Judges drafts.
pub(super) struct Admission {
    catalogue: Catalogue,
    store: Arc<dyn Store>,
}

impl Admission {
    pub(super) const fn new(catalogue: Catalogue, store: Arc<dyn Store>) -> Self {
        Self { catalogue, store }
    }

    /// Judges a new job, or a change to one that `exists`, and refuses it where anything is wrong. The
    /// schedule that a job has already may have run its course.
    pub(super) async fn admit(
        &self,
        scope: &Scope,
        draft: JobDraft,
        exists: Option<&Job>,
        now: Timestamp,
    ) -> Result<Admitted, JobError> {
        let id = exists.map(|job| &job.id);
        let mut verdict = self.judge(scope, &draft, id, now).await?;
        if exists.is_some_and(|job| job.schedule == draft.schedule) {
            verdict.problems.retain(|problem| problem.code != NEVER_DUE);
        }
        let (Some(version), Some(calendar), true) = (
            verdict.version,
            verdict.calendar,
            verdict.problems.is_empty(),
        ) else {
            return Err(JobError::Invalid(verdict.problems));
        };
        let next_run_at = calendar.first(now)?;
        Ok(Admitted {
            parameters: draft.parameters.clone(),
            draft,
            template_version: version.metadata.version,
            template_digest: version.digest,
            limits: verdict.limits,
            grant: verdict.grant,
            next_run_at,
        })
    }

    /// Finds everything that is wrong with a draft.
    pub(super) async fn judge(
        &self,
        scope: &Scope,
        draft: &JobDraft,
        id: Option<&JobId>,
        now: Timestamp,
    ) -> Result<Verdict, AdmissionError> {
        let mut problems = Vec::new();
        let calendar = judge_schedule(&draft.schedule, now, &mut problems);
        let limits = judge_limits(draft, &mut problems);
        judge_lists(draft, &mut problems);
        judge_terms(draft, &mut problems);
        self.judge_parents(scope, draft, id, &mut problems).await?;
        self.judge_blackouts(scope, draft, &mut problems).await?;
        let version = self.find_version(scope, draft, &mut problems).await?;
        let mut grant = Grant::default();
        if let Some(version) = &version {
            let found = problems.len();
            judge_parameters(version, &draft.parameters, &mut problems)?;
            if problems.len() == found {
                grant = self.ask_template(version, draft, &mut problems).await?;
            }
        }
        problems.truncate(MAX_PROBLEMS);
        Ok(Verdict {
            problems,
            grant,
            calendar,
            version,
            limits,
        })
    }

    async fn find_version(
        &self,
        scope: &Scope,
        draft: &JobDraft,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<TemplateVersion>, AdmissionError> {
        let template = match self.catalogue.template(scope, &draft.template_type).await {
            Ok(template) => template,
            Err(StoreError::NotFound { .. }) => {
                problems.push(Problem::new(
                    "/template_type",
                    "unknown_template",
                    format!("there is no template {:?}", draft.template_type.as_str()),
                ));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let version = match &draft.template_version {
            None => template.current().cloned(),
            Some(wanted) => template.versions.into_iter().find(|version| {
                version.metadata.version == *wanted && version.status == VersionStatus::Approved
            }),
        };
        if version.is_none() {
            problems.push(Problem::new(
                "/template_version",
                "no_approved_version",
                "the template has no such version that is approved",
            ));
        }
        Ok(version)
    }

    async fn ask_template(
        &self,
        version: &TemplateVersion,
        draft: &JobDraft,
        problems: &mut Vec<Problem>,
    ) -> Result<Grant, AdmissionError> {
        let template = self.catalogue.load(&version.digest).await?;
        let host = self.catalogue.host();
        let parameters = Value::Object(draft.parameters.clone());
        let issues = host.validate(&template, &parameters).await?;
        if !issues.is_empty() {
            problems.extend(issues.into_iter().map(|issue| {
                let pointer = format!("/parameters{}", issue.path);
                Problem::new(pointer, &issue.code, issue.message)
            }));
            return Ok(Grant::default());
        }
        let grant = host.capabilities(&template, &parameters).await?;
        problems.extend(grant.beyond(&version.ceiling).into_iter().map(|entry| {
            let detail = format!(
                "{}, which is beyond what is approved for this version of the template",
                entry.text()
            );
            Problem::new("/parameters", "beyond_ceiling", detail)
        }));
        Ok(grant)
    }
}

const NEVER_DUE: &str = "never_due";

fn judge_schedule(
    schedule: &Schedule,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Option<Calendar> {
    let calendar = Calendar::compile(schedule).and_then(|it| Ok((it.first(now)?, it)));
    match calendar {
        Ok((None, calendar)) if *schedule != Schedule::Manual => {
            problems.push(Problem::new(
                "/schedule",
                NEVER_DUE,
                "this schedule never comes; for a job without one use {\"type\": \"manual\"}",
            ));
            Some(calendar)
        }
        Ok((_, calendar)) => Some(calendar),
        Err(error) => {
            let detail = error.to_string();
            problems.push(Problem::new("/schedule", "invalid_schedule", detail));
            None
        }
    }
}

fn judge_limits(draft: &JobDraft, problems: &mut Vec<Problem>) -> LimitSettings {
    let mut settings = LimitSettings::default();
    for (name, value) in &draft.limits {
        if let Err(error) = settings.set(name, *value) {
            let pointer = format!("/limits/{}", escape_pointer(name));
            problems.push(Problem::new(pointer, "invalid_limit", error.to_string()));
        }
    }
    settings
}

fn judge_lists(draft: &JobDraft, problems: &mut Vec<Problem>) {
    if draft.tags.len() > MAX_TAGS {
        let detail = format!("a job has at most {MAX_TAGS} tags");
        problems.push(Problem::new("/tags", "too_many", detail));
    }
    let lists = [
        ("on_success", &draft.notifications.on_success),
        ("on_failure", &draft.notifications.on_failure),
    ];
    for (name, addresses) in lists {
        if addresses.len() > MAX_NOTIFIED {
            let detail = format!("at most {MAX_NOTIFIED} addresses are told");
            let pointer = format!("/notifications/{name}");
            problems.push(Problem::new(pointer, "too_many", detail));
        }
        for (index, address) in addresses.iter().enumerate() {
            let names_one = !address.contains('*');
            if !names_one || Target::parse(Interface::Email, address).is_err() {
                problems.push(Problem::new(
                    format!("/notifications/{name}/{index}"),
                    "invalid_address",
                    "this is not one plain mail address, name@domain",
                ));
            }
        }
    }
}

fn judge_parameters(
    version: &TemplateVersion,
    parameters: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Result<(), AdmissionError> {
    let parameters = Value::Object(parameters.clone());
    if parameters.to_string().len() > MAX_PARAMETER_BYTES {
        let detail = format!("parameters have at most {MAX_PARAMETER_BYTES} bytes");
        problems.push(Problem::new("/parameters", "too_large", detail));
        return Ok(());
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
    let errors = validator.iter_errors(&parameters).take(MAX_PROBLEMS);
    problems.extend(errors.map(|error| {
        let pointer = format!("/parameters{}", error.instance_path());
        let detail: String = error.to_string().chars().take(1000).collect();
        Problem::new(pointer, "schema", detail)
    }));
    Ok(())
}

/// A name as a token of a JSON Pointer (RFC 6901 §3).
fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
