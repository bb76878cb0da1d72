//! Noticing that the wall clock was set, or stood still.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Now;

/// How often the two clocks are compared at least.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The wall clock was set where it moved by this much more or less than time passed. Clocks that are
/// only slewed move by 500 ppm at the most (adjtime), which is 2.5 ms in five seconds.
const JUMP: SignedDuration = SignedDuration::from_secs(1);

/// The wall clock moved otherwise than time passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Jump {
    /// What it would have shown.
    pub(super) expected: Timestamp,
    /// What it shows.
    pub(super) found: Timestamp,
}

/// Compares the clocks.
#[derive(Debug)]
pub(super) struct TimeWatch {
    last: Now,
}

impl TimeWatch {
    pub(super) const fn new(now: Now) -> Self {
        Self { last: now }
    }

    /// Compares them with how they stood the last time.
    pub(super) fn look(&mut self, now: Now) -> Option<Jump> {
        let passed = now.monotonic.saturating_sub(self.last.monotonic);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO);
        let expected = self.last.wall.saturating_add(passed).unwrap_or(now.wall);
        self.last = now;
        let by = now.wall.duration_since(expected).abs();
        (by >= JUMP).then_some(Jump {
            expected,
            found: now.wall,
        })
    }

    pub(super) fn next_look(&self) -> Duration {
        self.last.monotonic + LOOK_EVERY
    }
}
