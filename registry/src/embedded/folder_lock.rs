//! The data folder and the lock that one process holds on it.
//!
//! The lock is the operating system's and ends with the process, however that ends; the file itself
//! stays and means nothing. SQLite's own locks would let two processes write in turn, and both would
//! run the same jobs.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use super::OpenError;

const LOCK_FILE: &str = "sandglass.lock";

/// The lock on a data folder, until it is dropped.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Makes the folder where it does not exist, and locks it.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let path = folder.join(LOCK_FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| folder_error(folder, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                folder: folder.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(folder_error(folder, source)),
        }
    }
}

/// Makes a folder that only its owner may look into; one that exists is left as it is.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| folder_error(folder, source))
}

fn folder_error(folder: &Path, source: io::Error) -> OpenError {
    OpenError::Folder {
        folder: folder.to_owned(),
        source,
    }
}
