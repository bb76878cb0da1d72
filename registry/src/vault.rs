//! Sealing secrets: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under one key of the service.
//!
//! The organisation, the name and the key's id are authenticated with the value, so that a record that
//! is moved to another name, or to another organisation, does not open. The key is kept apart from the
//! store; a store that is copied or stolen gives away names and lengths and no values.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use sandglass_contract::{Digest, OrganisationId, SecretName, SecretValue};
use zeroize::Zeroizing;

use crate::secret::SealedSecret;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// How much of the digest of a key is its id, in hexadecimal digits.
const KEY_ID_DIGITS: usize = 16;
/// What is digested before a key to make its id, so that the id is no digest of the key for any other
/// use.
const KEY_ID_CONTEXT: &[u8] = b"sandglass secrets key id v1\0";

/// The key of the service's secrets.
#[derive(Clone)]
pub struct SecretsKey(Zeroizing<[u8; KEY_BYTES]>);

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key of secrets is 32 random bytes in Base64 or in hexadecimal; `openssl rand -base64 32` makes one"
)]
pub struct InvalidSecretsKey;

/// Why a secret was not sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It is sealed under another key.
    #[error(
        "it is sealed under the key {sealed_under} and the service has the key {present}: start the service with that key, or set the secret anew"
    )]
    OtherKey {
        /// The id of the key that is needed.
        sealed_under: String,
        /// The id of the key that there is.
        present: String,
    },
    /// What is stored is not what was sealed.
    #[error("what is stored has been changed since it was sealed: set the secret anew")]
    Damaged,
    /// It cannot be sealed.
    #[error("it cannot be sealed")]
    Unsealable,
}

/// A value that is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The id of the key.
    pub key_id: String,
    /// The nonce and the ciphertext, in Base64.
    pub text: String,
}

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Vault {
    key: SecretsKey,
    key_id: String,
}

impl SecretsKey {
    /// Reads a key.
    ///
    /// # Errors
    /// Where it is not 32 bytes in Base64 or hexadecimal.
    pub fn parse(text: &str) -> Result<Self, InvalidSecretsKey> {
        let text = text.trim();
        let bytes = match text.len() == 2 * KEY_BYTES {
            true => hex::decode(text).map_err(|_| InvalidSecretsKey)?,
            false => STANDARD.decode(text).map_err(|_| InvalidSecretsKey)?,
        };
        let bytes = Zeroizing::new(bytes);
        let key = bytes.as_slice().try_into().map_err(|_| InvalidSecretsKey)?;
        Ok(Self(Zeroizing::new(key)))
    }
}

impl Vault {
    /// A vault with a key.
    #[must_use]
    pub fn new(key: SecretsKey) -> Self {
        let named = Zeroizing::new([KEY_ID_CONTEXT, key.0.as_slice()].concat());
        let mut key_id = Digest::of(&named).to_string();
        key_id.truncate(KEY_ID_DIGITS);
        Self { key, key_id }
    }

    /// The id of its key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals a value under its name.
    ///
    /// # Errors
    /// [`VaultError::Unsealable`], which no value of a secret's length meets.
    pub fn seal(
        &self,
        org: &OrganisationId,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<Sealed, VaultError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: value.reveal().as_bytes(),
            aad: &authenticated(org, name, &self.key_id),
        };
        let ciphertext = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| VaultError::Unsealable)?;
        Ok(Sealed {
            key_id: self.key_id.clone(),
            text: STANDARD.encode([nonce.as_slice(), &ciphertext].concat()),
        })
    }

    /// Opens a secret.
    ///
    /// # Errors
    /// [`VaultError::OtherKey`] and [`VaultError::Damaged`].
    pub fn open(&self, secret: &SealedSecret) -> Result<SecretValue, VaultError> {
        if secret.key_id != self.key_id {
            return Err(VaultError::OtherKey {
                sealed_under: secret.key_id.clone(),
                present: self.key_id.clone(),
            });
        }
        let damaged = || VaultError::Damaged;
        let bytes = STANDARD.decode(&secret.sealed).map_err(|_| damaged())?;
        let (nonce, ciphertext) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(damaged)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &authenticated(&secret.org, &secret.name, &self.key_id),
        };
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), payload);
        let opened = opened.map_err(|_| damaged())?;
        let text = String::from_utf8(opened).map_err(|_| damaged())?;
        SecretValue::new(text).map_err(|_| damaged())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key.0).into())
    }
}

/// What must be the same when a value is opened: each part ends in a byte that none of them holds.
fn authenticated(org: &OrganisationId, name: &SecretName, key_id: &str) -> Vec<u8> {
    format!("sandglass secret v1\0{org}\0{name}\0{key_id}\0").into_bytes()
}

impl fmt::Debug for SecretsKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretsKey(…)")
    }
}

impl PartialEq for SecretsKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice() == other.0.as_slice()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Vault")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use jiff::Timestamp;
    use sandglass_contract::UserId;

    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(SecretsKey::parse(&hex::encode([byte; 32])).unwrap())
    }

    fn sealed(vault: &Vault) -> SealedSecret {
        let (org, name) = (
            OrganisationId::default(),
            SecretName::parse("hook").unwrap(),
        );
        let value = SecretValue::new("correct-horse".to_owned()).unwrap();
        let Sealed { key_id, text } = vault.seal(&org, &name, &value).unwrap();
        SealedSecret {
            org,
            name,
            key_id,
            sealed: text,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            updated_by: UserId::system(),
        }
    }

    #[test]
    fn a_secret_opens_where_it_was_sealed_and_nowhere_else() {
        let secret = sealed(&vault(1));
        let check = |vault: &Vault, change: &dyn Fn(&mut SealedSecret), expect: Option<&str>| {
            let mut changed = secret.clone();
            change(&mut changed);
            match (vault.open(&changed), expect) {
                (Ok(value), None) => assert_eq!(value.reveal(), "correct-horse"),
                (Err(error), Some(expect)) => assert!(error.to_string().contains(expect)),
                (opened, _) => assert_eq!(format!("{opened:?}"), format!("{expect:?}")),
            }
        };
        check(&vault(1), &|_| {}, None);
        check(&vault(2), &|_| {}, Some("start the service with that key"));
        let (one, two) = (vault(1), vault(2));
        let forged = |it: &mut SealedSecret| it.key_id = two.key_id().to_owned();
        check(&two, &forged, Some("changed"));
        let renamed = |it: &mut SealedSecret| it.name = SecretName::parse("other").unwrap();
        check(&one, &renamed, Some("changed"));
        let moved = |it: &mut SealedSecret| it.org = OrganisationId::parse("other").unwrap();
        check(&one, &moved, Some("changed"));
        check(
            &one,
            &|it| it.sealed.replace_range(40..41, "!"),
            Some("changed"),
        );
        check(
            &one,
            &|it| it.sealed = STANDARD.encode([0; 60]),
            Some("changed"),
        );
        check(&one, &|it| it.sealed.clear(), Some("changed"));
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time_and_never_shows() {
        let (first, second) = (sealed(&vault(1)), sealed(&vault(1)));
        assert_ne!(first.sealed, second.sealed);
        let shown = format!("{first:?} {:?}", vault(1));
        assert!(
            !shown.contains("correct") && !shown.contains("0101"),
            "{shown}"
        );
    }

    #[test]
    fn a_key_is_32_bytes_in_either_writing() {
        let check = |text: &str, expect: bool| {
            assert_eq!(SecretsKey::parse(text).is_ok(), expect, "{text:?}");
        };
        check(&hex::encode([7; 32]), true);
        check(&format!("{}\n", STANDARD.encode([7; 32])), true);
        check(&STANDARD.encode([7; 31]), false);
        check(&hex::encode([7; 31]), false);
        check("", false);
        check("correct horse battery staple", false);
    }
}
