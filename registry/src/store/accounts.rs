//! Keeping users, tokens and sessions.

use async_trait::async_trait;
use jiff::Timestamp;
use sandglass_contract::{TokenId, UserId};

use super::StoreError;
use crate::{
    account::{TokenKind, TokenRecord, User},
    page::{Page, PageRequest},
    scope::Scope,
};

/// The part of a store that keeps users, tokens and sessions.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds a user, with a first token where one is given.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where either id is taken.
    async fn insert_user(&self, user: &User, token: Option<&TokenRecord>)
    -> Result<(), StoreError>;

    /// Whether there is any user yet.
    async fn has_users(&self) -> Result<bool, StoreError>;

    /// A page of the users, by id.
    async fn users(&self, scope: &Scope, page: PageRequest) -> Result<Page<User>, StoreError>;

    /// A user of any organisation.
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;

    /// The user that was made for an identity at a sign-in service.
    async fn user_of_identity(&self, identity: &str) -> Result<Option<User>, StoreError>;

    /// Puts `after` in the place of the stored user, where that is still `before`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such user, or it is otherwise by now.
    async fn replace_user(&self, before: &User, after: &User) -> Result<(), StoreError>;

    /// A token and its user.
    async fn token(&self, id: &TokenId) -> Result<Option<(TokenRecord, User)>, StoreError>;

    /// Puts `token` in the place of the stored one of the same id, or adds it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such user.
    async fn put_token(&self, token: &TokenRecord) -> Result<(), StoreError>;

    /// The API tokens of everybody in the organisation, or of one user, newest first.
    async fn tokens(
        &self,
        scope: &Scope,
        user: Option<&UserId>,
        page: PageRequest,
    ) -> Result<Page<TokenRecord>, StoreError>;

    /// Notes that a token was used.
    async fn touch_token(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError>;

    /// Removes a token or session. Returns whether it was there.
    async fn remove_token(&self, id: &TokenId) -> Result<bool, StoreError>;

    /// Removes all tokens of a kind that a user has, or those alone whose time is over at `ended_at`.
    /// Returns how many there were.
    async fn remove_tokens(
        &self,
        user: &UserId,
        kind: TokenKind,
        ended_at: Option<Timestamp>,
    ) -> Result<u64, StoreError>;
}
