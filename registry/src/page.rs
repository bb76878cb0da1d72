//! Numbered pages of a list.

use std::num::NonZeroU32;

/// The most records a page may hold.
pub const MAX_PAGE_LIMIT: u32 = 200;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    page: NonZeroU32,
    limit: NonZeroU32,
}

impl PageRequest {
    /// The page numbered `page`, the first being 1, of `limit` records. A limit above
    /// [`MAX_PAGE_LIMIT`] is lowered to it.
    #[must_use]
    pub fn new(page: NonZeroU32, limit: NonZeroU32) -> Self {
        let most = NonZeroU32::new(MAX_PAGE_LIMIT).unwrap_or(NonZeroU32::MAX);
        Self {
            page,
            limit: limit.min(most),
        }
    }

    /// The number of the page.
    #[must_use]
    pub const fn page(self) -> u32 {
        self.page.get()
    }

    /// How many records it holds at the most.
    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit.get()
    }

    /// How many records come before it.
    #[must_use]
    pub const fn offset(self) -> u64 {
        (self.page.get() as u64 - 1) * self.limit.get() as u64
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// How many records the whole list has.
    pub total: u64,
    /// The number of this page.
    pub page: u32,
    /// How many pages there are; at least 1.
    pub pages: u64,
}

impl<T> Page<T> {
    /// The page that was asked for, of a list of `total` records.
    #[must_use]
    pub fn new(request: PageRequest, items: Vec<T>, total: u64) -> Self {
        Self {
            items,
            total,
            page: request.page(),
            pages: total.div_ceil(u64::from(request.limit())).max(1),
        }
    }
}
