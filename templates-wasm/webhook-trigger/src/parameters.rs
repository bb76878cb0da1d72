//! The parameters of a webhook.

use std::collections::BTreeMap;

use sandglass_sdk::Issue;
use serde_json::Value;

/// Headers that hold what identifies the caller.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// What to send where.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// Where the request goes, such as `https://hooks.example.org/deploy`.
    #[schemars(title = "URL", length(min = 8, max = 2000), extend("format" = "uri"))]
    pub(crate) url: String,
    /// The method of the request.
    #[schemars(title = "Method")]
    #[serde(default)]
    pub(crate) method: Method,
    /// Names and values of headers. What identifies the caller goes into the secret header.
    #[schemars(title = "Headers")]
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// What is sent: a text as it is, anything else as JSON.
    #[schemars(title = "Body")]
    #[serde(default)]
    pub(crate) body: Value,
    /// A header whose value is a secret that nobody sees, the template included.
    #[schemars(title = "Secret header", with = "SecretHeader")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret_header: Option<SecretHeader>,
    /// The status codes that count as success; without any, every 2xx does.
    #[schemars(
        title = "Expected status",
        length(max = 20),
        inner(range(min = 100, max = 599))
    )]
    #[serde(default)]
    pub(crate) expected_status: Vec<u16>,
}

/// A header with a secret.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecretHeader {
    /// The name of the header.
    #[schemars(title = "Header", length(min = 1, max = 100))]
    #[serde(default = "authorization")]
    pub(crate) name: String,
    /// What stands before the secret, such as `Bearer ` with its space.
    #[schemars(title = "Prefix", length(max = 200))]
    #[serde(default)]
    pub(crate) prefix: String,
    /// The name of the secret.
    #[schemars(title = "Secret", length(min = 1, max = 128))]
    #[schemars(extend("x-sandglass-source" = "secrets"))]
    pub(crate) secret: String,
}

/// The methods that a webhook may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    #[default]
    Post,
    Put,
    Patch,
    Delete,
}

fn authorization() -> String {
    "Authorization".to_owned()
}

impl Method {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl serde::Serialize for Method {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Parameters {
    /// The URL without its query, whose values may be nobody's business.
    pub(crate) fn place(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers
            .keys()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            let message = "A URL begins with https:// or, inside a trusted network, http://.";
            issues.push(Issue::new("/url", "invalid_url", message));
        }
        for name in CREDENTIALS {
            if self.has_header(name) {
                let message = format!(
                    "Keep the value of {name} as a secret and name it in the secret header."
                );
                issues.push(Issue::new("/headers", "credential_in_header", message));
            }
        }
        if let Some(header) = &self.secret_header
            && self.has_header(&header.name)
        {
            let message = format!("The header {} is given twice: remove one.", header.name);
            issues.push(Issue::new(
                "/secretHeader/name",
                "duplicate_header",
                message,
            ));
        }
        if self.method == Method::Get && !self.body.is_null() {
            let message = "A GET request has no body: leave it out, or choose another method.";
            issues.push(Issue::new("/body", "body_of_get", message));
        }
        issues
    }
}
