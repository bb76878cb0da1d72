//! A host: its clocks, its machine, and the runs that go on there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sandglass_contract::{ExecutionId, OutcomeCode};
use sandglass_registry::{
    Attempt, Execution, Job, Labels,
    store::{Claim, Claimed, Ending, FollowUp, LeaseAnswer, Records},
};
use sandglass_scheduler::core::{
    AttemptEnd, Command, Event, Machine, MachineSettings, Stop, decide_follow_up,
};

use crate::{
    clock::{HostClock, True, seconds},
    ledger::Broken,
    trace::written,
};

/// How long leases hold.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A claim, in an order.
pub(crate) type Key = (ExecutionId, u64);

/// The key of a claim.
pub(crate) fn key(claim: &Claim) -> Key {
    (claim.execution.clone(), claim.fence.0)
}

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) execution: Execution,
    pub(crate) job: Arc<Job>,
    pub(crate) stopped: Option<Stop>,
    pub(crate) ended: bool,
    /// When the lease of its claim ends at the earliest, on the monotonic clock.
    lease_ends: Duration,
    /// Whether its end was sent to the store, and an answer was missing when the lease had ended.
    given_up: bool,
}

/// A host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// How often it was started.
    pub(crate) life: u32,
    pub(crate) clock: HostClock,
    /// None while it is down.
    pub(crate) machine: Option<Machine>,
    pub(crate) runs: BTreeMap<Key, Run>,
    /// The number of the last wake-up that was asked for; earlier ones are void.
    pub(crate) wake: u64,
    /// It stands still until then.
    pub(crate) stands_until: True,
    /// Whether it is to be started again once it has given everything back.
    pub(crate) draining: bool,
    places: u32,
    ends_under_way: Vec<Key>,
}

impl Host {
    /// A host that is down.
    pub(crate) fn new(number: usize, places: u32, clock: HostClock) -> Self {
        Self {
            name: format!("host_{number}"),
            life: 0,
            clock,
            machine: None,
            runs: BTreeMap::new(),
            wake: 0,
            stands_until: 0,
            draining: false,
            places,
            ends_under_way: Vec::new(),
        }
    }

    /// Starts it.
    pub(crate) fn start(&mut self, now: True) {
        self.life += 1;
        self.clock.began = now.saturating_sub(seconds(5));
        let settings = MachineSettings {
            host: self.name.clone(),
            places: self.places,
            lease: LEASE,
            most_lost_leases: 5,
            labels: Labels::default(),
            poll: Duration::from_secs(30),
        };
        self.machine = Some(Machine::new(settings, self.clock.show(now)));
        self.draining = false;
    }

    /// Ends it with everything that it had in memory.
    pub(crate) fn crash(&mut self) {
        self.machine = None;
        self.runs.clear();
        self.ends_under_way.clear();
    }

    /// Whether it goes on at `now` and has done so for a moment.
    pub(crate) fn goes_on(&self, now: True) -> bool {
        self.machine.is_some() && now >= self.stands_until + seconds(1)
    }

    /// Notes what an event tells of leases, before the machine hears of it.
    pub(crate) fn observe(&mut self, now: True, event: &Event) {
        match event {
            Event::Renewed {
                asked_at,
                answer: Ok(answers),
            } => {
                for (claim, answer) in answers {
                    if let Some(run) = self.runs.get_mut(&key(claim))
                        && *answer != LeaseAnswer::Lost
                    {
                        run.lease_ends = run.lease_ends.max(*asked_at + LEASE);
                    }
                }
            }
            Event::AttemptsEnded(answer) => {
                let monotonic = self.clock.show(now).monotonic;
                for key in std::mem::take(&mut self.ends_under_way) {
                    if let Some(run) = self.runs.get_mut(&key)
                        && answer.is_err()
                        && monotonic >= run.lease_ends
                    {
                        run.given_up = true;
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes a command, and whether it may be given.
    pub(crate) fn note(
        &mut self,
        command: &Command,
        asked_at: Option<Duration>,
    ) -> Result<(), Broken> {
        match command {
            Command::Start(claimed) => self.begin(claimed, asked_at.unwrap_or_default()),
            Command::Stop(claim, reason) => {
                if let Some(run) = self.runs.get_mut(&key(claim)) {
                    run.stopped = run.stopped.max(Some(*reason));
                }
            }
            Command::EndAttempts(endings) => {
                self.ends_under_way = endings.iter().map(|(claim, _)| key(claim)).collect();
                for key in &self.ends_under_way {
                    if self.runs.get(key).is_some_and(|run| run.given_up) {
                        return Err(format!(
                            "the end of {key:?} is stored again by {}",
                            self.name
                        ));
                    }
                }
            }
            Command::Release { claim, .. } => {
                if let Some(run) = self.runs.remove(&key(claim))
                    && !run.ended
                {
                    return Err(format!("{} is released and still runs", written(claim)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, claimed: &Claimed, asked_at: Duration) {
        let run = Run {
            execution: claimed.execution.clone(),
            job: claimed.job.clone(),
            stopped: None,
            ended: false,
            lease_ends: asked_at + LEASE,
            given_up: false,
        };
        self.runs.insert(key(&claimed.claim()), run);
    }

    /// What must hold on this host whenever its machine has spoken.
    pub(crate) fn check(&self, now: True) -> Result<(), Broken> {
        let monotonic = self.clock.show(now).monotonic;
        let mut before: Option<&ExecutionId> = None;
        let mut going = 0;
        for ((execution, fence), run) in &self.runs {
            if run.ended || run.stopped == Some(Stop::Lost) {
                continue;
            }
            going += 1;
            if monotonic >= run.lease_ends {
                let host = &self.name;
                return Err(format!(
                    "{execution}/{fence} runs on {host} after its lease"
                ));
            }
            if before.replace(execution) == Some(execution) {
                return Err(format!("{execution} runs twice on {}", self.name));
            }
        }
        match going > self.places {
            true => Err(format!(
                "{going} runs in {} places of {}",
                self.places, self.name
            )),
            false => Ok(()),
        }
    }

    /// Whether a run of an execution goes on here, other than that of `claim`.
    pub(crate) fn runs_besides(&self, claim: &Claim) -> bool {
        self.runs.iter().any(|((execution, fence), run)| {
            let other = *execution == claim.execution && *fence != claim.fence.0;
            other && !run.ended && run.stopped != Some(Stop::Lost)
        })
    }

    /// The end of a run, if it goes on still.
    pub(crate) fn end_run(
        &mut self,
        now: True,
        claim: &Claim,
        by_itself: OutcomeCode,
    ) -> Option<Event> {
        let wall = self.clock.wall(now);
        let run = self.runs.get_mut(&key(claim)).filter(|run| !run.ended)?;
        run.ended = true;
        let outcome = match run.stopped {
            None => by_itself,
            Some(Stop::Cancelled | Stop::Lost) => OutcomeCode::Cancelled,
            Some(Stop::GivenBack) => OutcomeCode::Interrupted,
        };
        let end = AttemptEnd {
            execution: &claim.execution,
            outcome,
            attempt: run.execution.attempt,
            retry_after: None,
            at: wall,
        };
        let follow_up = match decide_follow_up(&end, &run.job.retry_policy) {
            Some(available_at) => FollowUp::Retry { available_at },
            None => FollowUp::Finished {
                result: None,
                message: None,
                artifacts: Vec::new(),
            },
        };
        let attempt = Attempt {
            attempt: run.execution.attempt,
            execution_host: self.name.clone(),
            started_at: wall,
            completed_at: wall,
            outcome,
            error: None,
            fuel_used: 0,
            peak_memory_bytes: 0,
            start_delay_us: None,
        };
        let lost = run.stopped == Some(Stop::Lost);
        if lost {
            self.runs.remove(&key(claim));
        }
        let ending = Box::new(Ending {
            attempt,
            records: Records::default(),
            uses: Vec::new(),
            follow_up,
        });
        Some(Event::RunEnded {
            claim: claim.clone(),
            ending,
        })
    }
}
