//! What the operations on jobs take and answer.

use std::num::NonZeroU32;

use sandglass_contract::{ExecutionId, GrantDifference, JobId, TemplateId};
use sandglass_registry::Job;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{bounded_text, first_page};

/// Which jobs a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct JobListQuery {
    /// Only jobs of this template.
    #[param(value_type = Option<String>, example = "database_cleanup")]
    pub(super) template_type: Option<TemplateId>,
    /// Only enabled jobs, or only disabled ones.
    pub(super) enabled: Option<bool>,
    /// Only jobs with this text in their name or description.
    #[serde(default, deserialize_with = "bounded_text")]
    #[param(value_type = Option<String>, max_length = 200)]
    pub(super) search: Option<String>,
    /// Only jobs with this tag.
    #[serde(default, deserialize_with = "bounded_text")]
    #[param(value_type = Option<String>, max_length = 200)]
    pub(super) tag: Option<String>,
    /// The number of the page.
    #[serde(default = "first_page")]
    #[param(value_type = u32, minimum = 1, default = 1, required = false)]
    pub(super) page: NonZeroU32,
    /// How many jobs a page holds; above 200 means 200.
    #[serde(default = "jobs_on_a_page")]
    #[param(value_type = u32, minimum = 1, default = 20, required = false)]
    pub(super) limit: NonZeroU32,
}

fn jobs_on_a_page() -> NonZeroU32 {
    NonZeroU32::new(20).unwrap_or(NonZeroU32::MIN)
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct JobList {
    pub(super) jobs: Vec<Job>,
    /// How many jobs there are on all pages.
    pub(super) total: u64,
    /// The number of this page.
    pub(super) page: u32,
    /// How many pages there are.
    pub(super) pages: u64,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct JobAnswer {
    pub(super) job: Job,
}

/// A job that was saved.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct JobSaved {
    pub(super) job: Job,
    pub(super) message: &'static str,
}

/// A job that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct JobChanged {
    pub(super) job: Job,
    /// How what a run may touch differs from before.
    pub(super) grant_difference: GrantDifference,
    pub(super) message: &'static str,
}

/// What a preview is compared with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct PreviewQuery {
    /// The job that is to be changed; for a new job it is left out.
    #[param(value_type = Option<String>)]
    pub(super) job_id: Option<JobId>,
}

/// That something was done.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct Done {
    pub(super) message: &'static str,
}

/// How to run a job.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::routes) struct RunRequest {
    /// Whether effects are only simulated.
    #[schema(default = false)]
    pub(super) dry_run: bool,
}

/// An execution that was queued.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::routes) struct RunStarted {
    pub(super) execution_id: ExecutionId,
    pub(super) message: &'static str,
}

#[cfg(test)]
mod tests {
    use axum::extract::{FromRequestParts, Request};

    use super::*;
    use crate::extract::Query;

    async fn check(query: &str, expect: Result<(u32, u32), &str>) {
        let mut request = Request::new(());
        *request.uri_mut() = format!("/?{query}").parse().expect("a URI");
        let (mut parts, ()) = request.into_parts();
        match (
            Query::<JobListQuery>::from_request_parts(&mut parts, &()).await,
            expect,
        ) {
            (Ok(Query(read)), Ok(page)) => {
                assert_eq!((read.page.get(), read.limit.get()), page, "{query}");
            }
            (Err(problem), Err(part)) => {
                let details = problem.details("");
                assert_eq!(details.code, "INVALID_QUERY");
                assert!(details.detail.contains(part), "{query}: {details:?}");
            }
            (read, expect) => panic!("{query}: {read:?}, not {expect:?}"),
        }
    }

    #[tokio::test]
    async fn query_parameters_are_read_or_refused_by_name() {
        check("", Ok((1, 20))).await;
        check(
            "template_type=database_cleanup&enabled=true&page=3&limit=50",
            Ok((3, 50)),
        )
        .await;
        check("search=a%20b&tag=", Ok((1, 20))).await;
        check("page=0", Err("page")).await;
        check("limit=-1", Err("limit")).await;
        check("limit=many", Err("limit")).await;
        check("enabled=yes", Err("enabled")).await;
        check("template_type=Not%20One", Err("template id")).await;
        check("colour=red", Err("unknown field `colour`")).await;
        check("page=1&page=2", Err("duplicate")).await;
        check(
            &format!("search={}", "a".repeat(201)),
            Err("200 characters"),
        )
        .await;
    }
}
