//! The deciding half of the scheduler: from what is known and what time it is to what shall be done.
//!
//! [`Machine`] is a host as the core sees it. It is told what happened and answers with commands; the
//! shell carries them out and tells what came of it. The rest are decisions that it is made of, each
//! a function of its arguments. Nothing here reads a clock, keeps a record or draws lots, so that any
//! situation can be put to it in a test, and a simulator can put thousands to several of them.

mod backfill;
mod chain;
mod ending;
mod firing;
mod lease;
mod machine;
mod passed;
mod poll;
mod queued;
mod turns;

pub use backfill::{BackfillPlan, decide_backfill, plan_backfill};
pub use chain::{DependencyGraph, decide_consequences};
pub use ending::{AttemptEnd, decide_follow_up};
pub use firing::{Firings, decide_firings, decide_unfollowable};
pub use lease::{LEASE_SHARE, LocalDeadline};
pub use machine::{
    Answer, Command, DueJobs, Event, Machine, MachineSettings, NoAnswer, Now, Stop, Unsettled,
};
pub use poll::poll;
pub use queued::{Cause, queued};
pub use turns::Turns;
