//! `sandglass template sign`: vouches for a component with a key.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use sandglass_contract::signature::{KeyName, SecretKey};
use serde_json::json;

use super::{OutputArguments, inspect_files, read_line, signed};
use crate::failure::{Exit, Failure};

/// What to sign.
#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The component.
    file: PathBuf,
    /// The file of the secret key, as `keygen` makes it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// Prints the signature, which is to be kept beside the component.
pub(super) fn run(arguments: &SignArguments) -> Result<ExitCode, Failure> {
    let (name, key) = parse(&read_line(&arguments.key)?).ok_or_else(|| {
        let text = format!(
            "{} holds no secret key NAME=BASE64",
            arguments.key.display()
        );
        Failure::saying(Exit::Usage, text).advise("make one with `sandglass template keygen`")
    })?;
    let [inspection] = inspect_files([&arguments.file])?;
    let signed = signed(&inspection);
    let signature = key.sign(name, signed);
    let document = json!({
        "template": signed.template, "version": signed.version, "digest": signed.digest,
        "signature": signature,
    });
    arguments
        .output
        .write(&document, format!("{signature}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn parse(text: &str) -> Option<(KeyName, SecretKey)> {
    let (name, key) = text.split_once('=')?;
    Some((name.parse().ok()?, key.parse().ok()?))
}
