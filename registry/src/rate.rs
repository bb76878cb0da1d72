//! How often something may be done: so many times within a window that ends now.
//!
//! Every use within the window is remembered, so that no moment exists at which twice as much is
//! allowed, as it is with windows that begin at full hours.

use std::time::Duration;

use jiff::Timestamp;

/// The most uses that a limit counts: each of them is kept.
pub const MAX_RATE: u32 = 1_000;

/// So many uses in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub most: u32,
    /// Within how long.
    pub window: Duration,
}

/// Where a limit stands after somebody asked for a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateState {
    /// The limit.
    pub limit: RateLimit,
    /// How many uses are left.
    pub remaining: u32,
    /// When the oldest use no longer counts.
    pub resets_in: Duration,
}

/// What became of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It counts.
    Taken(RateState),
    /// It is one too many, and does not count.
    Refused(RateState),
}

impl RateLimit {
    /// So many an hour.
    #[must_use]
    pub const fn an_hour(most: u32) -> Self {
        Self {
            most,
            window: Duration::from_secs(60 * 60),
        }
    }

    /// Asks for another use at `now`, where `uses` are those before. What no longer counts is taken out
    /// of them, and the use that is taken is added.
    pub(crate) fn take(self, uses: &mut Vec<Timestamp>, now: Timestamp) -> Use {
        // A clock that was set back must not let uses of the future count for ever.
        uses.retain(|used| now.duration_since(*used).unsigned_abs() < self.window);
        let is_free = uses.len() < self.most as usize;
        if is_free {
            uses.push(now);
        }
        let used = u32::try_from(uses.len()).unwrap_or(u32::MAX);
        let oldest = uses.iter().min().copied().unwrap_or(now);
        let state = RateState {
            limit: self,
            remaining: self.most.saturating_sub(used),
            resets_in: self
                .window
                .saturating_sub(now.duration_since(oldest).unsigned_abs()),
        };
        match is_free {
            true => Use::Taken(state),
            false => Use::Refused(state),
        }
    }
}

impl Use {
    /// Where the limit stands.
    #[must_use]
    pub const fn state(self) -> RateState {
        match self {
            Self::Taken(state) | Self::Refused(state) => state,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn check(used: &[i64], now: i64, taken: bool, remaining: u32, resets_in: u64) {
        let limit = RateLimit {
            most: 3,
            window: Duration::from_secs(100),
        };
        let mut uses = used.iter().copied().map(at).collect();
        let answer = limit.take(&mut uses, at(now));
        assert_eq!(matches!(answer, Use::Taken(_)), taken, "{used:?} {now}");
        let state = answer.state();
        assert_eq!(
            (state.remaining, state.resets_in.as_secs()),
            (remaining, resets_in),
            "{used:?} {now}"
        );
    }

    #[test]
    fn uses_count_for_one_window_each() {
        check(&[], 0, true, 2, 100);
        check(&[0, 10], 20, true, 0, 80);
        check(&[0, 10, 20], 30, false, 0, 70);
        check(&[0, 10, 20], 99, false, 0, 1);
        check(&[0, 10, 20], 100, true, 0, 10);
        check(&[0, 10, 20], 500, true, 2, 100);
    }

    #[test]
    fn uses_of_a_future_that_a_clock_took_back_do_not_count_for_ever() {
        check(&[1000, 1000, 1000], 0, true, 2, 100);
    }
}
