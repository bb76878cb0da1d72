//! The deciding half of the scheduler: from what is known and what time it is to what shall be done.
//!
//! Nothing here reads a clock, a store or a random source, so that any situation can be put to it in a
//! test.

mod ending;
mod firing;
mod lease;

pub use ending::{AttemptEnd, decide_follow_up};
pub use firing::decide_firings;
pub use lease::{LEASE_SHARE, LocalDeadline};
