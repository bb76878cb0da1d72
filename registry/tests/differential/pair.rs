//! Both databases side by side, and what differs between their answers.

use std::{fmt::Debug, sync::Arc};

use bson::{Document, doc};
use jiff::Timestamp;
use rand::rngs::StdRng;
use sandglass_contract::clock::testing::ManualClock;
use sandglass_query::{
    ApplicationDatabase, CollectionName, Cursor, DatabaseError, Filter, Find, Pipeline, Sort,
    Update,
};
use sandglass_registry::{embedded::EmbeddedDatabase, mongo::MongoDatabase};
use tempfile::TempDir;

use crate::{Counts, departures, documents, filters, mongodb, pipelines, shapes, updates};

const DOCUMENTS: i32 = 60;
const FILTERS: usize = 60;
const FINDS: usize = 20;
const PIPELINES: usize = 30;
const UPDATES: usize = 20;

/// An answer in a form that can be compared: NaN is equal to itself, and `1` is not `1.0`.
type Answer = Result<Vec<Document>, DatabaseError>;

pub(crate) struct Pair {
    embedded: EmbeddedDatabase,
    server: MongoDatabase,
    _folder: TempDir,
}

impl Pair {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = ManualClock::at(Timestamp::from_second(1_760_000_000).unwrap());
        let connection = mongodb::connection("application").await;
        let name = mongodb::unique_name("differential");
        Self {
            embedded: EmbeddedDatabase::open(folder.path(), Arc::new(clock.clone())).unwrap(),
            server: MongoDatabase::open(&connection, &name, Arc::new(clock)),
            _folder: folder,
        }
    }

    pub(crate) async fn close(self) {
        self.server.drop_everything().await.unwrap();
    }

    /// Puts one collection of documents to the question; returns what differs.
    pub(crate) async fn round(
        &self,
        collection: &CollectionName,
        random: &mut StdRng,
        counts: &mut Counts,
    ) -> Vec<String> {
        let documents: Vec<Document> = (0..DOCUMENTS)
            .map(|id| documents::document(random, id))
            .collect();
        counts.documents += documents.len();
        for database in [&self.embedded as &dyn ApplicationDatabase, &self.server] {
            let inserted = database.insert_many(collection, documents.clone()).await;
            inserted.unwrap();
        }
        let mut differences = Vec::new();
        for _ in 0..FILTERS {
            let asked = filters::filter(random, 2);
            let Ok(filter) = Filter::from_bson(&asked) else {
                continue;
            };
            counts.filters += 1;
            let find = by_id(filter.clone());
            let (here, there) = self.find(collection, find).await;
            counts.matched += here.as_ref().map_or(0, |it| it.len() as u64);
            differences.extend(difference(&format!("filter {asked}"), here, there));
        }
        for _ in 0..FINDS {
            let Some(find) = shapes::find(random) else {
                continue;
            };
            counts.shapes += 1;
            let asked = format!(
                "find {} sort {} projection {} skip {} {:?}",
                find.filter.to_bson(),
                find.sort.to_bson(),
                find.projection.to_bson(),
                find.skip,
                find.limit
            );
            let (here, there) = self.find(collection, find).await;
            differences.extend(difference(&asked, here, there));
        }
        for _ in 0..PIPELINES {
            let asked = pipelines::pipeline(random);
            let Ok(pipeline) = Pipeline::from_bson(&asked) else {
                continue;
            };
            counts.pipelines += 1;
            let here = read(self.embedded.aggregate(collection, pipeline.clone()).await).await;
            let there = read(self.server.aggregate(collection, pipeline).await).await;
            let asked = doc! {"pipeline": asked};
            differences.extend(difference(&asked.to_string(), here, there));
        }
        for _ in 0..UPDATES {
            let (filter, update) = (filters::filter(random, 1), updates::update(random));
            counts.updates += 1;
            let difference = self.update(collection, &filter, &update).await;
            let is_different = difference.is_some();
            differences.extend(difference);
            if is_different {
                break;
            }
        }
        differences
    }

    async fn update(
        &self,
        collection: &CollectionName,
        filter: &Document,
        update: &Document,
    ) -> Option<String> {
        let parsed_filter = Filter::from_bson(filter).ok()?;
        let parsed = Update::from_bson(update).ok()?;
        if !updates::is_in_order(&parsed) {
            return None;
        }
        let (before, _) = self.find(collection, by_id(Filter::everything())).await;
        let here = self
            .embedded
            .update_many(collection, &parsed_filter, &parsed)
            .await;
        if calculates_with_decimals(&here) {
            return None;
        }
        let there = self
            .server
            .update_many(collection, &parsed_filter, &parsed)
            .await;
        let asked = format!("filter {filter} update {update}");
        let after = self.find(collection, by_id(Filter::everything())).await;
        let changed = changes(&before.unwrap(), &after.0.unwrap(), &after.1.unwrap());
        let same = match (&here, &there) {
            (Ok(here), Ok(there)) => here == there,
            (Err(here), Err(there)) => kind(here) == kind(there),
            _ => false,
        };
        (!same || !changed.is_empty()).then(|| {
            format!(
                "{asked}\n  embedded {here:?}\n  server   {there:?}\n{}",
                changed.join("\n")
            )
        })
    }

    async fn find(&self, collection: &CollectionName, find: Find) -> (Answer, Answer) {
        let here = read(self.embedded.find(collection, find.clone()).await).await;
        let there = read(self.server.find(collection, find).await).await;
        (here, there)
    }
}

fn by_id(filter: Filter) -> Find {
    Find {
        filter,
        sort: Sort::from_bson(&doc! {"_id": 1}).unwrap(),
        ..Find::default()
    }
}

async fn read(opened: Result<Box<dyn Cursor>, DatabaseError>) -> Answer {
    let mut cursor = opened?;
    let mut all = Vec::new();
    loop {
        let batch = cursor.next(1000).await?;
        if batch.is_empty() {
            return Ok(all);
        }
        all.extend(batch);
    }
}

/// Calculating with decimals is refused here and done there; it is documented so.
fn calculates_with_decimals<T>(answer: &Result<T, DatabaseError>) -> bool {
    matches!(answer, Err(DatabaseError::InvalidArgument(why)) if why.contains("decimal numbers"))
}

fn difference(asked: &str, here: Answer, there: Answer) -> Option<String> {
    if calculates_with_decimals(&here) || departures::explains(asked, &here, &there) {
        return None;
    }
    match (here, there) {
        (Ok(mut here), Ok(mut there)) => {
            if asked.contains("$group") {
                sort(&mut here);
                sort(&mut there);
            }
            if bytes(&here) == bytes(&there) {
                return None;
            }
            let only = |these: &[Document], those: &[Document]| {
                let those: Vec<_> = those.iter().map(|it| it.to_vec().unwrap()).collect();
                let only = these
                    .iter()
                    .filter(|it| !those.contains(&it.to_vec().unwrap()));
                only.take(2)
                    .map(|it| format!("{it:?}"))
                    .collect::<Vec<_>>()
                    .join("\n    ")
            };
            let is_reordered = only(&here, &there).is_empty() && here.len() == there.len();
            let place = here
                .iter()
                .zip(&there)
                .find(|(here, there)| here.to_vec().unwrap() != there.to_vec().unwrap());
            if let Some((here, there)) = place
                && is_reordered
            {
                return Some(format!(
                    "{asked}\n  embedded {here:?}\n  server   {there:?}"
                ));
            }
            Some(format!(
                "{asked}\n  only embedded ({} documents): {}\n  only server ({} documents): {}",
                here.len(),
                only(&here, &there),
                there.len(),
                only(&there, &here)
            ))
        }
        (Err(here), Err(there)) if kind(&here) == kind(&there) => None,
        (here, there) => Some(format!(
            "{asked}\n  embedded {:?}\n  server   {:?}",
            here.map(|it| it.len()),
            there.map(|it| it.len())
        )),
    }
}

/// Groups come in any order.
fn sort(documents: &mut [Document]) {
    documents.sort_by_cached_key(|document| document.to_string());
}

fn bytes(documents: &[Document]) -> Vec<Vec<u8>> {
    documents
        .iter()
        .map(|document| document.to_vec().unwrap())
        .collect()
}

fn changes(before: &[Document], here: &[Document], there: &[Document]) -> Vec<String> {
    let differing = before.iter().zip(here.iter().zip(there));
    let differing =
        differing.filter(|(_, (here, there))| here.to_vec().unwrap() != there.to_vec().unwrap());
    differing
        .take(2)
        .map(|(before, (here, there))| {
            format!("  before   {before:?}\n  embedded {here:?}\n  server   {there:?}")
        })
        .collect()
}

fn kind(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(|it| it.is_alphanumeric()).collect()
}
