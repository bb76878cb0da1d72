//! The artifacts of one run: those being written and those that exist.

use std::{collections::BTreeMap, sync::Arc};

use object_store::{ObjectStore, ObjectStoreExt as _, buffered::BufWriter};
use sandglass_contract::{Digest, RunMode};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::{Refusal, artifacts::ArtifactId, artifacts::OpenWriter};
use crate::{outcome::Stop, run::ArtifactRecord};

/// What stands before the id of an artifact that a dry run would have written.
const DRY: &str = "dry:";

/// The artifacts of one run.
pub(crate) struct ArtifactFolder {
    store: Arc<dyn ObjectStore>,
    mode: RunMode,
    next: u64,
    unfinished: BTreeMap<OpenWriter, Unfinished>,
    finished: Vec<ArtifactRecord>,
}

/// An artifact being written.
struct Unfinished {
    id: ArtifactId,
    content_type: String,
    sha256: Sha256,
    size: u64,
    sink: Sink,
}

/// Where the bytes go.
enum Sink {
    Stored(Box<BufWriter>),
    /// Bytes were lost on the way, so the artifact can never be whole.
    Lost,
    Nowhere,
}

impl ArtifactFolder {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, mode: RunMode) -> Self {
        Self {
            store,
            mode,
            next: 0,
            unfinished: BTreeMap::new(),
            finished: Vec::new(),
        }
    }

    /// Whether the run has written, or is writing, an artifact of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.unfinished.values().any(|it| it.id.name() == name)
            || self.finished.iter().any(|it| it.name == name)
    }

    /// The artifact with this id, where this run has finished it.
    pub(crate) fn finished(&self, id: &str) -> Option<&ArtifactRecord> {
        self.finished.iter().find(|record| record.id == id)
    }

    /// The name of an artifact being written.
    pub(crate) fn name(&self, key: OpenWriter) -> Result<&str, Stop> {
        let unfinished = self.unfinished.get(&key).ok_or(MISSING)?;
        Ok(unfinished.id.name())
    }

    /// Begins an artifact.
    pub(crate) fn create(&mut self, id: ArtifactId, content_type: String) -> OpenWriter {
        let sink = match self.mode {
            RunMode::Dry => Sink::Nowhere,
            RunMode::Live => {
                let writer = BufWriter::new(Arc::clone(&self.store), id.path());
                Sink::Stored(Box::new(writer))
            }
        };
        let key = OpenWriter(self.next);
        self.next += 1;
        self.unfinished.insert(
            key,
            Unfinished {
                id,
                content_type,
                sha256: Sha256::new(),
                size: 0,
                sink,
            },
        );
        key
    }

    /// Appends bytes.
    pub(crate) async fn write(&mut self, key: OpenWriter, bytes: Vec<u8>) -> Result<(), Refusal> {
        let unfinished = self.unfinished.get_mut(&key).ok_or(MISSING)?;
        unfinished.sha256.update(&bytes);
        unfinished.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match &mut unfinished.sink {
            Sink::Nowhere => Ok(()),
            Sink::Lost => Err(lost()),
            Sink::Stored(writer) => {
                let written = writer.put(bytes.into()).await;
                if written.is_err() {
                    unfinished.sink = Sink::Lost;
                }
                Ok(written?)
            }
        }
    }

    /// Closes an artifact: from here on it exists.
    pub(crate) async fn finish(&mut self, key: OpenWriter) -> Result<ArtifactRecord, Refusal> {
        let mut unfinished = self.unfinished.remove(&key).ok_or(MISSING)?;
        let mut id = unfinished.id.to_string();
        match &mut unfinished.sink {
            Sink::Nowhere => id.insert_str(0, DRY),
            Sink::Lost => return Err(lost()),
            Sink::Stored(writer) => writer.shutdown().await.map_err(|error| {
                tracing::warn!(%error, "an artifact could not be stored");
                lost()
            })?,
        }
        let record = ArtifactRecord {
            id,
            name: unfinished.id.name().to_owned(),
            content_type: unfinished.content_type,
            size: unfinished.size,
            sha256: Digest::from_bytes(unfinished.sha256.finalize().into()),
        };
        self.finished.push(record.clone());
        Ok(record)
    }

    /// Throws away an artifact that is not finished.
    pub(crate) async fn discard(&mut self, key: OpenWriter) {
        if let Some(Unfinished {
            id,
            sink: Sink::Stored(mut writer),
            ..
        }) = self.unfinished.remove(&key)
            && let Err(error) = writer.abort().await
        {
            tracing::warn!(%error, %id, "an unfinished artifact could not be discarded");
        }
    }

    /// Throws away everything that is not finished; returns what is.
    pub(crate) async fn close(&mut self) -> Vec<ArtifactRecord> {
        let keys: Vec<OpenWriter> = self.unfinished.keys().copied().collect();
        for key in keys {
            self.discard(key).await;
        }
        std::mem::take(&mut self.finished)
    }

    /// Where artifacts lie.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }
}

/// Reads a range; fewer bytes at the end, none past it.
pub(crate) async fn read_range(
    store: Arc<dyn ObjectStore>,
    id: ArtifactId,
    offset: u64,
    length: u32,
) -> Result<Vec<u8>, Refusal> {
    let path = id.path();
    let size = store.head(&path).await?.size;
    let end = offset.saturating_add(length.into()).min(size);
    if offset >= end {
        return Ok(Vec::new());
    }
    Ok(store.get_range(&path, offset..end).await?.into())
}

/// Reads a whole artifact.
pub(crate) async fn read_all(
    store: Arc<dyn ObjectStore>,
    id: ArtifactId,
) -> Result<Vec<u8>, Refusal> {
    let object = store.get(&id.path()).await?;
    Ok(object.bytes().await?.into())
}

const MISSING: Stop = Stop::Host("an artifact that is being written is missing");

fn lost() -> Refusal {
    Refusal::Unavailable("the artifact store did not take all bytes of this artifact".to_owned())
}
