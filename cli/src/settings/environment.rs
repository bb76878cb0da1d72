//! Settings that have a variable and no argument: secrets, which the list of processes would show, and
//! what only tests need.

use std::{env, fs, path::PathBuf, time::Duration};

use jiff::SignedDuration;
use sandglass_api::auth::BootstrapToken;

use super::templates::TrustedKey;
use crate::failure::{Exit, Failure};

const BOOTSTRAP_TOKEN: &str = "SANDGLASS_BOOTSTRAP_TOKEN";
const BOOTSTRAP_TOKEN_FILE: &str = "SANDGLASS_BOOTSTRAP_TOKEN_FILE";
const MAIL_URL: &str = "SANDGLASS_MAIL_URL";
const MAIL_URL_FILE: &str = "SANDGLASS_MAIL_URL_FILE";
const MAIL_FROM: &str = "SANDGLASS_MAIL_FROM";
const OIDC_SECRET: &str = "SANDGLASS_OIDC_CLIENT_SECRET";
const OIDC_SECRET_FILE: &str = "SANDGLASS_OIDC_CLIENT_SECRET_FILE";
const STORE: &str = "SANDGLASS_STORE";
const STORE_FILE: &str = "SANDGLASS_STORE_FILE";
const SECRETS_KEY: &str = "SANDGLASS_SECRETS_KEY";
const SECRETS_KEY_FILE: &str = "SANDGLASS_SECRETS_KEY_FILE";
pub(super) const HTTP_ALLOWED_NETWORKS: &str = "SANDGLASS_HTTP_ALLOWED_NETWORKS";
const CLOCK_OFFSET: &str = "SANDGLASS_CLOCK_OFFSET_MS";
/// How long a claim of an execution holds unless it is renewed, in milliseconds. Only for tests that
/// cannot wait half a minute: all hosts of a store must have the same, and a short one takes runs away
/// from hosts that are merely slow.
const LEASE: &str = "SANDGLASS_LEASE_MS";
const REQUIRE_SIGNATURE: &str = "SANDGLASS_REQUIRE_SIGNATURE";
const TRUSTED_TEMPLATE_KEYS: &str = "SANDGLASS_TRUSTED_TEMPLATE_KEYS";
/// The shortest lease: below it a store that takes its time looks like one that is lost.
const SHORTEST_LEASE: Duration = Duration::from_secs(2);

/// Where Linux tells the name of the machine.
const MACHINE_NAME_FILE: &str = "/proc/sys/kernel/hostname";

/// What the environment says.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) bootstrap_token: Option<BootstrapToken>,
    pub(super) mail_url: Option<String>,
    pub(super) mail_from: Option<String>,
    pub(super) oidc_client_secret: Option<String>,
    pub(super) store: Option<String>,
    pub(super) secrets_key: Option<String>,
    pub(super) http_allowed_networks: Option<String>,
    pub(super) clock_offset: SignedDuration,
    pub(super) lease: Option<Duration>,
    pub(super) require_signature: Option<bool>,
    pub(super) trusted_template_keys: Option<Vec<TrustedKey>>,
}

impl Environment {
    /// Reads the variables.
    pub(super) fn read() -> Result<Self, Failure> {
        Self::from(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads the variables that `variable` finds.
    pub(super) fn from(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let secret = |name: &str, file: &str| {
            one_of(
                name,
                variable(name),
                file,
                variable(file).map(PathBuf::from),
            )
        };
        let token = secret(BOOTSTRAP_TOKEN, BOOTSTRAP_TOKEN_FILE)?;
        let token = token.map(|text| BootstrapToken::parse(&text)).transpose();
        let offset = variable(CLOCK_OFFSET).map(|text| text.parse()).transpose();
        Ok(Self {
            bootstrap_token: token.map_err(|error| invalid(BOOTSTRAP_TOKEN, error))?,
            mail_url: secret(MAIL_URL, MAIL_URL_FILE)?,
            mail_from: variable(MAIL_FROM),
            oidc_client_secret: secret(OIDC_SECRET, OIDC_SECRET_FILE)?,
            store: secret(STORE, STORE_FILE)?,
            secrets_key: secret(SECRETS_KEY, SECRETS_KEY_FILE)?,
            http_allowed_networks: variable(HTTP_ALLOWED_NETWORKS),
            clock_offset: offset
                .map_err(|error: std::num::ParseIntError| invalid(CLOCK_OFFSET, error))?
                .map_or(SignedDuration::ZERO, SignedDuration::from_millis),
            lease: variable(LEASE).map(|text| lease(&text)).transpose()?,
            require_signature: variable(REQUIRE_SIGNATURE)
                .map(|text| text.parse())
                .transpose()
                .map_err(|error: std::str::ParseBoolError| invalid(REQUIRE_SIGNATURE, error))?,
            trusted_template_keys: variable(TRUSTED_TEMPLATE_KEYS)
                .map(|text| TrustedKey::list(&text))
                .transpose()
                .map_err(|error| invalid(TRUSTED_TEMPLATE_KEYS, error))?,
        })
    }
}

fn lease(text: &str) -> Result<Duration, Failure> {
    let lease = text.parse().map(Duration::from_millis);
    let lease = lease.map_err(|error| invalid(LEASE, error))?;
    match lease < SHORTEST_LEASE {
        true => {
            let text = format!(
                "{LEASE} is not valid: the least is {}",
                SHORTEST_LEASE.as_millis()
            );
            Err(Failure::saying(Exit::Usage, text))
        }
        false => Ok(lease),
    }
}

/// A secret that is given as it is or in a file, and not in both ways.
pub(super) fn one_of(
    name: &str,
    value: Option<String>,
    file_name: &str,
    file: Option<PathBuf>,
) -> Result<Option<String>, Failure> {
    match (value, file) {
        (Some(_), Some(_)) => {
            let text = format!("{name} and {file_name} are both set; set one of them");
            Err(Failure::saying(Exit::Usage, text))
        }
        (value, None) => Ok(value),
        (None, Some(path)) => match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                let doing = format!("{file_name}: {} cannot be read", path.display());
                Err(Failure::new(
                    Exit::Usage,
                    anyhow::Error::new(error).context(doing),
                ))
            }
        },
    }
}

/// The name of the machine, or a word for any.
pub(super) fn machine_name() -> String {
    let name = fs::read_to_string(MACHINE_NAME_FILE).unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

fn invalid(name: &str, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    let error = anyhow::Error::new(error).context(format!("{name} is not valid"));
    Failure::new(Exit::Usage, error)
}
