//! Users.

use std::fmt;

use jiff::Timestamp;
use sandglass_contract::{OrganisationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;

/// Whether a user may call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Yes.
    #[default]
    Active,
    /// No: no password, token or session of the user is taken.
    Disabled,
}

/// A password as Argon2id has made it, in the PHC string format. It is never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// A person or a program. Users are disabled and never removed, since records name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id, which records name.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The organisation it belongs to.
    pub org: OrganisationId,
    /// What it may do.
    pub role: Role,
    /// Whether it may call.
    #[serde(default)]
    pub status: UserStatus,
    /// What it signs in with, where it has a password.
    #[serde(default)]
    pub password: Option<PasswordHash>,
    /// The identity at the sign-in service that it was made for, as `issuer subject`.
    #[serde(default)]
    pub identity: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PasswordHash {
    /// A hash in the PHC string format.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The hash as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash")
    }
}
