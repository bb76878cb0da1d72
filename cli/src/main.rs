//! The `sandglass` command: reads arguments, environment and settings file, puts the parts of the
//! service together, and runs one command.
//!
//! It decides nothing about jobs. Standard output carries what a command was asked for and nothing
//! else; progress, logs and errors go to standard error.

mod commands;
mod demo;
mod failure;
mod service;
mod settings;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;
use commands::{AuditCommand, CollectionCommand, Command, CommandLine, StoreCommand};
use failure::Failure;

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Serve(arguments) => commands::serve::run(*arguments),
        Command::Collection { command } => match command {
            CollectionCommand::Import(arguments) => commands::collection::import::run(&arguments),
            CollectionCommand::Export(arguments) => commands::collection::export::run(arguments),
            CollectionCommand::Count(arguments) => commands::collection::count::run(&arguments),
        },
        Command::Audit { command } => match command {
            AuditCommand::Verify(arguments) => commands::audit::verify(&arguments),
            AuditCommand::Export(arguments) => commands::audit::export(arguments),
        },
        Command::Store { command } => match command {
            StoreCommand::Copy(arguments) => commands::store::copy::run(&arguments),
        },
        Command::Template { command } => return answer(commands::template::run(command)),
        Command::Openapi => commands::openapi::run(),
        Command::CompileComponent(arguments) => {
            return commands::compile_component::run(&arguments);
        }
    };
    answer(done.map(|()| ExitCode::SUCCESS))
}

/// The exit code of a command; where it failed, why is told.
fn answer(done: Result<ExitCode, Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit().into()
        }
    }
}
