//! The host of a component: every method is one import.
//!
//! An import that no code reaches is dropped by the linker, which is why nothing here is a trait
//! object.

use crate::bindings::sandglass::job::{
    artifacts, clock, control, database, email, http, log, progress, random, secrets,
};
use crate::{
    ArtifactRef, ArtifactSink, Budget, DocumentSource, FindOptions, Host, HostError, Level,
    Message, Receipt, Request, Response, UpdateResult,
};

/// The host that a component runs in. Its methods answer only inside a component.
#[derive(Debug, Clone, Copy)]
pub struct ComponentHost;

impl DocumentSource for database::Cursor {
    fn next(&mut self, maximum: u32) -> Result<Vec<String>, HostError> {
        Ok(database::Cursor::next(self, maximum)?)
    }
}

impl ArtifactSink for artifacts::Writer {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(artifacts::Writer::write(self, bytes)?)
    }

    fn finish(self) -> Result<ArtifactRef, HostError> {
        Ok(artifacts::Writer::finish(self)?)
    }
}

impl Host for ComponentHost {
    type Source = database::Cursor;
    type Sink = artifacts::Writer;

    fn count(&self, collection: &str, filter: &str) -> Result<u64, HostError> {
        Ok(database::count(collection, filter)?)
    }

    fn find(
        &self,
        collection: &str,
        filter: &str,
        options: &FindOptions,
    ) -> Result<Self::Source, HostError> {
        Ok(database::find(collection, filter, options)?)
    }

    fn aggregate(&self, collection: &str, pipeline: &str) -> Result<Self::Source, HostError> {
        Ok(database::aggregate(collection, pipeline)?)
    }

    fn insert_many(&self, collection: &str, documents: &[String]) -> Result<u64, HostError> {
        Ok(database::insert_many(collection, documents)?)
    }

    fn update_many(
        &self,
        collection: &str,
        filter: &str,
        update: &str,
    ) -> Result<UpdateResult, HostError> {
        Ok(database::update_many(collection, filter, update)?)
    }

    fn delete_many(
        &self,
        collection: &str,
        filter: &str,
        limit: Option<u64>,
    ) -> Result<u64, HostError> {
        Ok(database::delete_many(collection, filter, limit)?)
    }

    fn send(&self, message: &Message) -> Result<Receipt, HostError> {
        Ok(email::send(message)?)
    }

    fn send_request(&self, request: &Request) -> Result<Response, HostError> {
        Ok(http::send(request)?)
    }

    fn secret(&self, name: &str) -> Result<String, HostError> {
        Ok(secrets::placeholder(name)?)
    }

    fn create_artifact(&self, name: &str, content_type: &str) -> Result<Self::Sink, HostError> {
        Ok(artifacts::create(name, content_type)?)
    }

    fn read_artifact(&self, id: &str, offset: u64, length: u32) -> Result<Vec<u8>, HostError> {
        Ok(artifacts::read(id, offset, length)?)
    }

    fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        log::log(level, message, fields);
    }

    fn report_progress(&self, done: u64, total: Option<u64>, note: Option<&str>) {
        progress::report(done, total, note);
    }

    fn is_cancelled(&self) -> bool {
        control::is_cancelled()
    }

    fn remaining(&self) -> Budget {
        control::remaining()
    }

    fn now(&self) -> i64 {
        clock::now()
    }

    fn monotonic(&self) -> u64 {
        clock::monotonic()
    }

    fn random_bytes(&self, length: u32) -> Vec<u8> {
        random::bytes(length)
    }

    fn random_number(&self) -> u64 {
        random::number()
    }
}
