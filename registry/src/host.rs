//! A host: a process that runs executions, as it reports itself and as others see it.
//!
//! What is recorded here is for people and for placement. Nothing about correctness hangs on it: who
//! may write about an execution is a matter of its lease and fence alone.

mod labels;

use std::time::Duration;

use jiff::Timestamp;
use sandglass_contract::{ExecutionId, HostInstanceId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use labels::{Label, LabelError, Labels, MAX_LABELS, MAX_PLACEMENT, Placement};

/// A host that has not reported itself for this long is lost.
pub const LOST_AFTER: Duration = Duration::from_secs(30);
/// A host that has not reported itself for this long is not counted upon: two reports are missing.
pub const AT_WORK_FOR: Duration = Duration::from_secs(12);
/// A name is held for this long by the process that reported itself under it last.
pub const NAME_HELD_FOR: Duration = Duration::from_secs(15);
/// The record of a host that has not reported itself for this long is removed.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// The most executions that a record names.
pub const MAX_NAMED_EXECUTIONS: u32 = 100;

/// What somebody has told a host to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostOrder {
    /// To take part.
    #[default]
    Work,
    /// To begin nothing new.
    Drain,
}

impl HostOrder {
    /// Its word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Drain => "drain",
        }
    }
}

/// How a host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// It takes part.
    Live,
    /// It begins nothing new, and has not ended all that it holds.
    Draining,
    /// It begins nothing new and holds nothing.
    Drained,
    /// Nobody has heard of it for [`LOST_AFTER`].
    Lost,
}

/// What a host says about itself, every few seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReport {
    /// The name that its records are made under.
    pub name: String,
    /// The process.
    pub instance: HostInstanceId,
    /// Its labels.
    pub labels: Labels,
    /// How many executions it runs at once.
    pub places: u32,
    /// How many it runs now.
    pub running: u32,
    /// The order that it follows; also [`HostOrder::Drain`] while it shuts down.
    pub follows: HostOrder,
    /// When it was started.
    pub started_at: Timestamp,
    /// The version of the service.
    pub version: String,
}

/// The order that stands for a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandingOrder {
    /// What it is to do.
    pub order: HostOrder,
    /// Who said so; nobody where nobody ever said anything.
    pub by: Option<UserId>,
    /// When.
    pub at: Option<Timestamp>,
}

/// The executions that a host holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldExecutions {
    /// How many.
    pub count: u64,
    /// At most [`MAX_NAMED_EXECUTIONS`] of them.
    pub named: Vec<ExecutionId>,
}

/// A host as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRecord {
    /// What it said last.
    pub report: HostReport,
    /// When that was, by the store's clock.
    pub last_seen_at: Timestamp,
    /// How it stands.
    pub state: HostState,
    /// What it is to do.
    pub order: StandingOrder,
    /// What it holds leases on.
    pub held: HeldExecutions,
}

impl HostRecord {
    /// The record of a host that was heard of last at `last_seen_at`, which is `silent_for` ago.
    #[must_use]
    pub fn judged(
        report: HostReport,
        last_seen_at: Timestamp,
        silent_for: Duration,
        order: StandingOrder,
        held: HeldExecutions,
    ) -> Self {
        let drains = order.order == HostOrder::Drain || report.follows == HostOrder::Drain;
        // One that has not heard of the order yet may begin something still.
        let holds_nothing =
            report.follows == HostOrder::Drain && report.running == 0 && held.count == 0;
        let state = match (silent_for > LOST_AFTER, drains, holds_nothing) {
            (true, ..) => HostState::Lost,
            (false, true, true) => HostState::Drained,
            (false, true, false) => HostState::Draining,
            (false, false, _) => HostState::Live,
        };
        Self {
            report,
            last_seen_at,
            state,
            order,
            held,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn a_state_follows_from_silence_orders_and_what_is_held() {
        use HostOrder::{Drain, Work};
        let check = |silent: u64, order, follows, (running, held): (u32, u64), expect| {
            let report = HostReport {
                name: "a".to_owned(),
                instance: HostInstanceId::parse("host_1").unwrap(),
                labels: Labels::default(),
                places: 4,
                running,
                follows,
                started_at: Timestamp::UNIX_EPOCH,
                version: String::new(),
            };
            let order = StandingOrder {
                order,
                ..StandingOrder::default()
            };
            let held = HeldExecutions {
                count: held,
                named: Vec::new(),
            };
            let silent = Duration::from_millis(silent);
            let record = HostRecord::judged(report, Timestamp::UNIX_EPOCH, silent, order, held);
            assert_eq!(record.state, expect, "{record:?}");
        };
        check(30_000, Work, Work, (0, 0), HostState::Live);
        check(30_001, Work, Work, (0, 0), HostState::Lost);
        check(30_001, Drain, Drain, (0, 0), HostState::Lost);
        check(0, Drain, Work, (0, 0), HostState::Draining);
        check(0, Drain, Drain, (1, 0), HostState::Draining);
        check(0, Drain, Drain, (0, 1), HostState::Draining);
        check(0, Drain, Drain, (0, 0), HostState::Drained);
        check(0, Work, Drain, (1, 1), HostState::Draining);
        check(0, Work, Work, (1, 1), HostState::Live);
    }
}
