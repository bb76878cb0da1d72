//! How long records of executions are kept: the section `[retention]` of the settings file.

use std::time::Duration;

use sandglass_registry::{ExecutionStatus, Retention};
use serde::Deserialize;

use super::StoreLocation;
use crate::failure::{Exit, Failure};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Days after the end of an execution, by how it ended. What is not named is kept for good.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionSection {
    success_days: Option<u32>,
    failed_days: Option<u32>,
    timed_out_days: Option<u32>,
    cancelled_days: Option<u32>,
    skipped_days: Option<u32>,
    missed_days: Option<u32>,
}

impl RetentionSection {
    /// What it says, for a store that can do it.
    ///
    /// # Errors
    /// Where it says anything and records are kept in a data folder, which lets none go.
    pub(super) fn for_store(self, store: &StoreLocation) -> Result<Retention, Failure> {
        let days = [
            (ExecutionStatus::Success, self.success_days),
            (ExecutionStatus::Failed, self.failed_days),
            (ExecutionStatus::TimedOut, self.timed_out_days),
            (ExecutionStatus::Cancelled, self.cancelled_days),
            (ExecutionStatus::Skipped, self.skipped_days),
            (ExecutionStatus::Missed, self.missed_days),
        ];
        let mut retention = Retention::default();
        for (status, days) in days {
            if let Some(days) = days {
                retention = retention.with(status, DAY * days);
            }
        }
        match (store, retention == Retention::default()) {
            (StoreLocation::Folder, false) => {
                let text = "retention is set, and a data folder keeps every record for good";
                let failure = Failure::saying(Exit::Usage, text);
                Err(failure.advise("take [retention] out of the settings file, or name a --store"))
            }
            _ => Ok(retention),
        }
    }
}
