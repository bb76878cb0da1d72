//! The template `webhook_trigger`: sends one request and judges its answer.

mod parameters;

use sandglass_sdk::{
    CapabilityRequest, Context, Host, HostError, Issue, JobError, JobTemplate, Metadata, Outcome,
    ResourceUsage, Response, RiskLevel, info,
};
use serde_json::{Value, json};

use crate::parameters::{Method, Parameters};

/// How much of an answer is kept, in characters.
const KEPT_CHARACTERS: usize = 1_000;

/// The template.
#[derive(Debug)]
pub struct WebhookTrigger;

sandglass_sdk::export_template!(WebhookTrigger);

impl JobTemplate for WebhookTrigger {
    type Parameters = Parameters;

    fn metadata() -> Metadata {
        Metadata {
            id: "webhook_trigger".into(),
            name: "Webhook Trigger".into(),
            description: "Call a URL of another service".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            category: "integration".into(),
            icon: "🪝".into(),
            estimated_duration: "a few seconds".into(),
            resource_usage: ResourceUsage::Low,
            risk_level: RiskLevel::Medium,
        }
    }

    fn validate(parameters: &Parameters) -> Vec<Issue> {
        parameters.issues()
    }

    fn capabilities(parameters: &Parameters) -> Vec<CapabilityRequest> {
        let url = &parameters.url;
        let mut requests = vec![CapabilityRequest::http(parameters.method.as_str(), url)];
        if let Some(header) = &parameters.secret_header {
            requests.push(CapabilityRequest::secret(&header.secret));
        }
        requests
    }

    fn execute<H: Host>(
        host: &H,
        context: &Context,
        parameters: Parameters,
    ) -> Result<Outcome, JobError> {
        let response = send(host, context, &parameters)?;
        let (method, place) = (parameters.method.as_str(), parameters.place());
        if context.dry_run && parameters.method != Method::Get {
            let message = format!("Would send a {method} request to {place}");
            return Ok(Outcome::new(json!({"sent": 0}), message));
        }
        info!(host, status = response.status; "{place} answered");
        judge(&parameters, &response)?;
        let body: String = String::from_utf8_lossy(&response.body)
            .chars()
            .take(KEPT_CHARACTERS)
            .collect();
        let result = json!({"sent": 1, "status": response.status, "body": body});
        let message = format!("{place} answered with status {}", response.status);
        Ok(Outcome::new(result, message))
    }
}

fn send<H: Host>(
    host: &H,
    context: &Context,
    parameters: &Parameters,
) -> Result<Response, JobError> {
    let mut request = host.request(parameters.method.as_str(), &parameters.url);
    for (name, value) in &parameters.headers {
        request = request.header(name, value);
    }
    if !parameters.has_header("idempotency-key") && parameters.method != Method::Get {
        request = request.header("Idempotency-Key", &context.idempotency_key);
    }
    let (body, content_type) = match &parameters.body {
        Value::Null => (String::new(), None),
        Value::String(text) => (text.clone(), Some("text/plain; charset=utf-8")),
        value => (value.to_string(), Some("application/json")),
    };
    if let Some(content_type) = content_type
        && !parameters.has_header("content-type")
    {
        request = request.header("Content-Type", content_type);
    }
    if let Some(header) = &parameters.secret_header {
        let secret = host.secret(&header.secret)?;
        request = request.header(&header.name, format!("{}{secret}", header.prefix));
    }
    request.body(body).send().map_err(|error| match error {
        // It may have arrived; the key tells the receiver that the next attempt is the same request.
        HostError::Other(reason) => JobError::retryable(reason),
        error => error.into(),
    })
}

fn judge(parameters: &Parameters, response: &Response) -> Result<(), JobError> {
    let expected = match parameters.expected_status.as_slice() {
        [] => response.is_success(),
        expected => expected.contains(&response.status),
    };
    if expected {
        return Ok(());
    }
    let place = parameters.place();
    let message = format!("{place} answered with status {}", response.status);
    Err(match (response.may_pass(), response.retry_after()) {
        (false, _) => JobError::permanent(message),
        (true, None) => JobError::retryable(message),
        (true, Some(seconds)) => JobError::retryable_after(message, seconds.saturating_mul(1_000)),
    })
}

#[cfg(test)]
mod tests;
