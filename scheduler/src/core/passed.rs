//! Which of the slots run that have come by the time somebody looks.
//!
//! Most of the time one slot has come and it is a few milliseconds old. After a host was away, or a
//! clock was set, many may have: the job's terms say which of them are caught up.

use jiff::{SignedDuration, Timestamp};
use sandglass_registry::{
    Job,
    job::{CatchUp, CatchUpTerms},
};

use crate::calendar::{Calendar, CalendarError};

/// A slot that is found due later than this after its moment was not seen in time by any host.
pub(super) const LATE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// What becomes of a slot that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It runs in its time.
    Run,
    /// It runs late.
    CatchUp,
    /// It does not run any more.
    Missed(String),
}

/// The slots of a job that have come, and what its terms say of them.
pub(super) struct Passed {
    terms: CatchUpTerms,
    deadline: Option<SignedDuration>,
    /// From a slot to the moment at which it is fired.
    put_off: SignedDuration,
    now: Timestamp,
    /// The last slot that has come.
    pub(super) last: Timestamp,
    /// The first slot that is caught up where all are.
    first_of_all: Option<Timestamp>,
}

impl Passed {
    /// The slots from `due` on, the one that `job` waits for.
    pub(super) fn of(
        job: &Job,
        calendar: &Calendar,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<Self, CalendarError> {
        let put_off = job.due_at(due).duration_since(due);
        let horizon = now.saturating_sub(put_off).unwrap_or(due).max(due);
        let last = calendar.last_until(due, horizon)?;
        let terms = job.catch_up_terms();
        let first_of_all = match terms.which {
            CatchUp::All if last > due => {
                Some(walk_back(calendar, last, due, terms.most.get() - 1)?)
            }
            _ => None,
        };
        let seconds = |number: u32| SignedDuration::from_secs(number.into());
        Ok(Self {
            terms,
            deadline: job.starting_deadline_seconds.map(|it| seconds(it.get())),
            put_off,
            now,
            last,
            first_of_all,
        })
    }

    /// What becomes of a slot.
    pub(super) fn judge(&self, slot: Timestamp) -> Verdict {
        let lateness = self.now.duration_since(slot).saturating_sub(self.put_off);
        let passed = slot < self.last || lateness > LATE_AFTER;
        if let Some(deadline) = self.deadline
            && lateness > deadline
        {
            return Verdict::Missed(format!(
                "it was found {} s after its time, later than starting_deadline_seconds allows",
                lateness.as_secs()
            ));
        }
        if !passed {
            return Verdict::Run;
        }
        let window = SignedDuration::from_secs(self.terms.window.get().into());
        if lateness > window && self.terms.which != CatchUp::None {
            return Verdict::Missed(format!(
                "no host was there at its time, and it is older than catch_up_window_seconds ({})",
                self.terms.window.get()
            ));
        }
        let missed = |why: &str| Verdict::Missed(format!("no host was there at its time, {why}"));
        match self.terms.which {
            CatchUp::None => missed("and catch_up is none"),
            CatchUp::Last if slot == self.last => Verdict::CatchUp,
            CatchUp::Last => missed(&format!("and the slot at {} runs for it", self.last)),
            CatchUp::All if self.first_of_all.is_none_or(|first| slot >= first) => Verdict::CatchUp,
            CatchUp::All => missed(&format!(
                "and more than max_catch_up_runs ({}) came after it",
                self.terms.most.get()
            )),
        }
    }
}

/// The slot that lies at most `steps` slots before `from`, and not before `least`.
pub(super) fn walk_back(
    calendar: &Calendar,
    from: Timestamp,
    least: Timestamp,
    steps: u32,
) -> Result<Timestamp, CalendarError> {
    let mut slot = from;
    for _ in 0..steps {
        match calendar.previous_before(slot)? {
            Some(previous) if previous >= least => slot = previous,
            _ => break,
        }
    }
    Ok(slot)
}

#[cfg(test)]
mod tests;
