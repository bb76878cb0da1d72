//! Bells between the parts of the scheduler, so that none of them waits for a tick when there is work.

use sandglass_contract::ExecutionId;
use tokio::sync::mpsc;

use crate::core::Event;

/// The bells of this host.
#[derive(Debug, Clone)]
pub(crate) struct Bells(mpsc::UnboundedSender<Event>);

impl Bells {
    /// Bells, and the place where they are heard.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Tells what has happened.
    pub(crate) fn tell(&self, event: Event) {
        // Nobody listens any more once everything has stopped.
        self.0.send(event).ok();
    }

    /// A job's next slot may have changed.
    pub(crate) fn jobs_changed(&self) {
        self.tell(Event::JobsChanged);
    }

    /// An execution may wait for a worker.
    pub(crate) fn work_arrived(&self) {
        self.tell(Event::WorkArrived);
    }

    /// There is an execution that may wait only so long.
    pub(crate) fn deadlines_changed(&self) {
        self.tell(Event::DeadlinesChanged);
    }

    /// A backfill may have slots to fire.
    pub(crate) fn backfills_changed(&self) {
        self.tell(Event::BackfillsChanged);
    }

    /// An execution has ended without having run here.
    pub(crate) fn executions_ended(&self) {
        self.tell(Event::ExecutionsEnded);
    }

    /// Somebody may have asked for executions to end.
    pub(crate) fn cancels_requested(&self) {
        self.tell(Event::CancelsRequested);
    }

    /// Somebody asked for this execution to end.
    pub(crate) fn cancel_requested(&self, execution: &ExecutionId) {
        self.tell(Event::CancelRequested(execution.clone()));
    }
}
