//! Bells between the parts of the scheduler, so that none of them waits for a tick when there is work.

use std::sync::Arc;

use tokio::sync::Notify;

/// The bells. A ring that nobody waits for is kept for the next who does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wake {
    schedule: Arc<Notify>,
    work: Arc<Notify>,
    leases: Arc<Notify>,
}

impl Wake {
    /// A job's next slot may have changed.
    pub(crate) fn schedule(&self) {
        self.schedule.notify_one();
    }

    /// An execution may wait for a worker.
    pub(crate) fn work(&self) {
        self.work.notify_one();
    }

    /// Somebody may have asked for a running execution to end.
    pub(crate) fn leases(&self) {
        self.leases.notify_one();
    }

    pub(crate) async fn schedule_rung(&self) {
        self.schedule.notified().await;
    }

    pub(crate) async fn work_rung(&self) {
        self.work.notified().await;
    }

    pub(crate) async fn leases_rung(&self) {
        self.leases.notified().await;
    }
}
