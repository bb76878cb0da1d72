//! Counting uses.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{RateLimit, Store, Use};

const LIMIT: RateLimit = RateLimit {
    most: 3,
    window: Duration::from_secs(60),
};

async fn take(store: &dyn Store, key: &str) -> (bool, u32) {
    let answer = store.take(key, LIMIT).await.unwrap();
    (matches!(answer, Use::Taken(_)), answer.state().remaining)
}

pub(crate) async fn uses_are_counted_by_key(store: Arc<dyn Store>, clock: ManualClock) {
    let store = &*store;
    for remaining in [2, 1, 0] {
        assert_eq!(take(store, "runs/ada").await, (true, remaining));
    }
    assert_eq!(take(store, "runs/ada").await, (false, 0));
    assert_eq!(take(store, "runs/bob").await, (true, 2));
    clock.advance(Duration::from_secs(59));
    assert_eq!(take(store, "runs/ada").await, (false, 0));
    clock.advance(Duration::from_secs(1));
    assert_eq!(take(store, "runs/ada").await, (true, 2));
    store.forget_uses("runs/ada").await.unwrap();
    assert_eq!(take(store, "runs/ada").await, (true, 2));
}

pub(crate) async fn no_more_are_let_through_at_once_than_there_is_room_for(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let uses = (0..12).map(|_| {
        let store = Arc::clone(&store);
        async move { take(&*store, "runs/ada").await.0 }
    });
    let taken = join_all(uses).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 3);
}
