//! What a run may ask of the host.
//!
//! One trait with two implementations: [`crate::ComponentHost`] inside a component and
//! `testing::MemoryHost` in native tests. Its required methods are the contract's functions, with
//! documents as JSON text; the provided ones are what templates use.

use crate::{
    ArtifactRef, ArtifactWriter, Budget, Collection, Email, FindOptions, HostError, Level, Message,
    Receipt, Request, RequestBuilder, Response, UpdateResult,
};

/// Documents still to be read. Dropping it ends the query.
pub trait DocumentSource {
    /// The next documents as JSON texts, at most `maximum` of them; none means that there are no more.
    ///
    /// # Errors
    /// Those of the contract.
    fn next(&mut self, maximum: u32) -> Result<Vec<String>, HostError>;
}

/// An artifact being written. Dropping it before [`finish`](Self::finish) discards the artifact.
pub trait ArtifactSink {
    /// Appends bytes.
    ///
    /// # Errors
    /// Those of the contract.
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError>;

    /// Closes the artifact; from here on it exists.
    ///
    /// # Errors
    /// Those of the contract.
    fn finish(self) -> Result<ArtifactRef, HostError>;
}

/// The host of a run.
///
/// # Errors
/// Every method that returns a `Result` gives the errors of the contract.
#[allow(clippy::missing_errors_doc, reason = "said once, on the trait")]
pub trait Host {
    /// Documents that a query found.
    type Source: DocumentSource;
    /// An artifact being written.
    type Sink: ArtifactSink;

    /// How many documents match a filter.
    fn count(&self, collection: &str, filter: &str) -> Result<u64, HostError>;

    /// Reads the documents that match a filter.
    fn find(
        &self,
        collection: &str,
        filter: &str,
        options: &FindOptions,
    ) -> Result<Self::Source, HostError>;

    /// Runs a read-only aggregation pipeline.
    fn aggregate(&self, collection: &str, pipeline: &str) -> Result<Self::Source, HostError>;

    /// Inserts documents, all or none; returns how many.
    fn insert_many(&self, collection: &str, documents: &[String]) -> Result<u64, HostError>;

    /// Changes the documents that match a filter.
    fn update_many(
        &self,
        collection: &str,
        filter: &str,
        update: &str,
    ) -> Result<UpdateResult, HostError>;

    /// Deletes documents that match a filter, at most `limit` where it is given; returns how many.
    fn delete_many(
        &self,
        collection: &str,
        filter: &str,
        limit: Option<u64>,
    ) -> Result<u64, HostError>;

    /// Sends a message to all its recipients or to none.
    fn send(&self, message: &Message) -> Result<Receipt, HostError>;

    /// Sends a request and waits for the answer, whatever its status is.
    fn send_request(&self, request: &Request) -> Result<Response, HostError>;

    /// The placeholder of a secret: the host puts the value in its place where it stands in a header's
    /// value or the body of a request.
    fn secret(&self, name: &str) -> Result<String, HostError>;

    /// Starts an artifact.
    fn create_artifact(&self, name: &str, content_type: &str) -> Result<Self::Sink, HostError>;

    /// Reads `length` bytes of an artifact from `offset`, fewer at its end.
    fn read_artifact(&self, id: &str, offset: u64, length: u32) -> Result<Vec<u8>, HostError>;

    /// Writes a line to the log of the run; see [`crate::info!`] and its kin.
    fn log(&self, level: Level, message: &str, fields: &[(String, String)]);

    /// Says how far the run has come: `done` of `total` units, and what is being done.
    fn report_progress(&self, done: u64, total: Option<u64>, note: Option<&str>);

    /// Whether somebody asked for the run to stop. A run that goes on is ended soon after.
    fn is_cancelled(&self) -> bool;

    /// What is left of the run's limits.
    fn remaining(&self) -> Budget;

    /// The current time, in milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> i64;

    /// Nanoseconds since the attempt began; never goes back.
    fn monotonic(&self) -> u64;

    /// `length` random bytes, at most 65536.
    fn random_bytes(&self, length: u32) -> Vec<u8>;

    /// A random number.
    fn random_number(&self) -> u64;

    /// A collection of the application database.
    fn collection(&self, name: impl Into<String>) -> Collection<'_, Self>
    where
        Self: Sized,
    {
        Collection::new(self, name.into())
    }

    /// A message to fill and send.
    fn email(&self, subject: impl Into<String>) -> Email<'_, Self>
    where
        Self: Sized,
    {
        Email::new(self, subject.into())
    }

    /// A request to fill and send.
    fn request(&self, method: impl Into<String>, url: impl Into<String>) -> RequestBuilder<'_, Self>
    where
        Self: Sized,
    {
        RequestBuilder::new(self, method.into(), url.into())
    }

    /// An artifact to write; `name` is a file name without a path.
    fn artifact(
        &self,
        name: &str,
        content_type: &str,
    ) -> Result<ArtifactWriter<Self::Sink>, HostError>
    where
        Self: Sized,
    {
        Ok(ArtifactWriter::new(
            self.create_artifact(name, content_type)?,
        ))
    }
}
