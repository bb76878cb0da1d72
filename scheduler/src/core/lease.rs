//! How long a worker may trust its claim.
//!
//! The store's clock decides when a lease has run out. A worker cannot see that clock while it cannot
//! reach the store, so it keeps a deadline of its own on the monotonic clock, counted from before it
//! asked and with a margin: it stops before anybody else may begin.

use std::time::Duration;

/// A lease is renewed when this share of it has passed.
pub const LEASE_SHARE: u32 = 3;

/// The moment, on the monotonic clock, at which a worker stops unless it has renewed its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalDeadline(Duration);

impl LocalDeadline {
    /// The deadline for a lease of `lease` that was asked for at `asked_at`. A tenth of the lease is the
    /// margin.
    #[must_use]
    pub fn new(asked_at: Duration, lease: Duration) -> Self {
        Self(asked_at + lease - lease / 10)
    }

    /// The moment itself.
    #[must_use]
    pub const fn moment(self) -> Duration {
        self.0
    }

    /// Whether the worker must stop at `now`.
    #[must_use]
    pub fn has_passed(self, now: Duration) -> bool {
        now >= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_comes_before_the_lease_ends() {
        let deadline = LocalDeadline::new(Duration::from_secs(100), Duration::from_secs(30));
        let check = |second, expect| {
            assert_eq!(
                deadline.has_passed(Duration::from_secs(second)),
                expect,
                "{second}"
            );
        };
        check(100, false);
        check(126, false);
        check(127, true);
        check(130, true);
    }
}
