//! `sandglass audit`: checking and exporting the audit log, beside a running service or without one.

mod export;
mod place;
mod verify;

pub(crate) use export::{ExportArguments, run as export};
pub(crate) use verify::{VerifyArguments, run as verify};
