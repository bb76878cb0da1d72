//! The documents that templates work on.
//!
//! They are copied in the order in which the source gives them. Another store may give them in another
//! one, so that they are compared as a set.

use sandglass_query::{ApplicationDatabase, CollectionName, Cursor, Filter, Find};
use sandglass_registry::archive::Tally;

use super::{CHOOSE_AN_EMPTY_ONE, Progress};
use crate::{
    commands::collection::OpenDatabase,
    failure::{Exit, Failure, OrFail as _},
};

/// How many documents are read at once.
const DOCUMENTS_AT_ONCE: usize = 1000;
const READING: &str = "reading documents";

/// A collection of the source, and how far it has been copied.
pub(super) struct BegunCollection {
    pub(super) name: CollectionName,
    pub(super) total: u64,
    copied: u64,
}

/// Compares what the target has with the first documents of the source.
pub(super) async fn begun(
    source: &dyn ApplicationDatabase,
    target: &dyn ApplicationDatabase,
) -> Result<Vec<BegunCollection>, Failure> {
    let names = source.collections().await.or_fail("listing collections")?;
    let theirs = target.collections().await.or_fail("listing collections")?;
    for name in theirs.iter().filter(|name| !names.contains(name)) {
        if count(target, name).await? > 0 {
            return Err(foreign(name));
        }
    }
    let mut begun = Vec::new();
    for name in names {
        let total = count(source, &name).await?;
        let copied = count(target, &name).await?;
        if copied > 0 {
            let expect = tally(source, &name, copied).await?;
            if expect != tally(target, &name, u64::MAX).await? {
                return Err(foreign(&name));
            }
        }
        begun.push(BegunCollection {
            name,
            total,
            copied,
        });
    }
    Ok(begun)
}

/// Copies the documents that are not there yet.
pub(super) async fn copy(
    source: &dyn ApplicationDatabase,
    target: &OpenDatabase,
    collection: BegunCollection,
    progress: &Progress,
) -> Result<(), Failure> {
    let BegunCollection { name, copied, .. } = collection;
    let mut cursor = all(source, &name).await?;
    let mut passed = 0;
    loop {
        let documents = cursor.next(DOCUMENTS_AT_ONCE).await.or_fail(READING)?;
        if documents.is_empty() {
            return Ok(());
        }
        let count = documents.len() as u64;
        let known = copied.saturating_sub(passed).min(count);
        passed += count;
        let new = documents
            .into_iter()
            .skip(usize::try_from(known).unwrap_or(usize::MAX))
            .map(Ok);
        if known < count {
            let imported = target.import(&name, Box::new(new), |_| {}).await;
            imported.or_fail(format!("copying the documents of {name}"))?;
        }
        progress.add(count);
    }
}

/// The first documents of a collection, at most `most`: how many they are, and their digest.
pub(super) async fn tally(
    database: &dyn ApplicationDatabase,
    name: &CollectionName,
    most: u64,
) -> Result<Tally, Failure> {
    let mut cursor = all(database, name).await?;
    let mut tally = Tally::of_set();
    while tally.count < most {
        let documents = cursor.next(DOCUMENTS_AT_ONCE).await.or_fail(READING)?;
        if documents.is_empty() {
            break;
        }
        let left = usize::try_from(most - tally.count).unwrap_or(usize::MAX);
        for document in documents.iter().take(left) {
            tally.add_bytes(&document.to_vec().or_fail(READING)?);
        }
    }
    Ok(tally)
}

async fn all(
    database: &dyn ApplicationDatabase,
    name: &CollectionName,
) -> Result<Box<dyn Cursor>, Failure> {
    let found = database.find(name, Find::default()).await;
    found.or_fail(READING)
}

async fn count(database: &dyn ApplicationDatabase, name: &CollectionName) -> Result<u64, Failure> {
    let counted = database.count(name, &Filter::default()).await;
    counted.or_fail("counting documents")
}

fn foreign(name: &CollectionName) -> Failure {
    let text = format!("the target holds documents in {name} that are not those of the source");
    Failure::saying(Exit::Failed, text).advise(CHOOSE_AN_EMPTY_ONE)
}
