//! `sandglass audit verify`: computes every digest of the audit log anew.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use clap::Args;
use sandglass_contract::OrganisationId;
use sandglass_registry::{AuditHead, AuditLine, AuditVerdict, Scope, audit::Verifier};

use super::place::Place;
use crate::{
    commands::{Output, collection::block_on},
    failure::{Exit, Failure, OrFail as _},
};

/// The longest line of an exported file, in bytes.
const LONGEST: usize = 16 << 20;

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Check this exported file and no store.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A head that an earlier check printed; it must still be a line of the log.
    #[arg(long, value_name = "NUMBER:DIGEST")]
    head: Option<AuditHead>,
    /// Check the log of this organisation alone.
    #[arg(long, value_name = "ORGANISATION")]
    org: Option<OrganisationId>,
    /// How the answer is printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

/// Prints what was found.
pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let verdicts = match &arguments.file {
        Some(file) => vec![verify_file(file, arguments)?],
        None => block_on(verify_store(arguments))?,
    };
    let mut output = std::io::stdout().lock();
    for verdict in &verdicts {
        print(&mut output, verdict, arguments.output).or_fail("writing to standard output")?;
    }
    match verdicts.iter().all(AuditVerdict::is_sound) {
        true => Ok(()),
        false => Err(Failure::saying(
            Exit::Failed,
            "the audit log is not what was written",
        )),
    }
}

async fn verify_store(arguments: &VerifyArguments) -> Result<Vec<AuditVerdict>, Failure> {
    let log = arguments.place.open().await?;
    let organisations = match &arguments.org {
        Some(org) => vec![org.clone()],
        None => log.audited().await.or_fail("looking for logs")?,
    };
    if arguments.head.is_some() && organisations.len() != 1 {
        return Err(Failure::saying(
            Exit::Usage,
            "say with --org whose log the head is of",
        ));
    }
    let mut verdicts = Vec::new();
    for org in organisations {
        let verdict = log.verify_audit(&Scope::of(org), arguments.head).await;
        verdicts.push(verdict.or_fail("reading the audit log")?);
    }
    Ok(verdicts)
}

fn verify_file(file: &Path, arguments: &VerifyArguments) -> Result<AuditVerdict, Failure> {
    let opened = File::open(file).or_fail(format!("opening {}", file.display()))?;
    let org = arguments.org.clone().unwrap_or_default();
    let mut verifier = Verifier::new(org, arguments.head);
    let mut reader = BufReader::new(opened);
    let mut text = String::new();
    let mut number = 0;
    loop {
        text.clear();
        number += 1;
        let mut bounded = std::io::Read::take(&mut reader, LONGEST as u64);
        let read = bounded.read_line(&mut text);
        if read.or_fail(format!("reading {}", file.display()))? == 0 {
            break;
        }
        let line: AuditLine = serde_json::from_str(&text).or_fail(format!(
            "line {number} of {} is no line of an audit log",
            file.display()
        ))?;
        verifier.read(&line);
    }
    Ok(verifier.finish(None))
}

fn print(
    output: &mut impl std::io::Write,
    verdict: &AuditVerdict,
    format: Output,
) -> std::io::Result<()> {
    if format == Output::Json {
        return writeln!(output, "{}", serde_json::json!(verdict));
    }
    let state = match verdict.is_sound() {
        true => "sound",
        false => "NOT SOUND",
    };
    writeln!(output, "{}: {} lines, {state}", verdict.org, verdict.lines)?;
    writeln!(output, "head {}", verdict.head)?;
    for fault in &verdict.faults {
        writeln!(output, "- {fault}")?;
    }
    let untold = verdict.fault_count - verdict.faults.len() as u64;
    match untold {
        0 => Ok(()),
        more => writeln!(output, "- and {more} faults more"),
    }
}
