//! A connection that is kept and carries prepared requests (HTTP/1.1, RFC 9112), cheap enough that
//! the server is measured and not its client.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use sandglass_tests::server::TOKEN;

/// A request, ready to be sent many times.
#[derive(Debug, Clone)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// `GET path`.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path, "")
    }

    /// `POST path` with a JSON body.
    pub(crate) fn post(path: &str, body: &str) -> Self {
        Self::new("POST", path, body)
    }

    /// Runs a job by hand.
    pub(crate) fn run(job: &str) -> Self {
        Self::post(&format!("/api/admin/scheduler-jobs/{job}/run"), "{}")
    }

    /// Asks for an execution.
    pub(crate) fn execution(id: &str) -> Self {
        Self::get(&format!("/api/admin/job-executions/{id}"))
    }

    fn new(method: &str, path: &str, body: &str) -> Self {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self(head.into_bytes())
    }
}

/// A connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
}

impl Connection {
    /// Connects to `http://address`.
    pub(crate) async fn open(address: &str) -> Self {
        let address = address.strip_prefix("http://").expect("an address");
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("an option of the socket");
        Self {
            stream: BufReader::new(stream),
            line: String::new(),
        }
    }

    /// Sends a request and returns the status and the body of the answer, which must be JSON.
    pub(crate) async fn send(&mut self, request: &Request) -> (u16, Value) {
        let sent = self.stream.write_all(&request.0).await;
        sent.expect("the server reads");
        let status = self.next_line().await.split(' ').nth(1).map(str::parse);
        let status = status.expect("a status").expect("a number");
        let mut length = 0;
        loop {
            let line = self.next_line().await;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        let read = self.stream.read_exact(&mut body).await;
        read.expect("a whole body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    /// Runs a job by hand and returns the id of the execution.
    pub(crate) async fn run(&mut self, request: &Request) -> String {
        let (status, body) = self.send(request).await;
        assert_eq!(status, 202, "{body}");
        let id = body["execution_id"].as_str();
        id.expect("an execution").to_owned()
    }

    async fn next_line(&mut self) -> &str {
        self.line.clear();
        let read = self.stream.read_line(&mut self.line).await;
        assert_ne!(read.expect("the server answers"), 0, "the server hung up");
        self.line.trim_end()
    }
}
