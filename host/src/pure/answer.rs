//! What a template answers, judged: no answer is believed before it fits the contract.

use sandglass_contract::{
    CapabilityRequest, Grant, Issue, ResourceUsage, RiskLevel, TemplateId, TemplateMetadata,
    grant::MAX_GRANT_ENTRIES, text::is_misleading,
};
use serde_json::Value;

use super::schema;
use crate::{
    bindings::sandglass::job::types::{self, ResourceUsage as Usage, RiskLevel as Risk},
    error::TemplateError,
    text::plain,
};

const MAX_NAME_BYTES: usize = 200;
const MAX_TEXT_BYTES: usize = 2_000;
const MAX_ISSUES: usize = 100;
/// The most requests a template may make before they are merged into a grant.
const MAX_REQUESTS: usize = 4 * MAX_GRANT_ENTRIES;

fn invalid(function: &'static str, reason: impl Into<String>) -> TemplateError {
    TemplateError::InvalidAnswer {
        function,
        reason: reason.into(),
    }
}

/// Judges metadata.
pub(super) fn metadata(answer: types::Metadata) -> Result<TemplateMetadata, TemplateError> {
    let wrong = |reason: String| invalid("metadata", reason);
    let id = TemplateId::parse(answer.id).map_err(|error| wrong(format!("`id`: {error}")))?;
    if !is_semantic_version(&answer.version) {
        let version = plain(&answer.version, MAX_NAME_BYTES);
        return Err(wrong(format!(
            "`version` {version:?} is not MAJOR.MINOR.PATCH (Semantic Versioning 2.0.0)"
        )));
    }
    let texts = [
        ("name", &answer.name, MAX_NAME_BYTES),
        ("description", &answer.description, MAX_TEXT_BYTES),
        ("category", &answer.category, MAX_NAME_BYTES),
        ("icon", &answer.icon, MAX_NAME_BYTES),
        (
            "estimated-duration",
            &answer.estimated_duration,
            MAX_NAME_BYTES,
        ),
    ];
    for (field, text, bytes) in texts {
        if text.len() > bytes || text.contains(is_misleading) {
            return Err(wrong(format!(
                "`{field}` is at most {bytes} bytes without control characters and such as turn the text around"
            )));
        }
    }
    if answer.name.trim().is_empty() {
        return Err(wrong("`name` is empty".to_owned()));
    }
    Ok(TemplateMetadata {
        id,
        name: answer.name,
        description: answer.description,
        version: answer.version,
        category: answer.category,
        icon: answer.icon,
        estimated_duration: answer.estimated_duration,
        resource_usage: match answer.resource_usage {
            Usage::Low => ResourceUsage::Low,
            Usage::Medium => ResourceUsage::Medium,
            Usage::High => ResourceUsage::High,
        },
        risk_level: match answer.risk_level {
            Risk::Low => RiskLevel::Low,
            Risk::Medium => RiskLevel::Medium,
            Risk::High => RiskLevel::High,
        },
    })
}

/// Judges a schema: a JSON object that stays within bounds. Whether it is a good schema is for who uses
/// it to find out.
pub(super) fn schema(answer: &str) -> Result<Value, TemplateError> {
    if answer.len() > schema::MAX_BYTES {
        let reason = format!(
            "it has {} bytes; at most {} are taken",
            answer.len(),
            schema::MAX_BYTES
        );
        return Err(invalid("schema", reason));
    }
    let schema: Value = serde_json::from_str(answer)
        .map_err(|error| invalid("schema", format!("it is not JSON: {error}")))?;
    if !schema.is_object() {
        return Err(invalid("schema", "it is not a JSON object"));
    }
    schema::judge(&schema).map_err(|fault| invalid("schema", fault.to_string()))?;
    Ok(schema)
}

/// Judges issues.
pub(super) fn issues(answer: Result<(), Vec<types::Issue>>) -> Result<Vec<Issue>, TemplateError> {
    let Err(issues) = answer else {
        return Ok(Vec::new());
    };
    if issues.is_empty() {
        let reason = "it refused the parameters without naming an issue";
        return Err(invalid("validate", reason));
    }
    let issue = |issue: types::Issue| Issue {
        path: plain(&issue.path, MAX_NAME_BYTES),
        code: plain(&issue.code, MAX_NAME_BYTES),
        message: plain(&issue.message, MAX_TEXT_BYTES),
    };
    Ok(issues.into_iter().take(MAX_ISSUES).map(issue).collect())
}

/// Judges capability requests.
pub(super) fn grant(answer: Vec<types::CapabilityRequest>) -> Result<Grant, TemplateError> {
    if answer.len() > MAX_REQUESTS {
        let reason = format!("it asks for more than {MAX_REQUESTS} things");
        return Err(invalid("capabilities", reason));
    }
    let request = |request: types::CapabilityRequest| CapabilityRequest {
        interface: request.interface,
        target: request.target,
        operations: request.operations,
    };
    let requests: Vec<CapabilityRequest> = answer.into_iter().map(request).collect();
    Grant::from_requests(&requests).map_err(TemplateError::Grant)
}

/// The grammar of Semantic Versioning 2.0.0.
fn is_semantic_version(text: &str) -> bool {
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    let (core, pre) = text
        .split_once('-')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.len() <= 9
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_pre = |part: &str| is_word(part) && (!is_digits(part) || is_number(part));
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.is_none_or(|pre| pre.split('.').all(is_pre))
        && build.is_none_or(|build| build.split('.').all(is_word))
        && text.len() <= MAX_NAME_BYTES
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn answer() -> types::Metadata {
        types::Metadata {
            id: "cleanup".to_owned(),
            name: "Cleanup".to_owned(),
            description: String::new(),
            version: "1.0.0".to_owned(),
            category: "maintenance".to_owned(),
            icon: "🧹".to_owned(),
            estimated_duration: "a minute".to_owned(),
            resource_usage: Usage::Low,
            risk_level: Risk::High,
        }
    }

    #[test]
    fn metadata_must_fit_the_contract() {
        assert_eq!(metadata(answer()).unwrap().risk_level, RiskLevel::High);
        let check = |spoil: fn(&mut types::Metadata), expect: &str| {
            let mut spoiled = answer();
            spoil(&mut spoiled);
            let error = metadata(spoiled).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(|it| it.id = "Clean Up".to_owned(), "`id`");
        check(|it| it.version = "one".to_owned(), "MAJOR.MINOR.PATCH");
        check(|it| it.name = " ".to_owned(), "`name` is empty");
        check(|it| it.name = "a\u{1b}[0m".to_owned(), "`name` is at most");
        check(|it| it.icon = "x".repeat(201), "`icon` is at most 200");
    }

    #[test]
    fn versions_follow_semantic_versioning() {
        let check = |text: &str, expect: bool| {
            assert_eq!(is_semantic_version(text), expect, "{text}");
        };
        check("0.0.0", true);
        check("1.20.3-rc.1+build.05", true);
        check("1.0.0-alpha-beta", true);
        check("1.0.0+a-b", true);
        check("1.0", false);
        check("1.0.0.0", false);
        check("01.0.0", false);
        check("1.0.0-", false);
        check("1.0.0-01", false);
        check("v1.0.0", false);
        check("", false);
    }

    #[test]
    fn answers_that_break_the_contract_are_named() {
        let check = |result: Result<(), TemplateError>, expect: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(
            schema("{").map(drop),
            "schema gave an answer that breaks the contract: it is not JSON",
        );
        check(schema("[]").map(drop), "not a JSON object");
        check(issues(Err(Vec::new())).map(drop), "without naming an issue");
        let request = types::CapabilityRequest {
            interface: "sockets".to_owned(),
            target: "x".to_owned(),
            operations: vec!["open".to_owned()],
        };
        check(grant(vec![request.clone()]).map(drop), "not acceptable");
        check(
            grant(vec![request; MAX_REQUESTS + 1]).map(drop),
            "more than 800",
        );
    }
}
