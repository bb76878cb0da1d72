//! The secrets of one run: fetched when the run first names one, and put into requests.
//!
//! A placeholder holds a number that nobody can guess, drawn for the run, so that a text that comes from
//! elsewhere never becomes a secret on its way out.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use sandglass_contract::{SecretName, SecretValue};

/// Why a secret was not given.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is none of that name.
    #[error("there is no secret {0:?}; an administrator sets it with PUT /api/admin/secrets/{0}")]
    Unknown(String),
    /// What keeps secrets cannot read it, and will not later.
    #[error("the secret cannot be read: {reason}")]
    Unreadable {
        /// Why, and what to do.
        reason: String,
    },
    /// What keeps secrets does not answer.
    #[error("what keeps secrets does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where a run's secrets come from: those of its organisation and no others.
#[async_trait]
pub trait SecretSource: Send + Sync + 'static {
    /// The value of a secret.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    async fn secret(&self, name: &SecretName) -> Result<SecretValue, SecretError>;
}

/// The secrets that a run has named so far.
pub(crate) struct RunSecrets {
    source: Arc<dyn SecretSource>,
    /// What tells this run's placeholders from any text.
    number: String,
    known: BTreeMap<SecretName, SecretValue>,
}

impl RunSecrets {
    pub(crate) fn new(source: Arc<dyn SecretSource>) -> Self {
        Self {
            source,
            number: hex::encode(rand::random::<[u8; 16]>()),
            known: BTreeMap::new(),
        }
    }

    /// Where its secrets come from.
    pub(crate) fn source(&self) -> Arc<dyn SecretSource> {
        Arc::clone(&self.source)
    }

    /// How many the run has named.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    /// Whether the run has named a secret before.
    pub(crate) fn knows(&self, name: &SecretName) -> bool {
        self.known.contains_key(name)
    }

    /// Keeps a secret for the rest of the run.
    pub(crate) fn keep(&mut self, name: SecretName, value: SecretValue) {
        self.known.insert(name, value);
    }

    /// The placeholder of a secret.
    pub(crate) fn placeholder(&self, name: &SecretName) -> String {
        format!("{{{{secret:{name}:{}}}}}", self.number)
    }

    /// Whether anything of this run's placeholders stands in a text.
    pub(crate) fn stands_in(&self, text: &str) -> bool {
        text.contains(&self.number)
    }

    /// A text with its secrets put in, and whether there was one.
    pub(crate) fn put_into_text(&self, text: String) -> (String, bool) {
        if !self.stands_in(&text) {
            return (text, false);
        }
        let mut filled = text.clone();
        for (name, value) in &self.known {
            filled = filled.replace(&self.placeholder(name), value.reveal());
        }
        let has_secret = filled != text;
        (filled, has_secret)
    }

    /// A body with its secrets put in. One that is no text has none.
    pub(crate) fn put_into_body(&self, body: Vec<u8>) -> Vec<u8> {
        match String::from_utf8(body) {
            Ok(text) => self.put_into_text(text).0.into_bytes(),
            Err(error) => error.into_bytes(),
        }
    }
}
