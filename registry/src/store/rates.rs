//! Counting uses, so that limits hold over restarts and over hosts.

use async_trait::async_trait;

use super::StoreError;
use crate::rate::{RateLimit, Use};

/// The part of a store that counts how often things are done.
#[async_trait]
pub trait RateStore: Send + Sync + 'static {
    /// Asks for another use of `key`. Of any number of callers at once, no more are let through than the
    /// limit has room for.
    async fn take(&self, key: &str, limit: RateLimit) -> Result<Use, StoreError>;

    /// Forgets the uses of `key`.
    async fn forget_uses(&self, key: &str) -> Result<(), StoreError>;
}
