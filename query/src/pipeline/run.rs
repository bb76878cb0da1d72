//! Sending documents through the stages of a [`Pipeline`].

use crate::{Document, Documents, Keep, MAX_STAGE_BYTES, Sorter, Value, sort::deferred};

use super::{Pipeline, Stage};

pub(super) fn run(pipeline: Pipeline, documents: Documents<'_>) -> Documents<'_> {
    let mut documents = documents;
    let mut stages = pipeline.stages.into_iter();
    while let Some(stage) = stages.next() {
        documents = match stage {
            Stage::Match(filter) => Box::new(documents.filter(move |document| match document {
                Ok(document) => filter.matches(document),
                Err(_) => true,
            })),
            Stage::Project(projection) => {
                Box::new(documents.map(move |document| Ok(projection.apply(document?))))
            }
            Stage::Sort(sort) => Sorter::new(sort, kept(stages.as_slice())).run(documents),
            Stage::Skip(count) => skip(documents, count),
            Stage::Limit(count) => {
                Box::new(documents.take(usize::try_from(count).unwrap_or(usize::MAX)))
            }
            Stage::Count(name) => count(documents, name),
            Stage::Unwind(unwind) => unwind.run(documents),
            Stage::Group(group) => group.run(documents, MAX_STAGE_BYTES),
        };
    }
    documents
}

/// How many documents a sort has to keep for the stages right after it.
fn kept(following: &[Stage]) -> Keep {
    let mut skipped = 0_u64;
    for stage in following {
        match stage {
            Stage::Skip(count) => skipped = skipped.saturating_add(*count),
            Stage::Limit(count) => return Keep::First(skipped.saturating_add(*count)),
            _ => return Keep::All,
        }
    }
    Keep::All
}

fn skip(documents: Documents<'_>, count: u64) -> Documents<'_> {
    let mut passed_over = 0;
    Box::new(documents.filter(move |document| {
        if document.is_ok() && passed_over < count {
            passed_over += 1;
            return false;
        }
        true
    }))
}

fn count(documents: Documents<'_>, name: String) -> Documents<'_> {
    deferred(move || {
        let mut count = 0_i64;
        for document in documents {
            document?;
            count += 1;
        }
        if count == 0 {
            return Ok(Box::new(std::iter::empty()));
        }
        let mut document = Document::new();
        let number = i32::try_from(count).map_or(Value::Int64(count), Value::Int32);
        document.insert(name, number);
        Ok(Box::new(std::iter::once(Ok(document))))
    })
}
