//! The template `database_cleanup`: deletes the records of a collection that match a condition, in
//! bounded batches, or only counts them.

use std::num::NonZeroU32;

use sandglass_sdk::{
    CapabilityRequest, Collection, Context, Host, Issue, JobError, JobTemplate, Metadata, Outcome,
    ResourceUsage, RiskLevel, info, relative_dates,
};
use serde_json::{Map, Value, json};

/// Which records to delete.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// Collection name
    #[schemars(
        title = "Collection",
        regex(pattern = r"^[A-Za-z_][A-Za-z0-9_.-]{0,119}$")
    )]
    #[schemars(extend("x-sandglass-source" = "collections"))]
    collection: String,
    /// MongoDB query condition. Comparison operators take relative dates such as "6 months ago", for
    /// example {"lastActive": {"$lt": "6 months ago"}}.
    #[schemars(title = "Condition")]
    condition: Map<String, Value>,
    /// Preview changes without deleting
    #[schemars(title = "Dry run")]
    #[serde(default = "yes")]
    dry_run: bool,
    /// How many records one step deletes. Between steps the run reports progress and can be cancelled.
    #[schemars(title = "Batch size", range(min = 1, max = 10_000))]
    #[serde(default = "thousand")]
    batch_size: NonZeroU32,
    /// Allows a condition that matches every record of the collection, such as {}.
    #[schemars(title = "Allow deleting everything")]
    #[serde(default)]
    allow_all: bool,
}

fn yes() -> bool {
    true
}

fn thousand() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(999)
}

/// The template.
#[derive(Debug)]
pub struct DatabaseCleanup;

sandglass_sdk::export_template!(DatabaseCleanup);

impl JobTemplate for DatabaseCleanup {
    type Parameters = Parameters;

    fn metadata() -> Metadata {
        Metadata {
            id: "database_cleanup".into(),
            name: "Database Cleanup".into(),
            description: "Remove old records from a database collection".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            category: "maintenance".into(),
            icon: "🧹".into(),
            estimated_duration: "5-30 minutes".into(),
            resource_usage: ResourceUsage::Low,
            risk_level: RiskLevel::Medium,
        }
    }

    fn validate(parameters: &Parameters) -> Vec<Issue> {
        let condition = Value::Object(parameters.condition.clone());
        let mut issues = relative_dates::issues(&condition, "/condition");
        if matches_everything(&condition) && !parameters.allow_all {
            issues.push(Issue::new(
                "/condition",
                "matches_everything",
                "The condition matches every record of the collection. Narrow it, or set allowAll if \
                 the whole collection is to be emptied.",
            ));
        }
        issues
    }

    fn capabilities(parameters: &Parameters) -> Vec<CapabilityRequest> {
        let operations: &[&str] = if parameters.dry_run {
            &["count"]
        } else {
            &["count", "delete"]
        };
        vec![CapabilityRequest::database(
            &parameters.collection,
            operations,
        )]
    }

    fn execute<H: Host>(
        host: &H,
        context: &Context,
        parameters: Parameters,
    ) -> Result<Outcome, JobError> {
        let condition = Value::Object(parameters.condition);
        let condition = relative_dates::resolve(&condition, context.scheduled_at);
        let collection = host.collection(&parameters.collection);
        info!(host, collection = parameters.collection, condition = condition; "Starting cleanup");
        let matched = collection.count(&condition)?;
        if parameters.dry_run {
            return Ok(would_delete(matched, matched));
        }
        let batch_size = u64::from(parameters.batch_size.get());
        let deleted = match matched {
            0 => 0,
            _ => delete_in_batches(host, &collection, &condition, matched, batch_size)?,
        };
        if context.dry_run {
            return Ok(would_delete(matched, deleted));
        }
        info!(host, records_deleted = deleted; "Cleanup completed");
        let message = format!("Deleted {deleted} records");
        Ok(Outcome::new(
            counts(matched.max(deleted), deleted, false),
            message,
        ))
    }
}

/// Deletes until a batch comes out smaller than asked for; returns how many records went.
fn delete_in_batches<H: Host>(
    host: &H,
    collection: &Collection<'_, H>,
    condition: &Value,
    matched: u64,
    batch_size: u64,
) -> Result<u64, JobError> {
    let mut deleted = 0;
    loop {
        if host.is_cancelled() {
            return Err(JobError::permanent(format!(
                "The run was cancelled after deleting {deleted} of {matched} records"
            )));
        }
        let step = collection
            .delete_some(condition, batch_size)
            .map_err(|error| {
                let what = format!("after deleting {deleted} of {matched} records");
                JobError::from(error).while_doing(&what)
            })?;
        deleted += step;
        let total = matched.max(deleted);
        host.report_progress(deleted, Some(total), Some("Deleting records"));
        if step < batch_size {
            return Ok(deleted);
        }
    }
}

fn would_delete(matched: u64, would_go: u64) -> Outcome {
    let message = format!("Would delete {would_go} records (dry run)");
    Outcome::new(counts(matched, 0, true), message)
}

fn counts(processed: u64, deleted: u64, dry_run: bool) -> Value {
    json!({
        "records_processed": processed,
        "records_deleted": deleted,
        "errors": 0,
        "dry_run": dry_run,
    })
}

/// Whether a condition obviously has no effect: empty, or a conjunction or disjunction of such.
fn matches_everything(condition: &Value) -> bool {
    let Value::Object(fields) = condition else {
        return false;
    };
    fields
        .iter()
        .all(|(name, value)| match (name.as_str(), value) {
            ("$and", Value::Array(parts)) => parts.iter().all(matches_everything),
            ("$or", Value::Array(parts)) => parts.iter().any(matches_everything),
            _ => false,
        })
}

#[cfg(test)]
mod tests;
