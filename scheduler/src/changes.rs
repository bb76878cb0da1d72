//! Word that an execution has changed, for whoever watches it live.
//!
//! It is a hint and nothing more: what changed is read from the store, and a watcher that misses a hint
//! loses nothing, since it looks again by itself after a while.

use sandglass_contract::ExecutionId;
use tokio::sync::broadcast;

/// How many hints may wait for a slow watcher before it loses the oldest.
const WAITING_HINTS: usize = 1024;

/// Tells watchers which executions have changed.
#[derive(Debug, Clone)]
pub struct Changes(broadcast::Sender<ExecutionId>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING_HINTS))
    }
}

impl Changes {
    /// The hints from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<ExecutionId> {
        self.0.subscribe()
    }

    /// Says that `execution` has changed.
    pub(crate) fn announce(&self, execution: &ExecutionId) {
        if self.0.receiver_count() > 0 {
            self.0.send(execution.clone()).ok();
        }
    }
}
