//! Whatever a store went through, another holds the same after everything was moved there, and goes on
//! as the first would have.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod conformance;

use std::{path::Path, sync::Arc, thread};

use sandglass_contract::{Clock as _, clock::testing::ManualClock};
use sandglass_registry::{
    Store,
    archive::{Archive, RecordKind, TransferError, begun, tally, transfer},
    embedded::EmbeddedStore,
    store::{ExecutionStore as _, JobStore as _},
};
use tempfile::TempDir;

use conformance::{
    conformance_tests,
    sample::{execution, job, queued, request, scope},
};

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
            let work =
                || runtime().block_on(moved_goes_on_as_before(self.folder.path(), &self.clock));
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

async fn copy(source: &dyn Archive, target: &dyn Archive) -> Result<u64, TransferError> {
    let mut copied = 0;
    for kind in RecordKind::ALL {
        let begun = begun(source, target, kind).await?;
        copied += transfer(source, target, kind, begun, |_| {}).await?;
    }
    Ok(copied)
}

async fn assert_same(source: &dyn Archive, target: &dyn Archive) {
    for kind in RecordKind::ALL {
        let expect = tally(source, kind, |_| {}).await.unwrap();
        let found = tally(target, kind, |_| {}).await.unwrap();
        assert_eq!(found, expect, "{kind:?}");
        assert_eq!(found.count, target.count(kind).await.unwrap(), "{kind:?}");
    }
}

async fn moved_goes_on_as_before(folder: &Path, clock: &ManualClock) {
    let other = TempDir::new().unwrap();
    {
        let (source, target) = (open_in(folder, clock), open_in(other.path(), clock));
        copy(&source, &target).await.unwrap();
        assert_same(&source, &target).await;
        assert_eq!(copy(&source, &target).await.unwrap(), 0);
    }
    let (source, target) = (open_in(folder, clock), open_in(other.path(), clock));
    assert_same(&source, &target).await;
    let now = clock.now();
    assert_eq!(
        source.due_jobs(now, 100).await.unwrap(),
        target.due_jobs(now, 100).await.unwrap()
    );
    assert_eq!(
        source.next_due(jiff::Timestamp::UNIX_EPOCH).await.unwrap(),
        target.next_due(jiff::Timestamp::UNIX_EPOCH).await.unwrap()
    );
    let ended = source.end_overdue(100).await.unwrap().ended;
    assert_eq!(ended, target.end_overdue(100).await.unwrap().ended);
    for _ in 0..3 {
        let claimed = source.claim(request(100)).await.unwrap();
        let theirs = target.claim(request(100)).await.unwrap();
        assert_eq!(format!("{claimed:?}"), format!("{theirs:?}"));
    }
    assert_same(&source, &target).await;
}

#[tokio::test]
async fn a_copy_that_was_broken_off_goes_on_where_it_was() {
    let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let clock = conformance::sample::start();
    let store: Arc<dyn Store> = Arc::new(open_in(from.path(), &clock));
    let ids: Vec<_> = (0..1200).map(|number| format!("exec_{number}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    queued(&store, "job_1", &ids).await;
    drop(store);
    let (source, target) = (open_in(from.path(), &clock), open_in(to.path(), &clock));
    let kinds = [RecordKind::JobRevisions, RecordKind::Jobs];
    for kind in kinds {
        let records = source.records(kind, None, 500).await.unwrap();
        target.put_records(kind, records).await.unwrap();
    }
    let kind = RecordKind::Executions;
    let records = source.records(kind, None, 700).await.unwrap();
    target.put_records(kind, records).await.unwrap();
    assert_eq!(begun(&source, &target, kind).await.unwrap().count, 700);
    assert_eq!(copy(&source, &target).await.unwrap(), 500);
    assert_same(&source, &target).await;
}

#[tokio::test]
async fn a_store_that_holds_something_else_is_left_alone() {
    let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let clock = conformance::sample::start();
    let (source, target) = (open_in(from.path(), &clock), open_in(to.path(), &clock));
    source.insert_job(&scope(), &job("job_1")).await.unwrap();
    let other = job("job_2");
    target.insert_job(&scope(), &other).await.unwrap();
    let refused = copy(&source, &target).await.unwrap_err();
    assert!(
        matches!(refused, TransferError::Foreign { .. }),
        "{refused}"
    );
    // More than the source has is something else, too.
    source.insert_job(&scope(), &other).await.unwrap();
    target.insert_job(&scope(), &job("job_1")).await.unwrap();
    copy(&source, &target).await.unwrap();
    let more = execution(&other, "exec_more");
    target.enqueue(&scope(), &more).await.unwrap();
    let refused = copy(&source, &target).await.unwrap_err();
    assert!(
        matches!(refused, TransferError::Foreign { .. }),
        "{refused}"
    );
}
