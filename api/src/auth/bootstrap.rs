//! The first user, without whom nobody could call.

use jiff::Timestamp;
use sandglass_contract::{Digest, OrganisationId, TokenId, UserId};
use sandglass_registry::{Role, Store, StoreError, TokenKind, TokenRecord, User, UserStatus};

use super::token::{BootstrapToken, SecretToken, bootstrap_id};

/// The id of the first user.
const FIRST_USER: &str = "admin";

/// How the first user got a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrapped {
    /// A token was made; it is to be shown now, since nobody can read it again.
    Made(SecretToken),
    /// The token that was given is valid now.
    Set,
    /// There are users, and no token was given.
    Unchanged,
}

/// Makes the super admin `admin` where there is no user yet. A token that is `given` becomes valid in
/// the place of the one given before; without one, the first start makes a token.
///
/// # Errors
/// Where the store does not do it.
pub async fn bootstrap(
    store: &dyn Store,
    now: Timestamp,
    given: Option<&BootstrapToken>,
) -> Result<Bootstrapped, StoreError> {
    let (Ok(user), Some(bootstrap_id)) = (UserId::parse(FIRST_USER), bootstrap_id()) else {
        return Ok(Bootstrapped::Unchanged);
    };
    let record = |id: TokenId, secret_digest: Digest| {
        TokenRecord::new(id, user.clone(), TokenKind::Api, secret_digest, now)
    };
    let first_user = User {
        id: user.clone(),
        org: OrganisationId::default(),
        role: Role::SuperAdmin,
        status: UserStatus::Active,
        password: None,
        identity: None,
        created_at: now,
    };
    match given {
        Some(given) => {
            let token = record(bootstrap_id, given.digest());
            if store.has_users().await?
                || is_taken(store.insert_user(&first_user, Some(&token)).await)?
            {
                store.put_token(&token).await?;
            }
            Ok(Bootstrapped::Set)
        }
        None if store.has_users().await? => Ok(Bootstrapped::Unchanged),
        None => {
            let Some(made) = SecretToken::fresh() else {
                return Ok(Bootstrapped::Unchanged);
            };
            let token = record(made.id().clone(), made.digest());
            match is_taken(store.insert_user(&first_user, Some(&token)).await)? {
                true => Ok(Bootstrapped::Unchanged),
                false => Ok(Bootstrapped::Made(made)),
            }
        }
    }
}

/// Whether another host has made the user in the same moment.
fn is_taken(inserted: Result<(), StoreError>) -> Result<bool, StoreError> {
    match inserted {
        Ok(()) => Ok(false),
        Err(StoreError::Exists { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}
