//! The commands, one file each.

pub(crate) mod audit;
pub(crate) mod collection;
pub(crate) mod compile_component;
pub(crate) mod openapi;
pub(crate) mod serve;
pub(crate) mod store;
pub(crate) mod template;

use clap::{Parser, Subcommand, ValueEnum};

/// A job service: schedules jobs made of WebAssembly templates, and runs each in a sandbox that holds
/// exactly the capabilities that it needs.
#[derive(Debug, Parser)]
#[command(
    name = "sandglass",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 arguments or settings not valid, 3 not found."
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service.
    Serve(Box<serve::ServeArguments>),
    /// Fill and read collections of the application database.
    Collection {
        #[command(subcommand)]
        command: CollectionCommand,
    },
    /// Check and export the audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Work on a store as a whole, while no service uses it.
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Inspect, compare, sign and upload components of templates.
    Template {
        #[command(subcommand)]
        command: TemplateCommand,
    },
    /// Print the OpenAPI document of the REST API.
    Openapi,
    /// Compile the component on standard input within bounds; the service calls it.
    #[command(hide = true)]
    CompileComponent(compile_component::CompileArguments),
}

/// What can be done with a collection.
#[derive(Debug, Subcommand)]
pub(crate) enum CollectionCommand {
    /// Add the documents of a file, one on each line as Extended JSON.
    Import(collection::import::ImportArguments),
    /// Print documents, one on each line as Extended JSON.
    Export(collection::export::ExportArguments),
    /// Print how many documents there are.
    Count(collection::count::CountArguments),
}

/// What can be done with a store as a whole.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy everything to another place, and compare. Run again, it goes on where it was.
    Copy(store::copy::CopyArguments),
}

/// What can be done with a template.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Show what a component is, what it can do and what it cannot.
    #[command(after_help = template::EXIT_OF_INSPECT)]
    Inspect(template::inspect::InspectArguments),
    /// Show what a component can do that another cannot.
    #[command(after_help = template::EXIT_OF_DIFF)]
    Diff(template::diff::DiffArguments),
    /// Say whether a trusted key vouches for a component.
    #[command(after_help = template::EXIT_OF_VERIFY)]
    Verify(template::verify::VerifyArguments),
    /// Sign a component.
    #[command(after_help = template::EXIT_OF_SIGN)]
    Sign(template::sign::SignArguments),
    /// Make a key to sign with.
    #[command(after_help = template::EXIT_OF_SIGN)]
    Keygen(template::keygen::KeygenArguments),
    /// Upload a component to a service, where it waits for approval.
    #[command(after_help = template::EXIT_OF_UPLOAD)]
    Upload(template::upload::UploadArguments),
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Find any edit, removal or reordering; fails where there is one.
    Verify(audit::VerifyArguments),
    /// Print the log, one JSON object on each line.
    Export(audit::ExportArguments),
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}
