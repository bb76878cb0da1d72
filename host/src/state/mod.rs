//! Everything that belongs to one run: made for it and dropped with it.

#[cfg(test)]
pub(crate) mod testing;

use std::{sync::Arc, time::Duration};

use object_store::ObjectStore;
use sandglass_contract::{Clock, Grant, Limit, RunContext, UseCounts};
use sandglass_query::ApplicationDatabase;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::{
    capability::{
        Refusal, artifact_folder::ArtifactFolder, cursor::Simulated, log::LogSink,
        progress::Reports,
    },
    engine::run_wasi,
    http::HttpClient,
    journal::Journal,
    limits::{Allowance, Limiter},
    mail::{MailAddress, Mailer},
    mask::{Mask, MaskingObserver},
    outcome::Stop,
    run::Run,
    secrets::RunSecrets,
    settings::Services,
};

/// Places in the table of handles for what WASI opens by itself: streams and timers.
const WASI_HANDLES: u64 = 32;

/// The data of one run's store.
pub(crate) struct RunState {
    pub(crate) context: RunContext,
    pub(crate) grant: Grant,
    pub(crate) uses: UseCounts,
    pub(crate) cancel: CancellationToken,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the attempt began and when it will be ended, on the monotonic clock.
    pub(crate) began: Duration,
    pub(crate) deadline: Duration,
    pub(crate) limiter: Limiter,
    pub(crate) allowance: Allowance,
    pub(crate) journal: Journal,
    pub(crate) log: Arc<LogSink>,
    pub(crate) progress: Reports,
    pub(crate) database: Arc<dyn ApplicationDatabase>,
    pub(crate) simulated: Simulated,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) mail_from: MailAddress,
    /// Calls of `send` so far.
    pub(crate) sends: u64,
    pub(crate) artifacts: ArtifactFolder,
    pub(crate) http: HttpClient,
    pub(crate) secrets: RunSecrets,
    /// Hides the secrets in everything that the run shows.
    pub(crate) mask: Arc<Mask>,
    pub(crate) table: ResourceTable,
    handles: Handles,
    wasi: WasiCtx,
}

/// Cursors and writers that a guest holds.
#[derive(Debug, Clone, Copy)]
struct Handles {
    open: u64,
    maximum: u64,
}

impl RunState {
    pub(crate) fn new(run: &Run, services: &Services, mail_from: MailAddress) -> Self {
        let clock = &services.clock;
        let (began, mode) = (clock.monotonic(), run.context.mode);
        let mask = Arc::new(Mask::default());
        let masking = MaskingObserver::around(Arc::clone(&run.observer), Arc::clone(&mask));
        let observer = || Arc::clone(&masking);
        let log = LogSink::new(observer(), Arc::clone(clock), &run.limits);
        let handles = run.limits.get(Limit::Handles);
        let artifacts: Arc<dyn ObjectStore> = Arc::clone(&services.artifacts);
        let mut table = ResourceTable::new();
        table.set_max_capacity(places(handles));
        Self {
            context: run.context.clone(),
            grant: run.grant.clone(),
            uses: UseCounts::default(),
            cancel: run.cancel.clone(),
            clock: Arc::clone(clock),
            began,
            deadline: began.saturating_add(run.timeout),
            limiter: Limiter::new(&run.limits),
            allowance: Allowance::new(run.limits.clone()),
            journal: Journal::new(observer(), Arc::clone(clock), run.context.attempt, mode),
            progress: Reports::new(observer(), Arc::clone(clock)),
            database: Arc::clone(&services.database),
            simulated: Simulated::default(),
            mailer: Arc::clone(&services.mailer),
            mail_from,
            sends: 0,
            artifacts: ArtifactFolder::new(artifacts, mode),
            http: services.http.clone(),
            secrets: RunSecrets::new(Arc::clone(&run.secrets)),
            mask,
            table,
            handles: Handles {
                open: 0,
                maximum: handles,
            },
            wasi: run_wasi(clock, &log),
            log,
        }
    }

    /// Refuses where the guest may hold no more handles.
    pub(crate) fn check_handles(&self) -> Result<(), Refusal> {
        let Handles { open, maximum } = self.handles;
        if open < maximum {
            return Ok(());
        }
        Err(Refusal::Limit(format!(
            "the limit {} of {maximum} is used up: drop cursors and writers that are not needed any more",
            Limit::Handles
        )))
    }

    /// Hands out a handle to `resource`, where the guest may hold one more.
    pub(crate) fn hand_out<T: Send + 'static>(
        &mut self,
        resource: T,
    ) -> Result<Resource<T>, Refusal> {
        self.check_handles()?;
        let pushed = self.table.push(resource);
        let handle = pushed.map_err(|_full| Stop::Host("the table of handles is full"))?;
        self.handles.open += 1;
        Ok(handle)
    }

    /// Takes a handle back.
    pub(crate) fn take_back<T: 'static>(&mut self, handle: Resource<T>) -> wasmtime::Result<T> {
        let resource = self.table.delete(handle)?;
        self.handles.open = self.handles.open.saturating_sub(1);
        Ok(resource)
    }
}

/// The size of the table of handles for a run that may hold `handles`.
pub(crate) fn places(handles: u64) -> usize {
    usize::try_from(handles.saturating_add(WASI_HANDLES)).unwrap_or(usize::MAX)
}

impl WasiView for RunState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
