//! Every collection of the store: what its documents must have, and the indexes on them.
//!
//! A validator names what the store decides by and what every reader needs; more members may stand
//! beside it. What a record means is checked by the record's own type when it is read.

mod capabilities;
mod executions;
mod jobs;
mod others;

use mongodb::bson::{Bson, DateTime, Document, doc};

pub(super) const JOBS: &str = "dynamic_jobs";
pub(super) const REVISIONS: &str = "job_revisions";
pub(super) const EXECUTIONS: &str = "job_executions";
pub(super) const ARRIVALS: &str = "chain_arrivals";
pub(super) const LOGS: &str = "execution_logs";
pub(super) const JOURNAL: &str = "effect_journal";
pub(super) const TEMPLATES: &str = "job_templates";
pub(super) const AUDIT: &str = "audit_log";
pub(super) const AUDIT_HEADS: &str = "audit_heads";
pub(super) const USERS: &str = "users";
pub(super) const TOKENS: &str = "api_tokens";
pub(super) const BACKFILLS: &str = "backfills";
pub(super) const CALENDARS: &str = "blackout_calendars";
pub(super) const REGISTER: &str = "capability_register";
pub(super) const USES: &str = "capability_uses";
pub(super) const POLICIES: &str = "policies";
pub(super) const RATES: &str = "rate_uses";
pub(super) const QUOTAS: &str = "quotas";
pub(super) const LIMITS: &str = "concurrency_limits";
pub(super) const HOSTS: &str = "hosts";
pub(super) const SECRETS: &str = "secrets";
pub(super) const SESSIONS: &str = "transaction_sessions";
pub(super) const ARTIFACT_FILES: &str = "artifacts.files";
pub(super) const ARTIFACT_PIECES: &str = "artifacts.chunks";
/// Before every date that is stored. That a member is later says that it is a date at all, in the words
/// in which a partial index may say it too.
pub(super) const EPOCH: DateTime = DateTime::from_millis(0);
/// Which version of all this a database has.
pub(super) const DATA_VERSION: &str = "data_version";

/// A collection as it shall be.
pub(super) struct Plan {
    /// Its name.
    pub(super) name: &'static str,
    /// What a document must meet, where anything.
    pub(super) validator: Option<Document>,
    /// The indexes, beside that on `_id`.
    pub(super) indexes: Vec<Index>,
}

/// Every collection.
pub(super) fn all() -> Vec<Plan> {
    let mut plans = vec![jobs::jobs(), jobs::revisions()];
    plans.extend(executions::all());
    plans.extend(capabilities::all());
    plans.extend(others::all());
    plans
}

/// An index as the server takes it (MongoDB manual, `createIndexes`).
pub(super) struct Index(Document);

impl Index {
    /// An index on keys, named after them as the server itself would.
    fn on(keys: Document) -> Self {
        let parts = keys.iter().map(|(key, order)| format!("{key}_{order}"));
        let name = parts.collect::<Vec<_>>().join("_");
        Self(doc! {"key": keys, "name": name})
    }

    /// No two documents have the same keys.
    fn unique(self) -> Self {
        self.with("unique", true)
    }

    /// Only documents that meet the condition.
    fn only(self, condition: Document) -> Self {
        self.with("partialFilterExpression", condition)
    }

    /// The server removes a document when the date in the key has come.
    fn expiring(self) -> Self {
        self.with("expireAfterSeconds", 0)
    }

    fn with(mut self, option: &str, value: impl Into<Bson>) -> Self {
        self.0.insert(option, value);
        self
    }

    /// What `createIndexes` is given.
    pub(super) fn specification(&self) -> &Document {
        &self.0
    }
}

/// A schema of documents that have all of these members, each as its schema says.
fn having(members: Document) -> Document {
    let required: Vec<&String> = members.keys().collect();
    doc! {"$jsonSchema": {
        "bsonType": "object",
        "required": required,
        "properties": members,
    }}
}

fn text() -> Document {
    doc! {"bsonType": "string"}
}

fn date() -> Document {
    doc! {"bsonType": "date"}
}

/// A moment that somebody may have given more exactly than a date can hold.
fn moment() -> Document {
    doc! {"bsonType": ["date", "string"]}
}

fn whole_number() -> Document {
    doc! {"bsonType": ["int", "long"], "minimum": 0}
}

fn boolean() -> Document {
    doc! {"bsonType": "bool"}
}

fn object() -> Document {
    doc! {"bsonType": "object"}
}

fn array() -> Document {
    doc! {"bsonType": "array"}
}

fn one_of(words: impl IntoIterator<Item = &'static str>) -> Document {
    let words: Vec<&str> = words.into_iter().collect();
    doc! {"enum": words}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_collection_and_no_index_of_one_is_named_twice() {
        let mut names = BTreeSet::new();
        for plan in all() {
            assert!(names.insert(plan.name), "{}", plan.name);
            let mut indexes = BTreeSet::new();
            for index in plan.indexes {
                let name = index.specification().get_str("name").map(str::to_owned);
                assert!(name.is_ok_and(|name| indexes.insert(name)), "{}", plan.name);
            }
        }
    }
}
