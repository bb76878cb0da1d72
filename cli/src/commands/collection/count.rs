//! `sandglass collection count`: prints a number and nothing else.

use std::io::Write as _;

use clap::Args;
use sandglass_query::{CollectionName, Filter};

use super::{Place, block_on, parse_filter};
use crate::failure::{Failure, OrFail as _};

/// What to count.
#[derive(Debug, Args)]
pub(crate) struct CountArguments {
    /// The collection. One that nobody filled has no documents.
    name: CollectionName,
    /// Count only documents that match this MongoDB query.
    #[arg(long, value_name = "JSON", value_parser = parse_filter)]
    filter: Option<Filter>,
    #[command(flatten)]
    place: Place,
}

/// Prints how many documents there are.
pub(crate) fn run(arguments: &CountArguments) -> Result<(), Failure> {
    let filter = arguments.filter.clone().unwrap_or_default();
    let count = block_on(async {
        let opened = arguments.place.open_existing().await?;
        let counted = opened.database().count(&arguments.name, &filter).await;
        counted.or_fail("counting documents")
    })?;
    writeln!(std::io::stdout(), "{count}").or_fail("writing to standard output")
}
