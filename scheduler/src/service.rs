//! The scheduler as one thing: its loops, started and drained together.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{Clock, ExecutionId};
use sandglass_registry::{
    Actor, AuditAction, HostOrder, HostRecord, RateLimit, Scope, Store, StoreError, Vault,
    store::CancelAnswer,
};
use serde_json::json;
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    arrivals::Arrivals,
    auditor::{Act, Auditor},
    catalogue::Catalogue,
    changes::Changes,
    core::{Event, Turns},
    host::HostIdentity,
    jobs::{Jobs, Pauses},
    notify::Notifier,
    policies::Policies,
    secrets::Secrets,
    shell::{self, Bells, Calendars, Runs},
};

/// How long mail about ends that is on its way may take after everything else has stopped.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// How this host takes part.
#[derive(Debug, Clone)]
pub struct SchedulerSettings {
    /// Who it is.
    pub host: HostIdentity,
    /// How long a claim holds unless it is renewed; it is renewed three times as often.
    pub lease: Duration,
    /// How often a user may start runs by hand, where that is limited.
    pub manual_runs: Option<RateLimit>,
    /// What seals and opens secrets; without it they cannot be set or used.
    pub vault: Option<Vault>,
}

/// What every part of the scheduler works with.
pub(crate) struct Shared {
    pub(crate) settings: SchedulerSettings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) auditor: Auditor,
    pub(crate) catalogue: Catalogue,
    pub(crate) changes: Changes,
    pub(crate) bells: Bells,
    pub(crate) arrivals: Arrivals,
    pub(crate) calendars: Calendars,
    pub(crate) pauses: Pauses,
    pub(crate) policies: Policies,
    pub(crate) runs: Runs,
    pub(crate) notifier: Notifier,
    pub(crate) secrets: Secrets,
    /// Who goes first, as far as this host knows.
    pub(crate) turns: watch::Sender<Turns>,
    /// Rung where the host is to report itself at once.
    pub(crate) report_soon: Notify,
    /// Where what runs for the scheduler runs; guests have a runtime of their own.
    pub(crate) runtime: Handle,
    /// Whether it drains and holds no claim any more.
    pub(crate) drained: watch::Sender<bool>,
    /// Whether no new work shall begin.
    pub(crate) draining: CancellationToken,
    /// Cancelled when everything shall stop.
    pub(crate) stopped: CancellationToken,
}

/// A running scheduler.
#[derive(Clone)]
pub struct Scheduler {
    shared: Arc<Shared>,
    jobs: Jobs,
    tasks: TaskTracker,
}

impl Scheduler {
    /// Starts firing slots and running executions, on the current tokio runtime.
    #[must_use]
    pub fn start(
        settings: SchedulerSettings,
        store: Arc<dyn Store>,
        catalogue: Catalogue,
        clock: Arc<dyn Clock>,
        notifier: Notifier,
    ) -> Self {
        let changes = Changes::default();
        let auditor = Auditor::new(store.clone(), clock.clone());
        let (bells, events) = Bells::new();
        let jobs = Jobs::new(
            store.clone(),
            clock.clone(),
            catalogue.clone(),
            auditor.clone(),
            changes.clone(),
            bells.clone(),
            settings.manual_runs,
        );
        let secrets = Secrets::new(
            store.clone(),
            clock.clone(),
            auditor.clone(),
            settings.vault.clone(),
        );
        let policies = Policies::new(store.clone(), clock.clone(), auditor.clone());
        let shared = Arc::new(Shared {
            settings,
            store,
            clock,
            auditor,
            catalogue,
            changes,
            arrivals: jobs.arrivals().clone(),
            bells,
            calendars: Calendars::default(),
            pauses: jobs.pauses().clone(),
            policies,
            runs: Runs::default(),
            notifier,
            secrets,
            turns: watch::Sender::new(Turns::default()),
            report_soon: Notify::new(),
            runtime: Handle::current(),
            drained: watch::Sender::new(false),
            draining: CancellationToken::new(),
            stopped: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        tasks.spawn(shell::drive(shared.clone(), events, tasks.clone()));
        tasks.spawn(shell::report_on(shared.clone()));
        tasks.spawn(shell::listen_on(shared.clone()));
        tasks.close();
        Self {
            shared,
            jobs,
            tasks,
        }
    }

    /// The jobs.
    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The templates.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.shared.catalogue
    }

    /// The secrets.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.shared.policies
    }

    /// Where records are kept.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Word of changed executions.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.shared.changes
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The name of this host in records.
    #[must_use]
    pub fn host_name(&self) -> &str {
        &self.shared.settings.host.name
    }

    /// Asks for an execution to end: at once where it waits or runs here, and otherwise when its host
    /// renews its lease.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn cancel(
        &self,
        scope: &Scope,
        actor: &Actor,
        execution: &ExecutionId,
    ) -> Result<CancelAnswer, StoreError> {
        let act = Act::new(AuditAction::ExecutionCancelled, execution);
        let cancelled = self.shared.store.cancel(scope, execution, &actor.user);
        let auditor = &self.shared.auditor;
        let answer = auditor.around(scope, actor, act, cancelled).await?;
        self.shared.changes.announce(execution);
        match answer {
            CancelAnswer::Requested => self.shared.bells.cancel_requested(execution),
            CancelAnswer::Cancelled => self.shared.bells.executions_ended(),
            CancelAnswer::AlreadyFinished(_) => {}
        }
        Ok(answer)
    }

    /// Tells a host, this one or another, to begin nothing new, or to take part again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn order_host(
        &self,
        scope: &Scope,
        actor: &Actor,
        name: &str,
        order: HostOrder,
    ) -> Result<HostRecord, StoreError> {
        let act = Act::new(AuditAction::HostOrdered, name).with(json!({"order": order}));
        let ordered = self.shared.store.order_host(name, order, &actor.user);
        let auditor = &self.shared.auditor;
        let record = auditor.around(scope, actor, act, ordered).await?;
        self.shared.report_soon.notify_one();
        Ok(record)
    }

    /// Looks for executions that may begin now, as after a limit was changed.
    pub fn look_for_work(&self) {
        self.shared.bells.work_arrived();
    }

    /// The writer of the audit log.
    #[must_use]
    pub fn auditor(&self) -> &Auditor {
        &self.shared.auditor
    }

    /// Whether it has been told to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.draining.is_cancelled()
    }

    /// Begins nothing new, waits at most `grace` for what runs, and gives back what still does, so that
    /// another host, or this one after its restart, begins it anew. A store that does not answer is
    /// waited for until the leases are over, when others need no word of this host any more.
    pub async fn drain(&self, grace: Duration) {
        self.shared.draining.cancel();
        self.shared.report_soon.notify_one();
        self.shared.bells.tell(Event::Drain);
        tokio::select! {
            () = self.all_ended() => {}
            () = self.shared.clock.sleep(grace) => {
                self.shared.bells.tell(Event::GiveBack);
                self.within(self.shared.settings.lease, self.all_ended()).await;
            }
        }
        self.shared.stopped.cancel();
        self.within(LAST_WORDS, self.tasks.wait()).await;
    }

    /// Waits for something, and no longer than that. What is broken off so looks to the store like a host
    /// that was killed.
    async fn within(&self, longest: Duration, something: impl Future<Output = ()>) {
        tokio::select! {
            () = something => {}
            () = self.shared.clock.sleep(longest) => tracing::warn!("drain.broken_off"),
        }
    }

    /// Completes when it drains and holds no claim any more.
    async fn all_ended(&self) {
        let mut drained = self.shared.drained.subscribe();
        drained.wait_for(|drained| *drained).await.ok();
    }
}
