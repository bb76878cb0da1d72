//! The demo jobs, saved the way a user saves one.

use sandglass_registry::{Actor, Scope};
use sandglass_scheduler::{JobDraft, JobError, Scheduler};
use serde_json::{Value, json};

use crate::{
    failure::{Failure, OrFail as _},
    service::built_in_author,
};

/// Saves the jobs.
pub(super) async fn make(scheduler: &Scheduler, scope: &Scope) -> Result<(), Failure> {
    let author = Actor::inside(built_in_author()?);
    for job in drafts() {
        let draft: JobDraft = serde_json::from_value(job).or_fail("reading a demo job")?;
        let name = draft.name.as_str().to_owned();
        let saved = scheduler.jobs().create(scope, &author, draft).await;
        if let Err(JobError::Invalid(problems)) = &saved {
            tracing::error!(name, ?problems, "demo.job.invalid");
        }
        saved.or_fail(format!("saving the demo job {name:?}"))?;
    }
    Ok(())
}

fn drafts() -> [Value; 3] {
    [
        json!({
            "name": "Test of the scheduler",
            "description": "Writes a line to its log every minute",
            "template_type": "test_scheduler",
            "parameters": {"message": "The scheduler works", "steps": 3},
            "schedule": {"type": "interval", "interval_seconds": 60},
            "timeout_seconds": 30,
            "tags": ["demo"],
        }),
        json!({
            "name": "Weekly session cleanup (preview)",
            "description": "Counts the sessions without activity for 6 months; with dryRun off it would delete them",
            "template_type": "database_cleanup",
            "parameters": {
                "collection": "sessions",
                "condition": {"lastActive": {"$lt": "6 months ago"}},
                "dryRun": true,
            },
            "schedule": {"type": "cron", "expression": "0 2 * * 0", "timezone": "UTC"},
            "tags": ["demo"],
        }),
        json!({
            "name": "Export of users",
            "description": "Writes the users of the business plan to a CSV file; runs by hand",
            "template_type": "data_export",
            "parameters": {
                "collection": "users",
                "query": {"plan": "business"},
                "format": "csv",
                "fields": ["_id", "name", "email", "lastActive"],
            },
            "schedule": {"type": "manual"},
            "tags": ["demo"],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_jobs_are_jobs() {
        for job in drafts() {
            let draft = serde_json::from_value::<JobDraft>(job.clone());
            assert!(draft.is_ok(), "{job}: {draft:?}");
        }
    }
}
