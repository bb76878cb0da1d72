//! The register as reviewers read it: each row with what its template declares and imports, what the job
//! is granted, and whether the policy allows it now.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use sandglass_contract::{
    GrantEntry, Interface, JobId, Operation, TemplateId, UserId, grant::Target,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{RegisterQuery, RegisterRow, UseState};
use crate::{
    account::Role,
    job::Job,
    page::Page,
    policy::Policy,
    scope::Scope,
    store::{Store, StoreError},
    template::{Template, TemplateVersion},
};

/// How often and when last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Times {
    /// How often in the last 30 days.
    pub count: u64,
    /// When an attempt ended last that did, within those days.
    pub last_at: Option<Timestamp>,
}

/// One operation that one job may do on one target, or was denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Capability {
    /// The job.
    pub job_id: JobId,
    /// What people call it.
    pub job_name: String,
    /// Whether its schedule is followed.
    pub job_enabled: bool,
    /// The template it runs.
    pub template_type: TemplateId,
    /// The version of that.
    pub template_version: String,
    /// The interface.
    pub interface: Interface,
    /// The operation.
    pub operation: Operation,
    /// The target.
    pub target: String,
    /// It as a sentence.
    pub text: String,
    /// Whether it changes data that was there before or reaches people outside.
    pub destructive: bool,
    /// Whether the ceiling of the template version has it.
    pub declared: bool,
    /// Whether the component imports the interface; without that it cannot do it.
    pub imported: bool,
    /// Whether the job's grant has it.
    pub granted: bool,
    /// Whether the policy allows it now; a run of a job with something that it does not allow is refused.
    pub allowed: bool,
    /// What the job made of it in the last 30 days.
    pub state: UseState,
    /// Calls that were granted and carried out for real; dry runs do not count.
    pub used: Times,
    /// Calls that were denied.
    pub denied: Times,
    /// The role of whoever saved the grant.
    pub granted_as: Role,
    /// Who saved the job last.
    pub saved_by: UserId,
    /// When it was saved last.
    pub saved_at: Timestamp,
}

/// A page of the register with what belongs to each row. A row whose job has just been removed is left
/// out.
///
/// # Errors
/// Where the store does not answer.
pub async fn report(
    store: &dyn Store,
    scope: &Scope,
    query: &RegisterQuery,
) -> Result<Page<Capability>, StoreError> {
    let page = store.capability_register(scope, query).await?;
    let policy = store.policy(scope).await?.policy;
    let ids: BTreeSet<JobId> = page.items.iter().map(|row| row.job.clone()).collect();
    let ids: Vec<JobId> = ids.into_iter().collect();
    let jobs = store.jobs_by_id(scope, &ids).await?.into_iter();
    let jobs: HashMap<JobId, Job> = jobs.map(|job| (job.id.clone(), job)).collect();
    let mut templates: HashMap<TemplateId, Option<Template>> = HashMap::new();
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let Some(job) = jobs.get(&row.job) else {
            continue;
        };
        if !templates.contains_key(&job.template_type) {
            let template = store.template(scope, &job.template_type).await?;
            templates.insert(job.template_type.clone(), template);
        }
        let template = templates.get(&job.template_type).and_then(Option::as_ref);
        let version = template.and_then(|it| it.by_digest(&job.template_digest));
        items.push(assembled(row, job, version, &policy));
    }
    Ok(Page {
        items,
        total: page.total,
        page: page.page,
        pages: page.pages,
    })
}

fn assembled(
    row: RegisterRow,
    job: &Job,
    version: Option<&TemplateVersion>,
    policy: &Policy,
) -> Capability {
    let import = format!("sandglass:job/{}@", row.interface.as_str());
    let target = Target::parse(row.interface, &row.target).ok();
    Capability {
        job_id: row.job.clone(),
        job_name: job.name.as_str().to_owned(),
        job_enabled: job.enabled,
        template_type: job.template_type.clone(),
        template_version: job.template_version.clone(),
        interface: row.interface,
        operation: row.operation,
        text: text(&row, target.clone()),
        destructive: row.operation.is_destructive(),
        declared: version.is_some_and(|it| it.ceiling.allows(row.operation, &row.target)),
        imported: version.is_some_and(|it| it.imports.iter().any(|it| it.starts_with(&import))),
        granted: row.granted,
        allowed: target.is_some_and(|it| policy.allows(job.granted_as, row.operation, &it)),
        state: row.state,
        used: Times {
            count: row.uses,
            last_at: row.used_at,
        },
        denied: Times {
            count: row.denials,
            last_at: row.denied_at,
        },
        granted_as: job.granted_as,
        saved_by: job.updated_by.clone(),
        saved_at: job.updated_at,
        target: row.target,
    }
}

fn text(row: &RegisterRow, target: Option<Target>) -> String {
    let Some(target) = target else {
        let (interface, operation) = (row.interface.as_str(), row.operation.as_str());
        return format!("May not {operation} {interface} on {}", row.target);
    };
    let entry = GrantEntry {
        interface: row.interface,
        target,
        operations: BTreeSet::from([row.operation]),
    };
    let text = entry.text();
    match text.strip_prefix("May ") {
        Some(rest) if !row.granted => format!("May not {rest}"),
        _ => text,
    }
}
