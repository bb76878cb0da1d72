//! Calls of the store, and what can become of them on the way.

use std::time::Duration;

use jiff::Timestamp;
use sandglass_contract::ExecutionId;
use sandglass_registry::{
    Execution,
    store::{Claim, ClaimRequest, Ending, Firing, Settlement},
};
use sandglass_scheduler::core::{Event, NoAnswer, Unsettled};

use crate::{
    clock::{True, milliseconds},
    random::Random,
};

/// What a host asks of the store.
#[derive(Debug)]
pub(crate) enum Request {
    ReadDue(Timestamp),
    Fire(Vec<Firing>),
    Claim {
        asked_at: Duration,
        request: ClaimRequest,
    },
    /// The second half of a claim: what was read is taken.
    Take {
        asked_at: Duration,
        request: ClaimRequest,
        candidates: Vec<Claim>,
    },
    Renew {
        asked_at: Duration,
        claims: Vec<Claim>,
    },
    Record(Claim),
    End(Vec<(Claim, Ending)>),
    ReadUnsettled,
    Settle(Unsettled),
    /// The second half of settling: what was decided is stored.
    StoreSettlements(Vec<Settlement>),
    ReadBackfills,
    FireBackfills(Vec<Firing>),
    EndOverdue,
    NoteJump,
    Enqueue(Box<Execution>),
    Cancel(ExecutionId),
}

impl Request {
    /// What the host is told where it hears nothing.
    pub(crate) fn no_answer(&self) -> Option<Event> {
        Some(match self {
            Self::ReadDue(_) => Event::DueRead(Err(NoAnswer)),
            Self::Fire(_) => Event::Fired(Err(NoAnswer)),
            Self::Claim { asked_at, .. } | Self::Take { asked_at, .. } => Event::Claimed {
                asked_at: *asked_at,
                answer: Err(NoAnswer),
            },
            Self::Renew { asked_at, .. } => Event::Renewed {
                asked_at: *asked_at,
                answer: Err(NoAnswer),
            },
            Self::End(_) => Event::AttemptsEnded(Err(NoAnswer)),
            Self::ReadUnsettled => Event::UnsettledRead(Err(NoAnswer)),
            Self::Settle(_) | Self::StoreSettlements(_) => Event::Settled(Err(NoAnswer)),
            Self::ReadBackfills => Event::BackfillsRead(Err(NoAnswer)),
            Self::FireBackfills(_) => Event::BackfillsFired(Err(NoAnswer)),
            Self::EndOverdue => Event::OverdueEnded(Err(NoAnswer)),
            Self::NoteJump => Event::JobsChanged,
            Self::Record(_) | Self::Enqueue(_) | Self::Cancel(_) => return None,
        })
    }
}

/// A call on its way to the store.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) host: usize,
    /// Which life of the host made it.
    pub(crate) life: u32,
    pub(crate) request: Request,
    /// How long the answer takes; none where the host hears nothing, or has given up by then.
    pub(crate) answer_takes: Option<True>,
}

/// What becomes of a call on its way.
#[derive(Debug)]
pub(crate) struct Fate {
    /// How long it takes to reach the store; none where it never does.
    pub(crate) request_takes: Option<True>,
    /// How long the answer takes; none where it never comes, or too late.
    pub(crate) answer_takes: Option<True>,
    /// When the host gives up, where it does.
    pub(crate) gives_up_after: Option<True>,
}

impl Fate {
    /// Of calls while nothing is wrong.
    pub(crate) fn without_faults(random: &mut Random) -> Self {
        Self {
            request_takes: Some(random.between(200, 3000)),
            answer_takes: Some(random.between(200, 3000)),
            gives_up_after: None,
        }
    }

    /// Of calls while `percent` of them go wrong: requests and answers are lost, or late by so much that
    /// the request is carried out after the host has given up.
    pub(crate) fn with_faults(random: &mut Random, percent: u64) -> Self {
        if !random.happens(percent) {
            return Self::without_faults(random);
        }
        let patience = milliseconds(random.between(200, 8_000));
        let slow = milliseconds(random.between(10, 15_000));
        let (request_takes, answer_takes) = match random.below(4) {
            0 => (None, None),
            1 => (Some(random.between(200, 3000)), None),
            2 => (Some(slow), Some(random.between(200, 3000))),
            _ => (Some(random.between(200, 3000)), Some(slow)),
        };
        let takes = request_takes
            .zip(answer_takes)
            .map(|(one, other)| one + other);
        let in_time = takes.is_some_and(|takes| takes <= patience);
        Self {
            request_takes,
            answer_takes: answer_takes.filter(|_| in_time),
            gives_up_after: (!in_time).then_some(patience),
        }
    }
}
