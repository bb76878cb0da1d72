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

/// What the end of a run means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// It is to be kept: the store has to hear of it.
    ToKeep,
    /// Its claim is lost, and nothing more may be stored.
    Lost,
    /// Nothing: the host does not hold that claim any more.
    NotHeld,
}

/// All claims that a host holds.
#[derive(Debug)]
pub(super) struct Held {
    holds: BTreeMap<ExecutionId, Hold>,
    ended: u32,
    lease: Duration,
    renewing: bool,
    renew_at: Duration,
    /// Claims wait until leases are renewed that were asked for before this moment.
    renew_first: Option<Duration>,
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
            renew_first: None,
            deadlines_from: Duration::MAX,
        }
    }

    /// Notes a claim that was asked for at `asked_at`. Where the host held the same execution before,
    /// that claim is lost with this one, and its run is stopped.
    pub(super) fn hold(&mut self, claim: Claim, asked_at: Duration) -> Option<Command> {
        let before_the_others = |since: &Duration| asked_at < *since;
        if self.holds.is_empty() {
            self.renew_at = asked_at + self.lease / LEASE_SHARE;
            self.renew_first = self.renew_first.filter(before_the_others);
        }
        if self.renew_first.as_ref().is_some_and(before_the_others) {
            self.renew_soon();
        }
        let deadline = LocalDeadline::new(asked_at, self.lease);
        self.deadlines_from = self.deadlines_from.min(deadline.moment());
        let hold = Hold {
            claim: claim.clone(),
            deadline,
            stopped: None,
            ended: false,
        };
        let before = self.holds.insert(claim.execution, hold)?;
        if before.ended {
            self.ended -= 1;
        }
        let goes_on = !before.ended && before.stopped != Some(Stop::Lost);
        goes_on.then_some(Command::Stop(before.claim, Stop::Lost))
    }

    /// Notes that the run of a claim has ended.
    pub(super) fn has_ended(&mut self, claim: &Claim) -> RunEnd {
        let Some(hold) = self.holds.get_mut(&claim.execution) else {
            return RunEnd::NotHeld;
        };
        if hold.claim != *claim || hold.ended {
            return RunEnd::NotHeld;
        }
        if hold.stopped == Some(Stop::Lost) {
            self.holds.remove(&claim.execution);
            return RunEnd::Lost;
        }
        hold.ended = true;
        self.ended += 1;
        RunEnd::ToKeep
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

    /// Renews what was claimed before `now` before anything is claimed again.
    pub(super) fn renew_first(&mut self, now: Duration) {
        self.renew_soon();
        self.renew_first = Some(now);
    }

    pub(super) fn must_renew_first(&self) -> bool {
        self.renew_first.is_some() && self.has_renewable()
    }

    pub(super) fn wants_to_renew(&self, now: Duration) -> bool {
        !self.renewing && now >= self.renew_at && self.has_renewable()
    }

    /// The claims that are to be renewed. One that the host does not trust any more is left to whoever
    /// takes it over.
    pub(super) fn begin_to_renew(&mut self) -> Vec<Claim> {
        self.renewing = true;
        self.renew_at = Duration::MAX;
        self.renewable().cloned().collect()
    }

    fn renewable(&self) -> impl Iterator<Item = &Claim> {
        let all = self.holds.values();
        all.filter(|hold| hold.stopped != Some(Stop::Lost))
            .map(|hold| &hold.claim)
    }

    fn has_renewable(&self) -> bool {
        self.renewable().next().is_some()
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
            Ok(answers) if answers.iter().all(|(_, it)| *it != LeaseAnswer::NotRenewed) => {
                asked_at + self.lease / LEASE_SHARE
            }
            _ => now + WAIT_AFTER_FAILURE.min(self.lease / LEASE_SHARE),
        };
        self.renew_at = self.renew_at.min(next);
        let Ok(answers) = answer else {
            return Vec::new();
        };
        self.renew_first = self.renew_first.filter(|since| asked_at < *since);
        let deadline = LocalDeadline::new(asked_at, self.lease);
        let mut commands = Vec::new();
        for (claim, answer) in answers {
            match self.holds.get_mut(&claim.execution) {
                Some(hold) if hold.claim == claim => {
                    if matches!(answer, LeaseAnswer::Renewed | LeaseAnswer::CancelRequested) {
                        hold.deadline = hold.deadline.max(deadline);
                    }
                }
                _ => continue,
            }
            commands.extend(match answer {
                LeaseAnswer::Renewed | LeaseAnswer::NotRenewed => None,
                LeaseAnswer::CancelRequested => self.stop(&claim.execution, Stop::Cancelled),
                LeaseAnswer::Lost => self.stop(&claim.execution, Stop::Lost),
            });
        }
        commands
    }

    /// When there is something to do here.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let deadline = (!self.holds.is_empty()).then_some(self.deadlines_from);
        let renewal = (!self.renewing && self.has_renewable()).then_some(self.renew_at);
        [deadline, renewal].into_iter().flatten().min()
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
