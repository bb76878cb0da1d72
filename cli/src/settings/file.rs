//! The settings file. An unknown setting is an error, since it is most likely a misspelt one.

use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use config::{Config, File, FileFormat};
use ipnet::IpNet;
use sandglass_registry::Labels;
use serde::Deserialize;

use super::{
    AppDatabase, LogFormat, PublicUrl, limits::LimitSection, oidc::OidcSection,
    outgoing::HttpSection, retention::RetentionSection, templates::TrustedKey,
};
use crate::failure::{Exit, Failure};

/// What the file says.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsFile {
    pub(super) listen: Option<SocketAddr>,
    pub(super) public_url: Option<PublicUrl>,
    pub(super) trusted_proxies: Option<Vec<IpNet>>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) store: Option<String>,
    pub(super) store_file: Option<PathBuf>,
    pub(super) app_database: Option<AppDatabase>,
    pub(super) host_name: Option<String>,
    pub(super) labels: Option<Labels>,
    pub(super) concurrent_runs: Option<NonZeroUsize>,
    pub(super) drain_seconds: Option<u64>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) log_filter: Option<String>,
    pub(super) require_signature: Option<bool>,
    pub(super) trusted_template_keys: Option<Vec<TrustedKey>>,
    pub(super) compile_memory_mib: Option<u64>,
    pub(super) compile_seconds: Option<u64>,
    pub(super) compile_processor_seconds: Option<u64>,
    pub(super) limits: Option<LimitSection>,
    pub(super) oidc: Option<OidcSection>,
    pub(super) mail: Option<MailSection>,
    /// A file with the key of the secrets.
    pub(super) secrets_key_file: Option<PathBuf>,
    pub(super) http: Option<HttpSection>,
    pub(super) retention: Option<RetentionSection>,
}

/// Its section about mail.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailSection {
    pub(super) url: Option<String>,
    pub(super) url_file: Option<PathBuf>,
    pub(super) from: Option<String>,
}

impl SettingsFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is not there, is not TOML, or has a setting that there is none of.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| failure(path, error))?;
        Self::parse(&text).map_err(|error| failure(path, error))
    }

    pub(super) fn parse(text: &str) -> Result<Self, config::ConfigError> {
        let source = File::from_str(text, FileFormat::Toml);
        Config::builder()
            .add_source(source)
            .build()?
            .try_deserialize()
    }
}

fn failure(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    let doing = format!("the settings file {} is not valid", path.display());
    Failure::new(Exit::Usage, anyhow::Error::new(error).context(doing))
}
