//! Passwords: how they are chosen, kept and checked.
//!
//! They are kept as Argon2id (RFC 9106) with the parameters that OWASP's Password Storage Cheat Sheet
//! names first: 19 MiB, two passes, one lane. Checking one costs the same whether the user exists or
//! not, and only a few are checked at once, so that signing in cannot use up the machine.

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash as Parsed,
};
use sandglass_registry::PasswordHash;
use serde::{Deserialize, Deserializer, de::Error as _};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// How many passwords are worked on at once.
const AT_ONCE: usize = 2;
/// The fewest characters of a password (NIST SP 800-63B-4 asks for 15 where it stands alone).
const FEWEST: usize = 15;
/// The most bytes of a password.
const MOST: usize = 1024;
/// Memory in KiB, passes, and lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);
/// What a password is checked against where there is no user of that name.
static NOBODY: LazyLock<Option<PasswordHash>> = LazyLock::new(|| hash("nobody has this password"));

/// A password on its way; it is never shown.
#[derive(Clone)]
pub(crate) struct Password(String);

/// A new password, as long as one must be.
#[derive(Clone)]
pub(crate) struct NewPassword(Password);

impl Password {
    /// Whether it is the one that `hash` was made of; never where there is none.
    pub(crate) async fn is(self, hash: Option<PasswordHash>) -> Result<bool, Problem> {
        let known = hash.is_some();
        let matches = on_a_thread(move || {
            let hash = hash.as_ref().or(NOBODY.as_ref());
            hash.is_some_and(|hash| verify(&self.0, hash))
        })
        .await?;
        Ok(known && matches)
    }
}

impl NewPassword {
    /// What is kept of it.
    pub(crate) async fn hash(self) -> Result<PasswordHash, Problem> {
        let hash = on_a_thread(move || hash(&self.0.0)).await?;
        hash.ok_or_else(|| Problem::internal(&std::io::Error::other("Argon2 made no hash")))
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let place = PLACES.acquire().await;
    let place = place.map_err(|error| Problem::internal(&error))?;
    // The thread goes on where the request is given up, so the place is the thread's.
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    done.await.map_err(|error| Problem::internal(&error))
}

fn argon2() -> Option<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let parameters = Params::new(memory, passes, lanes, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

fn hash(password: &str) -> Option<PasswordHash> {
    let hash = argon2()?.hash_password(password.as_bytes()).ok()?;
    Some(PasswordHash::new(hash.to_string()))
}

fn verify(password: &str, hash: &PasswordHash) -> bool {
    let Ok(parsed) = Parsed::new(hash.as_str()) else {
        return false;
    };
    argon2().is_some_and(|it| it.verify_password(password.as_bytes(), &parsed).is_ok())
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.len() > MOST {
            true => Err(D::Error::custom(format!(
                "a password has at most {MOST} bytes"
            ))),
            false => Ok(Self(text)),
        }
    }
}

impl<'de> Deserialize<'de> for NewPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let password = Password::deserialize(deserializer)?;
        match password.0.chars().count() < FEWEST {
            true => Err(D::Error::custom(format!(
                "a password has at least {FEWEST} characters; several words make a good one"
            ))),
            false => Ok(Self(password)),
        }
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password")
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("NewPassword")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn password(text: &str) -> Password {
        serde_json::from_value(text.into()).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_kept_as_argon2id() {
        let new: NewPassword = serde_json::from_value("correct horse battery".into()).unwrap();
        assert_eq!(format!("{new:?}"), "NewPassword");
        let hash = new.clone().hash().await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(new.hash().await.unwrap(), hash);
        let known = password("correct horse battery").is(Some(hash.clone()));
        assert!(known.await.unwrap());
        let wrong = password("correct horse batterz").is(Some(hash));
        assert!(!wrong.await.unwrap());
        let nobody = password("nobody has this password").is(None);
        assert!(!nobody.await.unwrap());
    }

    #[test]
    fn a_new_password_is_long_and_not_too_long() {
        let check = |text: String, expect: bool| {
            let read = serde_json::from_value::<NewPassword>(text.clone().into());
            assert_eq!(read.is_ok(), expect, "{text:?}");
        };
        check("fourteen chars".to_owned(), false);
        check("fifteen letters".to_owned(), true);
        check("ü".repeat(15), true);
        check("x".repeat(MOST), true);
        check("x".repeat(MOST + 1), false);
    }
}
