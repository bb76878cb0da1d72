//! The parameters of a notification.

use std::num::NonZeroU16;

use sandglass_sdk::{Issue, relative_dates};
use serde_json::{Map, Value};

use crate::address::is_address;
use crate::text_template::TextTemplate;

/// Whom to tell what.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// Mail addresses without display names. Each gets a message of its own and does not see the
    /// others.
    #[schemars(title = "Recipients", length(min = 1, max = 100), inner(email))]
    pub(crate) recipients: Vec<String>,
    /// One line.
    #[schemars(title = "Subject", length(min = 1, max = 200))]
    pub(crate) subject: String,
    /// The text of the message; with a template, what {{body}} stands for in it.
    #[schemars(title = "Body", length(max = 100_000))]
    pub(crate) body: String,
    /// The text of the message with placeholders such as {{name}} or {{customer.city}}: the variables,
    /// {{subject}}, {{body}}, and with a query {{count}} (how many documents match) and
    /// {{#each documents}}…{{/each}}, inside which a document's fields come first. A placeholder that
    /// stands for nothing is an error.
    #[schemars(title = "Template", length(max = 100_000), with = "String")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    /// Values for the template's placeholders.
    #[schemars(title = "Variables")]
    #[serde(default)]
    pub(crate) variables: Map<String, Value>,
    /// Documents for the template.
    #[schemars(title = "Query", with = "Query")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<Query>,
}

/// Documents that a template shows.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Query {
    /// The collection that is read.
    #[schemars(
        title = "Collection",
        regex(pattern = r"^[A-Za-z_][A-Za-z0-9_.-]{0,119}$")
    )]
    #[schemars(extend("x-sandglass-source" = "collections"))]
    pub(crate) collection: String,
    /// MongoDB query condition; empty for all documents. Comparison operators take relative dates such
    /// as "1 day ago".
    #[schemars(title = "Condition")]
    #[serde(default)]
    pub(crate) condition: Map<String, Value>,
    /// How many documents are read at the most.
    #[schemars(title = "Limit", range(min = 1, max = 1000))]
    #[serde(default = "hundred")]
    pub(crate) limit: NonZeroU16,
}

fn hundred() -> NonZeroU16 {
    NonZeroU16::MIN.saturating_add(99)
}

impl Parameters {
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let mut issues = self.recipient_issues();
        if self.subject.chars().any(char::is_control) {
            issues.push(Issue::new(
                "/subject",
                "invalid_subject",
                "A subject is one line without control characters.",
            ));
        }
        let template = self.template.as_deref().map(TextTemplate::parse);
        if let Some(Err(error)) = template {
            issues.push(Issue::new(
                "/template",
                "invalid_template",
                error.to_string(),
            ));
        }
        if self.query.is_some() && self.template.is_none() {
            issues.push(Issue::new(
                "/query",
                "query_without_template",
                "Only a template shows documents: give a template, or leave the query out.",
            ));
        }
        if let Some(query) = &self.query {
            let condition = Value::Object(query.condition.clone());
            issues.extend(relative_dates::issues(&condition, "/query/condition"));
        }
        issues
    }

    fn recipient_issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (index, recipient) in self.recipients.iter().enumerate() {
            let path = format!("/recipients/{index}");
            let mut earlier = self.recipients.iter().take(index);
            if !is_address(recipient) {
                let message = "Use a plain mail address such as ops@example.com.";
                issues.push(Issue::new(path, "invalid_address", message));
            } else if earlier.any(|other| other.eq_ignore_ascii_case(recipient)) {
                let message = "This recipient is listed already: remove one of the two.";
                issues.push(Issue::new(path, "duplicate_recipient", message));
            }
        }
        issues
    }
}
