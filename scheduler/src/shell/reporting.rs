//! Reporting this host to the others, and hearing what it is told and what others leave to do.
//!
//! Nothing else waits for it: a report that fails is made again the next time, and a host of which
//! nobody has heard for long goes on as before.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use sandglass_registry::{
    HostOrder,
    store::{Hint, HostAnswer},
};

use crate::{
    core::{Event, Turns},
    service::Shared,
};

/// How often the host is reported.
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// Reports the host until everything shall stop, and says goodbye then.
pub(crate) async fn report_on(shared: Arc<Shared>) {
    let mut order = HostOrder::Work;
    loop {
        let told = tokio::select! {
            told = report(&shared, order) => told.unwrap_or(order),
            () = shared.stopped.cancelled() => break,
        };
        if told != order {
            order = told;
            tracing::info!(order = order.as_str(), "host.ordered");
            shared.bells.tell(Event::Ordered(order));
            // The others shall hear at once that it follows.
            continue;
        }
        tokio::select! {
            () = shared.clock.sleep(REPORT_EVERY) => {}
            () = shared.report_soon.notified() => {}
            () = shared.stopped.cancelled() => break,
        }
    }
    let goodbye = shared.store.forget_host(&shared.settings.host.instance);
    tokio::select! {
        said = goodbye => {
            if let Err(error) = said {
                tracing::warn!(%error, "host.goodbye.failed");
            }
        }
        () = shared.clock.sleep(GOODBYE) => {}
    }
}

/// Passes on what the store hears of others until everything shall stop.
pub(crate) async fn listen_on(shared: Arc<Shared>) {
    let mut hints = shared.store.hints();
    loop {
        let hint = tokio::select! {
            hint = hints.next() => hint,
            () = shared.stopped.cancelled() => return,
        };
        match hint {
            Some(Hint::WorkArrived) => shared.bells.work_arrived(),
            Some(Hint::JobsChanged) => shared.bells.jobs_changed(),
            None => return,
        }
    }
}

/// Learns who else takes part.
async fn count_upon_others(shared: &Shared) {
    match shared.store.hosts_at_work().await {
        Ok(hosts) => {
            let turns = Turns::new(&shared.settings.host.name, hosts);
            shared.turns.send_replace(turns);
        }
        Err(error) => tracing::warn!(%error, "hosts.not_read"),
    }
}

/// Reports the host as it is. Returns what it is told, where it is told anything.
async fn report(shared: &Shared, order: HostOrder) -> Option<HostOrder> {
    let follows = match shared.draining.is_cancelled() {
        true => HostOrder::Drain,
        false => order,
    };
    let host = &shared.settings.host;
    let report = host.report(shared.runs.count(), follows);
    match shared.store.report_host(&report).await {
        Ok(HostAnswer::Order(order)) => {
            count_upon_others(shared).await;
            Some(order)
        }
        Ok(HostAnswer::NameTaken { by }) => {
            tracing::error!(name = host.name, %by, "host.name.taken");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "host.report.failed");
            None
        }
    }
}
