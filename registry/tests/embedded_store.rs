//! The embedded store keeps every promise of the `Store` traits.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod conformance;

use std::sync::Arc;

use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{Store, embedded::EmbeddedStore};
use tempfile::TempDir;

use conformance::conformance_tests;

fn open() -> (Arc<dyn Store>, ManualClock, TempDir) {
    let folder = TempDir::new().unwrap();
    let clock = conformance::sample::start();
    let store = EmbeddedStore::open(folder.path(), Arc::new(clock.clone())).unwrap();
    (Arc::new(store), clock, folder)
}

conformance_tests!(open);
