//! The service at which users can sign in: the section `[oidc]` of the settings file.

use std::{collections::BTreeMap, path::PathBuf};

use sandglass_api::auth::OidcSettings;
use sandglass_registry::Role;
use serde::Deserialize;

use super::{PublicUrl, environment::one_of};
use crate::failure::{Exit, Failure};

const DEFAULT_USER_CLAIM: &str = "preferred_username";
const DEFAULT_ROLE_CLAIM: &str = "groups";
/// Where the service sends browsers back to.
const CALLBACK: &str = "/api/auth/oidc/callback";

/// What the file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OidcSection {
    /// The service, as its tokens name it.
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    /// The claim that a new user's id is taken from: `preferred_username`, `email` or `sub`.
    user_claim: Option<String>,
    /// The claim that names groups.
    role_claim: Option<String>,
    /// The role that each group gives.
    roles: BTreeMap<String, Role>,
}

impl OidcSection {
    /// The settings, with a secret that the environment gives.
    ///
    /// # Errors
    /// Where the issuer is not reached safely, or nobody knows where browsers come back to.
    pub(super) fn settings(
        self,
        secret: Option<String>,
        public_url: Option<&PublicUrl>,
    ) -> Result<OidcSettings, Failure> {
        let usage = |text: &str| Failure::saying(Exit::Usage, text.to_owned());
        let is_local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
            .iter()
            .any(|local| self.issuer.starts_with(local));
        if !self.issuer.starts_with("https://") && !is_local {
            return Err(usage("oidc.issuer begins with https://"));
        }
        let url = public_url.ok_or_else(|| {
            usage("oidc is set, and public_url is not: the sign-in service must send browsers back")
        })?;
        let in_file = one_of(
            "oidc.client_secret",
            self.client_secret,
            "oidc.client_secret_file",
            self.client_secret_file,
        )?;
        Ok(OidcSettings {
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret: secret.or(in_file),
            redirect: format!("{url}{CALLBACK}"),
            user_claim: self
                .user_claim
                .unwrap_or_else(|| DEFAULT_USER_CLAIM.to_owned()),
            role_claim: self
                .role_claim
                .unwrap_or_else(|| DEFAULT_ROLE_CLAIM.to_owned()),
            roles: self.roles,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use serde_json::json;

    use super::*;

    fn check(issuer: &str, url: Option<&str>, redirect: Option<&str>) {
        let section = json!({"issuer": issuer, "client_id": "x", "roles": {"ops": "admin"}});
        let section: OidcSection = serde_json::from_value(section).unwrap();
        let url: Option<PublicUrl> = url.map(|url| url.parse().unwrap());
        let settings = section.settings(None, url.as_ref()).ok();
        let found = settings.map(|it| it.redirect);
        assert_eq!(found.as_deref(), redirect, "{issuer}");
    }

    #[test]
    fn a_sign_in_service_is_reached_safely_and_sends_browsers_back() {
        let url = Some("https://jobs.example.org");
        let back = Some("https://jobs.example.org/api/auth/oidc/callback");
        check("https://id.example.org", url, back);
        check("http://127.0.0.1:9000", url, back);
        check("http://id.example.org", url, None);
        check("https://id.example.org", None, None);
    }
}
