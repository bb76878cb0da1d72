//! `sandglass collection export`: prints documents, one on each line.

use std::io::{BufWriter, ErrorKind, Write};

use clap::Args;
use sandglass_query::{CollectionName, Cursor, Filter, Find, extended_json};

use super::{Place, block_on, parse_filter};
use crate::failure::{Failure, OrFail as _};

/// How many documents are read at once.
const DOCUMENTS_AT_ONCE: usize = 500;

/// What to print.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The collection. One that nobody filled has no documents.
    name: CollectionName,
    /// Print only documents that match this MongoDB query.
    #[arg(long, value_name = "JSON", value_parser = parse_filter)]
    filter: Option<Filter>,
    #[command(flatten)]
    place: Place,
}

/// Prints the documents.
pub(crate) fn run(arguments: ExportArguments) -> Result<(), Failure> {
    let find = Find {
        filter: arguments.filter.unwrap_or_default(),
        ..Find::default()
    };
    block_on(async {
        let opened = arguments.place.open_existing().await?;
        let found = opened.database().find(&arguments.name, find).await;
        let mut cursor = found.or_fail("reading documents")?;
        print(cursor.as_mut(), BufWriter::new(std::io::stdout().lock())).await
    })
}

async fn print(cursor: &mut dyn Cursor, mut output: impl Write) -> Result<(), Failure> {
    loop {
        let documents = cursor
            .next(DOCUMENTS_AT_ONCE)
            .await
            .or_fail("reading documents")?;
        let last = documents.is_empty();
        let written = documents
            .iter()
            .try_for_each(|it| writeln!(output, "{}", extended_json::print_document(it)))
            .and_then(|()| if last { output.flush() } else { Ok(()) });
        match written {
            Ok(()) if last => return Ok(()),
            Ok(()) => {}
            // Whoever reads has read enough, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(error).or_fail("writing to standard output"),
        }
    }
}
