//! Secrets as they are kept: sealed, with what may be known of them.

use jiff::Timestamp;
use sandglass_contract::{OrganisationId, SecretName, UserId};
use serde::{Deserialize, Serialize};

/// The most secrets of an organisation.
pub const MAX_SECRETS: usize = 1_000;

/// A secret as it is kept. Nothing of its value can be read without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// Whose it is.
    pub org: OrganisationId,
    /// Its name.
    pub name: SecretName,
    /// Which key it is sealed under.
    pub key_id: String,
    /// The nonce and the ciphertext, in Base64 (RFC 4648, section 4).
    pub sealed: String,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was set last.
    pub updated_at: Timestamp,
    /// Who set it last.
    pub updated_by: UserId,
}
