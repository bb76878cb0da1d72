//! What a version would change: compared with another one, and asked about every job that there is.
//!
//! Nothing is changed here. The answers are what a reviewer reads before a version is approved, and what
//! an admin reads before jobs are moved to it.

use std::{num::NonZeroU32, time::Duration};

use sandglass_contract::{
    Comparable, Comparison, Digest, Grant, GrantDifference, JobId, TemplateId,
};
use sandglass_registry::{
    Job, JobText, PageRequest, Scope, StoreError, TemplateVersion, store::JobQuery,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Catalogue, CatalogueError};
use crate::jobs::{AdmissionError, Problem, ask};

/// The most jobs that a check looks at.
const MAX_CHECKED_JOBS: u64 = 1_000;
/// How many jobs are read at once.
const JOBS_ON_A_PAGE: u32 = 100;
/// How long a check may take; those that are left then are not looked at.
const LONGEST_CHECK: Duration = Duration::from_secs(10);

/// What a version would mean for the jobs of its template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct JobsCheck {
    /// How many jobs were looked at.
    pub looked_at: u64,
    /// How many there are beside, which were not: the newest thousand are looked at, for ten seconds.
    pub not_looked_at: u64,
    /// How many have this version already.
    pub on_this_version: u64,
    /// How many would go on as they are, with the same grant.
    pub unchanged: u64,
    /// Those whose parameters the version does not accept.
    pub broken: Vec<BrokenJob>,
    /// Those that would be granted something else.
    pub regranted: Vec<RegrantedJob>,
}

/// A job whose parameters a version does not accept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BrokenJob {
    /// The job.
    pub job_id: JobId,
    /// What people call it.
    #[schema(value_type = String)]
    pub job_name: JobText,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// A job that would be granted something else.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RegrantedJob {
    /// The job.
    pub job_id: JobId,
    /// What people call it.
    #[schema(value_type = String)]
    pub job_name: JobText,
    /// Whether it could do more than now.
    pub widens: bool,
    /// How its grant would change.
    pub grant: GrantDifference,
}

impl Catalogue {
    /// Compares a version with another, or with the one that new jobs use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such version, or none to compare it with.
    pub async fn compare(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
        against: Option<&Digest>,
    ) -> Result<Comparison, StoreError> {
        let template = self.template(scope, template).await?;
        let missing = |what| StoreError::NotFound { what };
        let after = template.by_digest(digest);
        let after = after.ok_or(missing("template version"))?;
        let before = match against {
            Some(digest) => template.by_digest(digest),
            None => template.current(),
        };
        let before = before.ok_or(missing("template version to compare with"))?;
        Ok(Comparison::of(comparable(before), comparable(after)))
    }

    /// Asks a version about the parameters of every job of its template.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; where the version cannot be loaded.
    pub async fn check_jobs(
        &self,
        scope: &Scope,
        template: &TemplateId,
        digest: &Digest,
    ) -> Result<JobsCheck, CatalogueError> {
        let version = self.version(scope, template, digest).await?;
        self.load(scope, template, digest).await?;
        let begun = self.clock.monotonic();
        let mut check = JobsCheck::default();
        let on_a_page = NonZeroU32::new(JOBS_ON_A_PAGE).unwrap_or(NonZeroU32::MIN);
        let mut number = NonZeroU32::MIN;
        loop {
            let query = JobQuery {
                template_type: Some(template.clone()),
                enabled: None,
                search: None,
                tag: None,
                page: PageRequest::new(number, on_a_page),
            };
            let page = self.store.jobs(scope, &query).await?;
            for job in &page.items {
                let took = self.clock.monotonic().saturating_sub(begun);
                if check.looked_at >= MAX_CHECKED_JOBS || took >= LONGEST_CHECK {
                    check.not_looked_at = page.total.saturating_sub(check.looked_at);
                    return Ok(check);
                }
                self.check_job(scope, &version, job, &mut check).await?;
            }
            if u64::from(number.get()) >= page.pages {
                return Ok(check);
            }
            number = number.saturating_add(1);
        }
    }

    async fn check_job(
        &self,
        scope: &Scope,
        version: &TemplateVersion,
        job: &Job,
        check: &mut JobsCheck,
    ) -> Result<(), CatalogueError> {
        check.looked_at += 1;
        if job.template_digest == version.digest {
            check.on_this_version += 1;
            return Ok(());
        }
        let (problems, grant) = match ask(self, scope, version, &job.parameters).await {
            Ok(answer) => (answer.problems, answer.grant),
            Err(AdmissionError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let detail = match std::error::Error::source(&error) {
                    Some(cause) => format!("{error}: {cause}"),
                    None => error.to_string(),
                };
                let problem = Problem::new("/parameters", "template_failed", detail);
                (vec![problem], Grant::default())
            }
        };
        let (job_id, job_name) = (job.id.clone(), job.name.clone());
        if !problems.is_empty() {
            check.broken.push(BrokenJob {
                job_id,
                job_name,
                problems,
            });
            return Ok(());
        }
        let grant = GrantDifference::between(&job.grant, &grant);
        if grant.is_empty() {
            check.unchanged += 1;
            return Ok(());
        }
        check.regranted.push(RegrantedJob {
            job_id,
            job_name,
            widens: grant.is_wider(),
            grant,
        });
        Ok(())
    }
}

/// What is compared of a stored version.
const fn comparable(version: &TemplateVersion) -> Comparable<'_> {
    Comparable {
        digest: &version.digest,
        size: version.size,
        metadata: &version.metadata,
        imports: version.imports.as_slice(),
        ceiling: &version.ceiling,
        schema: &version.parameters_schema,
    }
}
