//! One host as the core sees it: what it is waiting for, what it holds, and what to do next.
//!
//! It is told of everything that happens as an [`Event`] with the time at which it happened, and
//! answers with [`Command`]s. At most one command of a kind is under way; what comes meanwhile is
//! gathered, so that a slow store makes batches larger and not queues longer. An answer may be lost:
//! then nothing is known about whether the command was carried out, and the machine acts so that
//! either way is right.

mod claims;
mod endings;
mod event;
mod held;
mod look;
mod time_watch;

use std::time::Duration;

use sandglass_registry::{
    ExecutionStatus, HostOrder, Labels,
    store::{ClaimAnswer, ClaimRequest, EndAnswer},
};

use super::lease::LocalDeadline;
use claims::Claims;
use endings::Endings;
pub use event::{Answer, Command, DueJobs, Event, NoAnswer, Now, Stop, Unsettled};
use held::{Held, RunEnd};
use look::Look;
use time_watch::TimeWatch;

/// How a host takes part.
#[derive(Debug, Clone)]
pub struct MachineSettings {
    /// The name of the host in records.
    pub host: String,
    /// Its labels.
    pub labels: Labels,
    /// How many executions it runs at once.
    pub places: u32,
    /// How long a claim holds unless it is renewed.
    pub lease: Duration,
    /// How many workers one execution may lose.
    pub most_lost_leases: u32,
    /// The longest wait between two looks for anything.
    pub poll: Duration,
}

/// The wait after the store did not answer.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A host.
#[derive(Debug)]
pub struct Machine {
    settings: MachineSettings,
    watch: TimeWatch,
    slots: Look,
    backfills: Look,
    settling: Look,
    overdue: Look,
    claims: Claims,
    held: Held,
    endings: Endings,
    /// Whether it shuts down.
    draining: bool,
    /// What somebody has told it to do.
    order: HostOrder,
}

impl Machine {
    /// A host that has just started at `now`.
    #[must_use]
    pub fn new(settings: MachineSettings, now: Now) -> Self {
        let poll = settings.poll;
        Self {
            watch: TimeWatch::new(now),
            slots: Look::at_once(poll),
            backfills: Look::at_once(poll),
            settling: Look::at_once(poll),
            overdue: Look::at_once(poll),
            claims: Claims::new(poll),
            held: Held::new(settings.lease),
            endings: Endings::default(),
            settings,
            draining: false,
            order: HostOrder::Work,
        }
    }

    /// What to do, now that `event` has happened.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Command> {
        let mut commands = Vec::new();
        if let Some(jump) = self.watch.look(now) {
            commands.push(Command::NoteTimeJump {
                expected: jump.expected,
                found: jump.found,
            });
            // What is due is judged anew, and leases are renewed before anybody looks for lost ones.
            self.slots.ring();
            self.claims.ring();
            self.overdue.ring();
            self.held.renew_first(now.monotonic);
        }
        self.take_in(now, event, &mut commands);
        self.go_on(now, &mut commands);
        commands
    }

    /// When, on the monotonic clock, [`Event::Woken`] is wanted at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Duration {
        let mut moments = vec![self.watch.next_look()];
        if self.begins_new() {
            moments.extend(self.slots.wake_at());
            moments.extend(self.backfills.wake_at());
            moments.extend(self.overdue.wake_at());
            if self.free_places() > 0 && !self.held.must_renew_first() {
                moments.extend(self.claims.wake_at());
            }
        }
        moments.extend(self.settling.wake_at());
        moments.extend(self.held.wake_at());
        moments.extend(self.endings.wake_at());
        moments.into_iter().min().unwrap_or(Duration::MAX)
    }

    /// Whether the host was told to begin nothing new and holds nothing any more.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.draining && self.held.is_empty() && self.claims.is_quiet()
    }

    /// Whether it fires and claims.
    fn begins_new(&self) -> bool {
        !self.draining && self.order == HostOrder::Work
    }

    fn take_in(&mut self, now: Now, event: Event, commands: &mut Vec<Command>) {
        match event {
            Event::Woken => {}
            Event::JobsChanged => self.slots.ring(),
            Event::WorkArrived => self.claims.ring(),
            Event::BackfillsChanged => self.backfills.ring(),
            Event::DeadlinesChanged => self.overdue.ring(),
            Event::ExecutionsEnded => self.look_for_ends(),
            Event::CancelsRequested => self.held.renew_soon(),
            Event::CancelRequested(execution) => {
                commands.extend(self.held.stop(&execution, Stop::Cancelled));
            }
            Event::DueRead(answer) => self.due_read(now, answer, commands),
            Event::Fired(answer) => self.fired(now, &answer),
            Event::Claimed { asked_at, answer } => self.claimed(now, asked_at, answer, commands),
            Event::NextClaimable(next) => self.claims.wait_for(now, next),
            Event::Renewed { asked_at, answer } => {
                commands.extend(self.held.renewed(now.monotonic, asked_at, answer));
            }
            Event::RunEnded { claim, ending } => match self.held.has_ended(&claim) {
                RunEnd::ToKeep => self.endings.add(claim, *ending),
                RunEnd::Lost => commands.push(Command::Release {
                    claim,
                    status: None,
                }),
                RunEnd::NotHeld => {}
            },
            Event::AttemptsEnded(answer) => self.attempts_ended(now, answer, commands),
            Event::UnsettledRead(answer) => {
                self.settling.answered(now.monotonic, &answer);
                if let Ok(unsettled) = answer
                    && !unsettled.is_empty()
                {
                    self.settling.begin();
                    commands.push(Command::Settle(unsettled));
                }
            }
            Event::Settled(answer) => {
                self.settling.answered(now.monotonic, &answer);
                if answer.is_ok() {
                    self.settling.ring();
                    self.claims.ring();
                }
            }
            Event::BackfillsRead(answer) => {
                self.backfills.answered(now.monotonic, &answer);
                if let Ok(firings) = answer
                    && !firings.is_empty()
                {
                    self.backfills.begin();
                    commands.push(Command::FireBackfills(firings));
                }
            }
            Event::BackfillsFired(answer) => {
                self.backfills.answered(now.monotonic, &answer);
                if answer.is_ok() {
                    self.claims.ring();
                }
            }
            Event::OverdueEnded(answer) => {
                self.overdue.answered(now.monotonic, &answer);
                if let Ok(overdue) = answer {
                    self.overdue.wait_for(now, overdue.next);
                    if !overdue.ended.is_empty() {
                        self.look_for_ends();
                    }
                }
            }
            Event::Ordered(order) => self.ordered(order),
            Event::Drain => self.draining = true,
            Event::GiveBack => commands.extend(self.held.stop_all(Stop::GivenBack)),
        }
    }

    /// Begins whatever is to be begun.
    fn go_on(&mut self, now: Now, commands: &mut Vec<Command>) {
        commands.extend(self.held.stop_passed(now.monotonic));
        if self.held.wants_to_renew(now.monotonic) {
            commands.push(Command::Renew(self.held.begin_to_renew()));
        }
        if let Some(endings) = self.endings.begin(now.monotonic) {
            commands.push(Command::EndAttempts(endings));
        }
        if self.settling.wants_to(now.monotonic) {
            self.settling.begin();
            commands.push(Command::ReadUnsettled);
        }
        if !self.begins_new() {
            return;
        }
        if self.slots.wants_to(now.monotonic) {
            self.slots.begin();
            commands.push(Command::ReadDue { now: now.wall });
        }
        if self.backfills.wants_to(now.monotonic) {
            self.backfills.begin();
            commands.push(Command::ReadBackfills);
        }
        if self.overdue.wants_to(now.monotonic) {
            self.overdue.begin();
            commands.push(Command::EndOverdue);
        }
        let free = self.free_places();
        if free > 0 && !self.held.must_renew_first() && self.claims.wants_to(now.monotonic) {
            self.claims.begin(free);
            commands.push(Command::Claim(ClaimRequest {
                host: self.settings.host.clone(),
                labels: self.settings.labels.clone(),
                limit: free,
                lease: self.settings.lease,
                most_lost_leases: self.settings.most_lost_leases,
            }));
        }
    }

    /// A run that has ended frees its place before its end is stored, as long as not too many ends
    /// wait for the store.
    fn free_places(&self) -> u32 {
        let places = self.settings.places;
        let waiting = self.held.ended().saturating_sub(places);
        places.saturating_sub(self.held.running().saturating_add(waiting))
    }

    /// What was under way when it was told to drain goes on. What came meanwhile is looked for when it
    /// takes part again.
    fn ordered(&mut self, order: HostOrder) {
        if self.order != order {
            self.order = order;
            self.slots.ring();
            self.backfills.ring();
            self.overdue.ring();
            self.claims.ring();
        }
    }

    fn look_for_ends(&mut self) {
        self.settling.ring();
        self.backfills.ring();
        // Whoever ended may have been in the way of others.
        self.claims.ring();
    }

    fn due_read(&mut self, now: Now, answer: Answer<DueJobs>, commands: &mut Vec<Command>) {
        self.slots.answered(now.monotonic, &answer);
        let Ok(due) = answer else { return };
        if due.firings.is_empty() {
            self.slots.wait_for(now, due.next);
        } else {
            self.slots.begin();
            commands.push(Command::Fire(due.firings));
        }
    }

    fn fired(&mut self, now: Now, answer: &Answer<()>) {
        self.slots.answered(now.monotonic, answer);
        if answer.is_ok() {
            self.slots.ring();
            self.claims.ring();
            self.held.renew_soon();
        }
    }

    fn claimed(
        &mut self,
        now: Now,
        asked_at: Duration,
        answer: Answer<ClaimAnswer>,
        commands: &mut Vec<Command>,
    ) {
        let Some(answer) = self.claims.answered(now, answer) else {
            return;
        };
        if !answer.ended.is_empty() {
            self.look_for_ends();
        }
        if LocalDeadline::new(asked_at, self.settings.lease).has_passed(now.monotonic) {
            // The answer took so long that others may have begun what it brought.
            return;
        }
        for claimed in answer.claimed {
            let execution = claimed.execution.id.clone();
            commands.extend(self.held.hold(claimed.claim(), asked_at));
            commands.push(Command::Start(Box::new(claimed)));
            if self.draining {
                commands.extend(self.held.stop(&execution, Stop::GivenBack));
            }
        }
    }

    fn attempts_ended(
        &mut self,
        now: Now,
        answer: Answer<Vec<EndAnswer>>,
        commands: &mut Vec<Command>,
    ) {
        let ends = self.endings.answered(now.monotonic, answer, &self.held);
        let mut finished = false;
        for end in ends {
            self.held.release(&end.claim);
            // Of one that is not the current claim any more an earlier answer may have been lost.
            finished |= end.status.is_none_or(ExecutionStatus::is_finished);
            commands.push(Command::Release {
                claim: end.claim,
                status: end.status,
            });
        }
        if finished {
            self.look_for_ends();
        } else {
            self.claims.ring();
        }
    }

    /// Whether the host holds an execution.
    #[cfg(test)]
    fn holds(&self, execution: &sandglass_contract::ExecutionId) -> bool {
        self.held.claim_of(execution).is_some()
    }
}

#[cfg(test)]
mod tests;
