//! Asking for work.

use std::time::Duration;

use jiff::Timestamp;
use sandglass_registry::store::ClaimAnswer;

use super::{Answer, Now, look::Look};

/// What a claim gave, and when another may give something.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What the store answered.
    pub answer: ClaimAnswer,
    /// When there will be something to claim, as far as is stored.
    pub next: Option<Timestamp>,
}

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
    pub(super) fn answered(&mut self, now: Now, answer: Answer<Batch>) -> Option<ClaimAnswer> {
        self.look.answered(now.monotonic, &answer);
        let batch = answer.ok()?;
        if batch.answer.claimed.len() >= self.asked_for {
            self.look.ring();
        } else {
            self.look.wait_for(now, batch.next);
        }
        Some(batch.answer)
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.look.is_quiet()
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.look.wake_at()
    }
}
