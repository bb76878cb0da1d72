//! `sandglass collection import`: adds the documents of a file, one on each line.

mod lines;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sandglass_query::CollectionName;

use super::{Place, block_on};
use crate::failure::{Failure, OrFail as _};
use lines::LineDocuments;

/// What to add.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The collection; it is made where there is none.
    name: CollectionName,
    /// A file with one document on each line as Extended JSON; `-` for standard input. A document whose
    /// `_id` is there already takes the place of the one that is there.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Adds the documents.
pub(crate) fn run(arguments: &ImportArguments) -> Result<(), Failure> {
    let (source, size) = open(&arguments.file)?;
    let bar = progress_bar(size);
    let documents = LineDocuments::new(BufReader::new(bar.wrap_read(source)));
    let mut stored = 0;
    let imported = block_on(async {
        let told = |so_far| {
            stored = so_far;
            bar.set_message(so_far.to_string());
        };
        let documents = Box::new(documents);
        let opened = arguments.place.open().await?;
        Ok(opened.import(&arguments.name, documents, told).await)
    })?;
    bar.finish_and_clear();
    let name = &arguments.name;
    let count = imported.or_fail(format!("importing into {name}")).map_err(|failure| {
        failure.advise(format!(
            "{stored} documents are imported and stay; mend the file and import it again: a document \
             with an _id is replaced, one without is added once more"
        ))
    })?;
    eprintln!("imported {count} documents into {name}");
    Ok(())
}

/// The file, or standard input, and how many bytes it has.
fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let doing = || format!("reading {}", path.display());
    let file = File::open(path).or_fail(doing())?;
    let size = file.metadata().or_fail(doing())?.len();
    Ok((Box::new(file), Some(size)))
}

/// A bar on standard error; nothing where that is not a terminal.
fn progress_bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (
            ProgressBar::new(size),
            "{wide_bar} {bytes}/{total_bytes} {msg} documents, {eta} left",
        ),
        None => (
            ProgressBar::no_length(),
            "{spinner} {bytes} {msg} documents",
        ),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
