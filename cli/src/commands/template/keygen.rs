//! `sandglass template keygen`: makes a key to sign with.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use sandglass_contract::signature::{KeyName, SecretKey};
use serde_json::json;

use super::OutputArguments;
use crate::failure::{Failure, OrFail as _};

/// What key to make.
#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The file of the secret key; the public one stands beside it, with `.pub` behind its name. Neither
    /// may be there yet.
    file: PathBuf,
    /// What the key is called in signatures.
    #[arg(long, value_name = "NAME")]
    name: KeyName,
    #[command(flatten)]
    output: OutputArguments,
}

/// Makes it, and prints the public half.
pub(super) fn run(arguments: &KeygenArguments) -> Result<ExitCode, Failure> {
    let (name, secret) = (&arguments.name, SecretKey::fresh());
    let public = format!("{name}={}", secret.public());
    let mut public_file = arguments.file.clone().into_os_string();
    public_file.push(".pub");
    let public_file = PathBuf::from(public_file);
    let write = |path: &Path, mode, line: &str| {
        let written = write_new(path, mode, line);
        written.or_fail(format!("writing {}", path.display()))
    };
    let line = format!("{name}={}\n", secret.reveal());
    write(&arguments.file, 0o600, &line)?;
    write(&public_file, 0o644, &format!("{public}\n"))?;
    let document = json!({
        "name": name.as_str(), "key": secret.public().to_string(),
        "secret_key_file": arguments.file, "public_key_file": public_file,
    });
    arguments.output.write(&document, format!("{public}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, mode: u32, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}
