//! When this host heard of executions first, so that it can say how long each took to begin.
//!
//! It is a measurement and nothing is decided by it: what was heard of before a restart, or by another
//! host, is not known here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use sandglass_contract::ExecutionId;

/// The most executions that are kept in mind.
const MOST_KEPT: usize = 100_000;

/// Moments on the monotonic clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrivals(Arc<Mutex<HashMap<ExecutionId, Duration>>>);

impl Arrivals {
    /// The execution was asked for, or due, at that moment.
    pub(crate) fn note(&self, execution: ExecutionId, moment: Duration) {
        let mut kept = self.0.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(execution, moment);
    }

    /// When that was, where it is known; it is forgotten then.
    pub(crate) fn take(&self, execution: &ExecutionId) -> Option<Duration> {
        self.0.lock().remove(execution)
    }
}
