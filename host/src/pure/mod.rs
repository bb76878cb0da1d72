//! Questions to a template: metadata, schema, validate, capabilities.
//!
//! They are answered by a fresh instance that is linked to nothing: whatever the template is written
//! to do, a question has no effect, and the same question has the same answer.

mod answer;
mod schema;

use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use sandglass_contract::{Clock, Grant, Issue, Limit, Limits, OutcomeCode};
use serde_json::Value;
use tokio::sync::Semaphore;
use wasmtime::{Engine, Store, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::{
    bindings::Template as Instance,
    engine::pure_wasi,
    error::TemplateError,
    limits::Limiter,
    outcome::{Ending, classify},
    state::places,
    template::{Description, Template},
};

/// What one question may use.
const FUEL: u64 = 5_000_000_000;
const TIMEOUT: Duration = Duration::from_secs(20);
const MAX_CALL_BYTES: usize = 1 << 20;

/// What wasmtime says when a template calls an import that it is not linked to.
const NOT_LINKED: &str = "unknown import: ";

/// The data of a store that answers one question.
pub(crate) struct PureState {
    limiter: Limiter,
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for PureState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Asks templates.
#[derive(Clone)]
pub(crate) struct Questions {
    engine: Engine,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
}

impl Questions {
    /// Asks at most `places` questions at the same time.
    pub(crate) fn new(engine: Engine, clock: Arc<dyn Clock>, places: usize) -> Self {
        Self {
            engine,
            clock,
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Metadata and schema.
    pub(crate) async fn describe(&self, template: &Template) -> Result<Description, TemplateError> {
        let metadata = self.ask(template, "metadata", |instance, store| {
            instance.call_metadata(store).boxed()
        });
        let metadata = answer::metadata(metadata.await?)?;
        let schema = self.ask(template, "schema", |instance, store| {
            instance.call_schema(store).boxed()
        });
        let schema = answer::schema(&schema.await?)?;
        Ok(Description { metadata, schema })
    }

    /// What is wrong with parameters.
    pub(crate) async fn validate(
        &self,
        template: &Template,
        parameters: &Value,
    ) -> Result<Vec<Issue>, TemplateError> {
        let parameters = parameters.to_string();
        let issues = self.ask(template, "validate", |instance, store| {
            async move { instance.call_validate(store, &parameters).await }.boxed()
        });
        answer::issues(issues.await?)
    }

    /// What a run with these parameters needs.
    pub(crate) async fn capabilities(
        &self,
        template: &Template,
        parameters: &Value,
    ) -> Result<Grant, TemplateError> {
        let parameters = parameters.to_string();
        let requests = self.ask(template, "capabilities", |instance, store| {
            async move { instance.call_capabilities(store, &parameters).await }.boxed()
        });
        answer::grant(requests.await?)
    }

    async fn ask<T>(
        &self,
        template: &Template,
        function: &'static str,
        call: impl for<'a> FnOnce(
            &'a Instance,
            &'a mut Store<PureState>,
        ) -> BoxFuture<'a, wasmtime::Result<T>>,
    ) -> Result<T, TemplateError> {
        let failed = |ending: Ending| TemplateError::Call {
            function,
            outcome: ending.outcome,
            message: ending.message,
        };
        let place = self.places.acquire().await;
        let _place = place.map_err(TemplateError::host)?;
        let mut store = self.store().map_err(TemplateError::host)?;
        let work = async {
            let instance = template.for_questions.instantiate_async(&mut store).await?;
            call(&instance, &mut store).await
        };
        tokio::select! {
            biased;
            result = work => result.map_err(|error| failed(ending(&error))),
            () = self.clock.sleep(TIMEOUT) => {
                let seconds = TIMEOUT.as_secs();
                let message = format!("it took longer than {seconds} seconds");
                Err(failed(Ending::new(OutcomeCode::TimedOut, message)))
            }
        }
    }

    fn store(&self) -> wasmtime::Result<Store<PureState>> {
        let limits = Limits::default();
        let handles = places(limits.get(Limit::Handles));
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles);
        let state = PureState {
            limiter: Limiter::new(&limits),
            table,
            wasi: pure_wasi(),
        };
        let mut store = Store::try_new(&self.engine, state)?;
        store.limiter(|state| &mut state.limiter);
        store.set_fuel(FUEL)?;
        store.set_hostcall_fuel(MAX_CALL_BYTES);
        store.set_max_component_handles(handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(tokio::task::yield_now()),
            ))
        });
        Ok(store)
    }
}

fn ending(error: &wasmtime::Error) -> Ending {
    let words = error.root_cause().to_string();
    match words.strip_prefix(NOT_LINKED) {
        Some(import) => Ending::new(
            OutcomeCode::GuestFault,
            format!("only `execute` may use imports, and it called one: {import}"),
        ),
        None => classify(error),
    }
}
