//! `sandglass compile-component`: the child in which the service has a component compiled.
//!
//! It reads no setting and no variable, and ends as [`compile_for_parent`] says.

use std::{ffi::OsString, io, process::ExitCode};

use clap::Args;
use sandglass_host::{ChildCommand, CompileLimits, Compiling, compile_for_parent};

const NAME: &str = "compile-component";

/// What compiling may use.
#[derive(Debug, Args)]
pub(crate) struct CompileArguments {
    /// Memory, in bytes.
    #[arg(long, value_name = "BYTES")]
    memory_bytes: u64,
    /// Time of all processors together, in seconds.
    #[arg(long, value_name = "SECONDS")]
    processor_seconds: u64,
}

/// Compiling in a child that is this program.
pub(crate) fn in_child(limits: CompileLimits) -> Compiling {
    let arguments = [
        NAME.to_owned(),
        format!("--memory-bytes={}", limits.memory_bytes),
        format!("--processor-seconds={}", limits.processor_seconds),
    ];
    Compiling::InChild(ChildCommand {
        arguments: arguments.map(OsString::from).to_vec(),
        limits,
    })
}

/// Compiles what stands on standard input.
pub(crate) fn run(arguments: &CompileArguments) -> ExitCode {
    let limits = CompileLimits {
        memory_bytes: arguments.memory_bytes,
        processor_seconds: arguments.processor_seconds,
    };
    match compile_for_parent(limits, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
