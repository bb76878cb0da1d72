//! `sandglass-componentize IN.wasm OUT.wasm`: turns a core module that was built with `sandglass-sdk`
//! into a component.
//!
//! The component imports only what the module still imports after linking. An unchanged output is not
//! written again, so that builds that embed it stay warm. The tool judges nothing else: the host does
//! that at upload.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use wit_component::{ComponentEncoder, DecodedWasm};

#[derive(Debug, thiserror::Error)]
enum ComponentizeError {
    #[error("usage: sandglass-componentize IN.wasm OUT.wasm")]
    Usage,
    #[error("cannot read the module {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is not a module that was built with sandglass-sdk: {reason}")]
    Encode { path: PathBuf, reason: String },
    #[error("{path} is not a template: it does not export `execute`; use `export_template!`")]
    NotATemplate { path: PathBuf },
    #[error("cannot write the component {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            eprintln!("sandglass-componentize: {error}{cause}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<(), ComponentizeError> {
    let (Some(input), Some(output), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(ComponentizeError::Usage);
    };
    let component = encode(Path::new(&input))?;
    write_if_changed(Path::new(&output), &component)
}

fn encode(path: &Path) -> Result<Vec<u8>, ComponentizeError> {
    let module = fs::read(path).map_err(|source| ComponentizeError::Read {
        path: path.to_owned(),
        source,
    })?;
    let encode = || {
        ComponentEncoder::default()
            .module(&module)?
            .validate(true)
            .encode()
    };
    let component = encode().map_err(|error| ComponentizeError::Encode {
        path: path.to_owned(),
        reason: format!("{error:#}"),
    })?;
    if exports_execute(&component) {
        Ok(component)
    } else {
        Err(ComponentizeError::NotATemplate {
            path: path.to_owned(),
        })
    }
}

/// A module without the sections that the SDK writes makes a valid component too: an empty one.
fn exports_execute(component: &[u8]) -> bool {
    match wit_component::decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => {
            resolve.worlds.get(world).is_some_and(|world| {
                world
                    .exports
                    .keys()
                    .any(|key| resolve.name_world_key(key) == "execute")
            })
        }
        Ok(DecodedWasm::WitPackage(..)) | Err(_) => false,
    }
}

/// Writes beside the output and renames, so that nobody reads half a component.
fn write_if_changed(path: &Path, component: &[u8]) -> Result<(), ComponentizeError> {
    if fs::read(path).is_ok_and(|present| present == component) {
        return Ok(());
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&partial, component)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|source| ComponentizeError::Write {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn arguments(given: &[&str]) -> impl Iterator<Item = OsString> {
        given
            .iter()
            .map(OsString::from)
            .collect::<Vec<_>>()
            .into_iter()
    }

    #[test]
    fn two_paths_are_needed() {
        for given in [&[][..], &["in.wasm"], &["in.wasm", "out.wasm", "more"]] {
            let result = run(arguments(given));
            assert!(matches!(result, Err(ComponentizeError::Usage)), "{given:?}");
        }
    }

    #[test]
    fn what_is_no_module_of_the_sdk_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.wasm");
        let plain_module = b"\0asm\x01\0\0\0".as_slice();
        let input = folder.path().join("in.wasm");
        let paths = [input.to_str().unwrap(), output.to_str().unwrap()];
        fs::write(&input, b"no module").unwrap();
        let result = run(arguments(&paths));
        assert!(matches!(result, Err(ComponentizeError::Encode { .. })));
        fs::write(&input, plain_module).unwrap();
        let result = run(arguments(&paths));
        assert!(matches!(
            result,
            Err(ComponentizeError::NotATemplate { .. })
        ));
        assert!(!output.exists());
        let missing = run(arguments(&["/nowhere/in.wasm", "out.wasm"]));
        assert!(matches!(missing, Err(ComponentizeError::Read { .. })));
    }

    #[test]
    fn an_unchanged_output_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out.wasm");
        let file = || fs::metadata(&output).unwrap().ino();
        write_if_changed(&output, b"one").unwrap();
        let first = file();
        write_if_changed(&output, b"one").unwrap();
        assert_eq!(file(), first);
        write_if_changed(&output, b"two").unwrap();
        assert_ne!(file(), first);
        assert_eq!(fs::read(&output).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
