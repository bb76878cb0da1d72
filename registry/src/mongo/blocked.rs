//! Executions and limits that a claim could not change because an open transaction held them, so that the
//! next claims do not wait for the same ones again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mongodb::bson::{Document, doc};

/// For how long an execution is passed over.
const PASSED_OVER: Duration = Duration::from_secs(3);

/// What is passed over by its `_id`, and until when by the monotonic clock.
#[derive(Default)]
pub(super) struct Blocked(Mutex<BTreeMap<String, Duration>>);

impl Blocked {
    /// Passes something over for a while.
    pub(super) fn pass_over(&self, ids: &[&str], now: Duration) {
        let mut blocked = self.current(now);
        for id in ids {
            blocked.insert((*id).to_owned(), now.saturating_add(PASSED_OVER));
        }
    }

    /// Whether it is passed over.
    pub(super) fn is_passed_over(&self, id: &str, now: Duration) -> bool {
        self.current(now).contains_key(id)
    }

    /// The condition that an execution is not passed over.
    pub(super) fn condition(&self, now: Duration) -> Document {
        let blocked = self.current(now);
        match blocked.is_empty() {
            true => Document::new(),
            false => doc! {"_id": {"$nin": blocked.keys().collect::<Vec<_>>()}},
        }
    }

    fn current(&self, now: Duration) -> MutexGuard<'_, BTreeMap<String, Duration>> {
        let mut blocked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        blocked.retain(|_, until| *until > now);
        blocked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_passed_over_for_a_while() {
        let blocked = Blocked::default();
        let condition = |seconds| blocked.condition(Duration::from_secs(seconds));
        assert_eq!(condition(0), doc! {});
        blocked.pass_over(&["e1"], Duration::from_secs(1));
        blocked.pass_over(&["e2"], Duration::from_secs(2));
        assert_eq!(condition(3), doc! {"_id": {"$nin": ["e1", "e2"]}});
        assert!(blocked.is_passed_over("e2", Duration::from_secs(4)));
        assert!(!blocked.is_passed_over("e1", Duration::from_secs(4)));
        assert_eq!(condition(4), doc! {"_id": {"$nin": ["e2"]}});
        assert_eq!(condition(5), doc! {});
    }
}
