//! What guests are linked to: everything for a run, nothing for a question.
//!
//! The interfaces of a template that only answers a question are linked to functions that trap, so that
//! a question can have no effect however the template is written.

use wasmtime::{
    Engine,
    component::{Component, HasSelf, Linker},
};
use wasmtime_wasi::{
    WasiView,
    cli::{WasiCli, WasiCliView as _},
    filesystem::{WasiFilesystem, WasiFilesystemView as _},
    p2::{
        self,
        bindings::{cli, filesystem, random},
    },
    random::{WasiRandom, WasiRandomView as _},
};

use crate::{
    bindings::{TemplatePre, sandglass::job},
    capability::control,
    error::TemplateError,
    pure::PureState,
    state::RunState,
};

/// The linker of runs: every interface of the contract and the WASI subset.
pub(crate) fn run_linker(engine: &Engine) -> wasmtime::Result<Linker<RunState>> {
    let mut linker = Linker::new(engine);
    add_wasi(&mut linker)?;
    let state: fn(&mut RunState) -> &mut RunState = |state| state;
    job::types::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::database::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::email::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::artifacts::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::http::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::secrets::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::log::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::progress::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::clock::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    job::random::add_to_linker::<_, HasSelf<RunState>>(&mut linker, state)?;
    control::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Links a component for runs.
pub(crate) fn run_pre(
    linker: &Linker<RunState>,
    component: &Component,
) -> Result<TemplatePre<RunState>, TemplateError> {
    let linked = linker
        .instantiate_pre(component)
        .map_err(|error| import_error(&error))?;
    TemplatePre::new(linked).map_err(|error| export_error(&error))
}

/// Links a component for questions.
pub(crate) fn pure_pre(
    engine: &Engine,
    component: &Component,
) -> Result<TemplatePre<PureState>, TemplateError> {
    let mut linker = Linker::new(engine);
    add_wasi(&mut linker).map_err(TemplateError::host)?;
    linker
        .define_unknown_imports_as_traps(component)
        .map_err(|error| import_error(&error))?;
    let linked = linker
        .instantiate_pre(component)
        .map_err(|error| import_error(&error))?;
    TemplatePre::new(linked).map_err(|error| export_error(&error))
}

fn import_error(error: &wasmtime::Error) -> TemplateError {
    TemplateError::Invalid {
        reason: format!("its imports do not fit: {error:#}"),
    }
}

fn export_error(error: &wasmtime::Error) -> TemplateError {
    TemplateError::WrongExports {
        problems: vec![format!("{error:#}")],
    }
}

/// The part of WASI 0.2 that a language's standard library asks for. There is no network in it, and
/// nothing is granted: no folder, no variable, no argument.
fn add_wasi<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    p2::add_to_linker_proxy_interfaces_async(linker)?;
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    random::insecure::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    filesystem::types::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    Ok(())
}
