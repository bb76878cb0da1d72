//! `sandglass template`: what authors and reviewers do with components, without a service.
//!
//! A component is judged, compiled and asked by the same code as at upload, in the same sandbox without
//! any capability. Each command answers in its exit code too, so that a pipeline can go by it.

pub(crate) mod diff;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod sign;
mod text;
pub(crate) mod upload;
pub(crate) mod verify;

use std::{
    fmt::Display,
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use sandglass_contract::{Blame, Signature, Signed, SystemClock};
use sandglass_host::{CompileLimits, Inspection, Loader, LoaderSettings};
use serde::Serialize;

use super::{Output, TemplateCommand, compile_component::in_child};
use crate::failure::{Exit, Failure, OrFail as _};

pub(crate) const EXIT_OF_INSPECT: &str = "Exit codes: 0 it is a template, 1 it is none, \
     2 it cannot be read or an argument is not valid.";
pub(crate) const EXIT_OF_DIFF: &str = "Exit codes: 0 they are the same component, 1 they differ \
     or one is no template, 2 one cannot be read or an argument is not valid.";
pub(crate) const EXIT_OF_VERIFY: &str = "Exit codes: 0 a trusted key vouches for it, 1 none does, \
     2 a file cannot be read or an argument is not valid.";
pub(crate) const EXIT_OF_SIGN: &str =
    "Exit codes: 0 done, 1 failed, 2 a file cannot be read or an argument is not valid.";
pub(crate) const EXIT_OF_UPLOAD: &str = "Exit codes: 0 the service has it, 1 the service refuses \
     it or does not answer, 2 a file cannot be read or an argument is not valid.\n\n\
     The API token is read from the variable SANDGLASS_TOKEN.";

/// The largest key or signature file, in bytes.
const MAX_LINE_FILE_BYTES: u64 = 4096;

/// How the answer is written.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How the answer is written.
    #[arg(
        short = 'o',
        long = "output",
        value_enum,
        value_name = "FORMAT",
        default_value_t
    )]
    output: Output,
}

/// Does what was asked; returns the exit code that answers it.
pub(crate) fn run(command: TemplateCommand) -> Result<ExitCode, Failure> {
    match command {
        TemplateCommand::Inspect(arguments) => inspect::run(&arguments),
        TemplateCommand::Diff(arguments) => diff::run(&arguments),
        TemplateCommand::Verify(arguments) => verify::run(&arguments),
        TemplateCommand::Sign(arguments) => sign::run(&arguments),
        TemplateCommand::Keygen(arguments) => keygen::run(&arguments),
        TemplateCommand::Upload(arguments) => upload::run(&arguments),
    }
}

impl OutputArguments {
    /// Writes an answer to standard output.
    fn write(&self, document: &impl Serialize, text: impl Display) -> Result<(), Failure> {
        const DOING: &str = "writing to standard output";
        let text = match self.output {
            Output::Text => text.to_string(),
            Output::Json => serde_json::to_string_pretty(document).or_fail(DOING)? + "\n",
        };
        let mut output = std::io::stdout().lock();
        output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush())
            .or_fail(DOING)
    }
}

/// The bytes of a component.
fn read_component(path: &Path) -> Result<Vec<u8>, Failure> {
    // One byte more shows that it is too large.
    read(path, LoaderSettings::MAX_COMPONENT_BYTES + 1)
}

/// The line that a file of a key or a signature holds.
fn read_line(path: &Path) -> Result<String, Failure> {
    let bytes = read(path, MAX_LINE_FILE_BYTES)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(_) => {
            let text = format!("{} is not a line of text", path.display());
            Err(Failure::saying(Exit::Usage, text))
        }
    }
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let doing = format!("{} cannot be read", path.display());
            let error = anyhow::Error::new(error).context(doing);
            Err(Failure::new(Exit::Usage, error))
        }
    }
}

/// What components are, each read from a file.
fn inspect_files<const N: usize>(paths: [&Path; N]) -> Result<[Inspection; N], Failure> {
    let components = paths.map(|path| read_component(path).map(|bytes| (path, bytes)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail("starting the runtime")?;
    let settings = LoaderSettings::for_inspection(in_child(CompileLimits::default()));
    let clock = Arc::new(SystemClock::default());
    let loader = Loader::new(settings, clock).or_fail("setting up the sandbox")?;
    let mut inspected = Vec::new();
    for component in components {
        let (path, component) = component?;
        let inspection = runtime.block_on(loader.inspect(&component));
        inspected.push(inspection.map_err(|error| {
            let exit = match error.blame() {
                Blame::Guest => Exit::Failed,
                _ => Exit::Usage,
            };
            let about = format!("{} is no usable template", path.display());
            Failure::new(exit, anyhow::Error::new(error).context(about))
        })?);
    }
    loader.shutdown();
    inspected
        .try_into()
        .map_err(|_| Failure::saying(Exit::Failed, "a component was lost"))
}

/// What is signed of a component.
fn signed(inspection: &Inspection) -> Signed<'_> {
    Signed {
        digest: &inspection.digest,
        template: &inspection.metadata.id,
        version: &inspection.metadata.version,
    }
}

/// The signature that a file holds.
fn read_signature(path: &Path) -> Result<Signature, Failure> {
    read_line(path)?.parse().map_err(|error| {
        let about = format!("{} holds no signature", path.display());
        Failure::new(Exit::Usage, anyhow::Error::new(error).context(about))
    })
}
