//! How long the records of executions are kept after their end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::execution::ExecutionStatus;

/// How long records are kept: for good, where nothing is said of a status. What is not finished is kept
/// in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention(Vec<(ExecutionStatus, Duration)>);

impl Retention {
    /// Records of executions that ended in `status` are kept for `time`. Of a status that is not a
    /// finished one nothing can be said.
    #[must_use]
    pub fn with(mut self, status: ExecutionStatus, time: Duration) -> Self {
        if status.is_finished() {
            self.0.retain(|(of, _)| *of != status);
            self.0.push((status, time));
        }
        self
    }

    /// When the record of an execution may go that ended in `status` at `ended_at`.
    #[must_use]
    pub fn expires_at(&self, status: ExecutionStatus, ended_at: Timestamp) -> Option<Timestamp> {
        let (_, time) = self.0.iter().find(|(of, _)| *of == status)?;
        let time = SignedDuration::try_from(*time).ok()?;
        ended_at.checked_add(time).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_let_go_unless_it_was_said() {
        let day = Duration::from_secs(86_400);
        let retention = Retention::default()
            .with(ExecutionStatus::Success, day)
            .with(ExecutionStatus::Running, day);
        let end = Timestamp::UNIX_EPOCH;
        let check = |status, expect| assert_eq!(retention.expires_at(status, end), expect);
        check(ExecutionStatus::Success, end.checked_add(day).ok());
        check(ExecutionStatus::Failed, None);
        check(ExecutionStatus::Running, None);
    }
}
