//! `sandglass collection`: the application database from the command line, beside a running service or
//! without one.

pub(crate) mod count;
pub(crate) mod export;
pub(crate) mod import;
mod place;

use std::future::Future;

use sandglass_query::Filter;

use crate::failure::{Failure, OrFail as _};
pub(crate) use place::OpenDatabase;
use place::Place;

/// Reads a filter as an argument.
fn parse_filter(text: &str) -> Result<Filter, String> {
    Filter::parse_text(text).map_err(|error| error.to_string())
}

/// Runs a command that waits for the database.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail("starting the runtime")?
        .block_on(work)
}
