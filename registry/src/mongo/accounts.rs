//! Users and tokens in MongoDB.

use std::{future::IntoFuture as _, slice::from_ref};

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use sandglass_contract::TokenId;

use super::{
    MongoStore,
    collections::{TOKENS, USERS},
    failure::{driver_error, in_time, is_taken},
    listing::one,
    reading::Read,
    stored::to_document,
    transaction::in_transaction,
};
use crate::{
    account::{TokenRecord, User},
    store::{AccountStore, StoreError},
};

const USER: &str = "user";
const TOKEN: &str = "token";

#[async_trait]
impl AccountStore for MongoStore {
    async fn insert_user(&self, user: &User, token: &TokenRecord) -> Result<(), StoreError> {
        let user = to_document(USER, user)?;
        let token = to_document(TOKEN, token)?;
        in_transaction!(self, |transaction| async {
            transaction.insert(USERS, from_ref(&user), USER).await?;
            transaction.insert(TOKENS, from_ref(&token), TOKEN).await
        })
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        let found = self.find_one(USERS, Read::default().only(&[])).await?;
        Ok(found.is_some())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<(TokenRecord, User)>, StoreError> {
        let tokens = self.collection(TOKENS);
        let token: Option<TokenRecord> = one(TOKEN, &tokens, doc! {"_id": id.as_str()}).await?;
        let Some(token) = token else {
            return Ok(None);
        };
        let users = self.collection(USERS);
        let user = one(USER, &users, doc! {"_id": token.user.as_str()}).await?;
        Ok(user.map(|user| (token, user)))
    }

    async fn put_token(&self, token: &TokenRecord) -> Result<(), StoreError> {
        // Users are never removed, so that this one is still there below.
        let user = doc! {"_id": token.user.as_str()};
        if self.find_one(USERS, Read::of(user)).await?.is_none() {
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
