//! The ends of attempts, stored many at a time, and again and again while the claim can be trusted and
//! the store does not answer.

use std::time::Duration;

use sandglass_registry::{
    ExecutionStatus,
    store::{Claim, EndAnswer, Ending},
};

use super::{Answer, WAIT_AFTER_FAILURE, held::Held};

/// The most ends that the store is asked for at once.
const MOST_AT_ONCE: usize = 500;

/// An attempt that is over: its end is stored, or can no longer be.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) claim: Claim,
    /// None where the claim was lost.
    pub(super) status: Option<ExecutionStatus>,
}

/// Ends that are to be stored.
#[derive(Debug, Default)]
pub(super) struct Endings {
    waiting: Vec<(Claim, Ending)>,
    under_way: Vec<(Claim, Ending)>,
    not_before: Duration,
}

impl Endings {
    pub(super) fn add(&mut self, claim: Claim, ending: Ending) {
        self.waiting.push((claim, ending));
    }

    /// What is to be stored now.
    pub(super) fn begin(&mut self, now: Duration) -> Option<Vec<(Claim, Ending)>> {
        if !self.under_way.is_empty() || self.waiting.is_empty() || now < self.not_before {
            return None;
        }
        let most = self.waiting.len().min(MOST_AT_ONCE);
        self.under_way = self.waiting.drain(..most).collect();
        Some(self.under_way.clone())
    }

    /// Takes in what came of it. Where nothing is known, what can still be trusted is stored again.
    pub(super) fn answered(
        &mut self,
        now: Duration,
        answer: Answer<Vec<EndAnswer>>,
        held: &Held,
    ) -> Vec<Over> {
        let under_way = std::mem::take(&mut self.under_way);
        let answers = answer.unwrap_or_else(|_| vec![EndAnswer::NotEnded; under_way.len()]);
        let mut over = Vec::new();
        let mut again = Vec::new();
        for ((claim, ending), answer) in under_way.into_iter().zip(answers) {
            match answer {
                EndAnswer::NotEnded if held.may_trust(&claim, now) => again.push((claim, ending)),
                answer => over.push(Over {
                    claim,
                    status: answer.status(),
                }),
            }
        }
        if !again.is_empty() {
            self.not_before = now + WAIT_AFTER_FAILURE;
            self.waiting.splice(0..0, again);
        }
        over
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        let can_begin = self.under_way.is_empty() && !self.waiting.is_empty();
        can_begin.then_some(self.not_before)
    }
}
