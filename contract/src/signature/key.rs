//! Keys that sign template versions, and their names.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use super::{Signature, Signed};

const MAX_NAME_LENGTH: usize = 64;

/// A text that is no key or no name of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name breaks its rule.
    #[error("the name of a key is 1 to {MAX_NAME_LENGTH} characters of A-Z a-z 0-9 _ - .")]
    Name,
    /// The public key is none.
    #[error("a public key is 32 bytes in Base64 (Ed25519), and not a weak one")]
    Public,
    /// The secret key is none. The text is not repeated.
    #[error("a secret key is 32 bytes in Base64 (Ed25519)")]
    Secret,
}

/// What a key is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        match (1..=MAX_NAME_LENGTH).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(KeyError::Name),
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The half of a key that everybody may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Whether a signature was made with this key over this version (RFC 8032 §5.1.7, in the strict form
    /// in which only one signature is valid).
    #[must_use]
    pub fn verifies(&self, signed: Signed<'_>, signature: &Signature) -> bool {
        let bytes = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        self.0
            .verify_strict(signed.message().as_bytes(), &bytes)
            .is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(text).ok_or(KeyError::Public)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Public)?;
        match key.is_weak() {
            true => Err(KeyError::Public),
            false => Ok(Self(key)),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE64_STANDARD.encode(self.0.as_bytes()))
    }
}

/// The half of a key that signs. It shows itself only where it is asked to, and is wiped from memory when
/// it is dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A key that nobody has.
    #[must_use]
    pub fn fresh() -> Self {
        Self(SigningKey::from_bytes(&rand::random()))
    }

    /// Its other half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a version under a name.
    #[must_use]
    pub fn sign(&self, name: KeyName, signed: Signed<'_>) -> Signature {
        let signature = self.0.sign(signed.message().as_bytes());
        Signature::new(name, signature.to_bytes())
    }

    /// The key as text, to be written to a file that its owner alone can read.
    #[must_use]
    pub fn reveal(&self) -> String {
        BASE64_STANDARD.encode(self.0.as_bytes())
    }
}

impl FromStr for SecretKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(text).ok_or(KeyError::Secret)?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}

fn decode(text: &str) -> Option<[u8; 32]> {
    BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()
}
