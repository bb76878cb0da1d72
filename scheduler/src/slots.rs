//! Turns slots that have come into executions.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sandglass_registry::{
    StoreError,
    store::{Fired, Firing},
};

use crate::{core::decide_firings, service::Shared};

/// How many due jobs are handled in one transaction.
const BATCH: u32 = 500;
/// The longest wait, so that a clock that was set is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait after the store did not answer.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Fires slots until the scheduler drains.
pub(crate) async fn fire_due_slots(shared: Arc<Shared>) {
    loop {
        let wait = match fire_batch(&shared).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "slots.fire.failed"
                );
                WAIT_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = shared.draining.cancelled() => return,
            () = shared.wake.schedule_rung() => {}
            () = shared.clock.sleep(wait) => {}
        }
    }
}

/// Fires what is due and returns how long to wait for more.
async fn fire_batch(shared: &Shared) -> Result<Duration, StoreError> {
    let now = shared.clock.now();
    let due = shared.store.due_jobs(now, BATCH).await?;
    let firings: Vec<Firing> = due
        .iter()
        .flat_map(|job| decide_firings(job, now))
        .collect();
    if firings.is_empty() {
        let next = shared.store.next_due().await?;
        return Ok(wait_until(next, shared.clock.now(), LONGEST_WAIT));
    }
    let executions: Vec<_> = firings.iter().map(|it| it.execution.id.clone()).collect();
    let answers = shared.store.fire(firings).await?;
    for (execution, fired) in executions.iter().zip(answers) {
        tracing::debug!(%execution, ?fired, "slot.fired");
        if matches!(fired, Fired::Stored(_)) {
            shared.changes.announce(execution);
        }
    }
    shared.wake.work();
    Ok(Duration::ZERO)
}

/// From `now` to `moment`, at most `longest`.
pub(crate) fn wait_until(moment: Option<Timestamp>, now: Timestamp, longest: Duration) -> Duration {
    let Some(moment) = moment else { return longest };
    Duration::try_from(moment.duration_since(now))
        .unwrap_or(Duration::ZERO)
        .min(longest)
}
