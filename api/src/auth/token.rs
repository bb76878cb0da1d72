//! The text of tokens: making them, and reading what a caller presents.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sandglass_contract::{Digest, TokenId};

/// The fewest and the most characters of a token.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=512;
/// The id of the token that is set from outside.
const BOOTSTRAP_ID: &str = "bootstrap";

/// A token that was just made; its text is shown once and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken {
    text: String,
    id: TokenId,
    digest: Digest,
}

/// A token that the operator chose: any printable text of 16 to 512 characters, presented as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct BootstrapToken(String);

/// A text that cannot be a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a token has 16 to 512 printable ASCII characters and no blanks")]
pub struct BootstrapTokenError;

impl SecretToken {
    /// A new token with 256 random bits.
    pub(crate) fn fresh() -> Option<Self> {
        let id = hex::encode(rand::random::<[u8; 8]>());
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        Some(Self {
            text: format!("sg_{id}_{secret}"),
            digest: Digest::of(secret.as_bytes()),
            id: TokenId::parse(id).ok()?,
        })
    }

    /// The text to send as a bearer token.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    pub(crate) const fn id(&self) -> &TokenId {
        &self.id
    }

    pub(crate) const fn digest(&self) -> Digest {
        self.digest
    }
}

impl BootstrapToken {
    /// Reads a token.
    ///
    /// # Errors
    /// Where it is too short, too long, or holds blanks or characters that are not printable.
    pub fn parse(text: &str) -> Result<Self, BootstrapTokenError> {
        match is_token(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(BootstrapTokenError),
        }
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

/// The id under which the token that is set from outside is stored.
pub(super) fn bootstrap_id() -> Option<TokenId> {
    TokenId::parse(BOOTSTRAP_ID).ok()
}

fn is_token(text: &str) -> bool {
    LENGTH.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretToken({})", self.id)
    }
}

impl fmt::Debug for BootstrapToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BootstrapToken")
    }
}

/// A token as somebody presents it.
pub(crate) struct Presented {
    issued: Option<(TokenId, Digest)>,
    whole: Digest,
}

impl Presented {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !is_token(text) {
            return None;
        }
        let issued = text
            .strip_prefix("sg_")
            .and_then(|rest| rest.split_once('_'));
        Some(Self {
            issued: issued.and_then(|(id, secret)| {
                let id = TokenId::parse(id).ok()?;
                (id.as_str() != BOOTSTRAP_ID).then(|| (id, Digest::of(secret.as_bytes())))
            }),
            whole: Digest::of(text.as_bytes()),
        })
    }

    /// The records that it could stand for, each with the digest that the record would have.
    pub(super) fn candidates(&self) -> impl Iterator<Item = (TokenId, Digest)> {
        let bootstrap = bootstrap_id().map(|id| (id, self.whole));
        self.issued.clone().into_iter().chain(bootstrap)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_fresh_token_is_read_back_as_its_id_and_digest() {
        let token = SecretToken::fresh().unwrap();
        let presented = Presented::parse(token.reveal()).unwrap();
        let first = presented.candidates().next().unwrap();
        assert_eq!(first, (token.id().clone(), token.digest()));
        assert_ne!(token, SecretToken::fresh().unwrap());
        assert!(!format!("{token:?}").contains(token.reveal()));
    }

    fn check(text: &str, expect: &[&str]) {
        let presented = Presented::parse(text).unwrap();
        let ids: Vec<_> = presented
            .candidates()
            .map(|(id, _)| id.to_string())
            .collect();
        assert_eq!(ids, expect, "{text}");
    }

    #[test]
    fn a_token_names_the_records_it_may_stand_for() {
        check("sg_abc_0123456789abcdef", &["abc", "bootstrap"]);
        check("sg_abc_with_underscores_in_it", &["abc", "bootstrap"]);
        check("a-token-of-my-own-choice", &["bootstrap"]);
        check("sg_bootstrap_0123456789abcdef", &["bootstrap"]);
        check("sg_0123456789abcdef", &["bootstrap"]);
        let set = BootstrapToken::parse("a-token-of-my-own-choice").unwrap();
        let presented = Presented::parse("a-token-of-my-own-choice").unwrap();
        assert_eq!(presented.candidates().next().unwrap().1, set.digest());
    }

    #[test]
    fn a_token_of_ones_own_is_long_and_printable() {
        for refused in [
            "",
            "short",
            "fifteen-letters",
            "sixteen letters!!",
            "ünïcödé-ünïcödé",
        ] {
            assert!(BootstrapToken::parse(refused).is_err(), "{refused}");
        }
        assert!(BootstrapToken::parse("sixteen-letters!").is_ok());
    }
}
