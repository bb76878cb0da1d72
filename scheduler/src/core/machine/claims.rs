//! Asking for work.

use std::time::Duration;

use jiff::Timestamp;
use sandglass_registry::store::ClaimAnswer;

use super::{Answer, Now, look::Look};

/// When a host asks for work.
#[derive(Debug)]
pub(super) struct Claims {
    look: Look,
    asked_for: usize,
}

impl Claims {
    pub(super) const fn new(poll: Duration) -> Self {
        Self {
            look: Look::at_once(poll),
            asked_for: 0,
        }
    }

    pub(super) fn ring(&mut self) {
        self.look.ring();
    }

    pub(super) fn wants_to(&self, now: Duration) -> bool {
        self.look.wants_to(now)
    }

    pub(super) fn begin(&mut self, limit: u32) {
        self.look.begin();
        self.asked_for = limit as usize;
    }

    /// Takes an answer in and hands on what it brought. Where it brought as much as was asked for,
    /// there may be more.
    pub(super) fn answered(
        &mut self,
        now: Now,
        answer: Answer<ClaimAnswer>,
    ) -> Option<ClaimAnswer> {
        self.look.answered(now.monotonic, &answer);
        let answer = answer.ok()?;
        if answer.claimed.len() >= self.asked_for {
            self.look.ring();
        }
        Some(answer)
    }

    /// There will be something to claim at that moment, as far as is stored.
    pub(super) fn wait_for(&mut self, now: Now, next: Option<Timestamp>) {
        self.look.look_by(now, next);
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.look.is_quiet()
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.look.wake_at()
    }
}
