//! What a run may touch.
//!
//! A grant is computed from a job's parameters by its template, shown before the job is saved, frozen
//! with the job, and checked by the host at every call. It is a list of entries, one for each target;
//! what no entry covers is denied.

mod covering;
mod destination;
mod difference;
mod sentences;
mod target;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use utoipa::ToSchema;

use crate::template::CapabilityRequest;
pub use destination::{
    Destination, DestinationError, MAX_DESTINATION_BYTES, Method, RequestTarget, Scheme,
};
pub use difference::{Bounds, Excess, GrantDifference};
pub use target::Target;

/// The most entries a grant may have.
pub const MAX_GRANT_ENTRIES: usize = 200;

/// An interface whose use needs a grant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Interface {
    /// Collections of the application database.
    Database,
    /// Mail.
    Email,
    /// Files that runs leave behind.
    Artifacts,
    /// Requests to other services.
    Http,
    /// Secrets that the host puts into requests.
    Secrets,
}

impl Interface {
    /// Every interface.
    pub const ALL: [Self; 5] = [
        Self::Database,
        Self::Email,
        Self::Artifacts,
        Self::Http,
        Self::Secrets,
    ];

    /// The word for it in WIT, REST and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Email => "email",
            Self::Artifacts => "artifacts",
            Self::Http => "http",
            Self::Secrets => "secrets",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|interface| interface.as_str() == word)
    }
}

/// Something that can be done through an interface.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Count documents.
    Count,
    /// Read documents.
    Find,
    /// Run an aggregation.
    Aggregate,
    /// Insert documents.
    Insert,
    /// Change documents.
    Update,
    /// Delete documents.
    Delete,
    /// Send mail.
    Send,
    /// Create artifacts.
    Create,
    /// Read artifacts.
    Read,
    /// Send requests; the target says with which method.
    Request,
    /// Have a secret put into a request.
    Use,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::Count,
        Self::Find,
        Self::Aggregate,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Send,
        Self::Create,
        Self::Read,
        Self::Request,
        Self::Use,
    ];

    /// The word for it in WIT, REST and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Find => "find",
            Self::Aggregate => "aggregate",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Send => "send",
            Self::Create => "create",
            Self::Read => "read",
            Self::Request => "request",
            Self::Use => "use",
        }
    }

    /// The interface it belongs to.
    #[must_use]
    pub const fn interface(self) -> Interface {
        match self {
            Self::Count
            | Self::Find
            | Self::Aggregate
            | Self::Insert
            | Self::Update
            | Self::Delete => Interface::Database,
            Self::Send => Interface::Email,
            Self::Create | Self::Read => Interface::Artifacts,
            Self::Request => Interface::Http,
            Self::Use => Interface::Secrets,
        }
    }

    /// Whether it changes data that was there before or reaches people outside. A request may; whether
    /// it does, its target says: see [`GrantEntry::is_destructive`].
    #[must_use]
    pub const fn is_destructive(self) -> bool {
        matches!(
            self,
            Self::Update | Self::Delete | Self::Send | Self::Request
        )
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.as_str() == word)
    }
}

/// What may be done with one target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct GrantEntry {
    /// The interface.
    pub interface: Interface,
    /// What it may be used on.
    #[schema(value_type = String)]
    pub target: Target,
    /// What may be done.
    #[schema(value_type = Vec<Operation>)]
    pub operations: BTreeSet<Operation>,
}

impl GrantEntry {
    /// The entry as a sentence, such as `May count and delete documents in users`.
    #[must_use]
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.operations.iter().map(|it| it.as_str()).collect();
        let operations = match words.split_last() {
            None => "do nothing with".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        };
        let target = self.target.as_str();
        match (self.interface, self.target.is_any()) {
            (Interface::Database, false) => format!("May {operations} documents in {target}"),
            (Interface::Database, true) => format!("May {operations} documents in any collection"),
            (Interface::Email, false) => format!("May {operations} mail to {target}"),
            (Interface::Email, true) => format!("May {operations} mail to anybody"),
            (Interface::Artifacts, false) => format!("May {operations} the artifact {target}"),
            (Interface::Artifacts, true) => format!("May {operations} artifacts of any name"),
            (Interface::Http, false) => match target.split_once(' ') {
                Some((method, url)) => format!("May send {method} requests to {url}"),
                None => format!("May send requests to {target}"),
            },
            (Interface::Http, true) => "May send requests of any kind to anybody".to_owned(),
            (Interface::Secrets, false) => format!("May {operations} the secret {target}"),
            (Interface::Secrets, true) => format!("May {operations} any secret"),
        }
    }

    /// Whether it changes data that was there before or reaches people outside. Requests that only read
    /// do not.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        let only_reads = self.interface == Interface::Http && self.target.only_reads();
        !only_reads && self.operations.iter().any(|it| it.is_destructive())
    }
}

impl Serialize for GrantEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("GrantEntry", 4)?;
        entry.serialize_field("interface", &self.interface)?;
        entry.serialize_field("target", &self.target)?;
        entry.serialize_field("operations", &self.operations)?;
        entry.serialize_field("text", &self.text())?;
        entry.end()
    }
}

/// Everything that a run may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Grant(Vec<GrantEntry>);

/// Why capability requests are not a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The interface does not exist or needs no grant.
    #[error("the template asks for the interface {0:?}, which this host does not have")]
    UnknownInterface(String),
    /// The operation does not belong to the interface.
    #[error("the template asks for the operation {operation:?}, which {interface} does not have")]
    UnknownOperation {
        /// The interface.
        interface: &'static str,
        /// The word that was asked for.
        operation: String,
    },
    /// The target is not one for the interface.
    #[error("the template asks for {interface} on {target:?}: {reason}")]
    InvalidTarget {
        /// The interface.
        interface: &'static str,
        /// The target that was asked for.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More entries than a grant may have.
    #[error("the template asks for more than {MAX_GRANT_ENTRIES} different things")]
    TooMany,
}

impl Grant {
    /// A grant of everything that `interfaces` offer, on any target: the ceiling of a template that
    /// imports them.
    #[must_use]
    pub fn everything_in(interfaces: &[Interface]) -> Self {
        let entry = |interface: &Interface| GrantEntry {
            interface: *interface,
            target: Target::any(),
            operations: Operation::ALL
                .into_iter()
                .filter(|operation| operation.interface() == *interface)
                .collect(),
        };
        Self(interfaces.iter().map(entry).collect())
    }

    /// Reads what a template asks for. Requests for the same target become one entry, and entries are
    /// sorted, so that equal needs give equal grants.
    ///
    /// # Errors
    /// Where a request names something that does not exist, or there are too many.
    pub fn from_requests(requests: &[CapabilityRequest]) -> Result<Self, GrantError> {
        let mut merged: BTreeMap<(Interface, Target), BTreeSet<Operation>> = BTreeMap::new();
        for request in requests {
            let interface = Interface::parse(&request.interface)
                .ok_or_else(|| GrantError::UnknownInterface(request.interface.clone()))?;
            let target = Target::parse(interface, &request.target)?;
            let operations = merged.entry((interface, target)).or_default();
            for word in &request.operations {
                let operation = Operation::parse(word)
                    .filter(|operation| operation.interface() == interface)
                    .ok_or_else(|| GrantError::UnknownOperation {
                        interface: interface.as_str(),
                        operation: word.clone(),
                    })?;
                operations.insert(operation);
            }
        }
        merged.retain(|_, operations| !operations.is_empty());
        if merged.len() > MAX_GRANT_ENTRIES {
            return Err(GrantError::TooMany);
        }
        let entries = merged
            .into_iter()
            .map(|((interface, target), operations)| GrantEntry {
                interface,
                target,
                operations,
            });
        Ok(Self(entries.collect()))
    }

    /// The entries, sorted by interface and target.
    #[must_use]
    pub fn entries(&self) -> &[GrantEntry] {
        &self.0
    }

    /// Whether `operation` may be done on `target`, a single collection, address or name.
    #[must_use]
    pub fn allows(&self, operation: Operation, target: &str) -> bool {
        self.covering(operation, target).is_some()
    }

    /// The entry that lets `operation` be done on `target`; of several the one that says most.
    #[must_use]
    pub fn covering(&self, operation: Operation, target: &str) -> Option<&GrantEntry> {
        let covering = self.0.iter().filter(|entry| {
            entry.interface == operation.interface()
                && entry.operations.contains(&operation)
                && entry.target.covers(entry.interface, target)
        });
        covering.max_by_key(|entry| entry.target.as_str().len())
    }

    /// Whether anything in it changes data that was there before or reaches people outside.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        self.0.iter().any(GrantEntry::is_destructive)
    }
}

#[cfg(test)]
mod tests;
