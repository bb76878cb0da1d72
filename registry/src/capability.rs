//! The register of capabilities: which job may do what, and what it made of that.
//!
//! A row is one operation that one job may do on one target, or was denied. Rows follow from the grants
//! of jobs when those are saved, and from the ends of attempts. Uses are counted by day and kept for as
//! long as the register looks back; each single call is in the journal.

mod report;
mod table;

use jiff::Timestamp;
use sandglass_contract::{Interface, JobId, Operation, OrganisationId, TemplateId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::page::PageRequest;
pub use report::{Capability, Times, report};
pub use table::CSV_HEADER;

/// How many days the register looks back, today among them.
pub const DAYS: i64 = 30;
const MILLISECONDS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// A day in UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i64);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.as_millisecond().div_euclid(MILLISECONDS_PER_DAY))
    }

    /// The first day that the register looks back to at `now`.
    #[must_use]
    pub fn first(now: Timestamp) -> Self {
        Self(Self::of(now).0 - (DAYS - 1))
    }

    /// Its first moment.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        let milliseconds = self.0.saturating_mul(MILLISECONDS_PER_DAY);
        Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MIN)
    }
}

/// What a job made of something in the days that the register looks back to. The register begins with
/// what needs a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseState {
    /// It was denied.
    Denied,
    /// It is granted and was not used.
    Unused,
    /// It was used, and is granted unless the job has changed since.
    Used,
}

impl UseState {
    /// Every state, in the order of the register.
    pub const ALL: [Self; 3] = [Self::Denied, Self::Unused, Self::Used];

    /// Its word in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Unused => "unused",
            Self::Used => "used",
        }
    }
}

/// Which rows of the register are wanted; every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterQuery {
    /// Of this job.
    pub job: Option<JobId>,
    /// Of jobs of this template.
    pub template: Option<TemplateId>,
    /// On this interface.
    pub interface: Option<Interface>,
    /// For this operation.
    pub operation: Option<Operation>,
    /// With one of these targets.
    pub targets: Option<Vec<String>>,
    /// In this state.
    pub state: Option<UseState>,
    /// The moment of the question.
    pub now: Timestamp,
    /// Which page. Rows are listed by state, interface, operation, target and job.
    pub page: PageRequest,
}

/// One operation that one job may do on one target, or was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// The job.
    pub job: JobId,
    /// The interface.
    pub interface: Interface,
    /// The operation.
    pub operation: Operation,
    /// The target of the grant; where it is not granted, what was asked for.
    pub target: String,
    /// Whether the job's grant has it.
    pub granted: bool,
    /// What the job made of it.
    pub state: UseState,
    /// How often it was used for real since the first day that the register looks back to.
    pub uses: u64,
    /// When an attempt ended last that used it, within those days.
    pub used_at: Option<Timestamp>,
    /// How often it was denied since the same day.
    pub denials: u64,
    /// When an attempt ended last to which it was denied, within those days.
    pub denied_at: Option<Timestamp>,
}

/// What a job made of one operation on one target in one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CapabilityUseDay {
    pub(crate) org: OrganisationId,
    pub(crate) job: JobId,
    pub(crate) operation: Operation,
    pub(crate) target: String,
    pub(crate) day: Day,
    pub(crate) uses: u64,
    pub(crate) denials: u64,
    /// When an attempt ended last that used it.
    #[serde(default)]
    pub(crate) used_at: Option<Timestamp>,
    /// When an attempt ended last to which it was denied.
    #[serde(default)]
    pub(crate) denied_at: Option<Timestamp>,
}

/// Which part of each of several lists, laid end to end, is on a page: how many are passed over and how
/// many are taken.
pub(crate) fn parts(counts: [u64; 3], page: PageRequest) -> [(u64, u64); 3] {
    let mut skip = page.offset();
    let mut left = u64::from(page.limit());
    counts.map(|count| {
        let passed = skip.min(count);
        let taken = left.min(count - passed);
        skip -= passed;
        left -= taken;
        (passed, taken)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_page_runs_on_from_one_list_to_the_next() {
        let check = |page, limit, expect| {
            let number = |it| NonZeroU32::new(it).unwrap();
            let page = PageRequest::new(number(page), number(limit));
            assert_eq!(parts([3, 0, 4], page), expect, "{page:?}");
        };
        check(1, 2, [(0, 2), (0, 0), (0, 0)]);
        check(2, 2, [(2, 1), (0, 0), (0, 1)]);
        check(3, 2, [(3, 0), (0, 0), (1, 2)]);
        check(4, 2, [(3, 0), (0, 0), (3, 1)]);
        check(5, 2, [(3, 0), (0, 0), (4, 0)]);
        check(1, 100, [(0, 3), (0, 0), (0, 4)]);
    }

    #[test]
    fn thirty_days_are_looked_back_to_and_today_is_one_of_them() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let first = Day::first(now).begin();
        assert_eq!(first.to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(Day::of(first), Day::first(now));
    }
}
