//! What a slot does that meets an earlier execution of its job. Every store decides by this.

use crate::job::OverlapPolicy;

/// The most executions of a job that wait for earlier ones.
pub(crate) const MOST_BUFFERED: usize = 1000;

/// Why executions end whose place a later one takes.
pub(crate) const PLACE_TAKEN: &str =
    "a later execution took its place (overlap_policy cancel_other)";

/// What a slot does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// It runs beside whatever there is.
    Free,
    /// It waits.
    Wait,
    /// It never runs, for this reason.
    Skip(String),
    /// The earlier ones are cancelled; it waits for those that run.
    CancelOthers,
}

/// What a slot does that finds `earlier`, the longest waiting unfinished execution of its job, while
/// `waiting` others wait for their turn already.
pub(crate) fn meet(overlap: OverlapPolicy, earlier: &str, waiting: usize) -> Meeting {
    match overlap {
        OverlapPolicy::AllowAll => Meeting::Free,
        OverlapPolicy::CancelOther => Meeting::CancelOthers,
        OverlapPolicy::Skip => Meeting::Skip(format!(
            "the execution {earlier} of this job was not finished yet (overlap_policy skip)"
        )),
        OverlapPolicy::BufferOne if waiting > 0 => Meeting::Skip(format!(
            "another execution waits for {earlier} already (overlap_policy buffer_one)"
        )),
        OverlapPolicy::BufferAll if waiting >= MOST_BUFFERED => Meeting::Skip(format!(
            "{waiting} executions wait for {earlier} already, and no more may"
        )),
        OverlapPolicy::BufferOne | OverlapPolicy::BufferAll => Meeting::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(overlap: OverlapPolicy, waiting: usize, expect: &str) {
        let word = match meet(overlap, "exec_1", waiting) {
            Meeting::Free => "free",
            Meeting::Wait => "wait",
            Meeting::Skip(_) => "skip",
            Meeting::CancelOthers => "cancel",
        };
        assert_eq!(word, expect, "{overlap:?} with {waiting} waiting");
    }

    #[test]
    fn the_policy_says_what_a_slot_does() {
        check(OverlapPolicy::Skip, 0, "skip");
        check(OverlapPolicy::BufferOne, 0, "wait");
        check(OverlapPolicy::BufferOne, 1, "skip");
        check(OverlapPolicy::BufferAll, 1, "wait");
        check(OverlapPolicy::BufferAll, MOST_BUFFERED, "skip");
        check(OverlapPolicy::CancelOther, 5, "cancel");
        check(OverlapPolicy::AllowAll, 5, "free");
    }
}
