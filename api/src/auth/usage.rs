//! When tokens were used last, to the minute, so that reading does not mean writing.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;
use sandglass_contract::TokenId;
use sandglass_registry::{Store, StoreError, TokenRecord};

/// How exactly the last use is kept.
const EXACT_TO: Duration = Duration::from_secs(60);
/// How many tokens are remembered before those are forgotten that were noted longer ago than that.
const MANY: usize = 1000;

/// Notes uses, each token's at most once a minute.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    noted: Mutex<HashMap<TokenId, Timestamp>>,
}

impl Usage {
    /// Notes that a token was used, unless that was noted a moment ago.
    pub(crate) async fn note(
        &self,
        store: &dyn Store,
        token: &TokenRecord,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let is_recent = |last: Timestamp| now.duration_since(last).unsigned_abs() < EXACT_TO;
        if token.last_used_at.is_some_and(is_recent) {
            return Ok(());
        }
        {
            let mut noted = self.noted.lock();
            if noted.get(&token.id).copied().is_some_and(is_recent) {
                return Ok(());
            }
            if noted.len() >= MANY {
                noted.retain(|_, last| is_recent(*last));
            }
            noted.insert(token.id.clone(), now);
        }
        store.touch_token(&token.id, now).await
    }
}
