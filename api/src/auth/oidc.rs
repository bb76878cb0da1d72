//! Signing in at a service that speaks OpenID Connect (Core 1.0), by the authorization code flow with
//! PKCE (RFC 7636).
//!
//! What the service says is checked by the library: signature, issuer, audience, times, nonce. Here is
//! who somebody is to us: the identity is issuer and subject, never a name that people choose; the role
//! comes from a claim, anew at every sign-in.

mod provider;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use sandglass_registry::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use provider::Metadata;

/// How long what the service says about itself is taken for true.
const METADATA_HOLDS: Duration = Duration::from_secs(10 * 60);

/// Roles in the order in which they are given where a claim names several.
const PRECEDENCE: [Role; 5] = [
    Role::SuperAdmin,
    Role::SecurityReviewer,
    Role::Admin,
    Role::TemplateAuthor,
    Role::User,
];

/// Where and how users sign in.
#[derive(Clone)]
pub struct OidcSettings {
    /// The service, as its tokens name it.
    pub issuer: String,
    /// The id that the service knows us by.
    pub client_id: String,
    /// The secret of that id, where it has one.
    pub client_secret: Option<String>,
    /// Where the service sends browsers back to.
    pub redirect: String,
    /// The claim that a new user's id is taken from.
    pub user_claim: String,
    /// The claim that names groups, as a text or a list of texts.
    pub role_claim: String,
    /// The role that each group gives.
    pub roles: BTreeMap<String, Role>,
}

impl fmt::Debug for OidcSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OidcSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    /// The service does not answer, or not as it should.
    #[error("the sign-in service does not answer as it should: {0}")]
    Unavailable(String),
    /// What came back from the service is not valid.
    #[error("the sign-in is not valid: {0}; begin again")]
    Invalid(String),
    /// The service knows somebody who has no role here.
    #[error("nobody has given you a role here: none of your groups is in the setting oidc.roles")]
    NoRole,
    /// The claim that an id is taken from gives none.
    #[error("the claim {claim} of the sign-in service gives no id for you")]
    NoId {
        /// The claim.
        claim: String,
    },
}

/// A sign-in that has begun; the browser carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Issuer and subject.
    pub(crate) identity: String,
    /// The id that a new user would get.
    pub(crate) id: String,
    /// The role.
    pub(crate) role: Role,
}

/// The way to one sign-in service; cloning it is cheap.
#[derive(Clone)]
pub struct Oidc(Arc<Inner>);

struct Inner {
    settings: OidcSettings,
    agent: ureq::Agent,
    /// When it was read, by the monotonic clock, and what it says.
    metadata: Mutex<Option<(Duration, Metadata)>>,
}

impl Oidc {
    /// The way to the service of the settings. It is asked when somebody signs in first.
    #[must_use]
    pub fn new(settings: OidcSettings) -> Self {
        Self(Arc::new(Inner {
            settings,
            agent: provider::agent(),
            metadata: Mutex::new(None),
        }))
    }

    /// Begins a sign-in: where the browser goes, and what it carries. It waits for the network.
    pub(crate) fn begin(&self, now: Duration) -> Result<(String, Begun), OidcError> {
        provider::begin(&self.0.settings, self.metadata(now)?)
    }

    /// Ends a sign-in with the code that the browser came back with. It waits for the network.
    pub(crate) fn finish(
        &self,
        begun: Begun,
        code: String,
        now: Duration,
    ) -> Result<Identity, OidcError> {
        let (settings, metadata) = (&self.0.settings, self.metadata(now)?);
        let claims = provider::exchange(settings, metadata, &self.0.agent, begun, code)?;
        identity(settings, &claims)
    }

    fn metadata(&self, now: Duration) -> Result<Metadata, OidcError> {
        let known = self.0.metadata.lock().clone();
        if let Some((read_at, metadata)) = known
            && now.saturating_sub(read_at) < METADATA_HOLDS
        {
            return Ok(metadata);
        }
        let metadata = provider::discover(&self.0.settings, &self.0.agent)?;
        *self.0.metadata.lock() = Some((now, metadata.clone()));
        Ok(metadata)
    }
}

impl fmt::Debug for Oidc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.settings.fmt(formatter)
    }
}

/// What a token says, checked.
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Every other claim.
    pub(crate) others: serde_json::Map<String, Value>,
}

fn identity(settings: &OidcSettings, claims: &Claims) -> Result<Identity, OidcError> {
    let groups: Vec<&str> = match claims.others.get(&settings.role_claim) {
        Some(Value::String(group)) => vec![group],
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let given: Vec<Role> = groups
        .into_iter()
        .filter_map(|group| settings.roles.get(group).copied())
        .collect();
    let role = PRECEDENCE.into_iter().find(|role| given.contains(role));
    let id = match settings.user_claim.as_str() {
        "sub" => Some(claims.subject.as_str()),
        claim => claims.others.get(claim).and_then(Value::as_str),
    };
    let no_id = || OidcError::NoId {
        claim: settings.user_claim.clone(),
    };
    Ok(Identity {
        identity: format!("{} {}", claims.issuer, claims.subject),
        role: role.ok_or(OidcError::NoRole)?,
        id: id.ok_or_else(no_id)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use serde_json::json;

    use super::*;

    fn check(claims: Value, expect: Result<(&str, Role), &str>) {
        let settings = OidcSettings {
            issuer: "https://id.example.org".to_owned(),
            client_id: "sandglass".to_owned(),
            client_secret: None,
            redirect: String::new(),
            user_claim: "preferred_username".to_owned(),
            role_claim: "groups".to_owned(),
            roles: BTreeMap::from([
                ("ops".to_owned(), Role::Admin),
                ("security".to_owned(), Role::SecurityReviewer),
            ]),
        };
        let claims = Claims {
            issuer: settings.issuer.clone(),
            subject: "7".to_owned(),
            others: serde_json::from_value(claims).unwrap(),
        };
        let found = identity(&settings, &claims).map_err(|error| error.to_string());
        let found = found.map(|it| {
            assert_eq!(it.identity, "https://id.example.org 7");
            (it.id, it.role)
        });
        match expect {
            Ok((id, role)) => assert_eq!(found, Ok((id.to_owned(), role))),
            Err(text) => assert!(found.unwrap_err().contains(text), "{text}"),
        }
    }

    #[test]
    fn the_role_comes_from_the_groups_and_the_id_from_a_claim() {
        let both = json!({"preferred_username": "ada", "groups": ["x", "ops", "security"]});
        check(both, Ok(("ada", Role::SecurityReviewer)));
        let one = json!({"preferred_username": "ada", "groups": "ops"});
        check(one, Ok(("ada", Role::Admin)));
        check(
            json!({"preferred_username": "ada"}),
            Err("given you a role"),
        );
        let other = json!({"preferred_username": "ada", "groups": ["x", 7]});
        check(other, Err("given you a role"));
        check(json!({"groups": "ops"}), Err("preferred_username"));
    }
}
