//! Keeping secrets, sealed.

use async_trait::async_trait;
use sandglass_contract::SecretName;

use super::StoreError;
use crate::{scope::Scope, secret::SealedSecret};

/// The part of a store that keeps secrets. It never has their values.
#[async_trait]
pub trait SecretStore: Send + Sync + 'static {
    /// Adds a secret, or puts it in the place of the one of its name.
    async fn put_secret(&self, secret: &SealedSecret) -> Result<(), StoreError>;

    /// A secret.
    async fn secret(
        &self,
        scope: &Scope,
        name: &SecretName,
    ) -> Result<Option<SealedSecret>, StoreError>;

    /// Every secret of the organisation, by name.
    async fn secrets(&self, scope: &Scope) -> Result<Vec<SealedSecret>, StoreError>;

    /// Removes a secret.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn delete_secret(&self, scope: &Scope, name: &SecretName) -> Result<(), StoreError>;
}
