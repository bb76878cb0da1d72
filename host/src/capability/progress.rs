//! `sandglass:job/progress`: the newest report counts, a few of them a second.

use std::{sync::Arc, time::Duration};

use sandglass_contract::{Clock, Progress};

use crate::{
    bindings::sandglass::job::progress::Host, run::RunObserver, state::RunState, text::plain,
};

/// The least time between two reports that are handed on.
const INTERVAL: Duration = Duration::from_millis(250);
const MAX_NOTE_BYTES: usize = 200;

impl Host for RunState {
    async fn report(
        &mut self,
        done: u64,
        total: Option<u64>,
        note: Option<String>,
    ) -> wasmtime::Result<()> {
        self.count_call()?;
        let note = note.map(|note| plain(&note, MAX_NOTE_BYTES));
        self.progress.report(Progress { done, total, note });
        Ok(())
    }
}

/// Hands on reports, at most four a second, and the last one always.
pub(crate) struct Reports {
    observer: Arc<dyn RunObserver>,
    clock: Arc<dyn Clock>,
    handed_on: Option<Duration>,
    waiting: Option<Progress>,
}

impl Reports {
    pub(crate) fn new(observer: Arc<dyn RunObserver>, clock: Arc<dyn Clock>) -> Self {
        Self {
            observer,
            clock,
            handed_on: None,
            waiting: None,
        }
    }

    fn report(&mut self, progress: Progress) {
        let now = self.clock.monotonic();
        let too_soon = |last: Duration| now.saturating_sub(last) < INTERVAL;
        if self.handed_on.is_some_and(too_soon) {
            self.waiting = Some(progress);
            return;
        }
        self.handed_on = Some(now);
        self.waiting = None;
        self.observer.progress(progress);
    }

    /// Hands on the report that still waits.
    pub(crate) fn finish(&mut self) {
        if let Some(progress) = self.waiting.take() {
            self.observer.progress(progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sandglass_contract::clock::testing::ManualClock;

    use crate::state::testing::Recorder;

    use super::*;

    #[test]
    fn reports_are_thinned_and_the_last_arrives() {
        let recorder = Arc::new(Recorder::default());
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let observer: Arc<dyn RunObserver> = Arc::clone(&recorder) as _;
        let mut reports = Reports::new(observer, Arc::new(clock.clone()));
        for done in 0..100 {
            reports.report(Progress {
                done,
                total: Some(100),
                note: None,
            });
            clock.advance(Duration::from_millis(10));
        }
        reports.finish();
        let done: Vec<u64> = recorder.progress.lock().iter().map(|it| it.done).collect();
        assert_eq!(done, [0, 25, 50, 75, 99]);
    }
}
