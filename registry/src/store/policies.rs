//! Keeping the policy of the system.

use async_trait::async_trait;

use super::StoreError;
use crate::{job::Version, policy::PolicySetting, scope::Scope};

/// The part of a store that keeps policies, one for each organisation.
#[async_trait]
pub trait PolicyStore: Send + Sync + 'static {
    /// The policy of the organisation; the default, at version 0, where it has set none.
    async fn policy(&self, scope: &Scope) -> Result<PolicySetting, StoreError>;

    /// Puts `setting`, whose version is `expected.next()`, in the place of the stored one.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where the stored version is not `expected`; [`StoreError::NotFound`] where
    /// it belongs to another organisation than `scope`.
    async fn set_policy(
        &self,
        scope: &Scope,
        setting: &PolicySetting,
        expected: Version,
    ) -> Result<(), StoreError>;
}
