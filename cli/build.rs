//! Carries the built-in templates into the binary: every crate of `templates-wasm` must have been made
//! a component in `target/templates`.

#![allow(
    clippy::print_stdout,
    reason = "cargo reads the standard output of a build script"
)]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    match carry_templates() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!(
                "cargo::error=the built-in templates are missing ({error}); run `make templates`"
            );
            ExitCode::FAILURE
        }
    }
}

fn carry_templates() -> Result<(), Box<dyn Error>> {
    let workspace = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?)
        .join("..")
        .canonicalize()?;
    let sources = workspace.join("templates-wasm");
    let components = workspace.join("target/templates");
    println!(
        "cargo::rerun-if-changed={}",
        sources.join("Cargo.toml").display()
    );
    println!("cargo::rerun-if-changed={}", components.display());
    let mut text = String::from("&[\n");
    for name in template_names(&sources)? {
        let component = components.join(format!("{name}.wasm"));
        println!("cargo::rerun-if-changed={}", component.display());
        if !component.is_file() {
            return Err(format!("there is no {}", component.display()).into());
        }
        let path = component
            .to_str()
            .ok_or("the path of the workspace is not UTF-8")?;
        writeln!(text, "    ({name:?}, include_bytes!({path:?}).as_slice()),")?;
    }
    text.push(']');
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("templates.rs"),
        text,
    )?;
    Ok(())
}

/// The ids of the templates, sorted: the names of the crates that give a WebAssembly module.
fn template_names(sources: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(sources)? {
        let entry = entry?;
        let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).unwrap_or_default();
        if manifest.contains("cdylib") {
            names.push(entry.file_name().to_string_lossy().replace('-', "_"));
        }
    }
    names.sort();
    match names.is_empty() {
        true => Err(format!("there is no template in {}", sources.display()).into()),
        false => Ok(names),
    }
}
