//! Users, tokens and sessions in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_contract::{TokenId, UserId};

use super::{
    EmbeddedStore,
    failure::{is_dangling, is_taken},
    selection::Selection,
    stored::{json_column, to_json},
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
impl AccountStore for EmbeddedStore {
    async fn insert_user(
        &self,
        user: &User,
        token: Option<&TokenRecord>,
    ) -> Result<(), StoreError> {
        let (user, token) = (user.clone(), token.cloned());
        self.file
            .write(move |connection| {
                insert_user(connection, &user)?;
                token.map_or(Ok(()), |token| insert_token(connection, &token))
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

    async fn users(&self, scope: &Scope, page: PageRequest) -> Result<Page<User>, StoreError> {
        let selection = Selection::of("users", scope.organisation().as_str());
        self.file
            .read(move |connection| {
                selection.page(connection, "doc", "id", page, |row| {
                    json_column(row, "doc", USER)
                })
            })
            .await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let id = id.clone();
        self.file
            .read(move |connection| find_user(connection, "id", id.as_str()))
            .await
    }

    async fn user_of_identity(&self, identity: &str) -> Result<Option<User>, StoreError> {
        let identity = identity.to_owned();
        self.file
            .read(move |connection| find_user(connection, "identity", &identity))
            .await
    }

    async fn replace_user(&self, before: &User, after: &User) -> Result<(), StoreError> {
        let (before, after) = (before.clone(), after.clone());
        self.file
            .write(move |connection| {
                let stored = find_user(connection, "id", before.id.as_str())?;
                if stored.as_ref() != Some(&before) {
                    return Err(StoreError::NotFound { what: USER });
                }
                connection
                    .prepare_cached("UPDATE users SET identity = ?, doc = ? WHERE id = ?")?
                    .execute(params![
                        after.identity,
                        to_json(USER, &after)?,
                        before.id.as_str()
                    ])
                    .map_err(|error| taken(error, USER))?;
                Ok(())
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
                        let token = json_column(row, "token", TOKEN)?;
                        Ok((token, json_column(row, "user", USER)?))
                    })?
                    .next()
                    .transpose()
            })
            .await
    }

    async fn put_token(&self, token: &TokenRecord) -> Result<(), StoreError> {
        let (token, doc) = (token.clone(), to_json(TOKEN, token)?);
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO api_tokens (id, user_id, doc) VALUES (?, ?, ?)
                         ON CONFLICT (id) DO UPDATE
                         SET user_id = excluded.user_id, doc = excluded.doc",
                    )?
                    .execute(params![token.id.as_str(), token.user.as_str(), doc])
                    .map_err(|error| taken(error, TOKEN))?;
                Ok(())
            })
            .await
    }

    async fn tokens(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        page: PageRequest,
    ) -> Result<Page<TokenRecord>, StoreError> {
        let tokens = "(SELECT org, user_id, api_tokens.rowid AS number, api_tokens.doc AS doc
             FROM api_tokens JOIN users ON users.id = api_tokens.user_id)";
        let mut selection = Selection::of(tokens, scope.organisation().as_str());
        selection.narrow("coalesce(doc ->> 'kind', 'api') = ?", ["api".to_owned()]);
        if let Some(user) = user {
            selection.narrow("user_id = ?", [user.as_str().to_owned()]);
        }
        self.file
            .read(move |connection| {
                selection.page(connection, "doc", "number DESC", page, |row| {
                    json_column(row, "doc", TOKEN)
                })
            })
            .await
    }

    async fn touch_token(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        self.file
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE api_tokens SET doc = json_set(doc, '$.last_used_at', ?)
                         WHERE id = ?",
                    )?
                    .execute(params![at.to_string(), id.as_str()])?;
                Ok(())
            })
            .await
    }

    async fn remove_token(&self, id: &TokenId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.file
            .write(move |connection| {
                let removed = connection
                    .prepare_cached("DELETE FROM api_tokens WHERE id = ?")?
                    .execute([id.as_str()])?;
                Ok(removed > 0)
            })
            .await
    }

    async fn remove_tokens(
        &self,
        user: &UserId,
        kind: TokenKind,
        ended_at: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let user = user.clone();
        self.file
            .write(move |connection| remove_tokens(connection, &user, kind, ended_at))
            .await
    }
}

/// Adds a user.
pub(super) fn insert_user(connection: &Connection, user: &User) -> Result<(), StoreError> {
    let doc = to_json(USER, user)?;
    connection
        .prepare_cached("INSERT INTO users (id, org, identity, doc) VALUES (?, ?, ?, ?)")?
        .execute(params![
            user.id.as_str(),
            user.org.as_str(),
            user.identity,
            doc
        ])
        .map_err(|error| taken(error, USER))?;
    Ok(())
}

/// Adds a token of a user.
pub(super) fn insert_token(connection: &Connection, token: &TokenRecord) -> Result<(), StoreError> {
    let doc = to_json(TOKEN, token)?;
    connection
        .prepare_cached("INSERT INTO api_tokens (id, user_id, doc) VALUES (?, ?, ?)")?
        .execute(params![token.id.as_str(), token.user.as_str(), doc])
        .map_err(|error| taken(error, TOKEN))?;
    Ok(())
}

fn find_user(
    connection: &Connection,
    column: &str,
    value: &str,
) -> Result<Option<User>, StoreError> {
    connection
        .prepare_cached(&format!("SELECT doc FROM users WHERE {column} = ?"))?
        .query_and_then([value], |row| json_column(row, "doc", USER))?
        .next()
        .transpose()
}

fn remove_tokens(
    connection: &Connection,
    user: &UserId,
    kind: TokenKind,
    ended_at: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let tokens: Vec<TokenRecord> = connection
        .prepare_cached("SELECT doc FROM api_tokens WHERE user_id = ?")?
        .query_and_then([user.as_str()], |row| json_column(row, "doc", TOKEN))?
        .collect::<Result<_, StoreError>>()?;
    let mut removed = 0;
    for token in tokens.iter().filter(|token| token.is_over(kind, ended_at)) {
        removed += connection
            .prepare_cached("DELETE FROM api_tokens WHERE id = ?")?
            .execute([token.id.as_str()])?;
    }
    Ok(removed as u64)
}

fn taken(error: rusqlite::Error, what: &'static str) -> StoreError {
    match error {
        error if is_taken(&error) => StoreError::Exists { what },
        error if is_dangling(&error) => StoreError::NotFound { what: USER },
        error => error.into(),
    }
}
