//! The template `data_export`: writes the documents that a query finds into an artifact.
//!
//! Documents are read in batches and written as they come, so that memory does not grow with their
//! number.

mod format;
mod parameters;
mod table;

use sandglass_sdk::{
    CapabilityRequest, Context, FindOptions, Host, Issue, JobError, JobTemplate, Metadata, Outcome,
    ResourceUsage, RiskLevel, info, relative_dates,
};
use serde_json::{Value, json};

use crate::format::DocumentWriter;
use crate::parameters::Parameters;

/// How many documents are written between two reports of progress.
const REPORT_EVERY: u64 = 1000;

/// The template.
#[derive(Debug)]
pub struct DataExport;

sandglass_sdk::export_template!(DataExport);

impl JobTemplate for DataExport {
    type Parameters = Parameters;

    fn metadata() -> Metadata {
        Metadata {
            id: "data_export".into(),
            name: "Data Export".into(),
            description: "Write the documents of a collection to a CSV, JSON or JSON Lines file"
                .into(),
            version: env!("CARGO_PKG_VERSION").into(),
            category: "export".into(),
            icon: "📤".into(),
            estimated_duration: "1-10 minutes".into(),
            resource_usage: ResourceUsage::Medium,
            risk_level: RiskLevel::Low,
        }
    }

    fn validate(parameters: &Parameters) -> Vec<Issue> {
        parameters.issues()
    }

    fn capabilities(parameters: &Parameters) -> Vec<CapabilityRequest> {
        vec![
            CapabilityRequest::database(&parameters.collection, &["count", "find"]),
            CapabilityRequest::artifacts(parameters.file_name(), &["create"]),
        ]
    }

    fn execute<H: Host>(
        host: &H,
        context: &Context,
        parameters: Parameters,
    ) -> Result<Outcome, JobError> {
        let query = Value::Object(parameters.query.clone());
        let query = relative_dates::resolve(&query, context.scheduled_at);
        let collection = host.collection(&parameters.collection);
        let matched = collection.count(&query)?;
        let total = parameters
            .limit
            .map_or(matched, |limit| matched.min(limit.get()));
        let file_name = parameters.file_name();
        info!(host, collection = parameters.collection, query = query, documents = total;
            "Exporting to {file_name}");
        let options = FindOptions {
            sort: parameters.sort_document().map(|sort| sort.to_string()),
            projection: parameters
                .projection()
                .map(|projection| projection.to_string()),
            skip: None,
            limit: parameters.limit.map(std::num::NonZeroU64::get),
        };
        let documents = collection.find::<Value>(&query, &options)?;
        let artifact = host.artifact(&file_name, parameters.format.content_type())?;
        let mut writer = DocumentWriter::start(&parameters, artifact)?;
        let mut exported = 0;
        for document in documents {
            writer.write(host, &document?)?;
            exported += 1;
            if exported % REPORT_EVERY == 0 {
                host.report_progress(
                    exported,
                    Some(total.max(exported)),
                    Some("Writing documents"),
                );
                if host.is_cancelled() {
                    return Err(JobError::permanent(format!(
                        "The run was cancelled after {exported} of {total} documents"
                    )));
                }
            }
        }
        let reference = writer.finish()?.finish()?;
        host.report_progress(exported, Some(exported), Some("Done"));
        Ok(Outcome::new(
            json!({
                "records_processed": exported,
                "errors": 0,
                "artifact": {
                    "id": reference.id,
                    "name": reference.name,
                    "size": reference.size,
                    "sha256": reference.sha256,
                },
            }),
            format!("Exported {exported} documents to {file_name}"),
        ))
    }
}

#[cfg(test)]
mod tests;
