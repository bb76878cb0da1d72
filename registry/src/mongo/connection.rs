//! The way to a MongoDB server, checked before anything is kept there.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use mongodb::{
    Client, Database,
    bson::{Document, doc},
    error::{Error, ErrorKind},
    options::{
        Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
    },
};

use super::failure::is_silence;

/// How long an operation waits for a server that takes it. It is longer than two heartbeats, so that a
/// change of the primary is seen in time.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the driver asks how the servers are.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// The database of the service's own records, where the URL names none.
const DEFAULT_DATABASE: &str = "sandglass";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is none of MongoDB's.
    #[error("it is not a MongoDB URL: {reason}; one looks like mongodb://host:27017/sandglass")]
    Url {
        /// What is wrong with it, without the URL itself, which may hold a password.
        reason: String,
    },
    /// Nobody answers at the address; asking again may help.
    #[error("MongoDB does not answer at {address}")]
    Unavailable {
        /// The servers asked.
        address: String,
        /// What the driver says.
        #[source]
        source: Box<Error>,
    },
    /// The user or the password is wrong, or the user may not use the database.
    #[error(
        "MongoDB at {address} refuses the user or the password; the URL holds them as \
         mongodb://USER:PASSWORD@…/?authSource=DATABASE, and the user needs the role readWrite on the \
         database"
    )]
    Refused {
        /// The servers asked.
        address: String,
        /// What the server says.
        #[source]
        source: Box<Error>,
    },
    /// The server is not a member of a replica set.
    #[error(
        "MongoDB at {address} is a standalone server, which has no transactions and no retryable \
         writes; start it with `mongod --replSet rs0` and run `mongosh --eval 'rs.initiate()'` once, \
         which makes it a replica set of one member"
    )]
    Standalone {
        /// The servers asked.
        address: String,
    },
    /// Another error of the server.
    #[error("MongoDB at {address} could not be set up")]
    Failed {
        /// The servers asked.
        address: String,
        /// What the server says.
        #[source]
        source: Box<Error>,
    },
}

impl ConnectError {
    /// Whether the same server may take the connection later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// A connection to a replica set or a sharded cluster; cloning it is cheap.
#[derive(Clone)]
pub struct MongoConnection {
    client: Client,
    database: String,
    address: String,
}

impl MongoConnection {
    /// Connects to the server of a URL and makes sure that it can be worked with: it answers, takes the
    /// user, and is a member of a replica set.
    ///
    /// # Errors
    /// Each says what to do; see [`ConnectError::is_retryable`].
    pub async fn open(url: &str) -> Result<Self, ConnectError> {
        let parsed = ClientOptions::parse(url).await;
        let mut options = parsed.map_err(|error| ConnectError::Url {
            reason: reason(&error, url),
        })?;
        options
            .app_name
            .get_or_insert_with(|| "sandglass".to_owned());
        options
            .server_selection_timeout
            .get_or_insert(SELECTION_TIMEOUT);
        options.connect_timeout.get_or_insert(SELECTION_TIMEOUT);
        options.heartbeat_freq.get_or_insert(HEARTBEAT);
        // Whoever reads decides by it, so that an old copy would be wrong; whoever writes has been
        // promised that it stays.
        options.selection_criteria =
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.read_concern = Some(ReadConcern::majority());
        options.write_concern = Some(durable());
        options.retry_writes = Some(true);
        let database = options.default_database.clone();
        let address = options.hosts.iter().map(ToString::to_string);
        let address = address.collect::<Vec<_>>().join(",");
        let client = Client::with_options(options).map_err(|error| ConnectError::Url {
            reason: reason(&error, url),
        })?;
        let connection = Self {
            client,
            database: database.unwrap_or_else(|| DEFAULT_DATABASE.to_owned()),
            address,
        };
        connection.check().await?;
        Ok(connection)
    }

    /// The database of the service's own records.
    #[must_use]
    pub fn database_name(&self) -> &str {
        &self.database
    }

    /// The servers, without user and password.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The client.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// A database.
    pub(super) fn database(&self, name: &str) -> Database {
        self.client.database(name)
    }

    /// What the server's clock shows.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(super) async fn server_time(&self) -> Result<Timestamp, Error> {
        let hello = self.hello().await?;
        let local = hello.get_datetime("localTime").map_err(Error::custom)?;
        Timestamp::from_millisecond(local.timestamp_millis()).map_err(Error::custom)
    }

    async fn hello(&self) -> Result<Document, Error> {
        self.client
            .database("admin")
            .run_command(doc! {"hello": 1})
            .await
    }

    async fn check(&self) -> Result<(), ConnectError> {
        let hello = self.hello().await.map_err(|error| self.error(error))?;
        let is_member = hello.contains_key("setName");
        let is_router = hello.get_str("msg").is_ok_and(|it| it == "isdbgrid");
        if !is_member && !is_router {
            return Err(ConnectError::Standalone {
                address: self.address.clone(),
            });
        }
        // Saying hello needs no permission; this does.
        let database = self.database(&self.database);
        let names = database.list_collection_names().await;
        names.map(|_| ()).map_err(|error| self.error(error))
    }

    /// An error of the driver, told so that it can be put right.
    pub(super) fn error(&self, error: Error) -> ConnectError {
        /// Unauthorized and AuthenticationFailed (MongoDB manual, "Error Codes").
        const REFUSALS: [i32; 2] = [13, 18];
        let address = self.address.clone();
        let refused = match error.kind.as_ref() {
            ErrorKind::Authentication { .. } => true,
            ErrorKind::Command(command) => REFUSALS.contains(&command.code),
            _ => false,
        };
        let source = Box::new(error);
        if refused {
            return ConnectError::Refused { address, source };
        }
        match is_silence(&source) {
            true => ConnectError::Unavailable { address, source },
            false => ConnectError::Failed { address, source },
        }
    }
}

/// What every write waits for: the majority of the members has it in its journal.
pub(super) fn durable() -> WriteConcern {
    let mut concern = WriteConcern::default();
    concern.w = Some(Acknowledgment::Majority);
    concern.journal = Some(true);
    concern
}

/// An error in words that do not repeat the URL.
fn reason(error: &Error, url: &str) -> String {
    error.to_string().replace(url, "the URL")
}

impl fmt::Debug for MongoConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MongoConnection")
            .field("address", &self.address)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
