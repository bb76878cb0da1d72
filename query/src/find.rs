//! What to find and in what shape: one query with everything that goes with it.

use crate::{DatabaseError, Document, Documents, Filter, Keep, Projection, Sort, Sorter};

/// A query: which documents, in which order, how many, which fields.
///
/// `Find::default()` reads everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Find {
    /// Which documents.
    pub filter: Filter,
    /// In which order; [`Sort::unsorted`] leaves it to the store.
    pub sort: Sort,
    /// Which fields of them.
    pub projection: Projection,
    /// How many documents to pass over first.
    pub skip: u64,
    /// How many documents to return at the most.
    pub limit: Limit,
}

/// How many documents to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limit {
    /// All that match.
    #[default]
    All,
    /// This many at the most; 0 returns none.
    AtMost(u64),
}

impl Find {
    /// Answers this query from all documents of a collection (or from any part of it that is sure
    /// to hold every match).
    ///
    /// Without a sort the documents stream. With one they are held until all are seen, bounded by
    /// [`crate::MAX_STAGE_BYTES`], and with a limit only the first `skip + limit` are held.
    pub fn run<'a>(
        self,
        documents: impl Iterator<Item = Result<Document, DatabaseError>> + Send + 'a,
    ) -> Documents<'a> {
        let Self {
            filter,
            sort,
            projection,
            skip,
            limit,
        } = self;
        let matching = documents.filter(move |document| match document {
            Ok(document) => filter.matches(document),
            Err(_) => true,
        });
        let ordered: Documents<'a> = if sort.is_unsorted() {
            Box::new(matching)
        } else {
            let keep = match limit {
                Limit::All => Keep::All,
                Limit::AtMost(limit) => Keep::First(skip.saturating_add(limit)),
            };
            Sorter::new(sort, keep).run(matching)
        };
        let mut passed_over = 0;
        let skipped = ordered.filter(move |document| {
            if document.is_ok() && passed_over < skip {
                passed_over += 1;
                return false;
            }
            true
        });
        let limited: Documents<'a> = match limit {
            Limit::All => Box::new(skipped),
            Limit::AtMost(limit) => {
                Box::new(skipped.take(usize::try_from(limit).unwrap_or(usize::MAX)))
            }
        };
        Box::new(limited.map(move |document| Ok(projection.apply(document?))))
    }
}
