//! Reading documents, outside a transaction or within.

use std::future::IntoFuture as _;

use futures::TryStreamExt as _;
use mongodb::{
    bson::{Bson, Document, doc},
    options::FindOptions,
};

use super::{
    MongoStore,
    failure::{in_time, is_taken},
};
use crate::{
    page::{Page, PageRequest},
    store::StoreError,
};

/// Which documents are read, in which order, how many of them, and what of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub(super) filter: Document,
    sort: Option<Document>,
    skip: Option<u64>,
    limit: Option<i64>,
    projection: Option<Document>,
}

impl Read {
    /// The documents that match.
    pub(super) fn of(filter: Document) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    /// In an order.
    pub(super) fn sorted(self, sort: Document) -> Self {
        Self {
            sort: Some(sort),
            ..self
        }
    }

    /// Without the first so many.
    pub(super) fn after(self, skip: u64) -> Self {
        Self {
            skip: Some(skip),
            ..self
        }
    }

    /// The first so many of them; at least one.
    pub(super) fn first(self, limit: u32) -> Self {
        Self {
            limit: Some(i64::from(limit.max(1))),
            ..self
        }
    }

    /// Only these members, and the `_id`.
    pub(super) fn only(self, members: &[&str]) -> Self {
        let mut projection = doc! {"_id": 1};
        projection.extend(members.iter().map(|it| ((*it).to_owned(), 1.into())));
        Self {
            projection: Some(projection),
            ..self
        }
    }

    /// The rest of the request.
    pub(super) fn options(&self) -> FindOptions {
        let mut options = FindOptions::default();
        options.sort.clone_from(&self.sort);
        options.skip = self.skip;
        options.limit = self.limit;
        options.projection.clone_from(&self.projection);
        options
    }
}

impl MongoStore {
    /// Reads documents.
    pub(super) async fn find(
        &self,
        collection: &str,
        read: Read,
    ) -> Result<Vec<Document>, StoreError> {
        let options = read.options();
        let collection = self.collection(collection);
        let find = collection.find(read.filter).with_options(options);
        in_time(async { find.await?.try_collect().await }).await
    }

    /// Reads the first document.
    pub(super) async fn find_one(
        &self,
        collection: &str,
        read: Read,
    ) -> Result<Option<Document>, StoreError> {
        Ok(self.find(collection, read.first(1)).await?.pop())
    }

    /// Adds a document. Where the answer is lost it is read back.
    ///
    /// # Errors
    /// [`StoreError::Exists`] of `what` where a unique key is taken.
    pub(super) async fn insert_one(
        &self,
        collection: &str,
        document: &Document,
        what: &'static str,
    ) -> Result<(), StoreError> {
        let documents = self.collection(collection);
        let inserting = async {
            match documents.insert_one(document).await {
                Ok(_) => Ok(Ok(())),
                Err(error) if is_taken(&error) => Ok(Err(StoreError::Exists { what })),
                Err(error) => Err(error),
            }
        };
        match in_time(inserting).await {
            Ok(inserted) => inserted,
            Err(error) if error.is_retryable() => {
                let id = document.get("_id").cloned().unwrap_or(Bson::Null);
                match self.find_one(collection, Read::of(doc! {"_id": id})).await {
                    Ok(Some(stored)) if stored == *document => Ok(()),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the groups that an aggregation makes.
    pub(super) async fn aggregate(
        &self,
        collection: &str,
        stages: Vec<Document>,
    ) -> Result<Vec<Document>, StoreError> {
        let collection = self.collection(collection);
        in_time(async { collection.aggregate(stages).await?.try_collect().await }).await
    }

    /// Reads a page of a list.
    pub(super) async fn page<T>(
        &self,
        collection: &str,
        filter: Document,
        order: Document,
        request: PageRequest,
        read: impl Fn(Document) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let counted = self.collection(collection);
        let counting = counted.count_documents(filter.clone());
        let total = in_time(counting.into_future()).await?;
        let page = Read::of(filter).sorted(order).after(request.offset());
        let page = self.find(collection, page.first(request.limit())).await?;
        let items = page.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page::new(request, items, total))
    }
}
