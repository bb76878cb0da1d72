//! The limits of a run: what each counts, its default, and how far a job may raise it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Something that a run may use only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Fuel, about one unit for each WebAssembly instruction.
    Fuel,
    /// Linear memory, summed over all memories, in bytes.
    MemoryBytes,
    /// Elements of all tables together.
    TableElements,
    /// Core instances, memories and tables, each.
    Instances,
    /// Handles (cursors, writers) open at once.
    Handles,
    /// Bytes that one host call may carry out of the guest.
    HostCallBytes,
    /// Host calls in all.
    HostCalls,
    /// Log lines that are kept.
    LogLines,
    /// Bytes of log text that are kept.
    LogBytes,
    /// Documents read.
    DocumentsRead,
    /// Documents inserted, changed or deleted.
    DocumentsWritten,
    /// Mails, counted by recipient.
    MailRecipients,
    /// Bytes written to artifacts.
    ArtifactBytes,
    /// Artifacts created.
    Artifacts,
    /// Requests to other services.
    HttpRequests,
    /// Bytes in the answers to them.
    HttpResponseBytes,
    /// Bytes of the result.
    ResultBytes,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The row of the limits table for one limit.
struct Row {
    name: &'static str,
    default: u64,
    maximum: u64,
}

const fn row(name: &'static str, default: u64, maximum: u64) -> Row {
    Row {
        name,
        default,
        maximum,
    }
}

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 17] = [
        Self::Fuel,
        Self::MemoryBytes,
        Self::TableElements,
        Self::Instances,
        Self::Handles,
        Self::HostCallBytes,
        Self::HostCalls,
        Self::LogLines,
        Self::LogBytes,
        Self::DocumentsRead,
        Self::DocumentsWritten,
        Self::MailRecipients,
        Self::ArtifactBytes,
        Self::Artifacts,
        Self::HttpRequests,
        Self::HttpResponseBytes,
        Self::ResultBytes,
    ];

    const fn row(self) -> Row {
        match self {
            Self::Fuel => row("fuel", 50_000_000_000, 10_000_000_000_000),
            Self::MemoryBytes => row("memory_bytes", 64 * MIB, 512 * MIB),
            Self::TableElements => row("table_elements", 20_000, 100_000),
            Self::Instances => row("instances", 20, 100),
            Self::Handles => row("handles", 100, 1_000),
            Self::HostCallBytes => row("host_call_bytes", 4 * MIB, 64 * MIB),
            Self::HostCalls => row("host_calls", 1_000_000, 100_000_000),
            Self::LogLines => row("log_lines", 10_000, 100_000),
            Self::LogBytes => row("log_bytes", 4 * MIB, 64 * MIB),
            Self::DocumentsRead => row("documents_read", 10_000_000, 1_000_000_000),
            Self::DocumentsWritten => row("documents_written", 10_000_000, 1_000_000_000),
            Self::MailRecipients => row("mail_recipients", 100, 10_000),
            Self::ArtifactBytes => row("artifact_bytes", GIB, 64 * GIB),
            Self::Artifacts => row("artifacts", 10, 1_000),
            Self::HttpRequests => row("http_requests", 1_000, 100_000),
            Self::HttpResponseBytes => row("http_response_bytes", 64 * MIB, 4 * GIB),
            Self::ResultBytes => row("result_bytes", 256 * KIB, 4 * MIB),
        }
    }

    /// Its name in jobs and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// What a run has where the job says nothing.
    #[must_use]
    pub const fn default_value(self) -> u64 {
        self.row().default
    }

    /// The most that a job may set.
    #[must_use]
    pub const fn maximum(self) -> u64 {
        self.row().maximum
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A setting that a job may not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// There is no limit of that name.
    #[error("there is no limit named {name:?}; there are {}", all_names())]
    Unknown {
        /// The name that was given.
        name: String,
    },
    /// The value is zero or above the maximum.
    #[error("{limit} is from 1 to {}", limit.maximum())]
    OutOfRange {
        /// The limit.
        limit: Limit,
    },
}

fn all_names() -> String {
    Limit::ALL.map(Limit::as_str).join(", ")
}

/// The limits that a job sets itself, each within its maximum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LimitSettings(BTreeMap<Limit, u64>);

impl LimitSettings {
    /// Adds a setting.
    ///
    /// # Errors
    /// Where there is no such limit, or the value is out of range.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), LimitError> {
        let limit = Limit::ALL
            .into_iter()
            .find(|limit| limit.as_str() == name)
            .ok_or_else(|| LimitError::Unknown {
                name: name.chars().take(64).collect(),
            })?;
        if value == 0 || value > limit.maximum() {
            return Err(LimitError::OutOfRange { limit });
        }
        self.0.insert(limit, value);
        Ok(())
    }

    /// The settings by name.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, u64> {
        let by_name = |(limit, value): (&Limit, &u64)| (limit.as_str().to_owned(), *value);
        self.0.iter().map(by_name).collect()
    }

    /// How much is set, where anything.
    #[must_use]
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.0.get(&limit).copied()
    }

    /// Those settings that are above what `most` sets, each with that.
    pub fn above<'a>(&'a self, most: &'a Self) -> impl Iterator<Item = (Limit, u64)> + 'a {
        self.0.iter().filter_map(|(limit, value)| {
            let most = most.get(*limit)?;
            (*value > most).then_some((*limit, most))
        })
    }

    /// Both together: of a limit that both set, the smaller one.
    #[must_use]
    pub fn strictest(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (limit, value) in &other.0 {
            let kept = both.0.entry(*limit).or_insert(*value);
            *kept = (*kept).min(*value);
        }
        both
    }

    /// Whether the job sets none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Every limit of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits(LimitSettings);

impl Limits {
    /// The defaults with a job's settings over them.
    #[must_use]
    pub fn with(settings: &LimitSettings) -> Self {
        Self(settings.clone())
    }

    /// The same, and never more than `most` sets.
    #[must_use]
    pub fn at_most(mut self, most: &LimitSettings) -> Self {
        for (limit, most) in &most.0 {
            let value = self.get(*limit).min(*most);
            self.0.0.insert(*limit, value);
        }
        self
    }

    /// How much there may be.
    #[must_use]
    pub fn get(&self, limit: Limit) -> u64 {
        let set = self.0.0.get(&limit).copied();
        set.unwrap_or(limit.default_value()).min(limit.maximum())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn every_default_lies_within_its_maximum() {
        for limit in Limit::ALL {
            assert!(0 < limit.default_value(), "{limit}");
            assert!(limit.default_value() <= limit.maximum(), "{limit}");
            let name = serde_json::to_value(limit).unwrap();
            assert_eq!(name, limit.as_str());
        }
    }

    #[test]
    fn a_setting_is_checked_and_takes_the_place_of_the_default() {
        let mut settings = LimitSettings::default();
        assert_eq!(settings.set("fuel", 10), Ok(()));
        let refused = |name: &str, value| settings.clone().set(name, value).unwrap_err();
        insta::assert_snapshot!(refused("fuel", 0), @"fuel is from 1 to 10000000000000");
        insta::assert_snapshot!(refused("memory_bytes", u64::MAX), @"memory_bytes is from 1 to 536870912");
        assert!(
            refused("cpu", 1)
                .to_string()
                .contains("\"cpu\"; there are fuel, ")
        );

        let limits = Limits::with(&settings);
        assert_eq!(limits.get(Limit::Fuel), 10);
        assert_eq!(limits.get(Limit::Handles), Limit::Handles.default_value());
    }

    #[test]
    fn others_may_say_how_much_there_is_at_the_most() {
        let settings = |pairs: &[(&str, u64)]| {
            let mut settings = LimitSettings::default();
            for (name, value) in pairs {
                settings.set(name, *value).unwrap();
            }
            settings
        };
        let job = settings(&[("fuel", 10), ("artifacts", 5)]);
        let most = settings(&[("fuel", 20), ("artifacts", 3), ("artifact_bytes", 7)]);
        let above: Vec<_> = job.above(&most).collect();
        assert_eq!(above, [(Limit::Artifacts, 3)]);
        let limits = Limits::with(&job).at_most(&most);
        assert_eq!(limits.get(Limit::Fuel), 10);
        assert_eq!(limits.get(Limit::Artifacts), 3);
        assert_eq!(limits.get(Limit::ArtifactBytes), 7);
        let both = most.strictest(&settings(&[("fuel", 9), ("handles", 2)]));
        let expect = settings(&[
            ("fuel", 9),
            ("artifacts", 3),
            ("artifact_bytes", 7),
            ("handles", 2),
        ]);
        assert_eq!(both, expect);
    }
}
