//! Where records are kept: in the data folder, or in MongoDB.
//!
//! The URL of MongoDB may hold a password, so that it has no `Display` and its `Debug` shows nothing.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::Args;
use serde::Deserialize;

use super::environment::{Environment, one_of};
use crate::failure::{Exit, Failure};

/// The database of the documents that templates work on, where nobody says otherwise.
const DEFAULT_APP_DATABASE: &str = "app";
/// The most bytes of a name (MongoDB manual, "Naming Restrictions": fewer than 64).
const LONGEST_NAME: usize = 63;
/// What the server keeps for itself.
const RESERVED: [&str; 3] = ["admin", "config", "local"];

/// The arguments that say where records are kept.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StoreArguments {
    /// Keep everything in MongoDB, which several hosts may share: mongodb://HOST:27017/DATABASE. Other
    /// users of the machine see arguments, so give a URL with a password as SANDGLASS_STORE or in a file
    /// that SANDGLASS_STORE_FILE names. [default: in the data folder]
    #[arg(long, value_name = "URL", value_parser = unchecked)]
    pub(crate) store: Option<StoreUrl>,
    /// The MongoDB database of the documents that templates work on. [default: app]
    #[arg(long, value_name = "NAME", env = "SANDGLASS_APP_DATABASE")]
    pub(crate) app_database: Option<AppDatabase>,
}

/// What the settings file says of it.
#[derive(Default)]
pub(super) struct StoreSection {
    pub(super) store: Option<String>,
    pub(super) store_file: Option<PathBuf>,
    pub(super) app_database: Option<AppDatabase>,
}

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreLocation {
    /// In the data folder.
    Folder,
    /// In MongoDB.
    MongoDb {
        /// Its URL.
        url: StoreUrl,
        /// The database of the documents that templates work on.
        app_database: AppDatabase,
    },
}

impl StoreLocation {
    /// What arguments and environment say, for a command that has no settings file.
    ///
    /// # Errors
    /// Where a variable is not valid.
    pub(crate) fn load(arguments: StoreArguments) -> Result<Self, Failure> {
        Self::merge(
            arguments,
            Environment::read()?.store,
            StoreSection::default(),
        )
    }

    pub(super) fn merge(
        arguments: StoreArguments,
        variable: Option<String>,
        file: StoreSection,
    ) -> Result<Self, Failure> {
        let text = match (arguments.store, variable) {
            (Some(StoreUrl(text)), _) | (None, Some(text)) => Some(text),
            (None, None) => one_of("store", file.store, "store_file", file.store_file)?,
        };
        let url = text.map(|text| text.parse::<StoreUrl>()).transpose();
        let url = url.map_err(|error| Failure::new(Exit::Usage, error))?;
        Ok(Self::of(url, arguments.app_database.or(file.app_database)))
    }

    /// The place of a URL, or the data folder where there is none.
    pub(crate) fn of(url: Option<StoreUrl>, app_database: Option<AppDatabase>) -> Self {
        match url {
            None => Self::Folder,
            Some(url) => Self::MongoDb {
                url,
                app_database: app_database.unwrap_or_default(),
            },
        }
    }
}

/// A URL of MongoDB, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoreUrl(String);

impl StoreUrl {
    /// Whether a text is meant as one.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        text.starts_with("mongodb://") || text.starts_with("mongodb+srv://")
    }

    /// The URL, for the driver alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoreUrl(…)")
    }
}

/// Takes any text: what the parser of arguments refuses it shows.
#[expect(clippy::unnecessary_wraps, reason = "the parser of arguments calls it")]
fn unchecked(text: &str) -> Result<StoreUrl, NotAStoreUrl> {
    Ok(StoreUrl(text.to_owned()))
}

/// A text that is no URL of MongoDB. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAStoreUrl;

impl fmt::Display for NotAStoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the store is not a MongoDB URL, which looks like mongodb://host:27017/sandglass; without \
             a store everything is kept in the data folder",
        )
    }
}

impl std::error::Error for NotAStoreUrl {}

impl FromStr for StoreUrl {
    type Err = NotAStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Self::is_meant_by(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(NotAStoreUrl),
        }
    }
}

/// The name of the MongoDB database of the documents that templates work on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AppDatabase(String);

impl AppDatabase {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AppDatabase {
    fn default() -> Self {
        Self(DEFAULT_APP_DATABASE.to_owned())
    }
}

/// A text that names no database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotADatabaseName;

impl fmt::Display for NotADatabaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the name of a database has 1 to {LONGEST_NAME} letters, digits, `_` and `-`, and is none \
             of {}",
            RESERVED.join(", ")
        )
    }
}

impl std::error::Error for NotADatabaseName {}

impl FromStr for AppDatabase {
    type Err = NotADatabaseName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let fits = (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(plain);
        match fits && !RESERVED.contains(&text) {
            true => Ok(Self(text.to_owned())),
            false => Err(NotADatabaseName),
        }
    }
}

impl TryFrom<String> for AppDatabase {
    type Error = NotADatabaseName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
