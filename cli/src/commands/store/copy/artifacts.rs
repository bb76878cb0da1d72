//! The files that runs left behind.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _, path::Path};
use sandglass_contract::Digest;
use sandglass_registry::archive::Tally;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Progress;
use crate::failure::{Failure, OrFail as _};

/// How many bytes are written at once.
const PART_BYTES: usize = 8 << 20;

const LISTING: &str = "listing the artifacts";

/// Copies the files that are not there yet. A file is there as a whole or not at all.
pub(super) async fn copy(
    source: &dyn ObjectStore,
    target: &dyn ObjectStore,
    progress: &Progress,
) -> Result<(), Failure> {
    progress.tell("artifacts");
    let there = list(target).await?;
    for (path, size) in list(source).await? {
        if there.get(&path) == Some(&size) {
            continue;
        }
        let copied = copy_one(source, target, &path).await;
        copied.or_fail(format!("copying the artifact {path}"))?;
    }
    Ok(())
}

async fn copy_one(
    source: &dyn ObjectStore,
    target: &dyn ObjectStore,
    path: &Path,
) -> Result<(), object_store::Error> {
    let mut pieces = source.get(path).await?.into_stream();
    let mut upload = target.put_multipart(path).await?;
    let mut part = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        part.extend_from_slice(&piece);
        if part.len() >= PART_BYTES {
            upload.put_part(std::mem::take(&mut part).into()).await?;
        }
    }
    upload.put_part(part.into()).await?;
    upload.complete().await?;
    Ok(())
}

/// Every file with its path, its size and its digest.
pub(super) async fn tally(store: &dyn ObjectStore) -> Result<Tally, Failure> {
    let mut tally = Tally::of_list();
    for (path, size) in list(store).await? {
        let digest = digest(store, &path).await;
        let digest = digest.or_fail(format!("reading the artifact {path}"))?;
        tally.add(&json!([path.as_ref(), size, digest]));
    }
    Ok(tally)
}

async fn digest(store: &dyn ObjectStore, path: &Path) -> Result<Digest, object_store::Error> {
    let mut pieces = store.get(path).await?.into_stream();
    let mut hash = Sha256::new();
    while let Some(piece) = pieces.try_next().await? {
        hash.update(&piece);
    }
    Ok(Digest::from_bytes(hash.finalize().into()))
}

async fn list(store: &dyn ObjectStore) -> Result<BTreeMap<Path, u64>, Failure> {
    store
        .list(None)
        .map_ok(|file| (file.location, file.size))
        .try_collect()
        .await
        .or_fail(LISTING)
}
