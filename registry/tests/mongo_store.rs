//! The store in MongoDB keeps every promise of the `Store` traits.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod conformance;
mod mongodb;

use std::sync::Arc;

use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{Store, mongo::MongoStore};

use conformance::conformance_tests;

async fn open() -> (Arc<dyn Store>, ManualClock, ()) {
    let connection = mongodb::connection("store").await;
    let clock = conformance::sample::start();
    let store = MongoStore::open_with_time_of(&connection, Arc::new(clock.clone())).await;
    (Arc::new(store.unwrap()), clock, ())
}

conformance_tests!(open);
