//! Writing one artifact, a part at a time.

use std::{fmt, mem};

use async_trait::async_trait;
use futures::FutureExt as _;
use mongodb::bson::Bson;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart, path::Path};

use super::{MongoArtifacts, failed, new_file};
use crate::mongo::bucket::PIECE;

/// An artifact on its way. Parts are cut into pieces of the same size whatever their own is, in the
/// order in which they are handed in; they may be written in any order.
pub(super) struct Upload {
    store: MongoArtifacts,
    location: Path,
    file: Bson,
    /// The number of the next piece.
    next: i32,
    /// Bytes that do not fill a piece yet.
    rest: Vec<u8>,
    size: u64,
}

impl Upload {
    pub(super) fn new(store: MongoArtifacts, location: Path) -> Self {
        Self {
            store,
            location,
            file: new_file(),
            next: 0,
            rest: Vec::new(),
            size: 0,
        }
    }

    /// Takes the number of the next piece, and so many after it.
    fn number(&mut self, pieces: usize) -> i32 {
        let first = self.next;
        let pieces = i32::try_from(pieces).unwrap_or(i32::MAX);
        self.next = first.saturating_add(pieces);
        first
    }

    fn write(&mut self, pieces: Vec<Vec<u8>>) -> UploadPart {
        let first = self.number(pieces.len());
        let (bucket, file) = (self.store.bucket.clone(), self.file.clone());
        async move {
            let written = bucket.write(&file, first, pieces).await;
            written.map_err(failed)
        }
        .boxed()
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let mut pieces = Vec::new();
        for mut bytes in data.iter().map(AsRef::<[u8]>::as_ref) {
            self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            while !bytes.is_empty() {
                let room = PIECE.saturating_sub(self.rest.len());
                let (taken, left) = bytes.split_at(room.min(bytes.len()));
                self.rest.extend_from_slice(taken);
                bytes = left;
                if self.rest.len() == PIECE {
                    pieces.push(mem::take(&mut self.rest));
                }
            }
        }
        self.write(pieces)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if !self.rest.is_empty() {
            let last = mem::take(&mut self.rest);
            self.write(vec![last]).await?;
        }
        let written = self.store.bucket.count(&self.file).await.map_err(failed)?;
        if Ok(written) != u64::try_from(self.next) {
            return Err(failed("not all parts were written"));
        }
        let finished = self.store.finish(&self.file, &self.location, self.size);
        finished.await?;
        Ok(PutResult {
            e_tag: None,
            version: None,
            extensions: Default::default(),
        })
    }

    async fn abort(&mut self) -> Result<()> {
        let discarded = self.store.bucket.discard(&self.file).await;
        discarded.map_err(failed)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Upload")
            .field("location", &self.location)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
