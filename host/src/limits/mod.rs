//! What a run may use up: memory and tables as the engine asks for them, everything else as it is used.

mod allowance;
mod limiter;

pub(crate) use allowance::{Allowance, UsedUp};
pub(crate) use limiter::Limiter;
