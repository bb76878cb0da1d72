//! Secrets.

use std::sync::Arc;

use sandglass_contract::{SecretName, clock::testing::ManualClock};
use sandglass_registry::{Scope, SealedSecret, Store, StoreError};

use super::sample::{at, elsewhere, scope, user};

fn secret(scope: &Scope, name: &str, sealed: &str) -> SealedSecret {
    SealedSecret {
        org: scope.organisation().clone(),
        name: SecretName::parse(name).unwrap(),
        key_id: "0123456789abcdef".to_owned(),
        sealed: sealed.to_owned(),
        created_at: at(1),
        updated_at: at(2),
        updated_by: user(),
    }
}

pub(crate) async fn a_secret_is_read_replaced_and_removed(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let (first, second) = (
        secret(&scope(), "b.hook", "b25l"),
        secret(&scope(), "a-hook", "dHdv"),
    );
    store.put_secret(&first).await.unwrap();
    store.put_secret(&second).await.unwrap();
    let replaced = secret(&scope(), "b.hook", "dGhyZWU=");
    store.put_secret(&replaced).await.unwrap();
    let found = store.secret(&scope(), &first.name).await.unwrap();
    assert_eq!(found, Some(replaced.clone()));
    let all = store.secrets(&scope()).await.unwrap();
    assert_eq!(all, [second.clone(), replaced]);
    store.delete_secret(&scope(), &first.name).await.unwrap();
    let gone = store.delete_secret(&scope(), &first.name).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
    assert_eq!(store.secrets(&scope()).await.unwrap(), [second]);
}

pub(crate) async fn a_secret_belongs_to_an_organisation(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let (ours, theirs) = (
        secret(&scope(), "hook", "b3Vycw=="),
        secret(&elsewhere(), "hook", "dGhlaXJz"),
    );
    store.put_secret(&ours).await.unwrap();
    assert_eq!(store.secret(&elsewhere(), &ours.name).await.unwrap(), None);
    store.put_secret(&theirs).await.unwrap();
    store.delete_secret(&elsewhere(), &ours.name).await.unwrap();
    assert_eq!(store.secrets(&elsewhere()).await.unwrap(), []);
    assert_eq!(
        store.secret(&scope(), &ours.name).await.unwrap(),
        Some(ours)
    );
}
