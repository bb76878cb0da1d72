//! Artifacts in memory.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::{ArtifactRef, ArtifactSink, HostError};

/// A finished artifact.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryArtifact {
    /// How the service would refer to it.
    pub reference: ArtifactRef,
    /// Its content type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Where the artifacts of a host are.
pub(super) type Shelf = Rc<RefCell<Vec<MemoryArtifact>>>;

/// An artifact being written.
#[derive(Debug)]
pub struct MemorySink {
    shelf: Shelf,
    name: String,
    content_type: String,
    bytes: Vec<u8>,
}

impl MemorySink {
    pub(super) fn create(shelf: &Shelf, name: &str, content_type: &str) -> Result<Self, HostError> {
        if name.is_empty() || name.contains(['/', '\\']) {
            return Err(HostError::InvalidArgument(format!(
                "{name:?} is not a file name"
            )));
        }
        if shelf
            .borrow()
            .iter()
            .any(|artifact| artifact.reference.name == name)
        {
            return Err(HostError::InvalidArgument(format!(
                "{name:?} is there already"
            )));
        }
        Ok(Self {
            shelf: Rc::clone(shelf),
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: Vec::new(),
        })
    }
}

impl ArtifactSink for MemorySink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self) -> Result<ArtifactRef, HostError> {
        let mut shelf = self.shelf.borrow_mut();
        let reference = ArtifactRef {
            id: format!("artifact-{}", shelf.len() + 1),
            name: self.name,
            size: self.bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&self.bytes)),
        };
        shelf.push(MemoryArtifact {
            reference: reference.clone(),
            content_type: self.content_type,
            bytes: self.bytes,
        });
        Ok(reference)
    }
}

/// Reads a range of an artifact, fewer bytes at its end and none past it.
pub(super) fn read(
    shelf: &Shelf,
    id: &str,
    offset: u64,
    length: u32,
) -> Result<Vec<u8>, HostError> {
    let shelf = shelf.borrow();
    let artifact = shelf
        .iter()
        .find(|artifact| artifact.reference.id == id)
        .ok_or_else(|| HostError::InvalidArgument(format!("there is no artifact {id:?}")))?;
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let bytes = artifact.bytes.iter().skip(start).take(length as usize);
    Ok(bytes.copied().collect())
}
