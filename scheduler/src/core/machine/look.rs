//! When a host looks for something again: when a bell rings, when a moment has come, or after a while.

use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Now, WAIT_AFTER_FAILURE};

/// The shortest wait for a moment, so that one which has come by another clock and not yet by this one
/// is not asked for in a circle.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

/// Something that a host looks for.
#[derive(Debug)]
pub(super) struct Look {
    /// The longest wait, so that what no bell told of is found all the same.
    poll: Duration,
    under_way: bool,
    rung: bool,
    wake_at: Duration,
}

impl Look {
    /// The first look is taken at once.
    pub(super) const fn at_once(poll: Duration) -> Self {
        Self {
            poll,
            under_way: false,
            rung: true,
            wake_at: Duration::ZERO,
        }
    }

    /// There may be something.
    pub(super) fn ring(&mut self) {
        self.rung = true;
    }

    /// Whether it is time to look.
    pub(super) fn wants_to(&self, now: Duration) -> bool {
        !self.under_way && (self.rung || now >= self.wake_at)
    }

    /// It is being looked for; bells from now on are for the next look.
    pub(super) fn begin(&mut self) {
        self.under_way = true;
        self.rung = false;
    }

    /// The look is over.
    pub(super) fn answered<T>(&mut self, now: Duration, answer: &Answer<T>) {
        self.under_way = false;
        self.wake_at = match answer {
            Ok(_) => now + self.poll,
            Err(_) => now + WAIT_AFTER_FAILURE,
        };
        if answer.is_err() {
            self.rung = false;
        }
    }

    /// Looks again at a moment of the wall clock.
    pub(super) fn wait_for(&mut self, now: Now, moment: Option<Timestamp>) {
        let wait = moment.map_or(self.poll, |moment| {
            Duration::try_from(moment.duration_since(now.wall)).unwrap_or(Duration::ZERO)
        });
        self.wake_at = now.monotonic + wait.min(self.poll).max(SHORTEST_WAIT);
    }

    /// Looks at a moment of the wall clock, if that is sooner than it would.
    pub(super) fn look_by(&mut self, now: Now, moment: Option<Timestamp>) {
        let before = self.wake_at;
        self.wait_for(now, moment);
        self.wake_at = self.wake_at.min(before);
    }

    /// Whether no look is under way.
    pub(super) const fn is_quiet(&self) -> bool {
        !self.under_way
    }

    /// When it will want to look; none while a look is under way.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        match (self.under_way, self.rung) {
            (true, _) => None,
            (false, true) => Some(Duration::ZERO),
            (false, false) => Some(self.wake_at),
        }
    }
}
