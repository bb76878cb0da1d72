//! Who this host is, and the name that it goes by.

use std::{num::NonZeroUsize, time::Duration};

use jiff::Timestamp;
use sandglass_contract::{Clock, HostInstanceId};
use sandglass_registry::{
    HostOrder, HostReport, Labels, Store, StoreError, host::NAME_HELD_FOR, store::HostAnswer,
};

/// How often a name that is taken is asked for again.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Who a host is.
#[derive(Debug, Clone)]
pub struct HostIdentity {
    /// Its name in records. No two hosts that run at the same time have the same.
    pub name: String,
    /// The process; a new one each time the host is started.
    pub instance: HostInstanceId,
    /// What it says about itself, for jobs that ask for it.
    pub labels: Labels,
    /// How many executions it runs at once.
    pub concurrent_runs: NonZeroUsize,
    /// When it was started.
    pub started_at: Timestamp,
    /// The version of the service.
    pub version: String,
}

impl HostIdentity {
    /// How many executions it runs at once.
    #[must_use]
    pub fn places(&self) -> u32 {
        u32::try_from(self.concurrent_runs.get()).unwrap_or(u32::MAX)
    }

    /// What it says about itself.
    pub(crate) fn report(&self, running: u32, follows: HostOrder) -> HostReport {
        HostReport {
            name: self.name.clone(),
            instance: self.instance.clone(),
            labels: self.labels.clone(),
            places: self.places(),
            running,
            follows,
            started_at: self.started_at,
            version: self.version.clone(),
        }
    }
}

/// Why a host has no name.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// Another host that runs has it.
    #[error("another host that goes by the name {name:?} works with this store (it is {by})")]
    Taken {
        /// The name.
        name: String,
        /// The other host.
        by: HostInstanceId,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes the host's name. Where another process has it, as the one before a crash does for a moment, it
/// waits for longer than such a process holds it.
///
/// # Errors
/// Where the name is taken for good, or the store does not answer.
pub async fn take_name(
    host: &HostIdentity,
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<(), NameError> {
    let until = clock.monotonic() + NAME_HELD_FOR + ASK_EVERY;
    loop {
        let report = host.report(0, HostOrder::Work);
        let by = match store.report_host(&report).await? {
            HostAnswer::Order(_) => return Ok(()),
            HostAnswer::NameTaken { by } => by,
        };
        if clock.monotonic() >= until {
            let name = host.name.clone();
            return Err(NameError::Taken { name, by });
        }
        tracing::info!(name = host.name, %by, "host.name.taken");
        clock.sleep(ASK_EVERY).await;
    }
}
