//! The world of one history: what is to happen when, and what comes of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::OutcomeCode;
use sandglass_registry::store::Claim;
use sandglass_scheduler::core::Event;

use crate::{
    calls::{Call, Fate, Request},
    clock::{HostClock, True, milliseconds, seconds, true_wall},
    host::Host,
    jobs,
    ledger::{Broken, Ledger},
    random::Random,
    store::Store,
    trace::{self, Trace},
};

/// How long things go wrong.
const TROUBLE: True = seconds(120);
/// How long after that schedules are still followed.
const AFTERMATH: True = seconds(90);
/// How long everything has to come to an end then.
const REST: True = seconds(4000);

/// Something that is to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    Arrives(Call),
    Hears {
        host: usize,
        life: u32,
        event: Event,
    },
    Wakes {
        host: usize,
        life: u32,
        wake: u64,
    },
    RunSays {
        host: usize,
        life: u32,
        claim: Claim,
    },
    RunEnds {
        host: usize,
        life: u32,
        claim: Claim,
        outcome: OutcomeCode,
    },
    HostStarts(usize),
    GiveBack(usize),
    SomebodyActs,
    SomethingBreaks,
    TroubleEnds,
    SchedulesEnd,
}

/// What became of a history.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) broken: Option<Broken>,
    pub(crate) trace: String,
    pub(crate) steps: u64,
    pub(crate) claims: u64,
    pub(crate) ends: u64,
    pub(crate) taken_over: u64,
}

/// Everything there is.
pub(crate) struct World {
    seed: u64,
    pub(crate) now: True,
    pub(crate) random: Random,
    pub(crate) hosts: Vec<Host>,
    pub(crate) store: Store,
    pub(crate) trace: Trace,
    pub(crate) triggers: u64,
    pub(crate) ledger: Ledger,
    agenda: BTreeMap<(True, u64), Happening>,
    number: u64,
    faults: u64,
    broken: Option<Broken>,
    taken_over: u64,
}

impl World {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let mut random = Random::new(seed);
        let hosts = (0..random.between(1, 4))
            .map(|number| {
                let clock = HostClock {
                    began: 0,
                    fast_by: random.about_zero(200),
                    ahead: SignedDuration::from_millis(random.about_zero(2_000)),
                };
                let places = u32::try_from(random.between(1, 4)).unwrap();
                Host::new(usize::try_from(number).unwrap(), places, clock)
            })
            .collect();
        let mut store = Store::default();
        for job in jobs::draw(&mut random, true_wall(0)) {
            store.save(job);
        }
        let faults = *random.one_of(&[0, 5, 20, 40]);
        Self {
            seed,
            now: 0,
            random,
            hosts,
            store,
            trace,
            triggers: 0,
            ledger: Ledger::default(),
            agenda: BTreeMap::new(),
            number: 0,
            faults,
            broken: None,
            taken_over: 0,
        }
    }

    /// Lets it all happen.
    pub(crate) fn run(mut self) -> Outcome {
        for host in 0..self.hosts.len() {
            let at = milliseconds(self.random.below(3000));
            self.at(at, Happening::HostStarts(host));
        }
        for _ in 0..self.random.between(5, 40) {
            let at = self.random.below(TROUBLE);
            self.at(at, Happening::SomebodyActs);
        }
        if self.faults > 0 {
            for _ in 0..self.random.below(10) {
                let at = self.random.below(TROUBLE);
                self.at(at, Happening::SomethingBreaks);
            }
        }
        self.at(TROUBLE, Happening::TroubleEnds);
        self.at(TROUBLE + AFTERMATH, Happening::SchedulesEnd);
        let mut steps = 0;
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.now = at;
            if at > TROUBLE + AFTERMATH + REST || self.broken.is_some() {
                break;
            }
            steps += 1;
            self.happen(happening);
            self.look_into_the_store();
            if self.now > TROUBLE + AFTERMATH + seconds(60) && self.is_at_rest() {
                break;
            }
        }
        let broken = self.broken.take().or_else(|| self.check_end().err());
        Outcome {
            seed: self.seed,
            broken,
            steps,
            claims: self.ledger.claims,
            ends: self.ledger.ends,
            taken_over: self.taken_over,
            trace: self.trace.into_text(),
        }
    }

    /// What time it is for the store.
    pub(crate) fn store_time(&self) -> Timestamp {
        true_wall(self.now)
    }

    pub(crate) fn at(&mut self, at: True, happening: Happening) {
        self.number += 1;
        self.agenda
            .insert((at.max(self.now), self.number), happening);
    }

    /// A host asks the store for something.
    pub(crate) fn call(&mut self, host: usize, request: Request) {
        let fate = match self.faults {
            0 => Fate::without_faults(&mut self.random),
            percent => Fate::with_faults(&mut self.random, percent),
        };
        let life = self.hosts[host].life;
        if let (Some(after), Some(event)) = (fate.gives_up_after, request.no_answer()) {
            self.at(self.now + after, Happening::Hears { host, life, event });
        }
        if let Some(takes) = fate.request_takes {
            let answer_takes = fate.answer_takes;
            let call = Call {
                host,
                life,
                request,
                answer_takes,
            };
            self.at(self.now + takes, Happening::Arrives(call));
        }
    }

    /// A host is told something, or as soon as it goes on.
    pub(crate) fn tell(&mut self, number: usize, event: Event) {
        let (now, host) = (self.now, &mut self.hosts[number]);
        if now < host.stands_until {
            let (at, life) = (host.stands_until, host.life);
            self.at(
                at,
                Happening::Hears {
                    host: number,
                    life,
                    event,
                },
            );
            return;
        }
        let asked_at = match &event {
            Event::Claimed { asked_at, .. } => Some(*asked_at),
            _ => None,
        };
        host.observe(now, &event);
        let Some(machine) = host.machine.as_mut() else {
            return;
        };
        let shown = trace::event(&event);
        self.trace.note(now, || format!("{number} < {shown}"));
        let commands = machine.handle(host.clock.show(now), event);
        let drained = machine.is_drained();
        let wake_at = host.clock.when(machine.wake_at());
        for command in commands {
            self.trace
                .note(now, || format!("{number} > {}", trace::command(&command)));
            let noted = self.hosts[number].note(&command, asked_at);
            self.break_where(noted);
            self.carry_out(number, command);
        }
        let checked = self.hosts[number].check(now);
        self.break_where(checked);
        let host = &mut self.hosts[number];
        if drained && host.draining {
            host.crash();
            self.at(now + seconds(1), Happening::HostStarts(number));
            return;
        }
        host.wake += 1;
        let (life, wake) = (host.life, host.wake);
        self.at(
            wake_at.max(now + 1),
            Happening::Wakes {
                host: number,
                life,
                wake,
            },
        );
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(call) => self.arrive(call),
            Happening::Hears { host, life, event } if self.lives(host, life) => {
                self.tell(host, event);
            }
            Happening::Wakes { host, life, wake }
                if self.lives(host, life) && self.hosts[host].wake == wake =>
            {
                self.tell(host, Event::Woken);
            }
            Happening::RunSays { host, life, claim } if self.lives(host, life) => {
                self.call(host, Request::Record(claim));
            }
            Happening::RunEnds {
                host,
                life,
                claim,
                outcome,
            } if self.lives(host, life) => {
                self.end_run(host, &claim, outcome);
            }
            Happening::HostStarts(host) if self.hosts[host].machine.is_none() => {
                self.trace.note(self.now, || format!("host {host} starts"));
                let now = self.now;
                self.hosts[host].start(now);
                self.tell(host, Event::Woken);
            }
            Happening::GiveBack(host) if self.hosts[host].draining => {
                self.tell(host, Event::GiveBack);
            }
            Happening::SomebodyActs => self.somebody_acts(),
            Happening::SomethingBreaks => self.something_breaks(),
            Happening::TroubleEnds => {
                self.trace
                    .note(self.now, || "nothing goes wrong any more".to_owned());
                self.faults = 0;
                for host in &mut self.hosts {
                    host.clock.ahead = SignedDuration::ZERO;
                }
            }
            Happening::SchedulesEnd => self.end_schedules(),
            _ => {}
        }
    }

    fn lives(&self, host: usize, life: u32) -> bool {
        self.hosts[host].life == life && self.hosts[host].machine.is_some()
    }

    fn end_run(&mut self, number: usize, claim: &Claim, outcome: OutcomeCode) {
        let (now, host) = (self.now, &mut self.hosts[number]);
        if now < host.stands_until {
            let (at, life, claim) = (host.stands_until, host.life, claim.clone());
            self.at(
                at,
                Happening::RunEnds {
                    host: number,
                    life,
                    claim,
                    outcome,
                },
            );
            return;
        }
        if let Some(event) = host.end_run(now, claim, outcome) {
            self.tell(number, event);
        }
    }

    /// Takes every change of the store into the ledger.
    fn look_into_the_store(&mut self) {
        let now = self.store_time();
        for change in self.store.changes() {
            let taken = self.ledger.take_in(change, &self.store, now);
            self.break_where(taken);
        }
        // A host whose lease was taken over had given the run up before.
        for claim in std::mem::take(&mut self.ledger.taken_over) {
            self.taken_over += 1;
            self.check_taken_over(&claim);
        }
    }

    fn check_taken_over(&mut self, claim: &Claim) {
        let now = self.now;
        let still = self
            .hosts
            .iter()
            .find(|host| host.goes_on(now) && host.runs_besides(claim));
        if let Some(host) = still {
            let broken = format!("{} still runs on {}", trace::written(claim), host.name);
            self.break_where(Err(broken));
        }
    }

    fn break_where(&mut self, result: Result<(), Broken>) {
        if let Err(broken) = result
            && self.broken.is_none()
        {
            self.trace.note(self.now, || format!("BROKEN: {broken}"));
            self.broken = Some(broken);
        }
    }

    /// Every slot that has come was handled; from now on there are no more.
    fn end_schedules(&mut self) {
        self.trace.note(self.now, || "schedules end".to_owned());
        let slack = SignedDuration::from_secs(60);
        if let Some(job) = self.store.overdue_job(self.store_time(), slack) {
            let broken = format!("{} waits for {:?} still", job.id, job.next_run_at);
            return self.break_where(Err(broken));
        }
        let jobs: Vec<_> = self.store.jobs.values().cloned().collect();
        for job in jobs {
            let mut job = (*job).clone();
            job.version = job.version.next();
            job.next_run_at = None;
            self.store.save(job);
        }
    }

    fn is_at_rest(&self) -> bool {
        self.store.unfinished().next().is_none() && self.store.unsettled().is_empty()
    }

    fn check_end(&self) -> Result<(), Broken> {
        self.ledger.check_end(&self.store)
    }
}
