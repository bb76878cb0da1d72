//! `sandglass openapi`: prints the OpenAPI document.

use std::io::Write as _;

use crate::failure::{Failure, OrFail as _};

/// Prints it.
pub(crate) fn run() -> Result<(), Failure> {
    let document = sandglass_api::openapi::document_text();
    std::io::stdout()
        .write_all(document.as_bytes())
        .or_fail("writing to standard output")
}
