//! Secrets: texts that the service keeps for templates, which never see them.
//!
//! A value is wiped from memory when it is dropped, and cannot be shown. What keeps it, and what puts
//! it where it belongs, is elsewhere.

use std::fmt;

use zeroize::Zeroizing;

/// The shortest value, in bytes: a shorter one could not be told from ordinary text where it has to be
/// masked.
pub const MIN_SECRET_BYTES: usize = 8;
/// The longest value, in bytes.
pub const MAX_SECRET_BYTES: usize = 8_192;

/// The value of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<String>);

/// A text that is no value of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value of a secret has {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes: a shorter one could not be masked in logs and answers"
)]
pub struct InvalidSecretValue;

impl SecretValue {
    /// Takes a text as a value.
    ///
    /// # Errors
    /// Where it is too short or too long.
    pub fn new(text: String) -> Result<Self, InvalidSecretValue> {
        let text = Zeroizing::new(text);
        match (MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&text.len()) {
            true => Ok(Self(text)),
            false => Err(InvalidSecretValue),
        }
    }

    /// The value itself, for whoever puts it where it belongs. It must not come into a record.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretValue(…)")
    }
}
