//! The policy of the system.

use std::sync::Arc;

use sandglass_contract::clock::testing::ManualClock;
use sandglass_registry::{PolicySetting, Scope, Store, StoreError, Version, policy::PolicyDraft};
use serde_json::json;

use super::sample::{at, elsewhere, scope, user};

fn setting(scope: &Scope, target: &str, version: u64) -> PolicySetting {
    let rule = json!({"interface": "database", "target": target, "operations": ["count"]});
    let draft = json!({"everybody": {"allow": [rule], "limits": {"fuel": 7}}, "roles": {"super_admin": {}}});
    let draft: PolicyDraft = serde_json::from_value(draft).unwrap();
    PolicySetting {
        org: scope.organisation().clone(),
        policy: draft.read().unwrap(),
        updated_by: Some(user()),
        updated_at: Some(at(3)),
        version: Version(version),
    }
}

pub(crate) async fn a_policy_is_the_default_until_it_is_set(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let unset = PolicySetting::unset(scope().organisation().clone());
    assert_eq!(store.policy(&scope()).await.unwrap(), unset);
    let first = setting(&scope(), "log_*", 1);
    store
        .set_policy(&scope(), &first, Version(0))
        .await
        .unwrap();
    assert_eq!(store.policy(&scope()).await.unwrap(), first);
    let second = setting(&scope(), "users", 2);
    store
        .set_policy(&scope(), &second, Version(1))
        .await
        .unwrap();
    assert_eq!(store.policy(&scope()).await.unwrap(), second);
}

pub(crate) async fn a_policy_is_set_only_by_who_knows_its_version(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let check = async |version: u64, expected: u64, current: Option<u64>| {
        let wanted = setting(&scope(), "users", version);
        let set = store.set_policy(&scope(), &wanted, Version(expected)).await;
        match (set, current) {
            (Ok(()), None) => {}
            (Err(StoreError::Changed { current }), Some(expect)) => {
                assert_eq!(current, Version(expect));
            }
            other => panic!("{other:?}"),
        }
    };
    check(2, 1, Some(0)).await;
    check(1, 0, None).await;
    check(1, 0, Some(1)).await;
    check(3, 2, Some(1)).await;
    check(2, 1, None).await;
}

pub(crate) async fn a_policy_belongs_to_an_organisation(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let theirs = setting(&elsewhere(), "users", 1);
    let refused = store.set_policy(&scope(), &theirs, Version(0)).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    store
        .set_policy(&elsewhere(), &theirs, Version(0))
        .await
        .unwrap();
    let ours = store.policy(&scope()).await.unwrap();
    assert_eq!(ours.version, Version(0));
    assert_eq!(store.policy(&elsewhere()).await.unwrap(), theirs);
}
