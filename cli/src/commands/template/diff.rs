//! `sandglass template diff`: what one component can do that another cannot.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use sandglass_contract::Comparison;

use super::{OutputArguments, inspect_files, text};
use crate::failure::{Exit, Failure};

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The older component.
    old: PathBuf,
    /// The newer component.
    new: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// Shows how they differ.
pub(super) fn run(arguments: &DiffArguments) -> Result<ExitCode, Failure> {
    let [old, new] = inspect_files([&arguments.old, &arguments.new])?;
    let comparison = Comparison::of(old.comparable(), new.comparable());
    let text = text::Compared {
        comparison: &comparison,
        template: &new.metadata.id,
    };
    arguments.output.write(&comparison, text)?;
    Ok(match comparison.is_same() {
        true => ExitCode::SUCCESS,
        false => Exit::Failed.into(),
    })
}
