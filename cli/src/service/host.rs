//! Who this host is, and the name that it takes.

use jiff::Timestamp;
use sandglass_contract::{Clock, HostInstanceId};
use sandglass_registry::Store;
use sandglass_scheduler::{HostIdentity, NameError};

use crate::{
    failure::{Exit, Failure, OrFail as _},
    settings::Settings,
};

/// Who this process is as a host, started at `now`.
pub(super) fn identity(settings: &Settings, now: Timestamp) -> HostIdentity {
    HostIdentity {
        name: settings.host_name.clone(),
        instance: HostInstanceId::fresh(now),
        labels: settings.labels.clone(),
        concurrent_runs: settings.concurrent_runs,
        started_at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Takes the name.
///
/// # Errors
/// Where another host that runs has it.
pub(super) async fn take_name(
    identity: &HostIdentity,
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<(), Failure> {
    match sandglass_scheduler::take_name(identity, store, clock).await {
        Err(error @ NameError::Taken { .. }) => Err(Failure::new(Exit::Usage, error)
            .advise("give each host a name of its own with --host-name")),
        other => other.or_fail("taking the name of the host"),
    }
}
