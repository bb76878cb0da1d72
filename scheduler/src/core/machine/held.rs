//! The claims that a host holds: renewing them, and stopping runs whose claim it can no longer trust.

use std::{collections::BTreeMap, time::Duration};

use sandglass_contract::ExecutionId;
use sandglass_registry::store::{Claim, LeaseAnswer};

use super::{Answer, Command, LocalDeadline, Stop, WAIT_AFTER_FAILURE};
use crate::core::lease::LEASE_SHARE;

/// One claim.
#[derive(Debug)]
struct Hold {
    claim: Claim,
    deadline: LocalDeadline,
    stopped: Option<Stop>,
    /// Whether its run has ended and only the end is to be stored.
    ended: bool,
}

/// All claims that a host holds.
#[derive(Debug)]
pub(super) struct Held {
    holds: BTreeMap<ExecutionId, Hold>,
    ended: u32,
    lease: Duration,
    renewing: bool,
    renew_at: Duration,
    /// Whether claims wait until leases are renewed.
    renew_first: bool,
    /// No deadline passes before this moment.
    deadlines_from: Duration,
}

impl Held {
    pub(super) const fn new(lease: Duration) -> Self {
        Self {
            holds: BTreeMap::new(),
            ended: 0,
            lease,
            renewing: false,
            renew_at: Duration::ZERO,
            renew_first: false,
            deadlines_from: Duration::MAX,
        }
    }

    /// Notes a claim.
    pub(super) fn hold(&mut self, claim: Claim, deadline: LocalDeadline) {
        if self.holds.is_empty() {
            let asked_at = deadline.moment() + self.lease / 10;
            let asked_at = asked_at.saturating_sub(self.lease);
            self.renew_at = asked_at + self.lease / LEASE_SHARE;
        }
        self.deadlines_from = self.deadlines_from.min(deadline.moment());
        let hold = Hold {
            claim: claim.clone(),
            deadline,
            stopped: None,
            ended: false,
        };
        if let Some(before) = self.holds.insert(claim.execution, hold)
            && before.ended
        {
            self.ended -= 1;
        }
    }

    /// Notes that the run of a claim has ended. Returns whether its end may still be stored.
    pub(super) fn has_ended(&mut self, claim: &Claim) -> bool {
        let Some(hold) = self.holds.get_mut(&claim.execution) else {
            return false;
        };
        if hold.claim != *claim || hold.ended {
            return false;
        }
        if hold.stopped == Some(Stop::Lost) {
            self.holds.remove(&claim.execution);
            return false;
        }
        hold.ended = true;
        self.ended += 1;
        true
    }

    /// Forgets a claim.
    pub(super) fn release(&mut self, claim: &Claim) {
        if self.claim_of(&claim.execution) == Some(claim)
            && let Some(hold) = self.holds.remove(&claim.execution)
            && hold.ended
        {
            self.ended -= 1;
        }
    }

    /// Whether the host may still store the end of this claim.
    pub(super) fn may_trust(&self, claim: &Claim, now: Duration) -> bool {
        self.holds
            .get(&claim.execution)
            .is_some_and(|hold| hold.claim == *claim && !hold.deadline.has_passed(now))
    }

    /// Stops the run of an execution, where it runs here. A stronger reason takes the place of a
    /// weaker one.
    pub(super) fn stop(&mut self, execution: &ExecutionId, reason: Stop) -> Option<Command> {
        let hold = self.holds.get_mut(execution)?;
        if hold.ended || hold.stopped >= Some(reason) {
            return None;
        }
        hold.stopped = Some(reason);
        Some(Command::Stop(hold.claim.clone(), reason))
    }

    /// Stops every run.
    pub(super) fn stop_all(&mut self, reason: Stop) -> Vec<Command> {
        let all: Vec<ExecutionId> = self.holds.keys().cloned().collect();
        all.iter().filter_map(|it| self.stop(it, reason)).collect()
    }

    /// Stops runs whose claim can no longer be trusted.
    pub(super) fn stop_passed(&mut self, now: Duration) -> Vec<Command> {
        if now < self.deadlines_from {
            return Vec::new();
        }
        let passed: Vec<ExecutionId> = self
            .trusted()
            .filter(|hold| hold.deadline.has_passed(now))
            .map(|hold| hold.claim.execution.clone())
            .collect();
        let commands = passed.iter().filter_map(|it| self.stop(it, Stop::Lost));
        let commands = commands.collect();
        let earliest = self.trusted().map(|hold| hold.deadline.moment()).min();
        self.deadlines_from = earliest.unwrap_or(Duration::MAX);
        commands
    }

    /// Runs that go on under a claim which is not known to be lost.
    fn trusted(&self) -> impl Iterator<Item = &Hold> {
        let all = self.holds.values();
        all.filter(|hold| !hold.ended && hold.stopped != Some(Stop::Lost))
    }

    /// Renews at the next opportunity.
    pub(super) fn renew_soon(&mut self) {
        self.renew_at = Duration::ZERO;
    }

    /// Renews before anything is claimed again.
    pub(super) fn renew_first(&mut self) {
        self.renew_soon();
        self.renew_first = !self.holds.is_empty();
    }

    pub(super) const fn must_renew_first(&self) -> bool {
        self.renew_first
    }

    pub(super) fn wants_to_renew(&self, now: Duration) -> bool {
        !self.renewing && !self.holds.is_empty() && now >= self.renew_at
    }

    /// The claims that are to be renewed.
    pub(super) fn begin_to_renew(&mut self) -> Vec<Claim> {
        self.renewing = true;
        self.renew_at = Duration::MAX;
        self.claims().cloned().collect()
    }

    /// Takes in what became of leases.
    pub(super) fn renewed(
        &mut self,
        now: Duration,
        asked_at: Duration,
        answer: Answer<Vec<(Claim, LeaseAnswer)>>,
    ) -> Vec<Command> {
        self.renewing = false;
        let next = match &answer {
            Ok(_) => asked_at + self.lease / LEASE_SHARE,
            Err(_) => now + WAIT_AFTER_FAILURE.min(self.lease / LEASE_SHARE),
        };
        self.renew_at = self.renew_at.min(next);
        let Ok(answers) = answer else {
            return Vec::new();
        };
        self.renew_first = false;
        let deadline = LocalDeadline::new(asked_at, self.lease);
        let mut commands = Vec::new();
        for (claim, answer) in answers {
            match self.holds.get_mut(&claim.execution) {
                Some(hold) if hold.claim == claim => {
                    if answer != LeaseAnswer::Lost {
                        hold.deadline = hold.deadline.max(deadline);
                    }
                }
                _ => continue,
            }
            commands.extend(match answer {
                LeaseAnswer::Renewed => None,
                LeaseAnswer::CancelRequested => self.stop(&claim.execution, Stop::Cancelled),
                LeaseAnswer::Lost => self.stop(&claim.execution, Stop::Lost),
            });
        }
        commands
    }

    /// When there is something to do here.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let deadline = (!self.holds.is_empty()).then_some(self.deadlines_from);
        let renewal = (!self.renewing && !self.holds.is_empty()).then_some(self.renew_at);
        [deadline, renewal].into_iter().flatten().min()
    }

    pub(super) fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.holds.values().map(|hold| &hold.claim)
    }

    pub(super) fn claim_of(&self, execution: &ExecutionId) -> Option<&Claim> {
        self.holds.get(execution).map(|hold| &hold.claim)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    /// How many runs go on.
    pub(super) fn running(&self) -> u32 {
        let all = u32::try_from(self.holds.len()).unwrap_or(u32::MAX);
        all.saturating_sub(self.ended)
    }

    /// How many runs have ended whose end is not stored.
    pub(super) const fn ended(&self) -> u32 {
        self.ended
    }
}
