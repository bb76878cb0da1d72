//! The host in memory itself.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::artifacts::{self, MemoryArtifact, MemorySink, Shelf};
use super::database::{Database, MemorySource};
use super::grant::Grant;
use super::requests::{self, Requests};
use crate::{
    Budget, CapabilityRequest, FindOptions, Host, HostError, Level, Message, Receipt, Request,
    Response, UpdateResult,
};

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub message: String,
    /// Names and values beside it.
    pub fields: Vec<(String, String)>,
}

/// A report of progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: Option<u64>,
    /// What is being done.
    pub note: Option<String>,
}

/// A host that keeps everything in memory. Collections and everything a run left behind can be looked
/// at without a grant.
#[derive(Debug, Default)]
pub struct MemoryHost {
    database: Database,
    shelf: Shelf,
    outbox: RefCell<Vec<Message>>,
    requests: Requests,
    log: RefCell<Vec<LogLine>>,
    progress: RefCell<Vec<Progress>>,
    grant: RefCell<Grant>,
    failures: BTreeMap<&'static str, HostError>,
    checks_until_cancelled: Cell<Option<u32>>,
    now: i64,
    random: Cell<u64>,
}

impl MemoryHost {
    /// A host without documents that allows everything, whose clock stands at the moment of
    /// [`context`](super::context).
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: super::context().scheduled_at,
            ..Self::default()
        }
    }

    /// Puts documents into a collection.
    ///
    /// # Errors
    /// Where a document is not Extended JSON, or the collection's name is none.
    pub fn with_documents(
        self,
        collection: &str,
        documents: impl IntoIterator<Item = Value>,
    ) -> Result<Self, HostError> {
        let texts: Vec<String> = documents
            .into_iter()
            .map(|document| document.to_string())
            .collect();
        self.database.insert_many(collection, &texts)?;
        Ok(self)
    }

    /// Sets the clock, in milliseconds since 1970.
    #[must_use]
    pub fn with_now(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    /// Answers the next request that has no answer yet with this.
    #[must_use]
    pub fn with_answer(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.requests.answers.borrow_mut().push_back(Response {
            status,
            headers: headers.iter().map(owned).collect(),
            body: body.as_bytes().to_vec(),
        });
        self
    }

    /// Has a secret. Its placeholder is `{{secret:NAME}}`, and stays in the requests that are kept.
    #[must_use]
    pub fn with_secret(mut self, name: &str) -> Self {
        self.requests.secrets.insert(name.to_owned());
        self
    }

    /// Makes every call of an operation (`count`, `send`, `create`, …) fail.
    #[must_use]
    pub fn with_failure(mut self, operation: &'static str, error: HostError) -> Self {
        self.failures.insert(operation, error);
        self
    }

    /// Answers the first `checks` questions whether the run is cancelled with no, and all others with
    /// yes.
    #[must_use]
    pub fn cancelled_after(self, checks: u32) -> Self {
        self.checks_until_cancelled.set(Some(checks));
        self
    }

    /// Allows these capabilities and no others.
    pub fn grant(&self, requests: Vec<CapabilityRequest>) {
        self.grant.replace(Grant::Requested(requests));
    }

    /// The documents of a collection, in the order of their `_id`s.
    ///
    /// # Errors
    /// Where the collection's name is none.
    pub fn documents(&self, collection: &str) -> Result<Vec<Value>, HostError> {
        self.database.documents(collection)
    }

    /// The messages that were sent.
    #[must_use]
    pub fn outbox(&self) -> Vec<Message> {
        self.outbox.borrow().clone()
    }

    /// The requests that were sent, with placeholders for secrets.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.sent.borrow().clone()
    }

    /// The artifacts that were finished.
    #[must_use]
    pub fn artifacts(&self) -> Vec<MemoryArtifact> {
        self.shelf.borrow().clone()
    }

    /// The lines that were logged.
    #[must_use]
    pub fn log_lines(&self) -> Vec<LogLine> {
        self.log.borrow().clone()
    }

    /// The reports of progress.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        self.progress.borrow().clone()
    }

    fn check(&self, interface: &str, target: &str, operation: &str) -> Result<(), HostError> {
        self.grant.borrow().check(interface, target, operation)?;
        match self.failures.get(operation) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

impl Host for MemoryHost {
    type Source = MemorySource;
    type Sink = MemorySink;

    fn count(&self, collection: &str, filter: &str) -> Result<u64, HostError> {
        self.check("database", collection, "count")?;
        self.database.count(collection, filter)
    }

    fn find(
        &self,
        collection: &str,
        filter: &str,
        options: &FindOptions,
    ) -> Result<Self::Source, HostError> {
        self.check("database", collection, "find")?;
        self.database.find(collection, filter, options)
    }

    fn aggregate(&self, collection: &str, pipeline: &str) -> Result<Self::Source, HostError> {
        self.check("database", collection, "aggregate")?;
        self.database.aggregate(collection, pipeline)
    }

    fn insert_many(&self, collection: &str, documents: &[String]) -> Result<u64, HostError> {
        self.check("database", collection, "insert")?;
        self.database.insert_many(collection, documents)
    }

    fn update_many(
        &self,
        collection: &str,
        filter: &str,
        update: &str,
    ) -> Result<UpdateResult, HostError> {
        self.check("database", collection, "update")?;
        self.database.update_many(collection, filter, update)
    }

    fn delete_many(
        &self,
        collection: &str,
        filter: &str,
        limit: Option<u64>,
    ) -> Result<u64, HostError> {
        self.check("database", collection, "delete")?;
        self.database.delete_many(collection, filter, limit)
    }

    fn send(&self, message: &Message) -> Result<Receipt, HostError> {
        let recipients = || message.to.iter().chain(&message.cc).chain(&message.bcc);
        for address in recipients() {
            self.check("email", address, "send")?;
        }
        if recipients().next().is_none() || (message.text.is_none() && message.html.is_none()) {
            return Err(HostError::InvalidArgument(
                "a message needs a recipient and a body".into(),
            ));
        }
        let mut outbox = self.outbox.borrow_mut();
        outbox.push(message.clone());
        Ok(Receipt {
            message_id: format!("<{}@memory.invalid>", outbox.len()),
            accepted: u32::try_from(recipients().count()).unwrap_or(u32::MAX),
        })
    }

    fn send_request(&self, request: &Request) -> Result<Response, HostError> {
        self.check("http", &requests::target(request), "request")?;
        Ok(self.requests.send(request))
    }

    fn secret(&self, name: &str) -> Result<String, HostError> {
        self.check("secrets", name, "use")?;
        match self.requests.secrets.contains(name) {
            true => Ok(format!("{{{{secret:{name}}}}}")),
            false => Err(HostError::InvalidArgument(format!(
                "there is no secret {name:?}"
            ))),
        }
    }

    fn create_artifact(&self, name: &str, content_type: &str) -> Result<Self::Sink, HostError> {
        self.check("artifacts", name, "create")?;
        MemorySink::create(&Rc::clone(&self.shelf), name, content_type)
    }

    fn read_artifact(&self, id: &str, offset: u64, length: u32) -> Result<Vec<u8>, HostError> {
        artifacts::read(&self.shelf, id, offset, length)
    }

    fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        self.log.borrow_mut().push(LogLine {
            level,
            message: message.to_owned(),
            fields: fields.to_vec(),
        });
    }

    fn report_progress(&self, done: u64, total: Option<u64>, note: Option<&str>) {
        self.progress.borrow_mut().push(Progress {
            done,
            total,
            note: note.map(ToOwned::to_owned),
        });
    }

    fn is_cancelled(&self) -> bool {
        match self.checks_until_cancelled.get() {
            None => false,
            Some(0) => true,
            Some(left) => {
                self.checks_until_cancelled.set(Some(left - 1));
                false
            }
        }
    }

    fn remaining(&self) -> Budget {
        Budget {
            fuel: u64::MAX,
            milliseconds: 3_600_000,
            memory_bytes: 64 * 1024 * 1024,
        }
    }

    fn now(&self) -> i64 {
        self.now
    }

    fn monotonic(&self) -> u64 {
        0
    }

    fn random_bytes(&self, length: u32) -> Vec<u8> {
        (0..length.min(65_536))
            .map(|_| self.random_number().to_be_bytes()[0])
            .collect()
    }

    /// The sequence is the same in every test: Knuth's linear congruential generator (MMIX).
    fn random_number(&self) -> u64 {
        let next = self
            .random
            .get()
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.random.set(next);
        next
    }
}
