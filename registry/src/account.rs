//! Who may call the service: users, and the tokens they call it with.

use jiff::Timestamp;
use sandglass_contract::{Digest, OrganisationId, TokenId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    SuperAdmin,
}

/// A person or a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The id, which records name.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The organisation it belongs to.
    pub org: OrganisationId,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An API token. The secret itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The part of the token that is not secret.
    #[serde(rename = "_id")]
    pub id: TokenId,
    /// Whose it is.
    pub user: UserId,
    /// SHA-256 of the secret part.
    pub secret_digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
}
