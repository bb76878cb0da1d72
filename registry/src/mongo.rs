//! Everything in MongoDB, shared by any number of hosts: the store for production.
//!
//! [`MongoConnection`] is the way to one server or replica set; [`MongoStore`] keeps the service's own
//! records in one database of it, [`MongoDatabase`] the documents that templates work on in another.
//! No host leads: every decision is a compare-and-set on one document, or a transaction where several
//! documents must change together, so that any host may stop at any point. Leases are counted by the
//! server's clock. It is written to MongoDB's manual (8.0) and needs a replica set, of one member at
//! the least: retryable writes, transactions and change streams exist nowhere else.

mod accounts;
mod application;
mod archive;
mod artifacts;
mod audit;
mod backfills;
mod batch;
mod blackouts;
mod blocked;
mod bucket;
mod capabilities;
mod clock;
mod collections;
mod components;
mod connection;
mod executions;
mod failure;
mod hints;
mod hosts;
mod jobs;
mod limits;
mod listing;
mod opening;
mod parts;
mod policies;
mod quotas;
mod rates;
mod reading;
mod revisions;
mod secrets;
mod sessions;
mod store;
mod stored;
mod templates;
mod time;
mod transaction;

pub use crate::application::TakenId;
pub use application::{MongoDatabase, MongoDatabaseSettings};
pub use artifacts::MongoArtifacts;
pub use clock::ServerClock;
pub use connection::{ConnectError, MongoConnection};
pub use store::{MongoStore, OpenError};
