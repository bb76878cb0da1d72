//! The audit log.

use std::{num::NonZeroU32, sync::Arc};

use futures::future::join_all;
use sandglass_contract::{UserId, clock::testing::ManualClock};
use sandglass_registry::{
    AuditAction, AuditEntry, AuditHead, AuditLine, PageRequest, Scope, Store, store::AuditQuery,
};
use serde_json::json;

use super::sample::{at, elsewhere, scope, user};

fn entry(scope: &Scope, target: &str, seconds: i64) -> AuditEntry {
    AuditEntry {
        org: scope.organisation().clone(),
        at: at(seconds),
        by: user(),
        token: Some("t1".parse().unwrap()),
        from: Some("127.0.0.1".to_owned()),
        action: AuditAction::JobPaused,
        target: target.to_owned(),
        reason: Some("because".to_owned()),
        detail: json!({"reason": ["ü", null], "number": 1.0, "large": 1e300}),
    }
}

fn everything(page: u32) -> AuditQuery {
    let number = |number| NonZeroU32::new(number).unwrap();
    AuditQuery {
        action: None,
        by: None,
        target: None,
        since: None,
        until: None,
        page: PageRequest::new(number(page), number(2)),
    }
}

async fn check(
    store: &dyn Store,
    scope: &Scope,
    query: AuditQuery,
    expect: &[&AuditEntry],
    total: u64,
) {
    let found = store.audit_log(scope, &query).await.unwrap();
    let items: Vec<_> = found.items.iter().map(|it| it.read().unwrap()).collect();
    let items: Vec<_> = items.iter().collect();
    assert_eq!(
        (items.as_slice(), found.total),
        (expect, total),
        "{query:?}"
    );
}

pub(crate) async fn the_audit_log_is_read_newest_first(store: Arc<dyn Store>, _clock: ManualClock) {
    let first = entry(&scope(), "job_1", 5);
    let theirs = entry(&elsewhere(), "job_2", 6);
    // A clock that was set back changes nothing in the order.
    let second = entry(&scope(), "job_3", 1);
    for line in [&first, &theirs, &second, &second] {
        store.append_audit(line).await.unwrap();
    }
    check(&*store, &scope(), everything(1), &[&second, &second], 3).await;
    check(&*store, &scope(), everything(2), &[&first], 3).await;
    check(&*store, &elsewhere(), everything(1), &[&theirs], 1).await;
}

pub(crate) async fn the_audit_log_is_searched(store: Arc<dyn Store>, _clock: ManualClock) {
    let paused = entry(&scope(), "job_1", 5);
    let run = AuditEntry {
        action: AuditAction::JobRun,
        by: UserId::system(),
        ..entry(&scope(), "job_2", 7)
    };
    for line in [&paused, &run] {
        store.append_audit(line).await.unwrap();
    }
    let check = async |change: fn(&mut AuditQuery), expect: &AuditEntry| {
        let mut query = everything(1);
        change(&mut query);
        check(&*store, &scope(), query, &[expect], 1).await;
    };
    check(|it| it.action = Some(AuditAction::JobRun), &run).await;
    check(|it| it.by = Some(user()), &paused).await;
    check(|it| it.target = Some("job_2".to_owned()), &run).await;
    check(|it| it.since = Some(at(6)), &run).await;
    check(|it| it.until = Some(at(7)), &paused).await;
}

pub(crate) async fn lines_of_the_audit_log_are_a_chain(store: Arc<dyn Store>, _clock: ManualClock) {
    let store = &*store;
    assert_eq!(store.audit_head(&scope()).await.unwrap(), AuditHead::EMPTY);
    let mut last = AuditHead::EMPTY;
    for seconds in 1..=3 {
        let entry = AuditEntry {
            at: at(seconds) + jiff::SignedDuration::from_nanos(1),
            ..entry(&scope(), "job_1", 0)
        };
        let line = store.append_audit(&entry).await.unwrap();
        assert_eq!(line, last.append(&entry).unwrap());
        last = line.head();
    }
    store
        .append_audit(&entry(&elsewhere(), "job_2", 6))
        .await
        .unwrap();
    assert_eq!(store.audit_head(&scope()).await.unwrap(), last);
    let organisations = store.audited().await.unwrap();
    let mut expected = [scope(), elsewhere()].map(|it| it.organisation().clone());
    expected.sort();
    assert_eq!(organisations, expected);
    let behind = store.audit_lines(&scope(), 1, 10).await.unwrap();
    let numbers: Vec<_> = behind
        .iter()
        .map(|it| (it.line.number, it.is_found))
        .collect();
    assert_eq!(numbers, [(2, true), (3, true)]);
    let verdict = store.verify_audit(&scope(), Some(last)).await.unwrap();
    assert!(
        verdict.is_sound() && verdict.head == last && verdict.lines == 3,
        "{verdict:?}"
    );
    let unknown = AuditHead { number: 9, ..last };
    let verdict = store.verify_audit(&scope(), Some(unknown)).await.unwrap();
    assert!(!verdict.is_sound());
}

pub(crate) async fn lines_that_are_added_at_once_are_one_chain(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let lines = (0..12).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let entry = entry(&scope(), &format!("job_{number}"), number);
            store.append_audit(&entry).await.unwrap()
        }
    });
    let mut lines: Vec<AuditLine> = join_all(lines).await;
    lines.sort_by_key(|line| line.number);
    let numbers: Vec<_> = lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    let verdict = store.verify_audit(&scope(), None).await.unwrap();
    assert!(verdict.is_sound() && verdict.lines == 12, "{verdict:?}");
}
