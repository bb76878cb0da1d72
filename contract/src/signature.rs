//! Signatures of template versions: Ed25519 (RFC 8032) over what a version is.
//!
//! A signature is detached: it stands beside the component and never in it, so that the digest stays
//! that of the component. It says that the holder of a key vouches for this component as this version of
//! this template; whether the component does what it should is for whoever approves it.

mod key;

use std::{collections::BTreeMap, fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use crate::{digest::Digest, ids::TemplateId};
pub use key::{KeyError, KeyName, PublicKey, SecretKey};

/// What a signature is over, so that one made for something else never passes for one of a version.
const DOMAIN: &str = "sandglass template signature v1";

/// What is signed of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The digest of its component.
    pub digest: &'a Digest,
    /// The template.
    pub template: &'a TemplateId,
    /// The number of the version, as its component says it.
    pub version: &'a str,
}

impl Signed<'_> {
    /// The bytes that are signed: four lines, each ended by a line feed, such as
    ///
    /// ```text
    /// sandglass template signature v1
    /// component sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    /// template nightly_report
    /// version 1.2.0
    /// ```
    #[must_use]
    pub fn message(&self) -> String {
        format!(
            "{DOMAIN}\ncomponent sha256:{}\ntemplate {}\nversion {}\n",
            self.digest, self.template, self.version
        )
    }
}

/// A signature and the name of its key, written `NAME=BASE64`.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    key: KeyName,
    bytes: [u8; 64],
}

impl Signature {
    pub(crate) const fn new(key: KeyName, bytes: [u8; 64]) -> Self {
        Self { key, bytes }
    }

    /// The key that it claims to be made with.
    #[must_use]
    pub const fn key(&self) -> &KeyName {
        &self.key
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.bytes
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}={}",
            self.key,
            BASE64_STANDARD.encode(self.bytes)
        )
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({self})")
    }
}

/// A text that is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a signature reads NAME=BASE64: the name of the key, and 64 bytes in Base64")]
pub struct SignatureFormatError;

impl FromStr for Signature {
    type Err = SignatureFormatError;

    fn from_str(text: &str) -> Result<Self, SignatureFormatError> {
        let (key, bytes) = text.trim().split_once('=').ok_or(SignatureFormatError)?;
        let key = key.parse().map_err(|_| SignatureFormatError)?;
        let bytes = BASE64_STANDARD.decode(bytes);
        let bytes = bytes.map_err(|_| SignatureFormatError)?;
        let bytes = bytes.try_into().map_err(|_| SignatureFormatError)?;
        Ok(Self { key, bytes })
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Signature {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "An Ed25519 signature: the name of its key, `=`, and 64 bytes in Base64",
            ))
            .max_length(Some(160))
            .into()
    }
}

impl utoipa::ToSchema for Signature {}

/// Why a signature does not vouch for a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("it is not signed")]
    Missing,
    /// The key is not among the trusted ones.
    #[error("it is signed by {0}, which is not a trusted key")]
    Untrusted(KeyName),
    /// It was not made by that key over this version.
    #[error("its signature by {0} is not valid for this component, template and version")]
    Wrong(KeyName),
}

/// Public keys whose signatures count, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedKeys(BTreeMap<KeyName, PublicKey>);

impl TrustedKeys {
    /// These keys.
    ///
    /// # Errors
    /// With a name that two keys have.
    pub fn new(keys: impl IntoIterator<Item = (KeyName, PublicKey)>) -> Result<Self, KeyName> {
        let mut trusted = BTreeMap::new();
        for (name, key) in keys {
            if trusted.insert(name.clone(), key).is_some() {
                return Err(name);
            }
        }
        Ok(Self(trusted))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &KeyName> {
        self.0.keys()
    }

    /// Judges the signature of a version; returns the name of the key that vouches for it.
    ///
    /// # Errors
    /// Where no trusted key vouches for it.
    pub fn verify(
        &self,
        signed: Signed<'_>,
        signature: Option<&Signature>,
    ) -> Result<KeyName, SignatureError> {
        let signature = signature.ok_or(SignatureError::Missing)?;
        let name = signature.key();
        let key = self.0.get(name);
        let key = key.ok_or_else(|| SignatureError::Untrusted(name.clone()))?;
        match key.verifies(signed, signature) {
            true => Ok(name.clone()),
            false => Err(SignatureError::Wrong(name.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
