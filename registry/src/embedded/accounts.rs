//! Users and tokens in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use sandglass_contract::TokenId;

use super::{
    EmbeddedStore,
    failure::{is_dangling, is_taken},
    stored::{json_column, to_json},
};
use crate::{
    account::{TokenRecord, User},
    store::{AccountStore, StoreError},
};

#[async_trait]
impl AccountStore for EmbeddedStore {
    async fn insert_user(&self, user: &User, token: &TokenRecord) -> Result<(), StoreError> {
        let (user, token) = (user.clone(), token.clone());
        self.file
            .write(move |connection| {
                insert_user(connection, &user)?;
                insert_token(connection, &token)
            })
            .await
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        self.file
            .read(|connection| {
                let found = connection
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM users)")?
                    .query_row([], |row| row.get(0))?;
                Ok(found)
            })
            .await
    }

    async fn token(&self, id: &TokenId) -> Result<Option<(TokenRecord, User)>, StoreError> {
        let id = id.clone();
        self.file
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT api_tokens.doc AS token, users.doc AS user
                         FROM api_tokens JOIN users ON users.id = api_tokens.user_id
                         WHERE api_tokens.id = ?",
                    )?
                    .query_and_then([id.as_str()], |row| {
                        let token = json_column(row, "token", "token")?;
                        Ok((token, json_column(row, "user", "user")?))
                    })?
                    .next()
                    .transpose()
            })
            .await
    }

    async fn put_token(&self, token: &TokenRecord) -> Result<(), StoreError> {
        let (token, doc) = (token.clone(), to_json("token", token)?);
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO api_tokens (id, user_id, doc) VALUES (?, ?, ?)
                         ON CONFLICT (id) DO UPDATE
                         SET user_id = excluded.user_id, doc = excluded.doc",
                    )?
                    .execute(params![token.id.as_str(), token.user.as_str(), doc])
                    .map_err(|error| taken(error, "token"))?;
                Ok(())
            })
            .await
    }
}

/// Adds a user.
pub(super) fn insert_user(connection: &Connection, user: &User) -> Result<(), StoreError> {
    let doc = to_json("user", user)?;
    connection
        .prepare_cached("INSERT INTO users (id, org, doc) VALUES (?, ?, ?)")?
        .execute(params![user.id.as_str(), user.org.as_str(), doc])
        .map_err(|error| taken(error, "user"))?;
    Ok(())
}

/// Adds a token of a user.
pub(super) fn insert_token(connection: &Connection, token: &TokenRecord) -> Result<(), StoreError> {
    let doc = to_json("token", token)?;
    connection
        .prepare_cached("INSERT INTO api_tokens (id, user_id, doc) VALUES (?, ?, ?)")?
        .execute(params![token.id.as_str(), token.user.as_str(), doc])
        .map_err(|error| taken(error, "token"))?;
    Ok(())
}

fn taken(error: rusqlite::Error, what: &'static str) -> StoreError {
    match error {
        error if is_taken(&error) => StoreError::Exists { what },
        error if is_dangling(&error) => StoreError::NotFound { what: "user" },
        error => error.into(),
    }
}
