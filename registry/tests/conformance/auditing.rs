//! The audit log.

use std::{num::NonZeroU32, sync::Arc};

use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{AuditAction, AuditEntry, PageRequest, Scope, Store};
use serde_json::json;

use super::sample::{at, elsewhere, scope, user};

pub(crate) async fn the_audit_log_is_read_newest_first(store: Arc<dyn Store>, _clock: ManualClock) {
    let entry = |scope: &Scope, target: &str, seconds| AuditEntry {
        org: scope.organisation().clone(),
        at: at(seconds),
        by: user(),
        action: AuditAction::JobPaused,
        target: target.to_owned(),
        detail: json!({"reason": ["ü", null]}),
    };
    let first = entry(&scope(), "job_1", 5);
    let theirs = entry(&elsewhere(), "job_2", 6);
    // A clock that was set back changes nothing in the order.
    let second = entry(&scope(), "job_3", 1);
    for line in [&first, &theirs, &second, &second] {
        store.append_audit(line).await.unwrap();
    }
    let check = async |scope: Scope, page: u32, expect: &[&AuditEntry], total| {
        let number = |number| NonZeroU32::new(number).unwrap();
        let page = PageRequest::new(number(page), number(2));
        let found = store.audit_log(&scope, page).await.unwrap();
        let items: Vec<_> = found.items.iter().collect();
        assert_eq!((items.as_slice(), found.total), (expect, total));
    };
    check(scope(), 1, &[&second, &second], 3).await;
    check(scope(), 2, &[&first], 3).await;
    check(elsewhere(), 1, &[&theirs], 1).await;
}
