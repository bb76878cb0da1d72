//! One connection in MongoDB's wire protocol (MongoDB manual, "MongoDB Wire Protocol"): commands as
//! OP_MSG with a single section, one after the other. It knows no authentication and no TLS.

use std::{
    io::{Error, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use bson::Document;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The operation code of OP_MSG.
const OP_MSG: i32 = 2013;
/// Length, request id, response to, operation code; the flags; the kind of the section.
const HEADER: usize = 4 * 4 + 4 + 1;

/// A connection.
pub(super) struct Connection(TcpStream);

impl Connection {
    /// Connects to a server.
    pub(super) fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Runs a command on a database and returns the answer.
    pub(super) fn run(
        mut self,
        database: &str,
        mut command: Document,
    ) -> std::io::Result<Document> {
        command.insert("$db", database);
        let body = command.to_vec().map_err(Error::other)?;
        let length = i32::try_from(HEADER + body.len()).map_err(Error::other)?;
        let mut message = Vec::with_capacity(HEADER + body.len());
        for number in [length, 1, 0, OP_MSG, 0] {
            message.extend(number.to_le_bytes());
        }
        message.push(0);
        message.extend(body);
        self.0.write_all(&message)?;
        let mut header = [0; HEADER];
        self.0.read_exact(&mut header)?;
        Document::from_reader(&mut self.0).map_err(Error::other)
    }
}
