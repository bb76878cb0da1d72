//! New ids for documents that come without one (MongoDB manual, "ObjectId()"): the second, a random
//! number for the process, and a counter that begins anywhere.

use std::sync::atomic::{AtomicU32, Ordering};

use bson::oid::ObjectId;
use jiff::Timestamp;

/// A source of ids.
pub(crate) struct ObjectIds {
    process: [u8; 5],
    counter: AtomicU32,
}

impl Default for ObjectIds {
    fn default() -> Self {
        Self {
            process: rand::random(),
            counter: AtomicU32::new(rand::random()),
        }
    }
}

impl ObjectIds {
    /// A new id.
    pub(crate) fn next(&self, now: Timestamp) -> ObjectId {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let [_, high, middle, low] = count.to_be_bytes();
        let seconds = u32::try_from(now.as_second()).unwrap_or_default();
        ObjectId::from_parts(seconds, self.process, [high, middle, low])
    }
}
