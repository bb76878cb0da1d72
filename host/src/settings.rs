//! What a host is made of: its settings and the services behind its capabilities.

use std::{fmt, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use object_store::ObjectStore;
use sandglass_contract::Clock;
use sandglass_query::ApplicationDatabase;

use crate::{
    compiling::Compiling,
    http::HttpClient,
    loader::LoaderSettings,
    mail::{MailAddress, Mailer},
};

/// How a host works. [`HostSettings::new`] gives the defaults.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The folder of compiled templates. It is made where it does not exist, readable by its owner
    /// alone, and holds nothing that cannot be made again.
    pub cache_folder: PathBuf,
    /// Threads that run guests. By default one fewer than the machine has processors.
    pub guest_threads: NonZeroUsize,
    /// Runs at the same time; more wait. By default 16.
    pub concurrent_runs: NonZeroUsize,
    /// Who mail comes from.
    pub mail_from: MailAddress,
    /// The largest component, in bytes. By default 32 MiB.
    pub max_component_bytes: u64,
    /// Templates kept in memory ready to run. By default 64.
    pub loaded_templates: NonZeroUsize,
    /// How long compiling a component may take. By default two minutes.
    pub compile_timeout: Duration,
    /// Where components are compiled. By default in this process.
    pub compiling: Compiling,
}

impl HostSettings {
    /// The defaults, for a host that caches in `cache_folder` and sends mail as `mail_from`.
    #[must_use]
    pub fn new(cache_folder: impl Into<PathBuf>, mail_from: MailAddress) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = |wanted| NonZeroUsize::new(wanted).unwrap_or(NonZeroUsize::MIN);
        Self {
            cache_folder: cache_folder.into(),
            guest_threads: count(processors.saturating_sub(1)),
            concurrent_runs: count(64),
            mail_from,
            max_component_bytes: LoaderSettings::MAX_COMPONENT_BYTES,
            loaded_templates: count(64),
            compile_timeout: Duration::from_secs(120),
            compiling: Compiling::InProcess,
        }
    }
}

/// What stands behind the capabilities.
#[derive(Clone)]
pub struct Services {
    /// The collections that templates work on.
    pub database: Arc<dyn ApplicationDatabase>,
    /// What sends mail.
    pub mailer: Arc<dyn Mailer>,
    /// Where artifacts are kept.
    pub artifacts: Arc<dyn ObjectStore>,
    /// What sends requests to other services.
    pub http: HttpClient,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Services").finish_non_exhaustive()
    }
}
