//! The service, put together from its parts.

mod answered;
mod first_user;
mod host;
mod ports;
mod signals;
pub(crate) mod storage;
mod templates;

use std::{path::Path, sync::Arc};

use sandglass_api::{ApiParts, ApiState, auth::Oidc};
use sandglass_host::{
    FileOutbox, Host, HostSettings, HttpClient, Mailer, Services, SmtpMailer, SystemResolver,
};
use sandglass_query::ApplicationDatabase;
use sandglass_scheduler::{Catalogue, Notifier, Scheduler, SchedulerSettings};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    commands::compile_component::in_child,
    failure::{Exit, Failure, OrFail as _},
    settings::{MailSettings, Settings},
};
use answered::until_answered;
use ports::{ArtifactFolder, MailFolder};
pub(crate) use signals::StopSignals;
use storage::Storage;
pub(crate) use templates::built_in_author;

/// A service that runs.
pub(crate) struct Service {
    /// The API, ready to be served.
    pub(crate) api: ApiState,
    /// What runs the jobs.
    pub(crate) scheduler: Scheduler,
    /// The documents that templates work on.
    pub(crate) database: Arc<dyn ApplicationDatabase>,
    /// Cancelled to end the API.
    pub(crate) shutdown: CancellationToken,
}

/// Where mail goes.
struct Mail {
    mailer: Arc<dyn Mailer>,
    outbox: Option<FileOutbox>,
}

impl Service {
    /// Opens the store, registers the built-in templates and starts to run jobs. It waits for a store
    /// that does not answer yet, and says to `waits_for` what it waits for.
    ///
    /// # Errors
    /// Where a part cannot be opened; each says what to do.
    pub(crate) async fn start(
        settings: &Settings,
        waits_for: &watch::Sender<&'static str>,
    ) -> Result<Self, Failure> {
        let folder = settings.data_folder.as_path();
        let Storage {
            store,
            database,
            artifacts,
            clock,
        } = Storage::open(settings).await?;
        waits_for.send_replace("the service is about to start");
        let identity = host::identity(settings, clock.now());
        until_answered(clock.as_ref(), async || {
            host::take_name(&identity, store.as_ref(), clock.as_ref()).await
        })
        .await?;
        let mail = Mail::set_up(&settings.mail, folder)?;

        let mut host_settings = HostSettings::new(folder.join("cache"), settings.mail.from.clone());
        host_settings.concurrent_runs = settings.concurrent_runs;
        host_settings.compile_timeout = settings.templates.compile_timeout;
        host_settings.compiling = in_child(settings.templates.compile_limits);
        let max_component_bytes =
            usize::try_from(host_settings.max_component_bytes).unwrap_or(usize::MAX);
        let http = HttpClient::new(settings.http.clone(), Arc::new(SystemResolver))
            .or_fail("setting up the sending of requests")?;
        let services = Services {
            database: database.clone(),
            mailer: mail.mailer.clone(),
            artifacts: artifacts.clone(),
            http,
            clock: clock.clone(),
        };
        let host = Host::new(host_settings, services).or_fail("setting up the sandbox")?;

        until_answered(clock.as_ref(), async || {
            let given = settings.bootstrap_token.as_ref();
            first_user::make(store.as_ref(), clock.now(), given).await
        })
        .await?;
        let catalogue = Catalogue::new(store.clone(), host, clock.clone())
            .with_signatures(settings.templates.signatures.clone());
        until_answered(clock.as_ref(), async || {
            templates::register(&catalogue).await
        })
        .await?;

        let scheduler_settings = SchedulerSettings {
            host: identity,
            lease: settings.lease,
            vault: settings.vault.clone(),
            manual_runs: settings.limits.manual_runs,
        };
        let notifier = Notifier::new(mail.mailer, settings.mail.from.clone(), clock.clone());
        let scheduler = Scheduler::start(scheduler_settings, store, catalogue, clock, notifier);
        let shutdown = CancellationToken::new();
        let api = ApiState::new(ApiParts {
            scheduler: scheduler.clone(),
            database: database.clone(),
            artifacts: Arc::new(ArtifactFolder::new(artifacts)),
            outbox: mail
                .outbox
                .map(|outbox| Arc::new(MailFolder::new(outbox)) as _),
            transport: settings.transport,
            trusted_proxies: settings.trusted_proxies.clone(),
            oidc: settings.oidc.clone().map(Oidc::new),
            requests_per_minute: settings.limits.requests_per_minute,
            max_component_bytes,
            version: env!("CARGO_PKG_VERSION"),
            shutdown: shutdown.clone(),
        });
        Ok(Self {
            api,
            scheduler,
            database,
            shutdown,
        })
    }
}

impl Mail {
    fn set_up(settings: &MailSettings, folder: &Path) -> Result<Self, Failure> {
        match &settings.server {
            Some(url) => {
                let mailer = SmtpMailer::new(url).map_err(|error| {
                    let error = anyhow::Error::new(error).context("mail.url is not valid");
                    Failure::new(Exit::Usage, error)
                })?;
                Ok(Self {
                    mailer: Arc::new(mailer),
                    outbox: None,
                })
            }
            None => {
                let outbox = FileOutbox::new(folder.join("outbox"));
                Ok(Self {
                    mailer: Arc::new(outbox.clone()),
                    outbox: Some(outbox),
                })
            }
        }
    }
}
