//! What must hold before a job is saved.
//!
//! Everything that is wrong is found in one go and named with its place, except what cannot be judged
//! before something else is right: a template is not asked about parameters that break its schema.

mod asking;
mod bounds;
mod references;

use std::sync::Arc;

use jiff::Timestamp;
use sandglass_contract::{
    Digest, Grant, GrantDifference, Interface, JobId, LimitSettings, OrganisationId, UserId,
    grant::Target,
};
use sandglass_host::TemplateError;
use sandglass_registry::{
    Job, Role, Schedule, Scope, Store, StoreError, Template, TemplateVersion, Version,
    VersionStatus,
    job::{MAX_NOTIFIED, MAX_TAGS},
};
use serde_json::{Map, Value};

pub(crate) use asking::ask;
pub(super) use bounds::Context;

use super::{JobDraft, JobError, Problem, terms::judge_terms};
use crate::{
    calendar::Calendar,
    catalogue::{Catalogue, CatalogueError},
};

/// The most problems that are listed.
const MAX_PROBLEMS: usize = 50;
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
    /// What the job would be let touch more by somebody who may not do that.
    pub(super) widening: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    pub(super) difference: GrantDifference,
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
    pub(super) granted_as: Role,
    pub(super) difference: GrantDifference,
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
            granted_as: self.granted_as,
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
        context: Context<'_>,
    ) -> Result<Admitted, JobError> {
        let mut verdict = self.judge(scope, &draft, context).await?;
        if context
            .exists
            .is_some_and(|job| job.schedule == draft.schedule)
        {
            verdict.problems.retain(|problem| problem.code != NEVER_DUE);
        }
        let (Some(version), Some(calendar), true) = (
            verdict.version,
            verdict.calendar,
            verdict.problems.is_empty(),
        ) else {
            verdict.problems.extend(verdict.widening);
            return Err(JobError::Invalid(verdict.problems));
        };
        if !verdict.widening.is_empty() {
            return Err(JobError::MayNotWiden(verdict.widening));
        }
        let next_run_at = calendar.first(context.now)?;
        Ok(Admitted {
            parameters: draft.parameters.clone(),
            draft,
            template_version: version.metadata.version,
            template_digest: version.digest,
            limits: verdict.limits,
            grant: verdict.grant,
            granted_as: context.grants_as(&verdict.difference),
            difference: verdict.difference,
            next_run_at,
        })
    }

    /// Finds everything that is wrong with a draft.
    pub(super) async fn judge(
        &self,
        scope: &Scope,
        draft: &JobDraft,
        context: Context<'_>,
    ) -> Result<Verdict, AdmissionError> {
        let mut problems = Vec::new();
        let id = context.exists.map(|job| &job.id);
        let calendar = judge_schedule(&draft.schedule, context.now, &mut problems);
        let limits = judge_limits(draft, &mut problems);
        judge_lists(draft, &mut problems);
        judge_terms(draft, &mut problems);
        self.judge_parents(scope, draft, id, &mut problems).await?;
        self.judge_blackouts(scope, draft, &mut problems).await?;
        let version = self
            .find_version(scope, draft, context.exists, &mut problems)
            .await?;
        let mut grant = Grant::default();
        if let Some(version) = &version {
            let answer = ask(&self.catalogue, scope, version, &draft.parameters).await?;
            problems.extend(answer.problems);
            grant = answer.grant;
        }
        let mut verdict = Verdict {
            problems,
            widening: Vec::new(),
            warnings: Vec::new(),
            difference: context.difference(&grant),
            grant,
            calendar,
            version,
            limits,
        };
        self.judge_bounds(scope, context, &mut verdict).await?;
        verdict.problems.truncate(MAX_PROBLEMS);
        Ok(verdict)
    }

    async fn find_version(
        &self,
        scope: &Scope,
        draft: &JobDraft,
        exists: Option<&Job>,
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
        let version = choose_version(&template, draft, exists);
        if version.is_none() {
            let pointer = match draft.template_digest {
                Some(_) => "/template_digest",
                None => "/template_version",
            };
            problems.push(Problem::new(
                pointer,
                "no_approved_version",
                "the template has no such version that is approved",
            ));
        }
        Ok(version.cloned())
    }
}

/// The version that a draft means: the one that it names, or the one approved last. A job that has one
/// that was retired keeps it.
fn choose_version<'a>(
    template: &'a Template,
    draft: &JobDraft,
    exists: Option<&Job>,
) -> Option<&'a TemplateVersion> {
    let (number, digest) = (&draft.template_version, &draft.template_digest);
    if number.is_none() && digest.is_none() {
        return template.current();
    }
    let kept = exists.filter(|job| job.template_type == template.id);
    let kept = kept.map(|job| job.template_digest);
    template.versions.iter().find(|version| {
        let usable = match version.status {
            VersionStatus::Approved => true,
            VersionStatus::Retired => kept == Some(version.digest),
            VersionStatus::Pending | VersionStatus::Rejected => false,
        };
        usable
            && number
                .as_ref()
                .is_none_or(|it| *it == version.metadata.version)
            && digest.is_none_or(|it| it == version.digest)
    })
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

/// A name as a token of a JSON Pointer (RFC 6901 §3).
fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
