//! Compiled components on disk, so that a start does not compile everything again.
//!
//! Compiled code is machine code: whoever writes it owns the process. So the folder and the files are
//! readable and writable by the service's own user alone, nothing from outside is ever put here, each
//! file carries the digest of its code, and the bytes that are loaded are the very bytes that were
//! checked. A file that fails any check is as good as none: the component is compiled again.

#![allow(
    unsafe_code,
    reason = "loading machine code is unsafe however it is checked; this is the one place for it"
)]

use std::{
    fs::{self, File, OpenOptions, Permissions},
    hash::{Hash as _, Hasher},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use sandglass_contract::Digest;
use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use crate::error::{HostError, TemplateError};

/// Files kept; the oldest go first.
const MAX_FILES: usize = 200;
const EXTENSION: &str = "cwasm";
const DIGEST_BYTES: usize = 32;

/// The folder of compiled components.
#[derive(Debug)]
pub(crate) struct ArtefactCache {
    folder: PathBuf,
    compatibility: Digest,
}

impl ArtefactCache {
    /// Opens the folder, making it where it does not exist.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> Result<Self, HostError> {
        let prepare = || {
            fs::create_dir_all(folder)?;
            fs::set_permissions(folder, Permissions::from_mode(0o700))
        };
        prepare().map_err(|source| HostError::CacheFolder {
            folder: folder.display().to_string(),
            source,
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            compatibility: compatibility(engine),
        })
    }

    /// The component with this digest, where it was compiled before by an engine such as this one.
    pub(crate) fn read(&self, engine: &Engine, component: &Digest) -> Option<Component> {
        let path = self.path(component);
        let bytes = match self.read_own(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a compiled template is not used");
                return None;
            }
        };
        let (digest, code) = bytes.split_at_checked(DIGEST_BYTES)?;
        if Digest::of(code).as_bytes() != digest {
            tracing::warn!(path = %path.display(), "a compiled template is corrupt and not used");
            return None;
        }
        // SAFETY: the code was written by `write` of this module: the file lies in a folder that only
        // this user can write to, belongs to this user, and its bytes have the digest that was
        // written with them. They were read before they were checked and are not read again.
        // `deserialize` refuses code of another engine configuration by itself.
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a compiled template is not used");
                None
            }
        }
    }

    /// Keeps a compiled component. Failing to is no failure: it will be compiled again.
    pub(crate) fn write(&self, digest: &Digest, component: &Component) {
        let write = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            let code = component.serialize()?;
            self.write_file(&self.path(digest), &code)?;
            self.forget_oldest()?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(error, "a compiled template could not be kept");
        }
    }

    fn path(&self, component: &Digest) -> PathBuf {
        let mut key = Sha256::new();
        key.update(component.as_bytes());
        key.update(self.compatibility.as_bytes());
        let key = Digest::from_bytes(key.finalize().into());
        self.folder.join(format!("{key}.{EXTENSION}"))
    }

    /// Reads a file that this user alone can have written.
    fn read_own(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let (found, folder) = (file.metadata()?, fs::metadata(&self.folder)?);
        let link = fs::symlink_metadata(path)?.file_type().is_symlink();
        let own = found.is_file() && found.uid() == folder.uid() && found.mode() & 0o077 == 0;
        if link || !own || folder.mode() & 0o077 != 0 {
            return Err(io::Error::other(
                "the file, or its folder, is open to others than the service's own user",
            ));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_file(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let unique: u64 = rand::random();
        let temporary = self.folder.join(format!("{unique:016x}.tmp"));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        let written = file
            .write_all(Digest::of(code).as_bytes())
            .and_then(|()| file.write_all(code))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            fs::remove_file(&temporary)?;
        }
        written
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
        files.sort();
        let excess = files.len().saturating_sub(MAX_FILES);
        for (_, path) in files.into_iter().take(excess) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// The component whose code a child of this process has compiled, as `compiling` has it done. What does not
/// fit into the places that this process has for guests is refused only here.
pub(crate) fn adopt(engine: &Engine, code: &[u8]) -> Result<Component, TemplateError> {
    // SAFETY: the code came through a pipe that nobody else holds, from a child that this process has
    // started and that is this very program (`/proc/self/exe`), with an engine of the same
    // configuration. `deserialize` refuses code of another configuration by itself.
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| TemplateError::Invalid {
        reason: format!("{error:#}"),
    })
}

/// What code must have in common with an engine to run in it. wasmtime's own check at loading compares
/// only its major version; this compares the full one, so that code of a release with a faulty
/// compiler is not used by the release that mends it.
fn compatibility(engine: &Engine) -> Digest {
    struct Collect(Sha256);

    impl Hasher for Collect {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    let mut collect = Collect(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut collect);
    Digest::from_bytes(collect.0.finalize().into())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use std::num::NonZeroUsize;

    use super::*;

    struct Fixture {
        folder: tempfile::TempDir,
        engine: Engine,
        cache: ArtefactCache,
        digest: Digest,
    }

    fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let engine = crate::engine::start(NonZeroUsize::MIN).unwrap();
        let cache = ArtefactCache::open(&folder.path().join("cache"), &engine).unwrap();
        let bytes = wat::parse_str("(component)").unwrap();
        let component = Component::from_binary(&engine, &bytes).unwrap();
        let digest = Digest::of(&bytes);
        cache.write(&digest, &component);
        Fixture {
            folder,
            engine,
            cache,
            digest,
        }
    }

    #[test]
    fn what_one_engine_compiled_another_loads() {
        let fixture = fixture();
        let other = crate::engine::start(NonZeroUsize::MIN).unwrap();
        let cache = ArtefactCache::open(&fixture.folder.path().join("cache"), &other).unwrap();
        assert!(cache.read(&other, &fixture.digest).is_some());
        assert!(cache.read(&other, &Digest::of(b"another")).is_none());
    }

    #[test]
    fn what_an_engine_for_compiling_makes_is_as_good_as_ones_own() {
        let fixture = fixture();
        let compiler = crate::engine::for_compiling().unwrap();
        assert_eq!(compatibility(&compiler), fixture.cache.compatibility);
        let bytes = wat::parse_str("(component)").unwrap();
        let code = compiler.precompile_component(&bytes).unwrap();
        assert!(adopt(&fixture.engine, &code).is_ok());
        assert!(adopt(&fixture.engine, b"no code").is_err());
    }

    #[test]
    fn files_and_folder_are_for_the_owner_alone() {
        let fixture = fixture();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&fixture.cache.folder), 0o700);
        assert_eq!(mode(&fixture.cache.path(&fixture.digest)), 0o600);
    }

    #[test]
    fn a_file_that_was_touched_is_never_loaded() {
        let check = |spoil: fn(&Path)| {
            let fixture = fixture();
            let path = fixture.cache.path(&fixture.digest);
            assert!(
                fixture
                    .cache
                    .read(&fixture.engine, &fixture.digest)
                    .is_some()
            );
            spoil(&path);
            let read = fixture.cache.read(&fixture.engine, &fixture.digest);
            assert!(read.is_none());
        };
        check(|path| {
            let mut bytes = fs::read(path).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(path, bytes).unwrap();
        });
        check(|path| fs::write(path, b"short").unwrap());
        check(|path| fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap());
        check(|path| {
            let elsewhere = path.with_extension("moved");
            fs::rename(path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(elsewhere, path).unwrap();
        });
        check(|path| {
            let code = b"\x7fELF is not enough";
            let mut bytes = Digest::of(code).as_bytes().to_vec();
            bytes.extend_from_slice(code);
            fs::write(path, bytes).unwrap();
        });
        check(|path| {
            let folder = path.parent().unwrap();
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        });
    }

    #[test]
    fn no_temporary_file_is_left() {
        let fixture = fixture();
        let names: Vec<_> = fs::read_dir(&fixture.cache.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(names, [fixture.cache.path(&fixture.digest)]);
    }
}
