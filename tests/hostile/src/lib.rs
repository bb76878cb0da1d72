//! Guests that mean harm, as data: what each does, and exactly how that must end.
//!
//! Two suites run all of them: `host/tests/hostile.rs` in a host of its own, and `tests/tests/hostile.rs`
//! through a real server, where each is uploaded, approved and made a job. `sandglass-bench guests` keeps
//! a server busy with them. There is no runner here: this crate knows neither host nor server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "everything here is for tests, which may panic"
)]

mod checker;
mod component;
mod corpus;
mod guest;
mod texts;

pub use checker::{CHECKER, DIRTY_CHECKER};
pub use component::{component_of, component_with, with_core_modules};
pub use corpus::{CORPUS, Expect, Hostile};
pub use guest::{GOOD, Guest, Request};
