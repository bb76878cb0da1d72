//! The faults: which, when, on which host and for how long is drawn from the seed. Every fault of a host
//! has its turn once before any is drawn, so that none is left out by chance.

use std::{collections::BTreeMap, fmt, thread, time::Duration};

use sandglass_contract::{Clock as _, SystemClock};
use sandglass_tests::{
    Host, MongoServer, Random,
    mongo::{FailPoint, Failure},
    proxy::Passage,
};

/// How often is looked whether a fault is over.
const TICK: Duration = Duration::from_millis(50);
/// How many hosts are broken at the same time, at the most.
const MOST_BROKEN: usize = 2;
/// How long a host that was told to stop may take.
const LONGEST_DRAIN: Duration = Duration::from_secs(30);

/// What can happen to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// `kill -9`, and another start.
    Killed,
    /// It stands still for longer than its lease and then goes on: the zombie.
    Frozen,
    /// It is told to stop, and started again.
    Drained,
    /// Its connections to the database are cut.
    Cut,
    /// Its connections are cut, and new ones refused.
    Refused,
    /// Nothing goes through to the database, and nobody says so.
    Held,
    /// Everything on the way to the database takes its time.
    Late,
}

/// What is drawn from: the worst of them more often.
const FAULTS: [Fault; 9] = [
    Fault::Killed,
    Fault::Killed,
    Fault::Frozen,
    Fault::Frozen,
    Fault::Drained,
    Fault::Cut,
    Fault::Refused,
    Fault::Held,
    Fault::Late,
];

/// What can happen to the commands of all hosts.
const FAILURES: [(&str, Failure); 5] = [
    ("connection closed", Failure::ConnectionClosed),
    ("not primary", Failure::NotPrimary),
    ("shutting down", Failure::ShuttingDown),
    ("slow", Failure::Slow(Duration::from_millis(700))),
    ("write concern", Failure::WriteConcern),
];
const WRITES: [&str; 4] = ["insert", "update", "delete", "commitTransaction"];
const ALL: [&str; 7] = [
    "insert",
    "update",
    "delete",
    "commitTransaction",
    "find",
    "aggregate",
    "getMore",
];

/// How often each kind of fault has happened.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<&'static str, u32>);

impl Faults {
    /// How often that kind has happened.
    pub(crate) fn of(&self, kind: &str) -> u32 {
        self.0.get(kind).copied().unwrap_or_default()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.iter().map(|(kind, count)| format!("{count} {kind}"));
        formatter.write_str(&counts.collect::<Vec<_>>().join(", "))
    }
}

/// A fault that goes on.
struct Broken {
    host: usize,
    fault: Fault,
    until: Duration,
}

/// Breaks hosts, their connections and the server.
pub(crate) struct Breaking<'a> {
    hosts: &'a mut [Host],
    server: &'a MongoServer,
    clock: &'a SystemClock,
    lease: Duration,
    /// The faults that come before any is drawn, the next one last.
    first: Vec<Fault>,
    broken: Vec<Broken>,
    next_at: Duration,
    faults: Faults,
}

impl<'a> Breaking<'a> {
    /// Nothing is broken yet. The seed says in which order every fault comes once.
    pub(crate) fn new(
        hosts: &'a mut [Host],
        server: &'a MongoServer,
        lease: Duration,
        clock: &'a SystemClock,
        random: &mut Random,
    ) -> Self {
        let mut first = FAULTS.to_vec();
        first.sort_unstable();
        first.dedup();
        random.shuffle(&mut first);
        Self {
            hosts,
            server,
            clock,
            lease,
            first,
            broken: Vec::new(),
            next_at: clock.monotonic(),
            faults: Faults::default(),
        }
    }

    /// Ends what is over, begins what is next, and waits a moment.
    pub(crate) fn go_on(&mut self, random: &mut Random) {
        self.end_what_is_over();
        if self.clock.monotonic() >= self.next_at {
            self.begin_one(random);
            let pause = Duration::from_millis(random.between(200, 1500));
            self.next_at = self.clock.monotonic() + pause;
        }
        for (position, host) in self.hosts.iter_mut().enumerate() {
            if !self.broken.iter().any(|it| it.host == position) {
                let ended = host.process().exit_code();
                assert_eq!(ended, None, "{} ended by itself", host.name());
            }
        }
        thread::sleep(TICK);
    }

    /// Ends every fault. Returns how many there were.
    pub(crate) fn heal(mut self) -> Faults {
        self.server.stop_failing();
        for broken in &mut self.broken {
            if broken.fault != Fault::Drained {
                broken.until = Duration::ZERO;
            }
        }
        while !self.broken.is_empty() {
            self.end_what_is_over();
            thread::sleep(TICK);
        }
        self.faults
    }

    fn begin_one(&mut self, random: &mut Random) {
        if random.below(3) == 0 {
            return self.fail_commands(random);
        }
        let whole: Vec<usize> = (0..self.hosts.len())
            .filter(|host| !self.broken.iter().any(|it| it.host == *host))
            .collect();
        if self.broken.len() < MOST_BROKEN {
            let host = *random.one_of(&whole);
            let next = self.first.pop();
            let fault = next.unwrap_or_else(|| *random.one_of(&FAULTS));
            self.break_host(host, fault, random);
        }
    }

    fn fail_commands(&mut self, random: &mut Random) {
        let (name, failure) = *random.one_of(&FAILURES);
        let commands = match failure {
            Failure::WriteConcern => WRITES.to_vec(),
            _ => ALL.to_vec(),
        };
        let times = u32::try_from(random.between(1, 12)).unwrap();
        self.server.fail(&FailPoint {
            failure,
            commands,
            times,
        });
        self.count(name);
    }

    fn break_host(&mut self, host: usize, fault: Fault, random: &mut Random) {
        let broken = &mut self.hosts[host];
        let lease = u64::try_from(self.lease.as_millis()).unwrap();
        let (name, least, most) = match fault {
            Fault::Killed => {
                broken.process().kill();
                ("killed", 0, lease * 2)
            }
            Fault::Frozen => {
                broken.process().signal("STOP");
                ("frozen", lease + 1500, lease * 2 + 1500)
            }
            Fault::Drained => {
                broken.process().signal("TERM");
                let longest = u64::try_from(LONGEST_DRAIN.as_millis()).unwrap();
                ("drained", longest, longest)
            }
            Fault::Cut => {
                broken.proxy().cut();
                ("cut", 0, 0)
            }
            Fault::Refused => {
                broken.proxy().set(Passage::Refused);
                broken.proxy().cut();
                ("refused", 500, lease * 2)
            }
            Fault::Held => {
                broken.proxy().set(Passage::Held);
                ("held", 500, lease * 2)
            }
            Fault::Late => {
                let by = Duration::from_millis(random.between(5, 100));
                broken.proxy().set(Passage::Late(by));
                ("late", 1000, lease)
            }
        };
        let until = self.clock.monotonic() + Duration::from_millis(random.between(least, most));
        self.broken.push(Broken { host, fault, until });
        self.count(name);
    }

    fn end_what_is_over(&mut self) {
        let now = self.clock.monotonic();
        let mut left = Vec::new();
        for broken in self.broken.drain(..) {
            let host = &mut self.hosts[broken.host];
            let is_over = match broken.fault {
                Fault::Drained => match host.process().exit_code() {
                    Some(code) => {
                        assert_eq!(code, 0, "{} was told to stop", host.name());
                        true
                    }
                    None => {
                        assert!(now < broken.until, "{} does not stop", host.name());
                        false
                    }
                },
                _ => now >= broken.until,
            };
            match (is_over, broken.fault) {
                (false, _) => left.push(broken),
                (true, Fault::Killed | Fault::Drained) => host.start(),
                (true, Fault::Frozen) => host.process().signal("CONT"),
                (true, Fault::Cut | Fault::Refused | Fault::Held | Fault::Late) => {
                    host.proxy().set(Passage::Open);
                }
            }
        }
        self.broken = left;
    }

    fn count(&mut self, kind: &'static str) {
        *self.faults.0.entry(kind).or_default() += 1;
    }
}
