//! The claims that this host holds: renewing them, and ending runs whose claim is lost.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use sandglass_contract::ExecutionId;
use sandglass_registry::{
    StoreError,
    store::{Claim, LeaseAnswer},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    core::{LEASE_SHARE, LocalDeadline},
    service::Shared,
};

/// The wait after the store did not answer.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Why a run was stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It was not.
    No,
    /// Somebody asked for it.
    Cancelled,
    /// This host shuts down; the execution is to begin anew.
    GivenBack,
    /// The claim is lost; nothing more may be written.
    Lost,
}

impl Stop {
    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Cancelled,
            2 => Self::GivenBack,
            3 => Self::Lost,
            _ => Self::No,
        }
    }
}

/// One claim that this host holds.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) claim: Claim,
    /// Ends the run.
    pub(crate) token: CancellationToken,
    deadline: Mutex<LocalDeadline>,
    stop: AtomicU8,
}

impl Lease {
    /// Why the run was stopped.
    pub(crate) fn stop_reason(&self) -> Stop {
        Stop::from_number(self.stop.load(Ordering::Acquire))
    }

    /// Ends the run. A stronger reason, further down in [`Stop`], takes the place of a weaker one.
    pub(crate) fn stop(&self, reason: Stop) {
        self.stop.fetch_max(reason as u8, Ordering::AcqRel);
        self.token.cancel();
    }

    /// Whether the worker may no longer trust its claim.
    pub(crate) fn has_passed(&self, monotonic: Duration) -> bool {
        self.deadline.lock().has_passed(monotonic)
    }
}

/// All claims that this host holds.
#[derive(Debug)]
pub(crate) struct Leases {
    held: Mutex<HashMap<ExecutionId, Arc<Lease>>>,
    count: watch::Sender<usize>,
}

impl Default for Leases {
    fn default() -> Self {
        Self {
            held: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl Leases {
    /// Notes a claim.
    pub(crate) fn hold(&self, claim: Claim, deadline: LocalDeadline) -> Arc<Lease> {
        let lease = Arc::new(Lease {
            claim: claim.clone(),
            token: CancellationToken::new(),
            deadline: Mutex::new(deadline),
            stop: AtomicU8::new(0),
        });
        let mut held = self.held.lock();
        held.insert(claim.execution, lease.clone());
        self.count.send_replace(held.len());
        lease
    }

    /// Forgets a claim whose run has ended.
    pub(crate) fn release(&self, claim: &Claim) {
        let mut held = self.held.lock();
        if held
            .get(&claim.execution)
            .is_some_and(|it| it.claim == *claim)
        {
            held.remove(&claim.execution);
        }
        self.count.send_replace(held.len());
    }

    /// Ends the run of an execution, where it runs here.
    pub(crate) fn cancel(&self, execution: &ExecutionId) {
        if let Some(lease) = self.held.lock().get(execution) {
            lease.stop(Stop::Cancelled);
        }
    }

    /// Ends every run, so that each begins anew somewhere.
    pub(crate) fn give_back_all(&self) {
        for lease in self.held.lock().values() {
            lease.stop(Stop::GivenBack);
        }
    }

    /// Completes when no claim is held.
    pub(crate) async fn all_ended(&self) {
        let mut count = self.count.subscribe();
        count.wait_for(|count| *count == 0).await.ok();
    }

    fn all(&self) -> Vec<Arc<Lease>> {
        self.held.lock().values().cloned().collect()
    }
}

/// Renews leases until the scheduler stops.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let term = shared.settings.lease / LEASE_SHARE;
    let mut wait = term;
    loop {
        tokio::select! {
            () = shared.stopped.cancelled() => return,
            () = shared.wake.leases_rung() => {}
            () = shared.clock.sleep(wait) => {}
        }
        wait = match renew_all(&shared).await {
            Ok(()) => term,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "leases.renew.failed"
                );
                stop_expired(&shared);
                WAIT_AFTER_FAILURE.min(term)
            }
        };
    }
}

fn stop_expired(shared: &Shared) {
    let now = shared.clock.monotonic();
    for lease in shared.leases.all() {
        if lease.has_passed(now) {
            lease.stop(Stop::Lost);
        }
    }
}

async fn renew_all(shared: &Shared) -> Result<(), StoreError> {
    let leases = shared.leases.all();
    if leases.is_empty() {
        return Ok(());
    }
    let claims: Vec<Claim> = leases.iter().map(|lease| lease.claim.clone()).collect();
    let asked_at = shared.clock.monotonic();
    let answers = shared.store.renew(&claims, shared.settings.lease).await?;
    let deadline = LocalDeadline::new(asked_at, shared.settings.lease);
    for (lease, answer) in leases.iter().zip(answers) {
        match answer {
            LeaseAnswer::Lost => lease.stop(Stop::Lost),
            LeaseAnswer::Renewed => *lease.deadline.lock() = deadline,
            LeaseAnswer::CancelRequested => {
                *lease.deadline.lock() = deadline;
                lease.stop(Stop::Cancelled);
            }
        }
    }
    Ok(())
}
