//! The rules of a host, each as a script of events and the commands that answer them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod claiming;
mod driver;
mod looking;
mod ordered;
mod renewing;
mod storing;
