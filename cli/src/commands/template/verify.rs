//! `sandglass template verify`: whether a trusted key vouches for a component.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use sandglass_contract::{SignatureError, TrustedKeys};
use sandglass_host::Inspection;
use serde::Serialize;
use serde_json::json;

use super::{OutputArguments, inspect_files, read_line, read_signature, signed};
use crate::{
    failure::{Exit, Failure},
    settings::{TrustedKey, trusted},
};

/// Whose signatures count.
#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    /// A file with a public key, as `keygen` makes it; may be given several times.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// A public key; may be given several times.
    #[arg(long, value_name = "NAME=BASE64")]
    trusted: Vec<TrustedKey>,
}

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The component.
    file: PathBuf,
    /// The file of its signature.
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    #[command(flatten)]
    trust: TrustArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Whether a signature holds.
#[derive(Debug, Serialize)]
pub(super) struct Judgement {
    /// Whether a trusted key vouches.
    pub(super) valid: bool,
    /// The key, where one does.
    key: Option<String>,
    /// What there is to say.
    pub(super) text: String,
}

impl TrustArguments {
    /// The keys that were given.
    pub(super) fn keys(&self) -> Result<TrustedKeys, Failure> {
        let mut keys = self.trusted.clone();
        for path in &self.keys {
            let key = read_line(path)?.parse().map_err(|error| {
                let about = format!("{} holds no public key NAME=BASE64", path.display());
                Failure::new(Exit::Usage, anyhow::Error::new(error).context(about))
            })?;
            keys.push(key);
        }
        trusted(keys)
    }
}

/// Judges the signature of a component.
pub(super) fn judge(
    inspection: &Inspection,
    signature: Option<&Path>,
    trusted: &TrustedKeys,
) -> Result<Judgement, Failure> {
    let signature = signature.map(read_signature).transpose()?;
    let judged = trusted.verify(signed(inspection), signature.as_ref());
    Ok(match judged {
        Ok(key) => Judgement {
            valid: true,
            text: format!("signed by {key}"),
            key: Some(key.to_string()),
        },
        Err(error) => Judgement {
            valid: false,
            text: match error {
                SignatureError::Missing => "unsigned".to_owned(),
                error => error.to_string(),
            },
            key: None,
        },
    })
}

/// Says whether a trusted key vouches for it.
pub(super) fn run(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let trusted = arguments.trust.keys()?;
    if trusted.is_empty() {
        let failure = Failure::saying(Exit::Usage, "no key is trusted");
        return Err(failure.advise("name one with --key FILE or --trusted NAME=BASE64"));
    }
    let [inspection] = inspect_files([&arguments.file])?;
    let judgement = judge(&inspection, Some(&arguments.signature), &trusted)?;
    let word = match judgement.valid {
        true => "valid",
        false => "not valid",
    };
    let (id, version) = (&inspection.metadata.id, &inspection.metadata.version);
    let text = format!("{word}: {id} {version}: {}\n", judgement.text);
    let document = json!({
        "template": id, "version": version, "digest": inspection.digest, "signature": judgement,
    });
    arguments.output.write(&document, text)?;
    Ok(match judgement.valid {
        true => ExitCode::SUCCESS,
        false => Exit::Failed.into(),
    })
}
