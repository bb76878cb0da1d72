//! Users and tokens.

use std::{num::NonZeroU32, sync::Arc};

use sandglass_contract::{Digest, OrganisationId, TokenId, UserId, clock::testing::ManualClock};
use sandglass_registry::{
    PageRequest, PasswordHash, Role, Scope, Store, StoreError, TokenKind, TokenRecord, User,
    UserStatus,
};

use super::sample::{assert_refused, at, elsewhere, scope};

fn user(id: &str) -> User {
    User {
        id: UserId::parse(id).unwrap(),
        org: OrganisationId::default(),
        role: Role::SuperAdmin,
        status: UserStatus::Active,
        password: None,
        identity: None,
        created_at: at(0),
    }
}

fn token(id: &str, user: &str) -> TokenRecord {
    let user = UserId::parse(user).unwrap();
    let digest = Digest::of(id.as_bytes());
    TokenRecord::new(
        TokenId::parse(id).unwrap(),
        user,
        TokenKind::Api,
        digest,
        at(0),
    )
}

pub(crate) async fn a_token_is_found_with_its_user(store: Arc<dyn Store>, _clock: ManualClock) {
    assert!(!store.has_users().await.unwrap());
    let (ada, first) = (user("ada"), token("t1", "ada"));
    store.insert_user(&ada, Some(&first)).await.unwrap();
    assert!(store.has_users().await.unwrap());
    let found = store.token(&first.id).await.unwrap();
    assert_eq!(found, Some((first, ada)));
    let unknown = TokenId::parse("t2").unwrap();
    assert_eq!(store.token(&unknown).await.unwrap(), None);
}

pub(crate) async fn a_user_or_a_token_is_added_once(store: Arc<dyn Store>, _clock: ManualClock) {
    store
        .insert_user(&user("ada"), Some(&token("t1", "ada")))
        .await
        .unwrap();
    let again = store
        .insert_user(&user("ada"), Some(&token("t2", "ada")))
        .await;
    assert_refused!(again, StoreError::Exists { .. });
    let same_token = store
        .insert_user(&user("bob"), Some(&token("t1", "bob")))
        .await;
    assert_refused!(same_token, StoreError::Exists { .. });
    // Nothing of what was refused is there.
    store
        .insert_user(&user("bob"), Some(&token("t2", "bob")))
        .await
        .unwrap();
}

pub(crate) async fn a_token_is_put_in_the_place_of_the_one_before(
    store: Arc<dyn Store>,
    _clock: ManualClock,
) {
    let ada = user("ada");
    store
        .insert_user(&ada, Some(&token("t1", "ada")))
        .await
        .unwrap();
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

fn first_page() -> PageRequest {
    PageRequest::new(NonZeroU32::MIN, NonZeroU32::new(2).unwrap())
}

pub(crate) async fn users_are_listed_by_id(store: Arc<dyn Store>, _clock: ManualClock) {
    let there = User {
        org: elsewhere().organisation().clone(),
        ..user("anna")
    };
    for user in [&user("cleo"), &user("ada"), &there, &user("bob")] {
        store.insert_user(user, None).await.unwrap();
    }
    let page = store.users(&scope(), first_page()).await.unwrap();
    assert_eq!(
        (page.items, page.total),
        (vec![user("ada"), user("bob")], 3)
    );
    let page = store.users(&elsewhere(), first_page()).await.unwrap();
    assert_eq!((page.items, page.total), (vec![there.clone()], 1));
    assert_eq!(store.user(&there.id).await.unwrap(), Some(there));
}

pub(crate) async fn a_user_is_changed_by_who_knows_it(store: Arc<dyn Store>, _clock: ManualClock) {
    let ada = user("ada");
    store.insert_user(&ada, None).await.unwrap();
    let changed = User {
        role: Role::Admin,
        status: UserStatus::Disabled,
        password: Some(PasswordHash::new("$argon2id$".to_owned())),
        identity: Some("https://id.example.org 7".to_owned()),
        ..ada.clone()
    };
    store.replace_user(&ada, &changed).await.unwrap();
    let late = store.replace_user(&ada, &user("ada")).await;
    assert_refused!(late, StoreError::NotFound { .. });
    assert_eq!(store.user(&ada.id).await.unwrap(), Some(changed.clone()));
    let known = store.user_of_identity("https://id.example.org 7").await;
    assert_eq!(known.unwrap(), Some(changed.clone()));
    let unknown = store.user_of_identity("https://id.example.org 8").await;
    assert_eq!(unknown.unwrap(), None);
    let twin = User {
        id: UserId::parse("bob").unwrap(),
        ..changed
    };
    let twin = store.insert_user(&twin, None).await;
    assert_refused!(twin, StoreError::Exists { .. });
    let stranger = store.replace_user(&user("cleo"), &user("cleo")).await;
    assert_refused!(stranger, StoreError::NotFound { .. });
}

pub(crate) async fn tokens_are_listed_used_and_removed(store: Arc<dyn Store>, _clock: ManualClock) {
    store.insert_user(&user("ada"), None).await.unwrap();
    let there = User {
        org: elsewhere().organisation().clone(),
        ..user("bob")
    };
    store.insert_user(&there, None).await.unwrap();
    let session = |id: &str, expires| TokenRecord {
        kind: TokenKind::Session,
        expires_at: Some(at(expires)),
        ..token(id, "ada")
    };
    let newer = TokenRecord {
        created_at: at(1),
        ..token("t2", "ada")
    };
    let tokens = [
        token("t1", "ada"),
        newer.clone(),
        token("t3", "bob"),
        session("s1", 10),
        session("s2", 20),
    ];
    for token in &tokens {
        store.put_token(token).await.unwrap();
    }
    let list = async |scope: Scope, user: Option<UserId>| {
        let page = store
            .tokens(&scope, user.as_ref(), first_page())
            .await
            .unwrap();
        let ids: Vec<_> = page.items.iter().map(|it| it.id.to_string()).collect();
        (ids.join(" "), page.total)
    };
    assert_eq!(list(scope(), None).await, ("t2 t1".to_owned(), 2));
    let ada = UserId::parse("ada").unwrap();
    assert_eq!(list(scope(), Some(ada.clone())).await.1, 2);
    assert_eq!(list(elsewhere(), Some(ada.clone())).await.1, 0);
    assert_eq!(list(elsewhere(), None).await, ("t3".to_owned(), 1));

    store.touch_token(&newer.id, at(60)).await.unwrap();
    let (touched, _) = store.token(&newer.id).await.unwrap().unwrap();
    assert_eq!(touched.last_used_at, Some(at(60)));
    assert!(store.remove_token(&newer.id).await.unwrap());
    assert!(!store.remove_token(&newer.id).await.unwrap());
    assert_eq!(store.token(&newer.id).await.unwrap(), None);

    let over = store
        .remove_tokens(&ada, TokenKind::Session, Some(at(10)))
        .await;
    assert_eq!(over.unwrap(), 1);
    let rest = store.remove_tokens(&ada, TokenKind::Session, None).await;
    assert_eq!(rest.unwrap(), 1);
    assert_eq!(list(scope(), Some(ada)).await, ("t1".to_owned(), 1));
}
