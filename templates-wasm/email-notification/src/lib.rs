//! The template `email_notification`: sends a message to each of some recipients, its text fixed or
//! made from a text template, variables and the documents of a query.

mod address;
mod parameters;
mod text_template;

use sandglass_sdk::{
    CapabilityRequest, Context, FindOptions, Host, Issue, JobError, JobTemplate, Metadata, Outcome,
    ResourceUsage, RiskLevel, info, relative_dates,
};
use serde_json::{Value, json};

use crate::parameters::{Parameters, Query};
use crate::text_template::TextTemplate;

/// The template.
#[derive(Debug)]
pub struct EmailNotification;

sandglass_sdk::export_template!(EmailNotification);

impl JobTemplate for EmailNotification {
    type Parameters = Parameters;

    fn metadata() -> Metadata {
        Metadata {
            id: "email_notification".into(),
            name: "Email Notification".into(),
            description: "Send scheduled email notifications".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            category: "notification".into(),
            icon: "📧".into(),
            estimated_duration: "less than a minute".into(),
            resource_usage: ResourceUsage::Low,
            risk_level: RiskLevel::Medium,
        }
    }

    fn validate(parameters: &Parameters) -> Vec<Issue> {
        parameters.issues()
    }

    fn capabilities(parameters: &Parameters) -> Vec<CapabilityRequest> {
        let mut requests = Vec::new();
        if let Some(query) = &parameters.query {
            let operations: &[&str] = if needs_count(parameters) {
                &["count", "find"]
            } else {
                &["find"]
            };
            requests.push(CapabilityRequest::database(&query.collection, operations));
        }
        requests.extend(parameters.recipients.iter().map(CapabilityRequest::email));
        requests
    }

    fn execute<H: Host>(
        host: &H,
        context: &Context,
        parameters: Parameters,
    ) -> Result<Outcome, JobError> {
        let text = text_of(host, context, &parameters)?;
        let recipients = &parameters.recipients;
        let total = recipients.len();
        info!(host, recipients = total; "Sending \"{}\"", parameters.subject);
        let mut sent = 0_u64;
        for recipient in recipients {
            if host.is_cancelled() {
                return Err(JobError::permanent(format!(
                    "The run was cancelled after sending {sent} of {total} emails"
                )));
            }
            host.email(&parameters.subject)
                .to(recipient)
                .text(&text)
                .send()
                .map_err(|error| {
                    let what = format!("after sending {sent} of {total} emails, to {recipient}");
                    JobError::from(error).while_doing(&what)
                })?;
            sent += 1;
            host.report_progress(sent, Some(total as u64), Some("Sending emails"));
        }
        let message = format!("Sent {sent} emails");
        Ok(Outcome::new(
            json!({"sent": sent, "recipients": recipients}),
            message,
        ))
    }
}

/// Whether the text shows how many documents there are, which takes a call of its own.
fn needs_count(parameters: &Parameters) -> bool {
    let template = parameters.template.as_deref().map(TextTemplate::parse);
    matches!(template, Some(Ok(template)) if template.mentions("count"))
        && !parameters.variables.contains_key("count")
}

/// Without a template the body is sent as it is.
fn text_of<H: Host>(
    host: &H,
    context: &Context,
    parameters: &Parameters,
) -> Result<String, JobError> {
    let Some(template) = &parameters.template else {
        return Ok(parameters.body.clone());
    };
    let template =
        TextTemplate::parse(template).map_err(|error| JobError::permanent(error.to_string()))?;
    let mut scope = parameters.variables.clone();
    scope
        .entry("subject")
        .or_insert_with(|| json!(parameters.subject));
    scope
        .entry("body")
        .or_insert_with(|| json!(parameters.body));
    if let Some(query) = &parameters.query {
        let condition = Value::Object(query.condition.clone());
        let condition = relative_dates::resolve(&condition, context.scheduled_at);
        if needs_count(parameters) {
            let count = host.collection(&query.collection).count(&condition)?;
            scope.insert("count".into(), json!(count));
        }
        let documents = documents_of(host, query, &condition)?;
        scope.entry("documents").or_insert(Value::Array(documents));
    }
    template
        .render(&Value::Object(scope))
        .map_err(|error| JobError::permanent(error.to_string()))
}

fn documents_of<H: Host>(
    host: &H,
    query: &Query,
    condition: &Value,
) -> Result<Vec<Value>, JobError> {
    let options = FindOptions {
        sort: None,
        projection: None,
        skip: None,
        limit: Some(query.limit.get().into()),
    };
    let documents = host
        .collection(&query.collection)
        .find(condition, &options)?;
    Ok(documents.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;
