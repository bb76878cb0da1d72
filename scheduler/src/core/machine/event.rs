//! What a host is told, and what it does.

use std::time::Duration;

use jiff::Timestamp;
use sandglass_contract::ExecutionId;
use sandglass_registry::{
    Execution, ExecutionStatus, HostOrder,
    store::{
        Claim, ClaimAnswer, ClaimRequest, Claimed, EndAnswer, Ending, Firing, LeaseAnswer, Overdue,
    },
};

/// What time it is, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// By the wall clock, which says what is due.
    pub wall: Timestamp,
    /// By the monotonic clock, which says how long something took.
    pub monotonic: Duration,
}

/// The store did not answer: the command may have been carried out, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

/// What came of a command.
pub type Answer<T> = Result<T, NoAnswer>;

/// What due jobs become.
#[derive(Debug, Clone, Default)]
pub struct DueJobs {
    /// Their slots.
    pub firings: Vec<Firing>,
    /// Where there are none: when the next job is due, or left to others for no longer.
    pub next: Option<Timestamp>,
}

/// Executions that have ended and are not settled.
pub type Unsettled = Vec<Execution>;

/// Why a run is stopped from outside. A later one is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// The host shuts down; the execution is to begin anew.
    GivenBack,
    /// The claim is lost; nothing more may be written.
    Lost,
}

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// The time has come that [`Machine::wake_at`](super::Machine::wake_at) named.
    Woken,
    /// A job's next slot may have changed.
    JobsChanged,
    /// An execution may wait for a worker.
    WorkArrived,
    /// A backfill was begun or resumed.
    BackfillsChanged,
    /// There is an execution that may wait only so long.
    DeadlinesChanged,
    /// An execution has ended without having been claimed here.
    ExecutionsEnded,
    /// Somebody may have asked for executions to end; the store knows which.
    CancelsRequested,
    /// Somebody asked for this execution to end.
    CancelRequested(ExecutionId),
    /// What came of [`Command::ReadDue`].
    DueRead(Answer<DueJobs>),
    /// What came of [`Command::Fire`].
    Fired(Answer<()>),
    /// What came of [`Command::Claim`].
    Claimed {
        /// When it was asked for, on the monotonic clock.
        asked_at: Duration,
        /// What came of it.
        answer: Answer<ClaimAnswer>,
    },
    /// When there will be something to claim, as far as is stored. It is looked for after a claim that
    /// brought less than was asked for, and what was claimed does not wait for it.
    NextClaimable(Option<Timestamp>),
    /// What came of [`Command::Renew`].
    Renewed {
        /// When it was asked for, on the monotonic clock.
        asked_at: Duration,
        /// The claims with what became of each.
        answer: Answer<Vec<(Claim, LeaseAnswer)>>,
    },
    /// A run has ended, by itself or because it was stopped.
    RunEnded {
        /// Its claim.
        claim: Claim,
        /// How the attempt is to be stored.
        ending: Box<Ending>,
    },
    /// What came of [`Command::EndAttempts`].
    AttemptsEnded(Answer<Vec<EndAnswer>>),
    /// What came of [`Command::ReadUnsettled`].
    UnsettledRead(Answer<Unsettled>),
    /// What came of [`Command::Settle`].
    Settled(Answer<()>),
    /// What came of [`Command::ReadBackfills`]: the slots that come next.
    BackfillsRead(Answer<Vec<Firing>>),
    /// What came of [`Command::FireBackfills`].
    BackfillsFired(Answer<()>),
    /// What came of [`Command::EndOverdue`].
    OverdueEnded(Answer<Overdue>),
    /// Somebody has told the host to begin nothing new, or to take part again.
    Ordered(HostOrder),
    /// Nothing new is to be begun any more, because the host shuts down.
    Drain,
    /// What still runs is to begin anew somewhere.
    GiveBack,
}

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// Read the jobs that are due, and decide what becomes of them.
    ReadDue {
        /// The time by which they are due.
        now: Timestamp,
    },
    /// Store slots.
    Fire(Vec<Firing>),
    /// Claim executions.
    Claim(ClaimRequest),
    /// Begin to run a claimed execution.
    Start(Box<Claimed>),
    /// Stop a run.
    Stop(Claim, Stop),
    /// Renew leases.
    Renew(Vec<Claim>),
    /// Store the ends of attempts.
    EndAttempts(Vec<(Claim, Ending)>),
    /// A claim is not held any more.
    Release {
        /// The claim.
        claim: Claim,
        /// The status that the execution has now; none where the claim was lost before.
        status: Option<ExecutionStatus>,
    },
    /// Read executions that have ended and are not settled.
    ReadUnsettled,
    /// Decide and store what follows from them.
    Settle(Unsettled),
    /// Read the running backfills, and decide which slots come next.
    ReadBackfills,
    /// Store slots of backfills.
    FireBackfills(Vec<Firing>),
    /// End executions that have waited too long.
    EndOverdue,
    /// Note that the wall clock moved otherwise than time passed.
    NoteTimeJump {
        /// What it would have shown.
        expected: Timestamp,
        /// What it shows.
        found: Timestamp,
    },
}
