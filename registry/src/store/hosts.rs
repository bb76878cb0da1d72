//! Keeping what hosts say about themselves, and what they are told.

use async_trait::async_trait;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use sandglass_contract::{HostInstanceId, UserId};

use super::StoreError;
use crate::host::{HostOrder, HostRecord, HostReport};

/// How many hosts may work with a store at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// One: whatever happens, it hears of itself.
    OneHost,
    /// Any number: what others do is found by looking.
    ManyHosts,
}

/// Word that another host may have left something to do. It may be lost or come for nothing: looking is
/// what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// An execution may wait for a worker.
    WorkArrived,
    /// A job's next slot may have changed.
    JobsChanged,
}

/// Hints, as they come; without an end.
pub type Hints = BoxStream<'static, Hint>;

/// What a host that reports itself is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostAnswer {
    /// Its report is stored, and this is what it shall do.
    Order(HostOrder),
    /// Another process goes by that name; nothing was stored.
    NameTaken {
        /// That process.
        by: HostInstanceId,
    },
}

/// The part of a store that keeps hosts. Times are those of the store's clock.
#[async_trait]
pub trait HostStore: Send + Sync + 'static {
    /// How many hosts may work with the store.
    fn sharing(&self) -> Sharing;

    /// What others leave to do, as far as the store hears of it.
    fn hints(&self) -> Hints {
        stream::pending().boxed()
    }

    /// Stores what a host says about itself, and forgets hosts that have been silent for
    /// [`FORGOTTEN_AFTER`](crate::host::FORGOTTEN_AFTER). A name belongs to the process that reported
    /// itself under it last, until that one has said goodbye or been silent for
    /// [`NAME_HELD_FOR`](crate::host::NAME_HELD_FOR), or can no longer be there. Whoever takes a name
    /// over takes over the order that stands for it.
    async fn report_host(&self, report: &HostReport) -> Result<HostAnswer, StoreError>;

    /// Every host, by name.
    async fn hosts(&self) -> Result<Vec<HostRecord>, StoreError>;

    /// The names of the hosts that begin new work, as far as is known: those that reported themselves
    /// within [`AT_WORK_FOR`](crate::host::AT_WORK_FOR) and were not told otherwise. In order.
    async fn hosts_at_work(&self) -> Result<Vec<String>, StoreError>;

    /// Tells the host of that name what to do: it hears of it with its next report.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn order_host(
        &self,
        name: &str,
        order: HostOrder,
        by: &UserId,
    ) -> Result<HostRecord, StoreError>;

    /// A process has ended well: its record is removed, where it still has one, and with it the order.
    async fn forget_host(&self, instance: &HostInstanceId) -> Result<(), StoreError>;
}
