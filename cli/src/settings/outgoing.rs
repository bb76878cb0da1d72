//! What runs may reach outside: networks for requests that are not public, and the key of the secrets
//! that go with them.

use ipnet::IpNet;
use sandglass_host::HttpSettings;
use sandglass_registry::{SecretsKey, Vault};
use serde::Deserialize;

use super::environment;
use crate::failure::{Exit, Failure};

/// The section of the settings file about requests.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpSection {
    /// Networks that requests may go to although they are not public, in CIDR notation.
    pub(super) allowed_networks: Option<Vec<IpNet>>,
}

/// The networks of the environment, separated by commas, or else those of the file.
pub(super) fn http(
    given: Option<String>,
    section: Option<HttpSection>,
) -> Result<HttpSettings, Failure> {
    let allowed_networks = match given {
        None => section.unwrap_or_default().allowed_networks,
        Some(list) => {
            let networks = list.split(',').map(|it| it.trim().parse());
            let networks: Result<Vec<IpNet>, _> = networks.collect();
            let networks = networks.map_err(|error| {
                let doing = format!(
                    "{} is not valid: it lists networks such as 10.1.0.0/16, separated by commas",
                    environment::HTTP_ALLOWED_NETWORKS
                );
                Failure::new(Exit::Usage, anyhow::Error::new(error).context(doing))
            })?;
            Some(networks)
        }
    };
    Ok(HttpSettings {
        allowed_networks: allowed_networks.unwrap_or_default(),
    })
}

/// The vault with that key.
pub(super) fn vault(key: Option<String>) -> Result<Option<Vault>, Failure> {
    let key = key.map(|text| SecretsKey::parse(&text)).transpose();
    let key = key.map_err(|error| {
        let error = anyhow::Error::new(error).context("the key of the secrets is not valid");
        Failure::new(Exit::Usage, error)
    })?;
    Ok(key.map(Vault::new))
}
