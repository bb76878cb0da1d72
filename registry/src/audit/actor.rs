//! Who does something.

use std::net::IpAddr;

use sandglass_contract::{TokenId, UserId};

use crate::account::Role;

/// Who does something, in which role, with which token or session, and from where. It does not say what
/// may be done; the table of the API does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user: UserId,
    /// The role that the user acts in.
    pub role: Role,
    /// The token or session.
    pub token: Option<TokenId>,
    /// The address that the request came from.
    pub from: Option<IpAddr>,
    /// Why, in the actor's own words.
    pub reason: Option<String>,
}

impl Actor {
    /// The service itself.
    #[must_use]
    pub fn system() -> Self {
        Self::inside(UserId::system())
    }

    /// Somebody who has not proved who it is.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            role: Role::User,
            ..Self::inside(UserId::anonymous())
        }
    }

    /// A part of the service that goes by a name of its own.
    #[must_use]
    pub const fn inside(user: UserId) -> Self {
        Self {
            user,
            role: Role::SuperAdmin,
            token: None,
            from: None,
            reason: None,
        }
    }
}
