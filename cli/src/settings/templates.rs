//! Settings about uploaded templates: what compiling one may use, and whose signatures count.

use std::{str::FromStr, time::Duration};

use sandglass_contract::{
    TrustedKeys,
    signature::{KeyError, KeyName, PublicKey},
};
use sandglass_host::CompileLimits;
use sandglass_scheduler::{SignaturePolicy, SignatureRequirement};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{environment::Environment, file::SettingsFile};
use crate::failure::{Exit, Failure};

const DEFAULT_COMPILE_SECONDS: u64 = 80;
/// Below this the compiler itself has no room.
const LEAST_COMPILE_MEMORY_MIB: u64 = 32;

/// How uploaded templates are treated.
#[derive(Debug)]
pub(crate) struct TemplateSettings {
    /// What compiling a component may use.
    pub(crate) compile_limits: CompileLimits,
    /// How long compiling a component may take.
    pub(crate) compile_timeout: Duration,
    /// Which signatures count.
    pub(crate) signatures: SignaturePolicy,
}

/// A key whose signatures count, and its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustedKey {
    /// What it is called in signatures.
    #[serde(deserialize_with = "parsed")]
    pub(crate) name: KeyName,
    /// The public key in Base64.
    #[serde(deserialize_with = "parsed")]
    pub(crate) key: PublicKey,
}

fn parsed<'de, T: FromStr<Err = KeyError>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

impl FromStr for TrustedKey {
    type Err = KeyError;

    /// Reads `NAME=BASE64`.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, key) = text.split_once('=').ok_or(KeyError::Public)?;
        Ok(Self {
            name: name.trim().parse()?,
            key: key.parse()?,
        })
    }
}

impl TrustedKey {
    /// Reads `NAME=BASE64` one after the other, with commas between them.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, KeyError> {
        text.split(',').map(|part| part.trim().parse()).collect()
    }
}

/// Keys by name.
///
/// # Errors
/// Where two have the same name.
pub(crate) fn trusted(keys: Vec<TrustedKey>) -> Result<TrustedKeys, Failure> {
    TrustedKeys::new(keys.into_iter().map(|it| (it.name, it.key))).map_err(|name| {
        let text = format!("two trusted keys are called {name}; give each a name of its own");
        Failure::saying(Exit::Usage, text)
    })
}

impl TemplateSettings {
    pub(super) fn merge(
        environment: &mut Environment,
        file: &mut SettingsFile,
    ) -> Result<Self, Failure> {
        let keys = environment.trusted_template_keys.take();
        let keys = keys.or(file.trusted_template_keys.take());
        let trusted = trusted(keys.unwrap_or_default())?;
        let required = environment.require_signature.or(file.require_signature);
        let requirement = match required {
            Some(true) => SignatureRequirement::Required,
            Some(false) | None => SignatureRequirement::Optional,
        };
        let defaults = CompileLimits::default();
        let memory_bytes = match file.compile_memory_mib {
            None => defaults.memory_bytes,
            Some(mebibytes) if mebibytes < LEAST_COMPILE_MEMORY_MIB => {
                let text = format!(
                    "compile_memory_mib is not valid: the least is {LEAST_COMPILE_MEMORY_MIB}"
                );
                return Err(Failure::saying(Exit::Usage, text));
            }
            Some(mebibytes) => mebibytes.saturating_mul(1 << 20),
        };
        let seconds = |name: &str, given: Option<u64>, default: u64| match given {
            Some(0) => {
                let text = format!("{name} is not valid: the least is 1");
                Err(Failure::saying(Exit::Usage, text))
            }
            given => Ok(given.unwrap_or(default)),
        };
        let processor_seconds = seconds(
            "compile_processor_seconds",
            file.compile_processor_seconds,
            defaults.processor_seconds,
        )?;
        let compile_seconds = seconds(
            "compile_seconds",
            file.compile_seconds,
            DEFAULT_COMPILE_SECONDS,
        )?;
        Ok(Self {
            compile_limits: CompileLimits {
                memory_bytes,
                processor_seconds,
            },
            compile_timeout: Duration::from_secs(compile_seconds),
            signatures: SignaturePolicy {
                trusted,
                requirement,
            },
        })
    }
}
