//! Users and tokens.

use std::sync::Arc;

use sandglass_contract::{Digest, OrganisationId, TokenId, UserId, clock::testing::ManualClock};
use sandglass_registry::{Role, Store, StoreError, TokenRecord, User};

use super::sample::{assert_refused, at};

fn user(id: &str) -> User {
    User {
        id: UserId::parse(id).unwrap(),
        org: OrganisationId::default(),
        role: Role::SuperAdmin,
        created_at: at(0),
    }
}

fn token(id: &str, user: &str) -> TokenRecord {
    TokenRecord {
        id: TokenId::parse(id).unwrap(),
        user: UserId::parse(user).unwrap(),
        secret_digest: Digest::of(id.as_bytes()),
        created_at: at(0),
    }
}

pub(crate) async fn a_token_is_found_with_its_user(store: Arc<dyn Store>, _clock: ManualClock) {
    assert!(!store.has_users().await.unwrap());
    let (ada, first) = (user("ada"), token("t1", "ada"));
    store.insert_user(&ada, &first).await.unwrap();
    assert!(store.has_users().await.unwrap());
    let found = store.token(&first.id).await.unwrap();
    assert_eq!(found, Some((first, ada)));
    let unknown = TokenId::parse("t2").unwrap();
    assert_eq!(store.token(&unknown).await.unwrap(), None);
}

pub(crate) async fn a_user_or_a_token_is_added_once(store: Arc<dyn Store>, _clock: ManualClock) {
    store
        .insert_user(&user("ada"), &token("t1", "ada"))
        .await
        .unwrap();
    let again = store.insert_user(&user("ada"), &token("t2", "ada")).await;
    assert_refused!(again, StoreError::Exists { .. });
    let same_token = store.insert_user(&user("bob"), &token("t1", "bob")).await;
    assert_refused!(same_token, StoreError::Exists { .. });
    // Nothing of what was refused is there.
    store
        .insert_user(&user("bob"), &token("t2", "bob"))
        .await
        .unwrap();
}

pub(crate) async fn a_token_is_put_in_the_place_of_the_one_before(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let ada = user("ada");
    store.insert_user(&ada, &token("t1", "ada")).await.unwrap();
    let changed = TokenRecord {
        secret_digest: Digest::of(b"another"),
        ..token("t1", "ada")
    };
    store.put_token(&changed).await.unwrap();
    store.put_token(&token("t2", "ada")).await.unwrap();
    let found = store.token(&changed.id).await.unwrap();
    assert_eq!(found, Some((changed, ada)));
    assert!(store.token(&token("t2", "ada").id).await.unwrap().is_some());
}
