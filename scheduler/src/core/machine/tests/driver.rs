//! A host under test: it is told events, and its commands are read as lines.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use sandglass_contract::{ExecutionId, OutcomeCode};
use sandglass_registry::{
    Attempt, Fence, Labels,
    store::{Claim, ClaimAnswer, Claimed, Ending, FollowUp, LeaseAnswer, Overdue, Records},
};
use serde_json::json;

use crate::{
    core::machine::*,
    testing::{at, execution_of, job},
};

/// A host whose clocks stand until they are moved.
pub(super) struct Driver {
    pub(super) machine: Machine,
    now: Now,
}

impl Driver {
    /// A host that has just started.
    pub(super) fn new(places: u32) -> Self {
        Self::polling(places, Duration::from_secs(30))
    }

    /// The same with another longest wait between looks.
    pub(super) fn polling(places: u32, poll: Duration) -> Self {
        let now = Now {
            wall: at("10:00:00"),
            monotonic: Duration::from_secs(100),
        };
        let settings = MachineSettings {
            host: "host".to_owned(),
            places,
            lease: Duration::from_secs(30),
            most_lost_leases: 5,
            labels: Labels::default(),
            poll,
        };
        Self {
            machine: Machine::new(settings, now),
            now,
        }
    }

    /// A host that has looked for everything and found nothing.
    pub(super) fn idle(places: u32) -> Self {
        Self::new(places).rest()
    }

    /// The host, once it has looked for everything and found nothing.
    pub(super) fn rest(self) -> Self {
        let mut driver = self;
        driver.tell(Event::Woken);
        for event in [
            Event::DueRead(Ok(DueJobs::default())),
            Event::UnsettledRead(Ok(Vec::new())),
            Event::BackfillsRead(Ok(Vec::new())),
            Event::OverdueEnded(Ok(Overdue::default())),
            claimed(driver.monotonic(), &[]),
        ] {
            assert_eq!(driver.tell(event), [""; 0]);
        }
        driver
    }

    /// A host with as many places as there are claims, all of which it holds.
    pub(super) fn holding(claims: &[&str]) -> Self {
        let mut driver = Self::idle(u32::try_from(claims.len()).unwrap());
        driver.tell(Event::WorkArrived);
        driver.tell(claimed(driver.monotonic(), claims));
        driver
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.now.monotonic
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.now.wall
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, milliseconds: u32) -> &mut Self {
        self.now.monotonic += Duration::from_millis(milliseconds.into());
        self.set_wall(i64::from(milliseconds))
    }

    /// Sets the wall clock.
    pub(super) fn set_wall(&mut self, by_milliseconds: i64) -> &mut Self {
        self.now.wall += SignedDuration::from_millis(by_milliseconds);
        self
    }

    /// Tells an event and returns the commands.
    pub(super) fn tell(&mut self, event: Event) -> Vec<String> {
        let commands = self.machine.handle(self.now, event);
        commands.iter().map(line).collect()
    }

    pub(super) fn check(&mut self, event: Event, expect: &[&str]) {
        let told = format!("{event:?}");
        assert_eq!(self.tell(event), expect, "{told}");
    }

    /// Wakes it after a time.
    pub(super) fn check_after(&mut self, milliseconds: u32, expect: &[&str]) {
        self.pass(milliseconds).check(Event::Woken, expect);
    }

    /// How long it wants to sleep, in milliseconds.
    pub(super) fn sleeps(&self) -> u128 {
        self.machine
            .wake_at()
            .saturating_sub(self.now.monotonic)
            .as_millis()
    }
}

/// A claim, written as `execution/fence`.
pub(super) fn claim(written: &str) -> Claim {
    let (execution, fence) = written.split_once('/').unwrap();
    Claim {
        execution: ExecutionId::parse(execution).unwrap(),
        fence: Fence(fence.parse().unwrap()),
    }
}

/// A claim that gave these.
pub(super) fn claimed(asked_at: Duration, claims: &[&str]) -> Event {
    let job = Arc::new(job(json!({})));
    let one = |written: &&str| {
        let claim = claim(written);
        let mut execution = execution_of(&job, claim.execution.as_str());
        execution.fence = claim.fence;
        Claimed {
            execution,
            job: job.clone(),
        }
    };
    let answer = ClaimAnswer {
        claimed: claims.iter().map(one).collect(),
        ended: Vec::new(),
    };
    Event::Claimed {
        asked_at,
        answer: Ok(answer),
    }
}

/// What became of leases.
pub(super) fn renewed(asked_at: Duration, answers: &[(&str, LeaseAnswer)]) -> Event {
    let answers = answers
        .iter()
        .map(|(written, answer)| (claim(written), *answer));
    Event::Renewed {
        asked_at,
        answer: Ok(answers.collect()),
    }
}

/// A run that ended well.
pub(super) fn run_ended(written: &str) -> Event {
    let attempt = Attempt {
        attempt: 1,
        execution_host: "host".to_owned(),
        started_at: at("10:00:00"),
        completed_at: at("10:00:00"),
        outcome: OutcomeCode::Success,
        error: None,
        fuel_used: 0,
        peak_memory_bytes: 0,
        start_delay_us: None,
    };
    let ending = Ending {
        attempt,
        records: Records::default(),
        uses: Vec::new(),
        follow_up: FollowUp::Finished {
            result: None,
            message: None,
            artifacts: Vec::new(),
        },
    };
    Event::RunEnded {
        claim: claim(written),
        ending: Box::new(ending),
    }
}

fn written(claim: &Claim) -> String {
    format!("{}/{}", claim.execution, claim.fence.0)
}

fn all<'a>(claims: impl Iterator<Item = &'a Claim>) -> String {
    claims.map(written).collect::<Vec<_>>().join(" ")
}

fn line(command: &Command) -> String {
    match command {
        Command::ReadDue { .. } => "read due".to_owned(),
        Command::Fire(firings) => format!("fire {}", firings.len()),
        Command::Claim(request) => format!("claim {}", request.limit),
        Command::Start(claimed) => format!("start {}", written(&claimed.claim())),
        Command::Stop(claim, reason) => format!("stop {} {reason:?}", written(claim)),
        Command::Renew(claims) => format!("renew {}", all(claims.iter())),
        Command::EndAttempts(endings) => format!("end {}", all(endings.iter().map(|it| &it.0))),
        Command::Release { claim, status } => {
            let status = status.map_or("lost", ExecutionStatus::as_str);
            format!("release {} {status}", written(claim))
        }
        Command::ReadUnsettled => "read unsettled".to_owned(),
        Command::Settle(unsettled) => format!("settle {}", unsettled.len()),
        Command::ReadBackfills => "read backfills".to_owned(),
        Command::FireBackfills(firings) => format!("fire backfills {}", firings.len()),
        Command::EndOverdue => "end overdue".to_owned(),
        Command::NoteTimeJump { expected, found } => {
            format!("note jump {}", found.duration_since(*expected).as_secs())
        }
    }
}
