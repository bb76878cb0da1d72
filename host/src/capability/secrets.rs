//! `sandglass:job/secrets`: placeholders, behind which the host keeps the values.
//!
//! The value is fetched and masked before the guest gets the placeholder, so that there is no moment at
//! which it could show what it does not hide.

use sandglass_contract::{Operation, SecretName};

use super::{Refusal, unless_cancelled};
use crate::{
    bindings::sandglass::job::{secrets::Host, types::Error},
    journal::Function,
    outcome::Stop,
    secrets::SecretError,
    state::RunState,
};

/// The most secrets of one run.
const MAX_SECRETS: usize = 32;

impl Host for RunState {
    async fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.begin(Function::Placeholder, &name, &[&name])?;
        let result = self.open_secret(&name).await;
        self.end(result, |_| None)
    }
}

impl RunState {
    async fn open_secret(&mut self, name: &str) -> Result<String, Refusal> {
        let name = SecretName::parse(name).map_err(|error| Refusal::Invalid(error.to_string()))?;
        self.require(Operation::Use, name.as_str())?;
        if !self.secrets.knows(&name) {
            if self.secrets.count() >= MAX_SECRETS {
                let text = format!("a run uses at most {MAX_SECRETS} secrets");
                return Err(Refusal::Limit(text));
            }
            let source = self.secrets.source();
            let fetch = async { Ok(source.secret(&name).await?) };
            let value = unless_cancelled(&self.cancel, fetch).await?;
            let masked = self.mask.add(&value);
            masked.map_err(|_too_large| Stop::Host("a secret cannot be masked"))?;
            self.secrets.keep(name.clone(), value);
        }
        Ok(self.secrets.placeholder(&name))
    }
}

impl From<SecretError> for Refusal {
    fn from(error: SecretError) -> Self {
        match &error {
            SecretError::Unknown(_) => Self::Invalid(error.to_string()),
            SecretError::Unreadable { .. } => Self::Other(error.to_string()),
            SecretError::Unavailable(source) => {
                tracing::warn!(%source, "secrets cannot be read at the moment");
                Self::Unavailable(error.to_string())
            }
        }
    }
}
