//! The journal of one run: an entry for every host call, with intent before and outcome after an effect.
//!
//! A guest makes one call at a time, so at most one is open. A call that is still open when the run
//! ends is closed as failed, unless its intent is written: then nobody knows whether the effect
//! happened, and the entry stays pending.

mod canonical;
mod function;

use std::{sync::Arc, time::Duration};

use sandglass_contract::{CallOutcome, Clock, Effect, JournalEntry, Limit, RunMode};

use crate::{
    bindings::sandglass::job::types::Error, capability::Refusal, limits::Allowance, outcome::Stop,
    run::RunObserver, state::RunState, text::plain,
};
pub(crate) use canonical::{Canonical, digest_of};
pub(crate) use function::Function;

const MAX_TARGET_BYTES: usize = 1_000;
const MAX_DETAIL_BYTES: usize = 500;

/// The journal of one run.
pub(crate) struct Journal {
    observer: Arc<dyn RunObserver>,
    clock: Arc<dyn Clock>,
    attempt: u32,
    mode: RunMode,
    seq: u64,
    open: Option<OpenCall>,
}

struct OpenCall {
    entry: JournalEntry,
    began: Duration,
    intent: Intent,
}

/// Whether the effect of a call may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    /// Not yet.
    None,
    /// Its intent was handed on, so from here on nobody knows.
    HandedOn,
}

impl Journal {
    pub(crate) fn new(
        observer: Arc<dyn RunObserver>,
        clock: Arc<dyn Clock>,
        attempt: u32,
        mode: RunMode,
    ) -> Self {
        Self {
            observer,
            clock,
            attempt,
            mode,
            seq: 0,
            open: None,
        }
    }

    fn begin(&mut self, function: Function, target: &str, arguments: &[&dyn Canonical]) {
        let (interface, name, effect) = function.row();
        self.seq += 1;
        let entry = JournalEntry {
            attempt: self.attempt,
            seq: self.seq,
            interface: interface.to_owned(),
            function: name.to_owned(),
            target: plain(target, MAX_TARGET_BYTES),
            request_digest: canonical::digest_of_call(interface, name, arguments),
            response_digest: None,
            effect,
            simulated: effect == Effect::Write && self.mode.is_dry(),
            outcome: CallOutcome::Pending,
            detail: None,
            started: self.clock.now(),
            duration_us: None,
        };
        self.open = Some(OpenCall {
            entry,
            began: self.clock.monotonic(),
            intent: Intent::None,
        });
    }

    /// The intent to be written, where the open call is about to have an effect.
    fn hand_on_intent(&mut self) -> Option<JournalEntry> {
        let open = self.open.as_mut()?;
        if open.entry.effect == Effect::Read || open.entry.simulated {
            return None;
        }
        open.intent = Intent::HandedOn;
        Some(open.entry.clone())
    }

    fn end(&mut self, outcome: CallOutcome, detail: Option<String>, response: &dyn Canonical) {
        if let Some(open) = self.open.take() {
            let took = self.clock.monotonic().saturating_sub(open.began);
            self.observer.call(JournalEntry {
                outcome,
                detail: detail.map(|detail| plain(&detail, MAX_DETAIL_BYTES)),
                response_digest: Some(digest_of(response)),
                duration_us: Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
                ..open.entry
            });
        }
    }

    /// Closes the call that the end of the run interrupted, where it has had no effect.
    pub(crate) fn finish(&mut self) {
        let open = self.open.as_ref();
        if open.is_some_and(|open| open.intent == Intent::None) {
            let detail = "the run ended before the call did".to_owned();
            self.end(CallOutcome::Failed, Some(detail), &());
        }
    }
}

/// Counts one host call of any kind.
fn count(allowance: &mut Allowance) -> Result<(), Stop> {
    allowance
        .take(Limit::HostCalls, 1)
        .map_err(|used_up| Stop::Limit {
            limit: used_up.limit,
            maximum: used_up.maximum,
        })
}

impl RunState {
    /// Counts a call that is not journaled.
    pub(crate) fn count_call(&mut self) -> Result<(), Stop> {
        count(&mut self.allowance)
    }

    /// Opens the entry of a call.
    pub(crate) fn begin(
        &mut self,
        function: Function,
        target: &str,
        arguments: &[&dyn Canonical],
    ) -> Result<(), Stop> {
        count(&mut self.allowance)?;
        self.journal.begin(function, target, arguments);
        Ok(())
    }

    /// Makes the intent of the open call durable, where it is about to have an effect.
    pub(crate) async fn intend(&mut self) -> Result<(), Refusal> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        if let Some(entry) = self.journal.hand_on_intent() {
            let observer = Arc::clone(&self.journal.observer);
            let recorded = observer.intent(entry).await;
            recorded.map_err(|_lost| Stop::LeaseLost)?;
        }
        Ok(())
    }

    /// Closes the entry of a call that cannot fail.
    pub(crate) fn answer<T: Canonical>(&mut self, answer: T) -> wasmtime::Result<T> {
        self.journal.end(CallOutcome::Ok, None, &answer);
        Ok(answer)
    }

    /// Closes the entry of a call and turns what became of it into what the guest sees. `detail` is what
    /// a reader of the journal wants to know of the answer. Nothing is closed where the run ends here.
    pub(crate) fn end<T: Canonical>(
        &mut self,
        result: Result<T, Refusal>,
        detail: impl FnOnce(&T) -> Option<String>,
    ) -> wasmtime::Result<Result<T, Error>> {
        match result {
            Ok(answer) => {
                let response: Result<&T, Error> = Ok(&answer);
                self.journal
                    .end(CallOutcome::Ok, detail(&answer), &response);
                Ok(Ok(answer))
            }
            Err(refusal) => {
                let (outcome, detail) = (refusal.call_outcome(), refusal.text());
                let error = refusal.into_error()?;
                let response: Result<(), Error> = Err(error.clone());
                self.journal.end(outcome, detail, &response);
                Ok(Err(error))
            }
        }
    }
}
