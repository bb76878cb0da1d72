//! Where the API gets what neither the store nor the scheduler keeps: files of runs, and mails that
//! were written to a folder.

use async_trait::async_trait;
use axum::body::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use sandglass_contract::ExecutionId;
use sandglass_registry::ArtifactRecord;
use serde::Serialize;
use utoipa::ToSchema;

/// The bytes of a file, piece by piece.
pub type FileStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Why a file or the mails could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is on record, and its bytes are not there.
    #[error(
        "it is on record without its bytes: a dry run keeps none, and others may have been removed"
    )]
    Gone,
    /// The place where it is kept does not answer.
    #[error("the place where it is kept does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The files that runs left behind.
#[async_trait]
pub trait ArtifactSource: Send + Sync + 'static {
    /// Reads a file from its beginning.
    ///
    /// # Errors
    /// Where it is gone or cannot be read at the moment.
    async fn open(
        &self,
        execution: &ExecutionId,
        artifact: &ArtifactRecord,
    ) -> Result<FileStream, SourceError>;
}

/// Mails that were written instead of sent.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The mails, newest first, at most `limit`.
    ///
    /// # Errors
    /// Where they cannot be read.
    async fn mails(&self, limit: usize) -> Result<Vec<WrittenMail>, SourceError>;
}

/// A mail that was written instead of sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WrittenMail {
    /// Its id; the newest has the greatest.
    pub id: String,
    /// When it was written.
    pub sent_at: Timestamp,
    /// Who it comes from.
    pub from: String,
    /// All its recipients.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its text, or its HTML where it has no text; the beginning, where it is long.
    pub text: String,
    /// The size of the whole message in bytes.
    pub size: u64,
}
