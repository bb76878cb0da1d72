//! Artifacts in MongoDB, so that every host reads what any host wrote.
//!
//! An artifact exists from the moment at which its file document is there, with all of its pieces. A
//! path that is written again has two files for a moment; the one that was finished last is the one
//! that is read, and the other is removed.

mod upload;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use mongodb::{
    bson::{Bson, Document, doc, oid::ObjectId},
    error::Error as DriverError,
};
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, path::Path,
};
use sandglass_contract::Clock;

use super::{MongoConnection, bucket::Bucket, stored::date};
use upload::Upload;

/// What errors call this store.
const STORE: &str = "MongoDB";
/// The bucket's name.
const BUCKET: &str = "artifacts";

/// The artifacts of every run; cloning it is cheap. It stores, reads, lists and removes; it does not
/// copy, and writes only unconditionally.
#[derive(Clone)]
pub struct MongoArtifacts {
    bucket: Bucket,
    clock: Arc<dyn Clock>,
}

impl MongoArtifacts {
    /// The artifacts beside the store's records, which
    /// [`MongoStore::open`](super::MongoStore::open) prepares. `clock` dates them.
    #[must_use]
    pub fn new(connection: &MongoConnection, clock: Arc<dyn Clock>) -> Self {
        let database = connection.database(connection.database_name());
        Self {
            bucket: Bucket::of(&database, BUCKET),
            clock,
        }
    }

    fn begin(&self, location: &Path) -> Upload {
        Upload::new(self.clone(), location.clone())
    }

    /// Makes an artifact of the pieces that were written, and removes the one that was there before.
    async fn finish(&self, file: &Bson, location: &Path, size: u64) -> Result<()> {
        let at = date(self.clock.now());
        let name = location.as_ref();
        let finished = self.bucket.finish(file, name, size, at).await;
        finished.map_err(failed)?;
        // By the order in which they are read, so that two that finish at once leave one of them.
        let earlier = doc! {"filename": name, "$or": [
            {"uploadDate": {"$lt": at}},
            {"uploadDate": at, "_id": {"$lt": file.clone()}},
        ]};
        for document in self.files(earlier).await? {
            let replaced = document.get("_id").unwrap_or(&Bson::Null);
            self.bucket.remove(replaced).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn files(&self, filter: Document) -> Result<Vec<Document>> {
        let found = self.bucket.files().find(filter).await.map_err(failed)?;
        found.try_collect().await.map_err(failed)
    }

    /// The file that is read at a path.
    async fn file(&self, location: &Path) -> Result<File> {
        let found = self
            .bucket
            .files()
            .find_one(doc! {"filename": location.as_ref()})
            .sort(doc! {"uploadDate": -1, "_id": -1})
            .await
            .map_err(failed)?;
        let document = found.ok_or_else(|| Error::NotFound {
            path: location.to_string(),
            source: "there is no such artifact".into(),
        })?;
        File::read(&document)
    }

    async fn remove(&self, location: Path) -> Result<Path> {
        let files = self.files(doc! {"filename": location.as_ref()}).await?;
        if files.is_empty() {
            return Err(Error::NotFound {
                path: location.to_string(),
                source: "there is no such artifact".into(),
            });
        }
        for document in files {
            let id = document.get("_id").unwrap_or(&Bson::Null);
            self.bucket.remove(id).await.map_err(failed)?;
        }
        Ok(location)
    }

    /// Every artifact whose path begins with `prefix`, in the order of their paths.
    async fn listed(self, prefix: Option<Path>) -> Result<BoxStream<'static, Result<ObjectMeta>>> {
        let filter = match prefix.as_ref().map(Path::as_ref).unwrap_or_default() {
            "" => doc! {},
            // '0' follows '/' in the order of texts.
            prefix => doc! {"filename": {"$gt": format!("{prefix}/"), "$lt": format!("{prefix}0")}},
        };
        let found = self.bucket.files().find(filter).sort(doc! {"filename": 1});
        let found = found.await.map_err(failed)?;
        let read = |document: std::result::Result<Document, DriverError>| {
            File::read(&document.map_err(failed)?).map(|file| file.meta)
        };
        Ok(found.map(read).boxed())
    }
}

/// An artifact as it stands in the bucket.
struct File {
    id: Bson,
    meta: ObjectMeta,
}

impl File {
    fn read(document: &Document) -> Result<Self> {
        let id = document.get("_id").cloned().unwrap_or(Bson::Null);
        let name = document.get_str("filename").map_err(failed)?;
        let length = match document.get("length") {
            Some(Bson::Int32(length)) => i64::from(*length),
            _ => document.get_i64("length").map_err(failed)?,
        };
        let uploaded = document.get_datetime("uploadDate").map_err(failed)?;
        let meta = ObjectMeta {
            location: Path::parse(name)?,
            last_modified: uploaded.to_system_time().into(),
            size: length.unsigned_abs(),
            e_tag: Some(format!("\"{}\"", id.as_object_id().unwrap_or_default())),
            version: None,
        };
        Ok(Self { id, meta })
    }
}

#[async_trait]
impl ObjectStore for MongoArtifacts {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if options.mode != PutMode::Overwrite {
            return Err(unsupported("to write under a condition"));
        }
        let mut upload = self.begin(location);
        let written = upload.put_part(payload).await;
        match written {
            Ok(()) => upload.complete().await,
            Err(error) => {
                upload.abort().await?;
                Err(error)
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(self.begin(location)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let File { id, meta } = self.file(location).await?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(failed)?,
            None => 0..meta.size,
        };
        let pieces = match options.head || range.is_empty() {
            true => futures::stream::empty().boxed(),
            false => {
                let pieces = self.bucket.read(&id, range.clone()).await.map_err(failed)?;
                pieces.map(|it| it.map(Into::into).map_err(failed)).boxed()
            }
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(pieces),
            meta,
            range,
            attributes: Attributes::default(),
            extensions: Default::default(),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .and_then(move |location| {
                let store = store.clone();
                async move { store.remove(location).await }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.clone().listed(prefix.cloned());
        futures::stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, _prefix: Option<&Path>) -> Result<ListResult> {
        Err(unsupported("to list folders"))
    }

    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        Err(unsupported("to copy"))
    }
}

impl fmt::Display for MongoArtifacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("artifacts in MongoDB")
    }
}

impl fmt::Debug for MongoArtifacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MongoArtifacts")
            .finish_non_exhaustive()
    }
}

/// The id of a new file.
fn new_file() -> Bson {
    ObjectId::new().into()
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic {
        store: STORE,
        source: source.into(),
    }
}

fn unsupported(what: &str) -> Error {
    Error::NotSupported {
        source: format!("artifacts in MongoDB are not made {what}").into(),
    }
}
