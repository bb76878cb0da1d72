//! True time, and the clocks of hosts that show something else.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandglass_scheduler::core::Now;

/// True time, in microseconds since the simulation began.
pub(crate) type True = u64;

/// So many milliseconds.
pub(crate) const fn milliseconds(number: u64) -> True {
    number * 1000
}

/// So many seconds.
pub(crate) const fn seconds(number: u64) -> True {
    number * 1_000_000
}

/// What a clock shows at `now` that shows true time, in whole milliseconds.
pub(crate) fn true_wall(now: True) -> Timestamp {
    const BEGIN: i64 = 1_767_261_600_000;
    Timestamp::from_millisecond(BEGIN + i64::try_from(now / 1000).unwrap()).unwrap()
}

/// The clocks of a host.
#[derive(Debug, Clone)]
pub(crate) struct HostClock {
    /// When its monotonic clock began.
    pub(crate) began: True,
    /// By how many millionths the monotonic clock is fast.
    pub(crate) fast_by: i64,
    /// By how much the wall clock is ahead.
    pub(crate) ahead: SignedDuration,
}

impl HostClock {
    /// What they show.
    pub(crate) fn show(&self, now: True) -> Now {
        Now {
            wall: self.wall(now),
            monotonic: self.monotonic(now),
        }
    }

    /// What the wall clock shows.
    pub(crate) fn wall(&self, now: True) -> Timestamp {
        true_wall(now) + self.ahead
    }

    fn monotonic(&self, now: True) -> Duration {
        let passed = i128::from(now.saturating_sub(self.began));
        let shown = passed * i128::from(1_000_000 + self.fast_by) / 1_000_000;
        Duration::from_micros(u64::try_from(shown).unwrap())
    }

    /// The first moment at which the monotonic clock shows `moment`.
    pub(crate) fn when(&self, moment: Duration) -> True {
        let moment = moment.min(Duration::from_secs(1 << 30));
        let shown = i128::try_from(moment.as_micros()).unwrap();
        let passed = shown * 1_000_000 / i128::from(1_000_000 + self.fast_by);
        let mut at = self.began + u64::try_from(passed).unwrap();
        while self.monotonic(at) < moment {
            at += 1;
        }
        at
    }
}
