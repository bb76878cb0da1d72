//! Whatever a store went through, everything is moved to MongoDB and back again unchanged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod conformance;
mod mongodb;

use std::{path::Path, sync::Arc, thread};

use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{
    Store,
    archive::{Archive, RecordKind, begun, tally, transfer},
    embedded::EmbeddedStore,
    mongo::MongoStore,
};
use tempfile::TempDir;

use conformance::conformance_tests;

/// Moves what a store has been left with, once it is closed.
struct MovedAfterwards {
    folder: TempDir,
    clock: ManualClock,
}

impl Drop for MovedAfterwards {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let moved = thread::scope(|scope| {
            let work = || runtime().block_on(there_and_back(self.folder.path(), &self.clock));
            scope.spawn(work).join()
        });
        assert!(moved.is_ok(), "what was moved is not what was there");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

fn open_in(folder: &Path, clock: &ManualClock) -> EmbeddedStore {
    EmbeddedStore::open(folder, Arc::new(clock.clone())).unwrap()
}

async fn open() -> (Arc<dyn Store>, ManualClock, MovedAfterwards) {
    let folder = TempDir::new().unwrap();
    let clock = conformance::sample::start();
    let store = open_in(folder.path(), &clock);
    let moved = MovedAfterwards {
        folder,
        clock: clock.clone(),
    };
    (Arc::new(store), clock, moved)
}

conformance_tests!(open);

async fn copy(source: &dyn Archive, target: &dyn Archive) -> u64 {
    let mut copied = 0;
    for kind in RecordKind::ALL {
        let begun = begun(source, target, kind).await.unwrap();
        let done = transfer(source, target, kind, begun, |_| {}).await;
        copied += done.unwrap();
        let expect = tally(source, kind, |_| {}).await.unwrap();
        let found = tally(target, kind, |_| {}).await.unwrap();
        assert_eq!(found, expect, "{kind:?}");
        assert_eq!(found.count, target.count(kind).await.unwrap(), "{kind:?}");
    }
    copied
}

async fn there_and_back(folder: &Path, clock: &ManualClock) {
    let source = open_in(folder, clock);
    let connection = mongodb::connection("archive").await;
    let there = MongoStore::open_with_time_of(&connection, Arc::new(clock.clone())).await;
    let there = there.unwrap();
    copy(&source, &there).await;
    assert_eq!(copy(&source, &there).await, 0);
    let other = TempDir::new().unwrap();
    copy(&there, &open_in(other.path(), clock)).await;
}
