//! The log, on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, Layer as _, Registry, layer::SubscriberExt as _};

use crate::{
    failure::{Exit, Failure, OrFail as _},
    settings::LogFormat,
};

/// Begins to write log lines that `filter` lets through.
///
/// # Errors
/// Where the filter is not one.
pub(crate) fn start(format: LogFormat, filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        let error = anyhow::Error::new(error).context("the log filter is not valid");
        Failure::new(Exit::Usage, error).advise("write it as info,sandglass_scheduler=debug")
    })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Pretty => lines.boxed(),
    };
    let subscriber = Registry::default().with(lines.with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).or_fail("starting the log")
}
