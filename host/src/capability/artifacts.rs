//! `sandglass:job/artifacts`: files that a run leaves behind.
//!
//! Bytes stream to the object store and are hashed on the way; an artifact exists once it is finished,
//! and what is not finished when the run ends is discarded. A dry run counts and hashes, and keeps
//! nothing.

use sandglass_contract::{Limit, Operation};
use wasmtime::component::Resource;

pub use super::artifact_id::{ArtifactId, ArtifactIdError};
use super::{Refusal, artifact_folder::read_range, unless_cancelled};
use crate::{
    bindings::sandglass::job::{
        artifacts::{ArtifactRef, Host, HostWriter},
        types::Error,
    },
    journal::Function,
    state::RunState,
};

/// The most bytes that one call reads.
const MAX_READ_BYTES: u32 = 4 << 20;
const MAX_CONTENT_TYPE_BYTES: usize = 128;

/// An artifact that a guest is writing: a key into the run's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(
    unreachable_pub,
    reason = "the generated bindings re-export it, within this crate"
)]
pub struct OpenWriter(pub(crate) u64);

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for RunState {
    async fn create(&mut self, name: String, content_type: String) -> Answer<Resource<OpenWriter>> {
        self.begin(Function::Create, &name, &[&name, &content_type])?;
        let result = self.create_artifact(&name, content_type).await;
        self.end(result, |_| None)
    }

    async fn read(&mut self, id: String, offset: u64, length: u32) -> Answer<Vec<u8>> {
        self.begin(Function::Read, &id, &[&id, &offset, &u64::from(length)])?;
        let result = self.read_artifact(&id, offset, length).await;
        self.end(result, |bytes| Some(format!("{} bytes", bytes.len())))
    }
}

impl HostWriter for RunState {
    async fn write(&mut self, writer: Resource<OpenWriter>, bytes: Vec<u8>) -> Answer<()> {
        let key = *self.table.get(&writer)?;
        let name = self.artifacts.name(key)?.to_owned();
        self.begin(Function::WriterWrite, &name, &[&bytes])?;
        let size = bytes.len();
        let result = self.write_artifact(key, bytes).await;
        self.end(result, |()| Some(format!("{size} bytes")))
    }

    async fn finish(&mut self, writer: Resource<OpenWriter>) -> Answer<ArtifactRef> {
        let key = self.take_back(writer)?;
        let name = self.artifacts.name(key)?.to_owned();
        self.begin(Function::WriterFinish, &name, &[])?;
        let result = self.finish_artifact(key).await;
        self.end(result, |artifact| {
            Some(format!("{} bytes, {}", artifact.size, artifact.id))
        })
    }

    async fn drop(&mut self, writer: Resource<OpenWriter>) -> wasmtime::Result<()> {
        let key = self.take_back(writer)?;
        self.artifacts.discard(key).await;
        Ok(())
    }
}

impl RunState {
    async fn create_artifact(
        &mut self,
        name: &str,
        content_type: String,
    ) -> Result<Resource<OpenWriter>, Refusal> {
        let id = ArtifactId::new(self.context.execution.clone(), self.context.attempt, name)?;
        check_content_type(&content_type)?;
        self.require(Operation::Create, name)?;
        if self.artifacts.has(name) {
            let text = format!("this run has an artifact {name:?} already");
            return Err(Refusal::Invalid(text));
        }
        self.allowance.check(Limit::Artifacts, 1)?;
        self.check_handles()?;
        self.intend().await?;
        self.allowance.add(Limit::Artifacts, 1);
        let key = self.artifacts.create(id, content_type);
        self.hand_out(key)
    }

    async fn write_artifact(&mut self, key: OpenWriter, bytes: Vec<u8>) -> Result<(), Refusal> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.allowance.take(Limit::ArtifactBytes, size)?;
        unless_cancelled(&self.cancel, self.artifacts.write(key, bytes)).await
    }

    async fn finish_artifact(&mut self, key: OpenWriter) -> Result<ArtifactRef, Refusal> {
        self.intend().await?;
        let record = unless_cancelled(&self.cancel, self.artifacts.finish(key)).await?;
        Ok(ArtifactRef {
            id: record.id,
            name: record.name,
            size: record.size,
            sha256: record.sha256.to_string(),
        })
    }

    async fn read_artifact(
        &mut self,
        id: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, Refusal> {
        if length > MAX_READ_BYTES {
            let text = format!("at most {MAX_READ_BYTES} bytes are read at once");
            return Err(Refusal::Invalid(text));
        }
        if self.artifacts.finished(id).is_some() && self.context.mode.is_dry() {
            let text = "a dry run keeps no bytes of its artifacts, so they cannot be read back";
            return Err(Refusal::Invalid(text.to_owned()));
        }
        let parsed: ArtifactId = id.parse()?;
        if self.artifacts.finished(id).is_none() {
            self.require(Operation::Read, parsed.name())?;
        }
        let read = read_range(self.artifacts.store(), parsed, offset, length);
        unless_cancelled(&self.cancel, read).await
    }
}

fn check_content_type(content_type: &str) -> Result<(), Refusal> {
    let plain = content_type.len() <= MAX_CONTENT_TYPE_BYTES
        && content_type.contains('/')
        && content_type
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain {
        return Ok(());
    }
    Err(Refusal::Invalid(format!(
        "a content type is a media type such as text/csv, of at most {MAX_CONTENT_TYPE_BYTES} bytes"
    )))
}

impl From<ArtifactIdError> for Refusal {
    fn from(error: ArtifactIdError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<object_store::Error> for Refusal {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::Invalid("there is no such artifact".to_owned());
        }
        tracing::warn!(%error, "the artifact store does not answer as it should");
        Self::Unavailable("the artifact store does not answer".to_owned())
    }
}
