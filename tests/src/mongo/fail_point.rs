//! Commands that a server fails on purpose: the fail point `failCommand`, which every MongoDB server has
//! when it is started with its test commands (mongodb/mongo, `src/mongo/db/README_FAIL_POINTS.md`).

use std::time::Duration;

use bson::{Document, doc};

/// NotWritablePrimary (MongoDB manual, "Error Codes"): the member was the primary and is it no more.
const NOT_WRITABLE_PRIMARY: i32 = 10107;
/// ShutdownInProgress.
const SHUTDOWN_IN_PROGRESS: i32 = 91;
/// WriteConcernTimeout: the write is done here, and nobody knows whether the others have it.
const WRITE_CONCERN_TIMEOUT: i32 = 64;

/// How a command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The connection is closed in place of an answer.
    ConnectionClosed,
    /// The server is not the primary any more.
    NotPrimary,
    /// The server is about to stop.
    ShuttingDown,
    /// The command is carried out after that time.
    Slow(Duration),
    /// The command is carried out, and the answer says that the other members have not confirmed it.
    WriteConcern,
}

/// Commands that fail.
#[derive(Debug, Clone)]
pub struct FailPoint {
    /// How.
    pub failure: Failure,
    /// The names of the commands.
    pub commands: Vec<&'static str>,
    /// How many of them.
    pub times: u32,
}

impl FailPoint {
    /// The command that sets it.
    pub(super) fn command(&self) -> Document {
        let mut data = doc! {"failCommands": &self.commands};
        data.extend(match self.failure {
            Failure::ConnectionClosed => doc! {"closeConnection": true},
            Failure::NotPrimary => doc! {"errorCode": NOT_WRITABLE_PRIMARY},
            Failure::ShuttingDown => doc! {"errorCode": SHUTDOWN_IN_PROGRESS},
            Failure::Slow(time) => {
                let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
                doc! {"blockConnection": true, "blockTimeMS": milliseconds}
            }
            Failure::WriteConcern => doc! {"writeConcernError": {
                "code": WRITE_CONCERN_TIMEOUT, "codeName": "WriteConcernTimeout",
                "errmsg": "waiting for replication timed out", "errInfo": {"wtimeout": true},
            }},
        });
        doc! {"configureFailPoint": "failCommand", "mode": {"times": self.times}, "data": data}
    }

    /// The command that ends it.
    pub(super) fn off() -> Document {
        doc! {"configureFailPoint": "failCommand", "mode": "off"}
    }
}
