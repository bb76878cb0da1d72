//! A second user, who uploads templates that the first one decides about.

use super::{Server, ServerOptions};
use crate::Client;

impl Client {
    /// A client of a user who may upload templates, and who is somebody else than this one's user.
    #[must_use]
    pub fn as_author(&self) -> Self {
        self.as_user("author", "super_admin")
    }
}

impl Server {
    /// Starts a server in a new folder that has a user `author` beside the first one; returns a client
    /// with that user's token too.
    #[must_use]
    pub fn start_with_author() -> (Self, Client) {
        Self::start_with_author_and(&ServerOptions::default())
    }

    /// As [`Server::start_with_author`], with options.
    #[must_use]
    pub fn start_with_author_and(options: &ServerOptions) -> (Self, Client) {
        let server = Self::start_with(options);
        let author = server.client().as_author();
        (server, author)
    }
}
