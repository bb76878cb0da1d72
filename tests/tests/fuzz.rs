//! Whatever comes from outside, read by the million: nothing that is written makes a reader panic, and
//! what is understood says the same when it is printed and read again.
//!
//! Each target begins with its corpus (`tests/corpora`), then changes lines of it by chance. `FUZZ_SECONDS`
//! says for how long, `SEED` shows a run again. A failure prints the smallest input that fails, which
//! becomes a line of the corpus. Properties of what is well-formed are tested beside the code they are of.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

#[path = "fuzz/campaign.rs"]
mod campaign;
#[path = "fuzz/cron.rs"]
mod cron;
#[path = "fuzz/destinations.rs"]
mod destinations;
#[path = "fuzz/extended_json.rs"]
mod extended_json;
#[path = "fuzz/filters.rs"]
mod filters;
#[path = "fuzz/grants.rs"]
mod grants;
#[path = "fuzz/mutation.rs"]
mod mutation;
#[path = "fuzz/names.rs"]
mod names;
#[path = "fuzz/uploads.rs"]
mod uploads;
