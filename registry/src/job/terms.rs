//! The terms of a schedule: what happens to slots that collide, pass or come too late.

use jiff::Timestamp;
use sandglass_contract::{JobId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::{CatchUpWindowSeconds, MaxCatchUpRuns};

/// What happens to a slot that comes while an earlier execution of its job is not finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverlapPolicy {
    /// It becomes a skipped execution.
    #[default]
    Skip,
    /// It waits for the earlier one; where another waits already, it is skipped.
    BufferOne,
    /// It waits its turn behind all earlier ones.
    BufferAll,
    /// The earlier ones are cancelled, and it begins when they have ended.
    CancelOther,
    /// It runs beside them.
    AllowAll,
}

impl OverlapPolicy {
    /// Its word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::BufferOne => "buffer_one",
            Self::BufferAll => "buffer_all",
            Self::CancelOther => "cancel_other",
            Self::AllowAll => "allow_all",
        }
    }
}

/// Which of the slots run that passed while no host was there to see them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// None of them.
    None,
    /// The last one, for all of them.
    #[default]
    Last,
    /// All of them within the window, the latest `max_catch_up_runs` at the most.
    All,
}

/// Catching up as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CatchUpTerms {
    /// Which slots.
    pub which: CatchUp,
    /// How old they may be.
    pub window: CatchUpWindowSeconds,
    /// How many they may be.
    pub most: MaxCatchUpRuns,
}

/// Where the schedule of a job that was paused goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResumeFrom {
    /// With the next slot from now on; those that passed meanwhile never were.
    #[default]
    Now,
    /// With the first slot after the pause began: the catch-up terms say which of them run.
    Pause,
}

/// That the schedule of a job is not followed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    /// Why.
    pub reason: String,
    /// Who paused it; `system` where `pause_on_failure` did.
    pub by: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// By how much a job's slots are put off, in milliseconds: the same for every slot of a job, and
/// spread evenly over jobs (FNV-1a of its id).
#[must_use]
pub(super) fn jitter_milliseconds(job: &JobId, jitter_seconds: u32) -> i64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    if jitter_seconds == 0 {
        return 0;
    }
    let hash = job.as_str().bytes().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    let spread = u64::from(jitter_seconds) * 1000 + 1;
    i64::try_from((hash ^ (hash >> 32)) % spread).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn jitter_is_the_same_for_a_job_and_spread_over_jobs() {
        let offsets: Vec<i64> = (0..1000)
            .map(|number| {
                let job = JobId::parse(format!("job_{number}")).unwrap();
                let offset = jitter_milliseconds(&job, 60);
                assert_eq!(offset, jitter_milliseconds(&job, 60));
                assert!((0..=60_000).contains(&offset), "{offset}");
                assert_eq!(jitter_milliseconds(&job, 0), 0);
                offset
            })
            .collect();
        for tenth in 0..10 {
            let within = offsets.iter().filter(|it| **it / 6001 == tenth).count();
            assert!((50..200).contains(&within), "{within} in tenth {tenth}");
        }
    }
}
