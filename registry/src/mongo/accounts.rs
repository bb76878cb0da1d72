//! Users, tokens and sessions in MongoDB.

use std::{future::IntoFuture as _, slice::from_ref};

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use sandglass_contract::{TokenId, UserId};

use super::{
    MongoStore,
    collections::{TOKENS, USERS},
    executions::text,
    failure::{driver_error, in_time, is_taken},
    listing::one,
    reading::Read,
    stored::{date, from_document, to_document},
    transaction::in_transaction,
};
use crate::{
    account::{TokenKind, TokenRecord, User},
    page::{Page, PageRequest},
    scope::Scope,
    store::{AccountStore, StoreError},
};

const USER: &str = "user";
const TOKEN: &str = "token";

#[async_trait]
impl AccountStore for MongoStore {
    async fn insert_user(
        &self,
        user: &User,
        token: Option<&TokenRecord>,
    ) -> Result<(), StoreError> {
        let user = user_document(user)?;
        let token = token.map(|token| to_document(TOKEN, token)).transpose()?;
        in_transaction!(self, |transaction| async {
            transaction.insert(USERS, from_ref(&user), USER).await?;
            let token = token.as_slice();
            transaction.insert(TOKENS, token, TOKEN).await
        })
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        let found = self.find_one(USERS, Read::default().only(&[])).await?;
        Ok(found.is_some())
    }

    async fn users(&self, scope: &Scope, page: PageRequest) -> Result<Page<User>, StoreError> {
        let filter = doc! {"org": scope.organisation().as_str()};
        let by_id = doc! {"_id": 1};
        self.page(USERS, filter, by_id, page, |it| from_document(USER, it))
            .await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        one(USER, &self.collection(USERS), doc! {"_id": id.as_str()}).await
    }

    async fn user_of_identity(&self, identity: &str) -> Result<Option<User>, StoreError> {
        one(USER, &self.collection(USERS), doc! {"identity": identity}).await
    }

    async fn replace_user(&self, before: &User, after: &User) -> Result<(), StoreError> {
        let id = doc! {"_id": before.id.as_str()};
        let document = user_document(after)?;
        in_transaction!(self, |transaction| async {
            let stored = transaction.find_one(USERS, Read::of(id.clone())).await?;
            let stored: Option<User> = stored.map(|it| from_document(USER, it)).transpose()?;
            if stored.as_ref() != Some(before) {
                return Err(StoreError::NotFound { what: USER });
            }
            transaction.delete(USERS, id.clone()).await?;
            transaction.insert(USERS, from_ref(&document), USER).await
        })
    }

    async fn token(&self, id: &TokenId) -> Result<Option<(TokenRecord, User)>, StoreError> {
        let tokens = self.collection(TOKENS);
        let token: Option<TokenRecord> = one(TOKEN, &tokens, doc! {"_id": id.as_str()}).await?;
        let Some(token) = token else {
            return Ok(None);
        };
        let user = self.user(&token.user).await?;
        Ok(user.map(|user| (token, user)))
    }

    async fn put_token(&self, token: &TokenRecord) -> Result<(), StoreError> {
        // Users are never removed, so that this one is still there below.
        if self.user(&token.user).await?.is_none() {
            return Err(StoreError::NotFound { what: USER });
        }
        let document = to_document(TOKEN, token)?;
        match self.replace_token(token, &document).await {
            // Somebody else added it between the look and the write.
            Err(error) if driver_error(&error).is_some_and(is_taken) => {
                self.replace_token(token, &document).await
            }
            replaced => replaced,
        }
    }

    async fn tokens(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        page: PageRequest,
    ) -> Result<Page<TokenRecord>, StoreError> {
        let mut users = doc! {"org": scope.organisation().as_str()};
        if let Some(user) = user {
            users.insert("_id", user.as_str());
        }
        let users = self.find(USERS, Read::of(users).only(&[])).await?;
        let users: Vec<&str> = users.iter().map(|it| text(it, "_id")).collect();
        let filter = doc! {"user": {"$in": users}, "kind": {"$ne": "session"}};
        let newest_first = doc! {"created_at": -1, "_id": -1};
        let read = |document| from_document(TOKEN, document);
        self.page(TOKENS, filter, newest_first, page, read).await
    }

    async fn touch_token(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        let tokens = self.collection(TOKENS);
        let used = doc! {"$set": {"last_used_at": date(at)}};
        let touching = tokens.update_one(doc! {"_id": id.as_str()}, used);
        in_time(touching.into_future()).await?;
        Ok(())
    }

    async fn remove_token(&self, id: &TokenId) -> Result<bool, StoreError> {
        let tokens = self.collection(TOKENS);
        let removing = tokens.delete_one(doc! {"_id": id.as_str()});
        Ok(in_time(removing.into_future()).await?.deleted_count > 0)
    }

    async fn remove_tokens(
        &self,
        user: &UserId,
        kind: TokenKind,
        ended_at: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let of_user = Read::of(doc! {"user": user.as_str()});
        let mut removed = 0;
        for document in self.find(TOKENS, of_user).await? {
            let token: TokenRecord = from_document(TOKEN, document)?;
            if token.is_over(kind, ended_at) && self.remove_token(&token.id).await? {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// A user as a document; one without an identity has no such member, so that the index leaves it out.
pub(super) fn user_document(user: &User) -> Result<Document, StoreError> {
    let mut document = to_document(USER, user)?;
    if user.identity.is_none() {
        document.remove("identity");
    }
    Ok(document)
}

impl MongoStore {
    async fn replace_token(
        &self,
        token: &TokenRecord,
        document: &Document,
    ) -> Result<(), StoreError> {
        let tokens = self.collection(TOKENS);
        let replacing = tokens.replace_one(doc! {"_id": token.id.as_str()}, document);
        in_time(replacing.upsert(true).into_future()).await?;
        Ok(())
    }
}
