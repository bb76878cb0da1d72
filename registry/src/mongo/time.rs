//! Whose time leases and queues go by.

use std::sync::Arc;

use mongodb::bson::{Bson, Document, doc};
use sandglass_contract::Clock;

use super::stored::date;

/// The time by which the store decides.
#[derive(Clone)]
pub(super) enum StoreTime {
    /// The server's own, read in the moment in which it decides.
    Server,
    /// A clock that a test moves.
    Given(Arc<dyn Clock>),
}

impl StoreTime {
    /// The present moment inside an aggregation expression: `$$NOW` (MongoDB manual, "Variables in
    /// Aggregation Expressions").
    pub(super) fn now(&self) -> Bson {
        match self {
            Self::Server => Bson::String("$$NOW".to_owned()),
            Self::Given(clock) => doc! {"$literal": date(clock.now())}.into(),
        }
    }

    /// The moment so many milliseconds from now, inside an expression.
    pub(super) fn after(&self, milliseconds: i64) -> Bson {
        doc! {"$add": [self.now(), milliseconds]}.into()
    }

    /// Whether the date in a field has come, as an expression. Where there is none, it has not.
    pub(super) fn has_come(&self, field: &str) -> Document {
        let since = doc! {"$dateDiff": {
            "startDate": format!("${field}"), "endDate": self.now(), "unit": "millisecond",
        }};
        doc! {"$gte": [since, 0_i64]}
    }
}
