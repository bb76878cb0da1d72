//! Hides the secrets that a run has used wherever the run shows a text.
//!
//! A secret is found as it is and in the writings that requests and answers use: in JSON strings, with
//! percent signs, in hexadecimal, and in Base64 at any place within a longer text. What a server makes
//! of a secret beyond that (reversed, encrypted, in pieces) is not found: whoever is sent a secret has
//! it. What is hidden is the text, never that a secret was used.

mod observer;
mod writings;

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use parking_lot::RwLock;
use sandglass_contract::SecretValue;
use serde_json::{Map, Value};

pub(crate) use observer::MaskingObserver;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// How much of a secret at the end of a text that was cut off is hidden too, in bytes.
const SHORTEST_START: usize = 6;

/// The secrets of one run, and how to hide them.
#[derive(Default)]
pub(crate) struct Mask(RwLock<Arc<Needles>>);

/// What is looked for.
#[derive(Default)]
struct Needles {
    writings: Vec<Vec<u8>>,
    /// Nothing where there is nothing to look for.
    finder: Option<AhoCorasick>,
}

impl Mask {
    /// Hides a secret from here on.
    ///
    /// # Errors
    /// Where it cannot be looked for.
    pub(crate) fn add(&self, value: &SecretValue) -> Result<(), aho_corasick::BuildError> {
        let mut needles = self.0.write();
        let mut writings = needles.writings.clone();
        writings.extend(writings::of(value.reveal()));
        writings.sort();
        writings.dedup();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&writings)?;
        *needles = Arc::new(Needles {
            writings,
            finder: Some(finder),
        });
        Ok(())
    }

    /// Whether there is nothing to hide.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.read().finder.is_none()
    }

    /// A text without the secrets.
    pub(crate) fn text(&self, text: String) -> String {
        if self.is_empty() {
            return text;
        }
        let masked = self.bytes(text.into_bytes());
        match String::from_utf8(masked) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// Bytes without the secrets.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let needles = Arc::clone(&self.0.read());
        let Some(finder) = &needles.finder else {
            return bytes;
        };
        let mut masked = Vec::with_capacity(bytes.len());
        finder.replace_all_with_bytes(&bytes, &mut masked, |_, _, into| {
            into.extend_from_slice(MASK.as_bytes());
            true
        });
        needles.hide_start_at_end(&mut masked);
        masked
    }

    /// A JSON value without the secrets, in names as in texts.
    pub(crate) fn value(&self, value: Value) -> Value {
        if self.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|it| self.value(it)).collect(),
            Value::Object(members) => Value::Object(self.members(members)),
            plain => plain,
        }
    }

    /// Names and values without the secrets.
    pub(crate) fn members(&self, members: Map<String, Value>) -> Map<String, Value> {
        if self.is_empty() {
            return members;
        }
        let masked = |(name, value)| (self.text(name), self.value(value));
        members.into_iter().map(masked).collect()
    }
}

impl Needles {
    /// Hides the beginning of a secret at which a text was cut off.
    fn hide_start_at_end(&self, text: &mut Vec<u8>) {
        let cut_off = |needle: &Vec<u8>| {
            (SHORTEST_START..needle.len()).rev().find(|length| {
                needle
                    .get(..*length)
                    .is_some_and(|start| text.ends_with(start))
            })
        };
        if let Some(length) = self.writings.iter().filter_map(cut_off).max() {
            text.truncate(text.len() - length);
            text.extend_from_slice(MASK.as_bytes());
        }
    }
}

impl Drop for Needles {
    fn drop(&mut self) {
        self.writings.iter_mut().for_each(|it| it.fill(0));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::json;

    use super::*;

    fn mask(secrets: &[&str]) -> Mask {
        let mask = Mask::default();
        for secret in secrets {
            mask.add(&SecretValue::new((*secret).to_owned()).unwrap())
                .unwrap();
        }
        mask
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mask = mask(&["s3cr3t/\"valué\""]);
        assert_eq!(mask.text(text.to_owned()), expect);
    }

    #[test]
    fn a_secret_is_hidden_in_every_writing() {
        check("nothing here", "nothing here");
        check("a s3cr3t/\"valué\" b", "a *** b");
        check("{\"x\":\"s3cr3t/\\\"valué\\\"\"}", "{\"x\":\"***\"}");
        check(
            "{\"x\":\"s3cr3t\\/\\\"valu\\u00e9\\\"\"}",
            "{\"x\":\"***\"}",
        );
        check("?x=s3cr3t%2F%22valu%C3%A9%22&y", "?x=***&y");
        check("?x=s3cr3t%2f%22valu%c3%a9%22&y", "?x=***&y");
        check("7333637233742f2276616c75c3a922", "***");
        check("7333637233742F2276616C75C3A922", "***");
    }

    #[test]
    fn a_secret_is_hidden_at_any_place_within_base64() {
        for front in ["", "u", "us", "user", "user:"] {
            for back in ["", "x", "xy", "xyz"] {
                let text = format!("{front}s3cr3t/\"valué\"{back}");
                let encoded = STANDARD.encode(text);
                let hidden = mask(&["s3cr3t/\"valué\""]).text(encoded.clone());
                assert!(hidden.contains(MASK), "{front} {back}: {encoded}");
                assert!(hidden.len() <= 16, "{hidden}");
            }
        }
    }

    #[test]
    fn a_secret_that_a_text_was_cut_off_in_is_hidden() {
        check("a s3cr3t/\"val", "a ***");
        check("a s3cr3", "a s3cr3");
    }

    #[test]
    fn the_longer_of_two_secrets_is_hidden_whole() {
        let mask = mask(&["abcdefgh", "abcdefgh-ijkl"]);
        let hidden = |text: &str| mask.text(text.to_owned());
        assert_eq!(hidden("abcdefgh-ijkl abcdefgh"), "*** ***");
        let value = json!({"abcdefgh": ["x", {"y": "abcdefgh-ijkl"}], "n": 1});
        assert_eq!(
            mask.value(value),
            json!({"***": ["x", {"y": "***"}], "n": 1})
        );
    }
}
