//! `sandglass audit export`: prints the audit log as JSON lines.

use std::io::{BufWriter, Write as _};

use clap::Args;
use sandglass_contract::OrganisationId;
use sandglass_registry::Scope;

use super::place::Place;
use crate::{
    commands::collection::block_on,
    failure::{Failure, OrFail as _},
};

/// How many lines are read at once.
const AT_ONCE: u32 = 500;

/// What to export.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Whose log.
    #[arg(long, value_name = "ORGANISATION", default_value_t)]
    org: OrganisationId,
    #[command(flatten)]
    place: Place,
}

/// Prints the log, oldest line first.
pub(crate) fn run(arguments: ExportArguments) -> Result<(), Failure> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    block_on(async {
        let log = arguments.place.open().await?;
        let scope = Scope::of(arguments.org);
        let mut last = 0;
        loop {
            let lines = log.audit_lines(&scope, last, AT_ONCE).await;
            let lines = lines.or_fail("reading the audit log")?;
            let Some(end) = lines.last().map(|it| it.line.number) else {
                break;
            };
            for kept in &lines {
                let text = serde_json::to_string(&kept.line).or_fail("writing a line")?;
                writeln!(output, "{text}").or_fail("writing to standard output")?;
            }
            last = end;
        }
        output.flush().or_fail("writing to standard output")
    })
}
