//! The settings of the service: arguments go before environment variables, those before the settings
//! file, and that before the defaults.

mod environment;
mod file;
mod limits;
mod oidc;
mod outgoing;
mod public_url;
mod retention;
mod store;
mod templates;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use jiff::SignedDuration;
use sandglass_api::auth::{BootstrapToken, OidcSettings, Transport};
use sandglass_host::{HttpSettings, MailAddress};
use sandglass_registry::{Labels, Retention, Vault, host::Label};
use serde::Deserialize;

use crate::failure::{Exit, Failure};
use environment::Environment;
use file::SettingsFile;
use limits::LimitArguments;
pub(crate) use limits::ServiceLimits;
pub(crate) use public_url::PublicUrl;
use store::StoreSection;
pub(crate) use store::{AppDatabase, StoreArguments, StoreLocation, StoreUrl};
pub(crate) use templates::{TemplateSettings, TrustedKey, trusted};

/// Where data is kept, where nobody says otherwise.
pub(crate) const DEFAULT_DATA_FOLDER: &str = "./data";
const DEFAULT_PORT: u16 = 8080;
const DEFAULT_CONCURRENT_RUNS: usize = 64;
const DEFAULT_DRAIN_SECONDS: u64 = 30;
const DEFAULT_LEASE: Duration = Duration::from_secs(30);
const DEFAULT_MAIL_FROM: &str = "sandglass@localhost.localdomain";
const DEFAULT_LOG_FILTER: &str = "info";

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One JSON object on each line.
    Json,
    /// For people.
    #[default]
    Pretty,
}

/// The settings that have an argument.
#[derive(Debug, Args)]
pub(crate) struct SettingArguments {
    /// The address and port to listen on; port 0 takes a free one. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "SANDGLASS_LISTEN")]
    listen: Option<SocketAddr>,
    /// The folder where everything is kept that is not in another store. [default: ./data]
    #[arg(long = "data-dir", value_name = "DIR", env = "SANDGLASS_DATA_DIR")]
    data_folder: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    limits: LimitArguments,
    /// A settings file (TOML).
    #[arg(long, value_name = "FILE", env = "SANDGLASS_CONFIG")]
    config: Option<PathBuf>,
    /// The address under which browsers reach the service, such as https://jobs.example.org; with https
    /// its cookies are sent over TLS alone. [default: http and the address it listens on]
    #[arg(long, value_name = "URL", env = "SANDGLASS_PUBLIC_URL")]
    public_url: Option<PublicUrl>,
    /// Networks of proxies in front, such as 10.0.0.0/8, whose word about where requests come from is
    /// taken (X-Forwarded-For); may be given several times.
    #[arg(
        long = "trusted-proxy",
        value_name = "NETWORK",
        env = "SANDGLASS_TRUSTED_PROXIES",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<IpNet>,
    /// The name of this host in records. [default: the name of the machine]
    #[arg(long, value_name = "NAME", env = "SANDGLASS_HOST_NAME")]
    host_name: Option<String>,
    /// What this host says about itself, for jobs that ask for it; may be given several times.
    #[arg(
        long = "label",
        value_name = "KEY=VALUE",
        env = "SANDGLASS_LABELS",
        value_delimiter = ','
    )]
    labels: Vec<Label>,
    /// How many executions run at the same time. [default: 64]
    #[arg(long, value_name = "NUMBER", env = "SANDGLASS_CONCURRENT_RUNS")]
    concurrent_runs: Option<NonZeroUsize>,
    /// How long running executions may take after the service was told to stop. [default: 30]
    #[arg(long, value_name = "SECONDS", env = "SANDGLASS_DRAIN_SECONDS")]
    drain_seconds: Option<u64>,
    /// How log lines look. [default: pretty]
    #[arg(long, value_enum, value_name = "FORMAT", env = "SANDGLASS_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// Which log lines are written, such as `info,sandglass_scheduler=debug`. [default: info]
    #[arg(long, value_name = "FILTER", env = "RUST_LOG")]
    log_filter: Option<String>,
}

/// The settings of the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// How browsers reach the service.
    pub(crate) transport: Transport,
    /// Networks of proxies in front.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) data_folder: PathBuf,
    pub(crate) store: StoreLocation,
    /// How long records of executions are kept.
    pub(crate) retention: Retention,
    pub(crate) host_name: String,
    pub(crate) labels: Labels,
    pub(crate) concurrent_runs: NonZeroUsize,
    pub(crate) drain: Duration,
    pub(crate) log_format: LogFormat,
    pub(crate) log_filter: String,
    pub(crate) limits: ServiceLimits,
    pub(crate) oidc: Option<OidcSettings>,
    pub(crate) mail: MailSettings,
    /// Where requests may go beside public addresses.
    pub(crate) http: HttpSettings,
    /// What seals and opens secrets, where there is a key.
    pub(crate) vault: Option<Vault>,
    pub(crate) bootstrap_token: Option<BootstrapToken>,
    pub(crate) clock_offset: SignedDuration,
    /// How long a claim of an execution holds unless it is renewed.
    pub(crate) lease: Duration,
    pub(crate) templates: TemplateSettings,
}

/// How mail goes out.
pub(crate) struct MailSettings {
    /// The mail server as a URL, with user and password; without it, mail is written to files.
    pub(crate) server: Option<String>,
    /// Who mail comes from.
    pub(crate) from: MailAddress,
}

impl std::fmt::Debug for MailSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MailSettings")
            .field("server", &self.server.as_ref().map(|_| "…"))
            .field("from", &self.from)
            .finish()
    }
}

impl Settings {
    /// Puts the settings together.
    ///
    /// # Errors
    /// Where the file cannot be read, has an unknown setting, or a value is not valid.
    pub(crate) fn load(arguments: SettingArguments) -> Result<Self, Failure> {
        let environment = Environment::read()?;
        let file = match &arguments.config {
            Some(path) => SettingsFile::read(path)?,
            None => SettingsFile::default(),
        };
        Self::merge(arguments, environment, file)
    }

    fn merge(
        arguments: SettingArguments,
        mut environment: Environment,
        mut file: SettingsFile,
    ) -> Result<Self, Failure> {
        let templates = TemplateSettings::merge(&mut environment, &mut file)?;
        let mail = file.mail.unwrap_or_default();
        let from = environment.mail_from.or(mail.from);
        let from = from.as_deref().unwrap_or(DEFAULT_MAIL_FROM);
        let from = from.parse().map_err(|error| {
            let error = anyhow::Error::new(error).context("mail.from is not a mail address");
            Failure::new(Exit::Usage, error)
        })?;
        let server = match environment.mail_url {
            Some(url) => Some(url),
            None => environment::one_of("mail.url", mail.url, "mail.url_file", mail.url_file)?,
        };
        let secrets_key = match environment.secrets_key {
            Some(key) => Some(key),
            None => environment::one_of("", None, "secrets_key_file", file.secrets_key_file)?,
        };
        let section = StoreSection {
            store: file.store,
            store_file: file.store_file,
            app_database: file.app_database,
        };
        let store = StoreLocation::merge(arguments.store, environment.store, section)?;
        let retention = file.retention.unwrap_or_default().for_store(&store)?;
        let default_runs = NonZeroUsize::new(DEFAULT_CONCURRENT_RUNS).unwrap_or(NonZeroUsize::MIN);
        let section = file.limits.unwrap_or_default();
        let limits = ServiceLimits::merge(&arguments.limits, &section)?;
        let public_url = arguments.public_url.or(file.public_url);
        let secret = environment.oidc_client_secret;
        let oidc = file
            .oidc
            .map(|section| section.settings(secret, public_url.as_ref()))
            .transpose()?;
        let drain_seconds = arguments.drain_seconds.or(file.drain_seconds);
        let log_filter = arguments.log_filter.or(file.log_filter);
        Ok(Self {
            listen: arguments
                .listen
                .or(file.listen)
                .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into()),
            transport: public_url.map_or(Transport::Plain, |url| url.transport()),
            trusted_proxies: match arguments.trusted_proxies.is_empty() {
                true => file.trusted_proxies.unwrap_or_default(),
                false => arguments.trusted_proxies,
            },
            data_folder: arguments
                .data_folder
                .or(file.data_dir)
                .unwrap_or_else(|| DEFAULT_DATA_FOLDER.into()),
            store,
            retention,
            host_name: arguments
                .host_name
                .or(file.host_name)
                .unwrap_or_else(environment::machine_name),
            labels: labels(arguments.labels, file.labels)?,
            concurrent_runs: arguments
                .concurrent_runs
                .or(file.concurrent_runs)
                .unwrap_or(default_runs),
            drain: Duration::from_secs(drain_seconds.unwrap_or(DEFAULT_DRAIN_SECONDS)),
            log_format: arguments.log_format.or(file.log_format).unwrap_or_default(),
            log_filter: log_filter.unwrap_or_else(|| DEFAULT_LOG_FILTER.to_owned()),
            limits,
            oidc,
            mail: MailSettings { server, from },
            http: outgoing::http(environment.http_allowed_networks, file.http)?,
            vault: outgoing::vault(secrets_key)?,
            bootstrap_token: environment.bootstrap_token,
            clock_offset: environment.clock_offset,
            lease: environment.lease.unwrap_or(DEFAULT_LEASE),
            templates,
        })
    }
}

/// The labels that were given, or else those of the file.
fn labels(given: Vec<Label>, file: Option<Labels>) -> Result<Labels, Failure> {
    if given.is_empty() {
        return Ok(file.unwrap_or_default());
    }
    Labels::new(given).map_err(|error| {
        let error = anyhow::Error::new(error).context("--label is not valid");
        Failure::new(Exit::Usage, error)
    })
}

#[cfg(test)]
mod tests;
