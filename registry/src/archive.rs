//! Everything that a store holds, as records that every store can read and write: for moving from one
//! to another.
//!
//! A record is the JSON of a type of this crate, together with what a store keeps beside it. Hosts are
//! left out, since they are told of by whoever runs; so are leases, which have run out in a store that
//! nobody uses. It says nothing of the documents that templates work on, nor of artifacts.

mod records;
mod tally;
mod transfer;

use async_trait::async_trait;
use serde_json::Value;

use crate::store::StoreError;

pub(crate) use records::{
    ArchivedArrivals, ArchivedComponent, ArchivedEntry, ArchivedExecution, ArchivedLimit,
    ArchivedLine, ArchivedVersion,
};
pub use tally::Tally;
pub use transfer::{Begun, TransferError, begun, tally, transfer};

/// A kind of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// Users.
    Users,
    /// Their tokens.
    Tokens,
    /// The bytes of components.
    Components,
    /// Versions of templates, each template's in the order in which they came.
    TemplateVersions,
    /// Blackout calendars.
    BlackoutCalendars,
    /// Jobs as they were at each version.
    JobRevisions,
    /// Jobs.
    Jobs,
    /// Backfills.
    Backfills,
    /// Executions.
    Executions,
    /// Their log lines.
    Logs,
    /// Their journal entries.
    Journal,
    /// Ends of parents that a job waits to see together.
    ChainArrivals,
    /// Concurrency limits.
    ConcurrencyLimits,
    /// Secrets, sealed.
    Secrets,
    /// Policies.
    Policies,
    /// What jobs made of their grants, by day.
    CapabilityUses,
    /// The audit log, each organisation's in its order.
    Audit,
}

impl RecordKind {
    /// Every kind, in an order in which a record comes after those that it refers to.
    pub const ALL: [Self; 17] = [
        Self::Users,
        Self::Tokens,
        Self::Components,
        Self::TemplateVersions,
        Self::BlackoutCalendars,
        Self::JobRevisions,
        Self::Jobs,
        Self::Backfills,
        Self::Executions,
        Self::Logs,
        Self::Journal,
        Self::ChainArrivals,
        Self::ConcurrencyLimits,
        Self::Secrets,
        Self::Policies,
        Self::CapabilityUses,
        Self::Audit,
    ];

    /// What people call them.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Components => "components",
            Self::TemplateVersions => "template versions",
            Self::BlackoutCalendars => "blackout calendars",
            Self::JobRevisions => "job revisions",
            Self::Jobs => "jobs",
            Self::Backfills => "backfills",
            Self::Executions => "executions",
            Self::Logs => "log lines",
            Self::Journal => "journal entries",
            Self::ChainArrivals => "chain arrivals",
            Self::ConcurrencyLimits => "concurrency limits",
            Self::Secrets => "secrets",
            Self::Policies => "policies",
            Self::CapabilityUses => "capability uses",
            Self::Audit => "audit entries",
        }
    }

    /// Whether stores keep the order of its records, beyond what the records say themselves.
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        matches!(self, Self::TemplateVersions | Self::Audit)
    }

    /// How many of them are read and written at once.
    #[must_use]
    pub const fn at_once(self) -> u32 {
        match self {
            Self::Components => 2,
            _ => 500,
        }
    }
}

/// A record on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchiveRecord {
    /// Its place among the records of its kind in this store; another gives it another key.
    pub key: String,
    /// What it says.
    pub value: Value,
}

/// A store whose records can be moved.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// How many records of a kind there are.
    async fn count(&self, kind: RecordKind) -> Result<u64, StoreError>;

    /// Records of a kind behind the one with the key `after`, or the first ones, at most `limit`, in an
    /// order that stays the same while nobody writes. None means that there are no more. A kind that
    /// is ordered comes in its order, organisation by organisation and template by template.
    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ArchiveRecord>, StoreError>;

    /// Adds records. After an error some of the first of them may be stored, and none behind one that
    /// is not.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where a record is there already; [`StoreError::Corrupt`] where it is not
    /// one of that kind.
    async fn put_records(
        &self,
        kind: RecordKind,
        records: Vec<ArchiveRecord>,
    ) -> Result<(), StoreError>;
}
