//! One run from its place in the queue to its report.
//!
//! A fresh store for every run, dropped with it; the run ends when the guest returns, when it is
//! stopped, when its time is up, or when somebody cancels it and it does not end by itself. Whatever
//! happens, even a panic of the host's own code, there is a report of what was used.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use sandglass_contract::{Limit, OutcomeCode, ParentResult, json::storable};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::{
    bindings::sandglass::job::types::{Context, JobError, Outcome, ParentResult as Parent},
    mail::MailAddress,
    outcome::{Ending, MAX_MESSAGE_BYTES, Stop, classify},
    run::{Run, RunReport},
    settings::Services,
    state::{RunState, places},
    template::Template,
    text::plain,
};

/// Ticks of the epoch that a cancelled guest may still compute for: 50 ms.
const TICKS_AFTER_CANCEL: u32 = 5;
/// When a cancelled guest is ended that waits for something instead of computing.
const GRACE: Duration = Duration::from_millis(80);
/// The longest wait that a template may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What runs need that is not theirs.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) services: Services,
    pub(crate) mail_from: MailAddress,
    pub(crate) places: Arc<Semaphore>,
}

/// What a guest returned.
type Returned = Result<Outcome, JobError>;

impl Stage {
    /// Runs a template once.
    pub(crate) async fn execute(self: Arc<Self>, template: Arc<Template>, run: Run) -> RunReport {
        let clock = Arc::clone(&self.services.clock);
        let place = match self.place(&run).await {
            Ok(place) => place,
            Err(ending) => return RunReport::from(ending),
        };
        let began = clock.monotonic();
        let mut store = match self.store(&run) {
            Ok(store) => store,
            Err(error) => return RunReport::from(classify(&error)),
        };
        let returned = self.call(&template, &run, &mut store).await;
        let mask = Arc::clone(&store.data().mask);
        let report = match returned {
            Ok(returned) => report(&run, returned),
            Err(ending) => RunReport::from(ending),
        };
        let report = RunReport {
            result: report.result.map(|result| mask.value(result)),
            message: report.message.map(|message| mask.text(message)),
            ..report
        };
        let report = settle(store, &run, report).await;
        drop(place);
        RunReport {
            duration: clock.monotonic().saturating_sub(began),
            ..report
        }
    }

    /// Waits for a place to run.
    async fn place(&self, run: &Run) -> Result<OwnedSemaphorePermit, Ending> {
        tokio::select! {
            biased;
            () = run.cancel.cancelled() => Err(Stop::Cancelled.into()),
            place = Arc::clone(&self.places).acquire_owned() => {
                place.map_err(|_closed| Ending::from(Stop::Host("it is shutting down")))
            }
            () = self.services.clock.sleep(run.timeout) => {
                Err(Ending::new(OutcomeCode::HostBusy, "the host had no free place in time"))
            }
        }
    }

    fn store(&self, run: &Run) -> wasmtime::Result<Store<RunState>> {
        let limit = |limit| usize::try_from(run.limits.get(limit)).unwrap_or(usize::MAX);
        let state = RunState::new(run, &self.services, self.mail_from.clone());
        let mut store = Store::try_new(&self.engine, state)?;
        store.limiter(|state| &mut state.limiter);
        store.set_fuel(run.limits.get(Limit::Fuel))?;
        store.set_hostcall_fuel(limit(Limit::HostCallBytes));
        store.set_max_component_handles(places(run.limits.get(Limit::Handles)));
        store.set_epoch_deadline(1);
        let mut ticks_left = TICKS_AFTER_CANCEL;
        let observer = Arc::clone(&run.observer);
        store.epoch_deadline_callback(move |store| {
            if store.data().cancel.is_cancelled() {
                ticks_left = ticks_left.saturating_sub(1);
                if ticks_left == 0 {
                    return Err(Stop::Cancelled.into());
                }
            }
            let observer = Arc::clone(&observer);
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(async move {
                    observer.room().await;
                    tokio::task::yield_now().await;
                }),
            ))
        });
        Ok(store)
    }

    async fn call(
        &self,
        template: &Template,
        run: &Run,
        store: &mut Store<RunState>,
    ) -> Result<Returned, Ending> {
        let clock = &self.services.clock;
        let guest = AssertUnwindSafe(call_guest(template, run, store)).catch_unwind();
        let given_up = async {
            run.cancel.cancelled().await;
            clock.sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            returned = guest => match returned {
                Ok(returned) => returned,
                Err(_panic) => {
                    tracing::error!(execution = %run.context.execution, "the host panicked in a run");
                    Err(Stop::Host("it panicked").into())
                }
            },
            () = clock.sleep(run.timeout) => Err(Stop::TimedOut.into()),
            () = given_up => Err(Stop::Cancelled.into()),
        }
    }
}

async fn call_guest(
    template: &Template,
    run: &Run,
    store: &mut Store<RunState>,
) -> Result<Returned, Ending> {
    let instance = template
        .for_runs
        .instantiate_async(&mut *store)
        .await
        .map_err(|error| ended(run, &error))?;
    let parameters = run.parameters.to_string();
    let context = context(run);
    run.observer.began();
    let called = instance.call_execute(&mut *store, &context, &parameters);
    called.await.map_err(|error| ended(run, &error))
}

fn ended(run: &Run, error: &wasmtime::Error) -> Ending {
    tracing::debug!(execution = %run.context.execution, error = format!("{error:?}"), "a guest ended");
    classify(error)
}

/// Closes what the run left open and adds what it used.
async fn settle(mut store: Store<RunState>, run: &Run, report: RunReport) -> RunReport {
    let fuel_left = store.get_fuel().unwrap_or_default();
    let state = store.data_mut();
    state.journal.finish();
    state.progress.finish();
    let peak_memory_bytes = state.limiter.peak_memory();
    let uses = state.uses.take();
    let log = Arc::clone(&state.log);
    let artifacts = state.artifacts.close().await;
    // What the guest printed and did not end with a line break is logged when its streams go.
    drop(store);
    RunReport {
        fuel_used: run.limits.get(Limit::Fuel).saturating_sub(fuel_left),
        peak_memory_bytes,
        artifacts,
        dropped_log_lines: log.finish(),
        uses,
        ..report
    }
}

fn report(run: &Run, returned: Returned) -> RunReport {
    match returned {
        Ok(outcome) => success(run, outcome),
        Err(JobError::Permanent(error)) if run.cancel.is_cancelled() => {
            RunReport::from(Ending::new(OutcomeCode::Cancelled, error.message))
        }
        Err(JobError::Permanent(error)) => {
            RunReport::from(Ending::new(OutcomeCode::Failed, error.message))
        }
        Err(JobError::Retryable(error)) => RunReport {
            retry_after: error
                .delay_ms
                .map(|delay| Duration::from_millis(delay).min(MAX_RETRY_AFTER)),
            ..RunReport::from(Ending::new(OutcomeCode::FailedRetryable, error.message))
        },
    }
}

fn success(run: &Run, returned: Outcome) -> RunReport {
    let maximum = run.limits.get(Limit::ResultBytes);
    let size = u64::try_from(returned.result.len()).unwrap_or(u64::MAX);
    if size > maximum {
        let message = format!("the result has {size} bytes; at most {maximum} are kept");
        return RunReport::from(Ending::new(OutcomeCode::InvalidResult, message));
    }
    let result: Value = match serde_json::from_str(&returned.result) {
        Ok(result) => result,
        Err(error) => {
            let message = format!("the result is not JSON: {error}");
            return RunReport::from(Ending::new(OutcomeCode::InvalidResult, message));
        }
    };
    if let Err(error) = storable(&result) {
        let message = format!("the result cannot be kept: {error}");
        return RunReport::from(Ending::new(OutcomeCode::InvalidResult, message));
    }
    let outcome = if run.cancel.is_cancelled() {
        OutcomeCode::Cancelled
    } else {
        OutcomeCode::Success
    };
    RunReport {
        result: Some(result),
        ..RunReport::from(Ending::new(outcome, returned.message))
    }
}

fn context(run: &Run) -> Context {
    let context = &run.context;
    let parent = |parent: &ParentResult| Parent {
        job_id: parent.job.to_string(),
        job_name: parent.job_name.clone(),
        execution_id: parent.execution.to_string(),
        status: parent.status.clone(),
        result: parent.result.to_string(),
    };
    Context {
        run_id: context.execution.to_string(),
        job_id: context.job.to_string(),
        job_name: context.job_name.clone(),
        attempt: context.attempt,
        scheduled_at: context.scheduled_at.as_millisecond(),
        deadline: context.deadline.as_millisecond(),
        dry_run: context.mode.is_dry(),
        idempotency_key: context.idempotency_key.clone(),
        parents: context.parents.iter().map(parent).collect(),
    }
}

/// A run that ended so, and used nothing that is known of.
impl From<Ending> for RunReport {
    fn from(ending: Ending) -> Self {
        let message = plain(&ending.message, MAX_MESSAGE_BYTES);
        Self {
            outcome: ending.outcome,
            result: None,
            message: (!message.is_empty()).then_some(message),
            retry_after: None,
            fuel_used: 0,
            peak_memory_bytes: 0,
            duration: Duration::ZERO,
            artifacts: Vec::new(),
            dropped_log_lines: 0,
            uses: Vec::new(),
        }
    }
}
