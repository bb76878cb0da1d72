//! Keeping users and tokens.

use async_trait::async_trait;
use sandglass_contract::TokenId;

use super::StoreError;
use crate::account::{TokenRecord, User};

/// The part of a store that keeps users and tokens.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds a user with a first token.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where either id is taken.
    async fn insert_user(&self, user: &User, token: &TokenRecord) -> Result<(), StoreError>;

    /// Whether there is any user yet.
    async fn has_users(&self) -> Result<bool, StoreError>;

    /// A token and its user.
    async fn token(&self, id: &TokenId) -> Result<Option<(TokenRecord, User)>, StoreError>;

    /// Puts `token` in the place of the stored one of the same id, or adds it.
    async fn put_token(&self, token: &TokenRecord) -> Result<(), StoreError>;
}
