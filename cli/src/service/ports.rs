//! What the API reads from: artifacts in the object store, mails in the outbox folder.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _};
use sandglass_api::sources::{ArtifactSource, FileStream, Outbox, SourceError, WrittenMail};
use sandglass_contract::ExecutionId;
use sandglass_host::{ArtifactId, FileOutbox, OutboxMail};
use sandglass_registry::ArtifactRecord;

/// The artifacts of all runs.
pub(super) struct ArtifactFolder(Arc<dyn ObjectStore>);

impl ArtifactFolder {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl ArtifactSource for ArtifactFolder {
    async fn open(
        &self,
        execution: &ExecutionId,
        artifact: &ArtifactRecord,
    ) -> Result<FileStream, SourceError> {
        let id: ArtifactId = artifact.id.parse().map_err(|_| SourceError::Gone)?;
        if id.execution() != execution {
            return Err(SourceError::Gone);
        }
        match self.0.get(&id.path()).await {
            Ok(object) => {
                let pieces = object
                    .into_stream()
                    .map(|it| it.map_err(std::io::Error::other));
                Ok(pieces.boxed())
            }
            Err(object_store::Error::NotFound { .. }) => Err(SourceError::Gone),
            Err(error) => Err(SourceError::Unavailable(Box::new(error))),
        }
    }
}

/// The mails that were written instead of sent.
pub(super) struct MailFolder(FileOutbox);

impl MailFolder {
    pub(super) const fn new(outbox: FileOutbox) -> Self {
        Self(outbox)
    }
}

#[async_trait]
impl Outbox for MailFolder {
    async fn mails(&self, limit: usize) -> Result<Vec<WrittenMail>, SourceError> {
        let mails = self.0.list(limit).await;
        let mails = mails.map_err(|error| SourceError::Unavailable(Box::new(error)))?;
        Ok(mails.into_iter().map(written).collect())
    }
}

fn written(mail: OutboxMail) -> WrittenMail {
    WrittenMail {
        id: mail.id,
        sent_at: mail.sent_at,
        from: mail.from,
        to: mail.to,
        subject: mail.subject,
        text: mail.text,
        size: mail.size,
    }
}
