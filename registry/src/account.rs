//! Who may call the service: users, and the tokens they call it with.

use jiff::Timestamp;
use sandglass_contract::{Digest, OrganisationId, TokenId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Sees jobs, executions and logs, and runs what destroys nothing.
    Admin,
    /// Nothing of the management of jobs.
    User,
    /// Uploads templates and tries their parameters; approves none.
    TemplateAuthor,
    /// Sees everything, approves and retires versions of templates; runs nothing.
    SecurityReviewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::SuperAdmin,
        Self::Admin,
        Self::User,
        Self::TemplateAuthor,
        Self::SecurityReviewer,
    ];

    /// The word for it in REST and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Admin => "admin",
            Self::User => "user",
            Self::TemplateAuthor => "template_author",
            Self::SecurityReviewer => "security_reviewer",
        }
    }
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
