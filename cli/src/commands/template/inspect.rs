//! `sandglass template inspect`: what a component is, can do and cannot do.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use sandglass_contract::imports::import_text;
use serde_json::{Value, json};

use super::{
    OutputArguments, inspect_files, text,
    verify::{TrustArguments, judge},
};
use crate::failure::{Failure, OrFail as _};

/// What to inspect.
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The component.
    file: PathBuf,
    /// The file of its signature.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Shows it.
pub(super) fn run(arguments: &InspectArguments) -> Result<ExitCode, Failure> {
    let [inspection] = inspect_files([&arguments.file])?;
    let trusted = arguments.trust.keys()?;
    let signature = judge(&inspection, arguments.signature.as_deref(), &trusted)?;
    let imports = inspection.imports.iter().map(|name| import_text(name));
    let mut document = serde_json::to_value(&inspection).or_fail("writing JSON")?;
    if let Value::Object(members) = &mut document {
        members.insert("imports".to_owned(), json!(imports.collect::<Vec<_>>()));
        members.insert("impossible".to_owned(), json!(inspection.impossible()));
        members.insert("signature".to_owned(), json!(signature));
    }
    let text = text::Inspected {
        inspection: &inspection,
        signature: &signature.text,
    };
    arguments.output.write(&document, text)?;
    Ok(ExitCode::SUCCESS)
}
