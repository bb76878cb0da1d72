//! `sandglass store copy`: moves house, from a data folder to MongoDB, back, or to another place.
//!
//! The target is looked through before anything is written: it is empty, or holds the beginning of a
//! copy of the same source, which then goes on. In the end both are read anew and compared.

mod artifacts;
mod documents;
mod progress;

use std::io::Write as _;

use clap::Args;
use sandglass_registry::archive::{self, Begun, RecordKind, Tally, TransferError};

use super::place::{OpenPlace, Place};
use crate::{
    commands::collection::block_on,
    failure::{Exit, Failure, OrFail as _},
    settings::AppDatabase,
};
use documents::BegunCollection;
use progress::Progress;

/// What to copy.
#[derive(Debug, Args)]
pub(crate) struct CopyArguments {
    /// The store to copy: a data folder, or a URL of MongoDB. No service may use it meanwhile.
    #[arg(long, value_name = "PLACE", env = "SANDGLASS_COPY_FROM", hide_env_values = true,
          value_parser = Place::parse)]
    from: Place,
    /// Where to: a data folder or a URL of MongoDB that holds nothing yet, or what a copy of the same
    /// store left there that was broken off.
    #[arg(long, value_name = "PLACE", env = "SANDGLASS_COPY_TO", hide_env_values = true,
          value_parser = Place::parse)]
    to: Place,
    /// The MongoDB database of the documents that templates work on, where the source is MongoDB.
    #[arg(long, value_name = "NAME", default_value = "app")]
    from_app_database: AppDatabase,
    /// The same where the target is MongoDB.
    #[arg(long, value_name = "NAME", default_value = "app")]
    to_app_database: AppDatabase,
}

/// Copies a store, and prints what there is of each kind: how many, and the digest of all.
pub(crate) fn run(arguments: &CopyArguments) -> Result<(), Failure> {
    let CopyArguments { from, to, .. } = arguments;
    if from == to {
        let text = "the source and the target are the same place";
        return Err(Failure::saying(Exit::Usage, text));
    }
    block_on(async {
        let source = from.open_existing(&arguments.from_app_database).await?;
        let target = to.open(&arguments.to_app_database).await?;
        let copying = Copying { source, target };
        let begun = copying.look_through().await?;
        copying.copy(begun).await.map_err(|failure| {
            failure.advise("put that right and run the same command again; it goes on from here")
        })?;
        for line in copying.compare().await? {
            writeln!(std::io::stdout(), "{line}").or_fail("writing to standard output")?;
        }
        Ok(())
    })
}

struct Copying {
    source: OpenPlace,
    target: OpenPlace,
}

/// How far an earlier copy has come.
struct BegunCopy {
    records: Vec<(RecordKind, Begun)>,
    collections: Vec<BegunCollection>,
}

impl Copying {
    /// Makes sure that the target holds nothing but the beginning of a copy.
    async fn look_through(&self) -> Result<BegunCopy, Failure> {
        let progress = Progress::of("looking through the target", 0);
        let (source, target) = (self.source.archive.as_ref(), self.target.archive.as_ref());
        let mut records = Vec::new();
        for kind in RecordKind::ALL {
            progress.tell(kind.as_str());
            let begun = archive::begun(source, target, kind).await;
            let begun = begun.map_err(|error| {
                let is_foreign = matches!(error, TransferError::Foreign { .. });
                let failure = Failure::new(Exit::Failed, error);
                match is_foreign {
                    true => failure.advise(CHOOSE_AN_EMPTY_ONE),
                    false => failure,
                }
            })?;
            records.push((kind, begun));
        }
        let source = self.source.database.database();
        let collections = documents::begun(source, self.target.database.database()).await?;
        Ok(BegunCopy {
            records,
            collections,
        })
    }

    async fn copy(&self, begun: BegunCopy) -> Result<(), Failure> {
        let (source, target) = (self.source.archive.as_ref(), self.target.archive.as_ref());
        let mut total = 0;
        for kind in RecordKind::ALL {
            total += source.count(kind).await.or_fail("counting")?;
        }
        total += begun.collections.iter().map(|it| it.total).sum::<u64>();
        let progress = Progress::of("copying", total);
        for (kind, begun) in begun.records {
            progress.tell(kind.as_str());
            progress.add(begun.count);
            let told = |count| progress.add(count);
            let copied = archive::transfer(source, target, kind, begun, told).await;
            copied.map_err(|error| Failure::new(Exit::Failed, error))?;
        }
        for collection in begun.collections {
            progress.tell(collection.name.as_str());
            let source = self.source.database.database();
            documents::copy(source, &self.target.database, collection, &progress).await?;
        }
        artifacts::copy(
            self.source.artifacts.as_ref(),
            self.target.artifacts.as_ref(),
            &progress,
        )
        .await
    }

    /// Reads both anew. Returns a line for each kind.
    async fn compare(&self) -> Result<Vec<String>, Failure> {
        let progress = Progress::of("comparing", 0);
        let mut lines = Vec::new();
        for kind in RecordKind::ALL {
            progress.tell(kind.as_str());
            let tally = async |place: &OpenPlace| {
                let told = |count| progress.add(count);
                let tally = archive::tally(place.archive.as_ref(), kind, told).await;
                tally.or_fail(format!("reading {}", kind.as_str()))
            };
            let (expect, found) = (tally(&self.source).await?, tally(&self.target).await?);
            lines.push(same(kind.as_str(), &expect, &found)?);
        }
        let source = self.source.database.database();
        let target = self.target.database.database();
        for name in source.collections().await.or_fail("listing collections")? {
            progress.tell(name.as_str());
            let expect = documents::tally(source, &name, u64::MAX).await?;
            let found = documents::tally(target, &name, u64::MAX).await?;
            lines.push(same(&format!("documents in {name}"), &expect, &found)?);
        }
        progress.tell("artifacts");
        let expect = artifacts::tally(self.source.artifacts.as_ref()).await?;
        let found = artifacts::tally(self.target.artifacts.as_ref()).await?;
        lines.push(same("artifacts", &expect, &found)?);
        Ok(lines)
    }
}

const CHOOSE_AN_EMPTY_ONE: &str =
    "choose a place that holds nothing; a service that was started there has left its templates";

fn same(what: &str, expect: &Tally, found: &Tally) -> Result<String, Failure> {
    if expect != found {
        let text = format!(
            "the {what} are not the same on both sides: {expect:?} and {found:?}; the source stays as \
             it is"
        );
        return Err(Failure::saying(Exit::Failed, text).advise(CHOOSE_AN_EMPTY_ONE));
    }
    Ok(format!("{what}: {} {}", found.count, found.digest))
}
